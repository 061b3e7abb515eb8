"""The two streams of a command: its result on standard output, messages on standard error."""

from __future__ import annotations

from typing import Final

from rich.console import Console

console: Final = Console()
messages: Final = Console(stderr=True)
