"""Random answers of simulated participants to the questions before and after the trials."""

from __future__ import annotations

from typing import Any

from numpy.random import Generator

#: What simulated participants write into a field: nobody can take it for a person's words.
TEXT = "simulated"


def random_answer(question: dict[str, Any], rng: Generator) -> Any:
    """Draw an answer that the host accepts.

    Parameters
    ----------
    question : dict[str, Any]
        As the host shows it.
    rng : Generator
        Of the observer.

    Returns
    -------
    Any
        Text, a number, an option, a list of options, or an option by row.
    """
    options = question["options"]
    match question["type"]:
        case "text":
            return TEXT[: question["max_length"]]
        case "choice":
            chosen = options[int(rng.integers(len(options)))]
            return [chosen] if question["multiple"] else chosen
        case "likert":
            return {row: options[int(rng.integers(len(options)))] for row in question["rows"]}
        case _:
            return _number(question, rng)


def _number(question: dict[str, Any], rng: Generator) -> float:
    """Draw a whole number between the limits, or the lower limit where there is none between."""
    least, most = question["min"], question["max"]
    low = least if least is not None else (0 if most is None else most - 100)
    high = most if most is not None else low + 100
    drawn = float(int(low) + int(rng.integers(int(high - low) + 1)))
    return drawn if low <= drawn <= high else float(low)
