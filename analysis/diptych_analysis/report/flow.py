"""Who took part: from everyone who entered to those who are analysed (after CONSORT), and devices.

References
----------
.. [1] Schulz, K. F., Altman, D. G. and Moher, D. (2010). CONSORT 2010 statement. BMJ 340, c332.
"""

from __future__ import annotations

import html
from dataclasses import dataclass

import pandas as pd

from diptych_analysis.charts import FONT, INK, QUIET

#: Statuses of sessions that ended before the last trial, in words.
ENDED = {
    "declined": "declined to take part",
    "screened_out": "were screened out",
    "returned": "returned the study",
    "timed_out": "ran out of time",
    "entered": "left before consent",
    "consented": "left after consent",
    "practising": "left during practice",
    "running": "left during the trials",
}


@dataclass(frozen=True)
class Flow:
    """Numbers of sessions.

    Attributes
    ----------
    entered : int
        All sessions.
    lost : dict of str to int
        Sessions that did not complete, by status.
    completed : int
        Sessions that completed.
    excluded : int
        Completed sessions that are excluded.
    reasons : dict of str to int
        Of these, how many each rule excludes. A session can have several reasons.
    analysed : int
        Completed sessions that are not excluded.
    """

    entered: int
    lost: dict[str, int]
    completed: int
    excluded: int
    reasons: dict[str, int]
    analysed: int


def flow_of(sessions: pd.DataFrame) -> Flow:
    """Count the sessions of one kind of participant."""
    status = sessions["status"].astype(str)
    done = status == "completed"
    out = sessions["excluded"].fillna(False).astype(bool)
    reasons = sessions.loc[done & out, "exclusion_reasons"].dropna().astype(str)
    counted = reasons[reasons != ""].str.split("|").explode().value_counts()
    return Flow(
        entered=len(sessions),
        lost={name: int(n) for name in ENDED if (n := (status == name).sum())},
        completed=int(done.sum()),
        excluded=int((done & out).sum()),
        reasons={str(name): int(n) for name, n in counted.items()},
        analysed=int((done & ~out).sum()),
    )


def flow_svg(flow: Flow) -> str:
    """Draw the flow: what remains on the left, who leaves on the right."""
    lost = [f"{n:,} {ENDED[name]}" for name, n in flow.lost.items()]
    why = [f"{name.replace('_', ' ')}: {n:,}" for name, n in flow.reasons.items()]
    steps = [
        (f"{flow.entered:,} entered", f"{flow.entered - flow.completed:,} did not complete", lost),
        (f"{flow.completed:,} completed", f"{flow.excluded:,} excluded", why),
        (f"{flow.analysed:,} analysed", "", []),
    ]
    parts: list[str] = []
    top = 10.0
    for place, (left, right, lines) in enumerate(steps):
        parts.append(_box(10, top, 170, [left]))
        if place < len(steps) - 1:
            beside = 26.0 + 17 * len(lines)
            parts.append(_box(220, top + 46, 240, [right, *lines]))
            middle = top + 46 + 17
            below = top + 46 + beside + 26
            parts.append(_arrow(95, top + 34, 95, below))
            parts.append(_arrow(95, middle, 220, middle))
            top = below
    height = top + 44
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="470" height="{height:g}" '
        f'viewBox="0 0 470 {height:g}" font-family="{FONT.replace(chr(34), chr(39))}" '
        f'font-size="13"><rect width="470" height="{height:g}" fill="white"/>'
        f"{''.join(parts)}</svg>"
    )


def _box(x: float, y: float, width: float, lines: list[str]) -> str:
    height = 17 + 17 * len(lines)
    words = "".join(
        f'<text x="{x + 12:g}" y="{y + 22 + 17 * number:g}" fill="{INK if number == 0 else QUIET}" '
        f'font-weight="{600 if number == 0 else 400}">{html.escape(line)}</text>'
        for number, line in enumerate(lines)
    )
    return (
        f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="5" fill="white" '
        f'stroke="#9aa5b1"/>{words}'
    )


def _arrow(x: float, y: float, to_x: float, to_y: float) -> str:
    tip = f"{to_x - 4:g},{to_y - 7:g} {to_x + 4:g},{to_y - 7:g}"
    if y == to_y:
        tip = f"{to_x - 7:g},{to_y - 4:g} {to_x - 7:g},{to_y + 4:g}"
    return (
        f'<path d="M{x:g} {y:g}L{to_x:g} {to_y:g}" stroke="#9aa5b1"/>'
        f'<polygon points="{to_x:g},{to_y:g} {tip}" fill="#9aa5b1"/>'
    )


def device_rows(sessions: pd.DataFrame) -> list[list[str]]:
    """Describe devices and browsers: what, value. Empty where nothing is known."""
    rows: list[list[str]] = []
    for column, word in (("browser", "browser"), ("os", "system"), ("language", "language")):
        known = sessions[column].dropna().astype(str)
        counts = known[known != ""].value_counts()
        if len(counts):
            named = [f"{name} {n / counts.sum():.0%}" for name, n in counts.head(5).items()]
            more = f", {len(counts) - 5} others" if len(counts) > 5 else ""
            rows.append([word, ", ".join(named).replace("%", " %") + more])
    touch = sessions["touch"].dropna()
    if len(touch):
        rows.append(["touch screen", f"{touch.astype(bool).mean():.0%}".replace("%", " %")])
    for column, word, unit in (
        ("window_width", "window width", "CSS px"),
        ("window_height", "window height", "CSS px"),
        ("pixel_ratio", "device pixels per CSS pixel", ""),
        ("refresh_hz", "refresh rate", "Hz"),
        ("clock_step_ms", "smallest step of the clock", "ms"),
    ):
        values = pd.to_numeric(sessions[column], errors="coerce").dropna()
        if len(values):
            # Pixels are whole; ratios and clocks are not.
            low, middle, high = values.quantile([0.05, 0.5, 0.95]).round(0 if "px" in unit else 2)
            text = f"median {middle:g} {unit}".rstrip()
            rows.append([word, f"{text}, middle 90 % {low:g} to {high:g}"])
    return rows
