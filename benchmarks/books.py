"""What participants of a load know, from their side: to be compared with what is stored."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

#: Who has waited for longer when a window ends is counted in it, s.
LONG = 0.5


@dataclass
class Books:
    """What the participants know, from their side.

    Attributes
    ----------
    times : dict[str, list[float]]
        Seconds of the requests that ended in the window, by kind.
    errors : dict[str, int]
        What went wrong in the window, by what it was.
    errors_ever : dict[str, int]
        The same, since the beginning.
    sent : dict[str, int]
        Session -> answers sent, with those before it was joined.
    acknowledged : dict[str, int]
        Session -> answers that the host has said to have stored.
    completed : int
        Sessions that came to their end in the window.
    completed_ever : int
        The same, since the beginning.
    answered : int
        Answers acknowledged since the beginning.
    open : bool
        Whether the window is open.
    under_way : dict[tuple[str, int], tuple[str, float]]
        Requests that wait for their reply: their kind, and since when.
    bundles : dict[str, list[str]]
        File of the bundle -> further files that it asks for.
    """

    times: dict[str, list[float]] = field(default_factory=dict)
    errors: dict[str, int] = field(default_factory=dict)
    errors_ever: dict[str, int] = field(default_factory=dict)
    sent: dict[str, int] = field(default_factory=dict)
    acknowledged: dict[str, int] = field(default_factory=dict)
    completed: int = 0
    completed_ever: int = 0
    answered: int = 0
    open: bool = False
    under_way: dict[tuple[str, int], tuple[str, float]] = field(default_factory=dict)
    bundles: dict[str, list[str]] = field(default_factory=dict)

    def begin(self) -> None:
        """Begin a window."""
        self.times, self.errors, self.completed, self.open = {}, {}, 0, True

    def end(self) -> None:
        """End the window; whoever has waited for long counts too, with the time so far.

        Without them a host that replies to nobody any more would look fast.
        """
        now = time.perf_counter()
        for kind, begun in self.under_way.values():
            if now - begun > LONG:
                self.took(kind, now - begun)
        self.open = False

    def took(self, kind: str, seconds: float) -> None:
        """Note how long a request took."""
        if self.open:
            self.times.setdefault(kind, []).append(seconds)

    def error(self, what: str) -> None:
        """Count what went wrong."""
        self.errors_ever[what] = self.errors_ever.get(what, 0) + 1
        if self.open:
            self.errors[what] = self.errors.get(what, 0) + 1
