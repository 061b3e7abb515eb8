"""One check of a study before people take it: its result, and what it reads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from diptych.study.content import StudyContent

State = Literal["done", "look", "missing"]

#: Medians of fewer sessions say little.
ENOUGH_SESSIONS = 5
PLATFORMS = ("prolific", "mturk")


@dataclass(frozen=True)
class Check:
    """One line of the list.

    Attributes
    ----------
    name : str
        For programs.
    state : State
        `done`; `look` when a person should look at it; `missing` when it must be fixed before
        participants come.
    title : str
        What is checked.
    found : str
        What was found, in one sentence.
    advice : str
        What to do about it; empty when it is done.
    """

    name: str
    state: State
    title: str
    found: str
    advice: str = ""


@dataclass(frozen=True)
class Given:
    """What the checks read.

    Attributes
    ----------
    content : StudyContent
        The version that people are shown.
    base_url : str
        The address participants reach this host at.
    prolific_token : bool
        Whether a token of Prolific is configured.
    bundle : bool
        Whether the participant's page exists.
    median_minutes : float | None
        Of completed sessions of people, from consent to end; None without any.
    timed_sessions : int
        Number of sessions behind that median.
    pay_floor : float
        Least pay per hour in the study's currency; 0 for the default of the currency.
    studies : tuple[str, ...]
        Names of all studies of this host, and of the folders it could open.
    completed : int
        Sessions of people that have completed.
    excluded : int
        How many of them are excluded.
    """

    content: StudyContent
    base_url: str
    prolific_token: bool
    bundle: bool
    median_minutes: float | None = None
    timed_sessions: int = 0
    pay_floor: float = 0
    studies: tuple[str, ...] = ()
    completed: int = 0
    excluded: int = 0

    @property
    def recruiters(self) -> tuple[str, ...]:
        """Where participants may come from."""
        return self.content.spec.recruitment.recruiters

    @property
    def minutes(self) -> float:
        """How long the study takes: as measured where enough people took it, or as it says."""
        if self.median_minutes is None or self.timed_sessions < ENOUGH_SESSIONS:
            return self.content.spec.minutes
        return self.median_minutes
