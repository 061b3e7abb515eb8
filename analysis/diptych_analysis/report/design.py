"""What participants saw: phases of the session, one trial step by step, and stimuli."""

from __future__ import annotations

import html
from dataclasses import dataclass

import pandas as pd

from diptych_analysis.charts import FONT, INK, PALETTE, QUIET
from diptych_analysis.report.page import Page
from diptych_analysis.report.performance import MOST_LABELS
from diptych_analysis.report.stimulus_pictures import SCALE, images_of_item
from diptych_analysis.report.words import counted, joined
from diptych_analysis.tables import Tables

PHASE_WORDS = {
    "practice": "practice",
    "training": "training, with feedback",
    "test": "test",
    "catch": "attention check",
}
PHASE_COLOURS = {"practice": PALETTE[3], "training": PALETTE[5], "test": PALETTE[0],
                 "catch": PALETTE[4]}  # fmt: skip
#: Images of a class or role in the figure of stimuli, and classes.
EACH, MOST_ROWS = 7, 8
#: Width of the bar of a session, and the least width of a phase whose name fits below it, px.
WIDTH, NAMED = 720.0, 70.0
#: Blocks of phases that a figure has room for; a session with more alternates too often to draw.
MOST_BLOCKS = 12


@dataclass(frozen=True)
class Step:
    """A step of a trial: what is on the screen, and until when."""

    title: str
    detail: str


def blocks_of(trials: pd.DataFrame) -> list[tuple[str, int]]:
    """Return the phases of a session of median length, each with its trials, in their order.

    Attention checks among other trials are left out.
    """
    own = trials[trials["phase"] != "catch"]
    lengths = own.groupby("session_id").size().sort_values(kind="stable")
    typical = own[own["session_id"] == lengths.index[(len(lengths) - 1) // 2]]
    blocks: list[tuple[str, int]] = []
    for phase in typical.sort_values("trial_index")["phase"].astype(str):
        if blocks and blocks[-1][0] == phase:
            blocks[-1] = (phase, blocks[-1][1] + 1)
        else:
            blocks.append((phase, 1))
    return blocks


def steps_of(trials: pd.DataFrame) -> list[Step]:
    """Return the steps of a trial, as the timed columns of the table `trials` show them."""
    steps = []
    if bool(trials["fixation_onset_ms"].notna().any()):
        gap = (trials["display_onset_ms"] - trials["fixation_onset_ms"]).median()
        steps.append(Step("fixation", f"{gap:.0f} ms" if gap == gap else ""))
    length = (trials["display_offset_ms"] - trials["display_onset_ms"]).median()
    steps.append(Step("stimulus", f"{length:.0f} ms" if length == length else "until the response"))
    mask = (trials["mask_offset_ms"] - trials["mask_onset_ms"]).median()
    if mask == mask:
        steps.append(Step("mask", f"{mask:.0f} ms"))
    labels = trials["label"].nunique()
    choice = f"one of {labels}" if 2 <= labels <= MOST_LABELS else ""
    if not choice and "choices" in trials:  # a column of tasks with several images or buttons
        shown = trials["choices"].dropna().astype(str).str.count(r"\|").max()
        choice = f"one of {int(shown) + 1}" if shown == shown and shown > 0 else ""
    ranked = trials["response_ranking"].dropna().astype(str).str.count(r"\|").max()
    if ranked == ranked and ranked > 0:
        choice = f"ranking of {int(ranked) + 1} classes"
    if bool(trials["confidence"].notna().any()):
        choice = f"{choice}, with confidence".removeprefix(", ")
    steps.append(Step("response", choice))
    if "training" in set(trials["phase"]):
        steps.append(Step("feedback", "in training"))
    return steps


def design_svg(blocks: list[tuple[str, int]], steps: list[Step]) -> str:
    """Draw the phases of a session as bars, and below them the steps of a trial."""
    width, parts = WIDTH, [_text(0, 16, "A  Session", 600)]
    total, left = sum(n for _, n in blocks), 0.0
    for phase, n in blocks:
        wide = width * n / total
        parts.append(
            f'<rect x="{left:.1f}" y="26" width="{max(wide - 3, 1):.1f}" height="24" rx="3" '
            f'fill="{PHASE_COLOURS[phase]}" fill-opacity="0.85"/>'
        )
        if wide > NAMED:
            said = PHASE_WORDS[phase] if wide > 190 else phase
            parts.append(_text(left, 68, f"{said}: {n}", 400, QUIET))
        left += wide
    parts.append(_text(0, 104, "B  Trial", 600))
    room = width / len(steps)
    for place, step in enumerate(steps):
        x, wide = place * room, room - 26
        parts.append(
            f'<rect x="{x + 0.5:.1f}" y="114" width="{wide:.1f}" height="52" rx="5" fill="white" '
            f'stroke="#9aa5b1"/>{_text(x + 12, 136, step.title, 600)}'
            f"{_text(x + 12, 154, step.detail, 400, QUIET)}"
        )
        if place < len(steps) - 1:
            end = x + room - 3
            parts.append(
                f'<path d="M{x + wide + 3:.1f} 140H{end - 5:.1f}" stroke="#9aa5b1"/>'
                f'<polygon points="{end:.1f},140 {end - 7:.1f},136 {end - 7:.1f},144" '
                'fill="#9aa5b1"/>'
            )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="720" height="172" viewBox="0 0 720 172" '
        f'font-family="{FONT}" font-size="13"><rect width="720" height="172" fill="white"/>'
        f"{''.join(parts)}</svg>"
    )


def _text(x: float, y: float, words: str, weight: int, ink: str = INK) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:g}" fill="{ink}" font-weight="{weight}">'
        f"{html.escape(words)}</text>"
    )


