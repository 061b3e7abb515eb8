"""Figures as a lab would add them: one that counts fractions, one that fails on some sessions."""

from __future__ import annotations

from typing import Any

from diptych.figures import Counts, Figure


class Fractions(Figure):
    """Sums of numbers that no binary fraction holds exactly."""

    name, title, reading = "fractions", "Fractions", "Not meant to be read."

    def count(self, facts: Any) -> Counts:
        return {t["phase"]: [1, t["rt_ms"] / 3, 0.1] for t in facts.counted}

    def frame(self, counts: Counts, content: Any) -> Any:
        raise NotImplementedError

    def chart(self, frame: Any, content: Any) -> Any:
        raise NotImplementedError


class Failing(Fractions):
    """Can't count sessions whose last answer is right."""

    name = "failing"

    def count(self, facts: Any) -> Counts:
        if facts.counted[-1]["correct"]:
            raise ZeroDivisionError("a fault in somebody's figure")
        return {"all": [1]}
