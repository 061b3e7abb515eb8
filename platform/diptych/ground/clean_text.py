"""Text out of a browser, made fit for every database."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator


def storable(text: Any) -> Any:
    """Drop what PostgreSQL or UTF-8 can't hold: NUL, and halves of surrogate pairs.

    A browser cuts a long text by UTF-16 units, in the middle of an emoji if need be: no reason to
    refuse what came with it.
    """
    if not isinstance(text, str):
        return text
    return text.replace("\x00", "").encode("utf-8", "surrogatepass").decode("utf-8", "replace")


Typed = Annotated[str, BeforeValidator(storable)]