def add_design(page: Page, trials: pd.DataFrame, tables: Tables) -> None:
    """Add the phases and steps of the session, and stimuli where their images are found."""
    page.add("<h3>Stimuli and trial</h3>")
    blocks = blocks_of(trials)
    if len(blocks) <= MOST_BLOCKS:
        caption = "A: phases of a session and their numbers of trials. B: the steps of a trial."
    else:
        phases = trials["phase"].value_counts() / trials["session_id"].nunique()
        blocks = [(str(phase), max(1, round(n))) for phase, n in phases.items()]
        caption = "A: numbers of trials of each phase, which alternate. B: the steps of a trial."
    page.drawing(design_svg(blocks, steps_of(trials)), caption + unnamed_phases(blocks))
    _stimuli(page, trials, tables)


def unnamed_phases(blocks: list[tuple[str, int]]) -> str:
    """Name the phases whose bars have no room for their names."""
    total = sum(n for _, n in blocks)
    narrow: dict[str, int] = {}
    for phase, n in blocks:
        if WIDTH * n / total <= NAMED:
            narrow[phase] = narrow.get(phase, 0) + n
    named = [f"{PHASE_WORDS[phase]} ({counted(n, 'trial')})" for phase, n in narrow.items()]
    return f" Bars without room for a name: {joined(named)}." if named else ""


def _stimuli(page: Page, trials: pd.DataFrame, tables: Tables) -> None:
    if page.pictures is None:
        return
    rows, caption = _by_role(trials, tables)
    if not rows:
        rows, caption = _by_label(trials, tables)
    sheet = page.pictures.sheet(rows) if rows else None
    if sheet is not None:
        page.picture(sheet, caption, scale=SCALE)
    elif len(tables.stimuli):
        page.add(
            "<p>No image of a stimulus was found. <code>diptych report --images FOLDER</code> "
            "names the folder of the study, so that this report shows stimuli.</p>"
        )


def _by_role(trials: pd.DataFrame, tables: Tables) -> tuple[list[tuple[str, list[str]]], str]:
    """Return the images of one test item, by role; nothing where items are single stimuli."""
    test = trials[(trials["phase"] == "test") & trials["item_id"].notna()]
    if test.empty:
        return [], ""
    item = str(test["item_id"].value_counts().sort_index(kind="stable").idxmax())
    images = images_of_item(tables, item)
    if len(images) < 2:
        return [], ""
    if images["role"].nunique() < 2:
        shown = list(images["stimulus_id"].astype(str)[:9])
        return [("", shown)], f"The images of one test item ({item}), in their order."
    rows = [
        (str(role).replace("_", " "), list(part["stimulus_id"].astype(str)[:9]))
        for role, part in images.groupby("role", sort=False)
    ]
    return rows[:MOST_ROWS], f"The images of one test item ({item}), by their roles."


def _by_label(trials: pd.DataFrame, tables: Tables) -> tuple[list[tuple[str, list[str]]], str]:
    stimuli = tables.stimuli[tables.stimuli["stimulus_id"].isin(trials["stimulus_id"])]
    known = stimuli[stimuli["label"].notna()].drop_duplicates("stimulus_id")
    if known.empty:
        return [("", list(stimuli["stimulus_id"].astype(str)[:EACH]))], "Some of the stimuli."
    counts = known["label"].value_counts()
    rows = [
        (f"{label}: {counts[label]:,} images", list(part["stimulus_id"].astype(str)[:EACH]))
        for label, part in known.groupby("label", sort=True)
    ]
    more = f" {len(rows) - MOST_ROWS} more classes are not shown." if len(rows) > MOST_ROWS else ""
    return rows[:MOST_ROWS], f"Some of the stimuli of each class.{more}"
