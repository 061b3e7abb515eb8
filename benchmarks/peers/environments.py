"""Virtual environments of peers, each in a cache folder outside of this repository."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

#: Written last: an environment without it was never whole.
_MARK = "whole.txt"


def default_cache() -> Path:
    """Return the folder of all environments."""
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "diptych" / "peers"


def environment_of(
    cache: Path, peer: str, steps: Sequence[Sequence[str]], told: Callable[[str], None]
) -> Path:
    """Return the `bin` folder of a peer's environment; make it first where it is missing.

    Parameters
    ----------
    cache : Path
        Folder of all environments.
    peer : str
        Name of the peer.
    steps : Sequence[Sequence[str]]
        What is installed, one call of pip after the other: a later one may replace what an
        earlier one has pinned.
    told : Callable[[str], None]
        Is told what takes time.

    Raises
    ------
    RuntimeError
        With the last lines of pip, if it fails.
    """
    folder = cache / f"{peer}-{platform.python_version()}"
    wanted = "\n".join(" ".join(step) for step in steps)
    mark = folder / _MARK
    if mark.is_file() and mark.read_text(encoding="utf-8") == wanted:
        return folder / "bin"
    told(f"installing {peer} into {folder}")
    shutil.rmtree(folder, ignore_errors=True)
    cache.mkdir(parents=True, exist_ok=True)
    _run([sys.executable, "-m", "venv", str(folder)], f"no environment for {peer}")
    for step in steps:
        _run([str(folder / "bin" / "pip"), "install", "-q", *step], f"{peer} is not installed")
    mark.write_text(wanted, encoding="utf-8")
    return folder / "bin"


def version_in(binaries: Path, package: str) -> str:
    """Return the version of a package in an environment."""
    asked = f"from importlib.metadata import version; print(version({package!r}))"
    done = subprocess.run(
        [binaries / "python", "-c", asked], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def _run(command: list[str], fault: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{fault}: {' '.join(command)}\n{done.stderr[-2000:]}")
