"""Each task from the entry link to completion in Firefox and in WebKit, at both sizes.

On the way the page is reloaded in the middle of a trial and the network is taken away. Of the
tasks whose trials are timed by frames, each stage is looked at in a screenshot too. The clocks
of these browsers are coarser than Chromium's: `pytest -rP` shows the stored uncertainty of onsets.
"""

from __future__ import annotations

import csv
import os
import shutil
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import pytest
from PIL import Image
from support.browser import NoBrowser
from support.browser_faults import STUDIES, Hosted, export_agrees, hosted, write_studies
from support.judged_studies import (
    LAID_OUT,
    assert_laid_out,
    comparison_study,
    estimation_study,
    identify_study,
    write_each_judgement,
)
from support.other_browsers import start
from support.other_visitor import OtherVisitor
from support.rows import query
from support.webdriver import OtherBrowser

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.exhaustive]
WIDE, NARROW = (1280, 800), (390, 844)
#: Studies of comparison, estimation and identify -> number of trials.
JUDGED = {"beside": 8, "turns": 8, "typed": 8, "slider": 8, "what": 10}
TRIALS = STUDIES | JUDGED
#: What is answered to the first four trials: the last one by keys.
FIRST: dict[str, list[dict[str, Any]]] = {
    "beside": [{"choice": place} for place in ("left", "right", "left", "right")],
    "turns": [
        {"choice": "first", "confidence": 1},
        {"choice": "second", "confidence": 2},
        {"choice": "first", "confidence": 3},
        {"choice": "second", "confidence": 2},
    ],
    "typed": [{"estimate": number} for number in (0, 1, 2, 7)],
    "slider": [{"estimate": number} for number in (20, 21, 22, 21)],
    "what": [{"choice": label} for label in ("put", "take", "shake", "take")],
}
#: The exposure of those that are timed by frames, ms.
EXPOSURES_MS = {"beside": 250, "turns": 250, "typed": 250, "what": 200}
#: Each stage of the slow studies: several screenshots are taken in it.
STAGE_MS = 2500
#: The phases whose trials say right or wrong.
FEEDBACK = {
    "learn": {"practice", "training"},
    "choose": {"practice", "test", "catch"},
    **{study: {"practice"} for study in JUDGED},
}
#: A frame at 240 Hz: nothing that shows a picture is quicker.
SHORTEST_FRAME_MS = 4.0
#: Whether the page stores an uncertainty that is never less than the step of the browser's clock.
CLOCK_STEP_IS_STORED = True
#: The clock's step as it is measured and as it is stored are both rounded.
ROUNDING_MS = 0.05


@pytest.fixture(scope="module")
def host(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hosted]:
    """One host for all these visits; each is somebody else's."""
    folder = tmp_path_factory.mktemp("other-browsers")
    shutil.copy(migrated_sqlite, folder / "diptych.sqlite3")
    with hosted(f"sqlite:///{folder / 'diptych.sqlite3'}", folder, write) as made:
        yield made
        export_agrees(made, tuple(TRIALS), folder)


def write(folder: Path) -> None:
    """Write a study of each task, and slow ones whose stages can be photographed."""
    write_studies(folder)
    write_each_judgement(folder)
    slow = {"fixation_ms": STAGE_MS, "exposure_ms": STAGE_MS, "mask": "noise", "mask_ms": STAGE_MS}
    changes = {"timing": slow, "task": {"feedback": []}}
    kinds = {"practice": 0, "test": 1, "catch": 0}
    comparison_study(folder / "slow_beside", **kinds, changes=changes)
    estimation_study(folder / "slow_typed", **kinds, changes=changes)
    gap = {"timing": slow, "task": {"feedback": [], "gap_ms": STAGE_MS}}
    identify_study(folder / "slow_what", **kinds, changes=gap)


@pytest.fixture
def which(request: pytest.FixtureRequest) -> str:
    """`firefox`, `firefox-resisting` or `webkit`."""
    name: str = request.param
    return name


@pytest.fixture
def window(which: str) -> Iterator[OtherBrowser]:
    """A window of the browser; without the browser the test is skipped, and says so."""
    try:
        made = start(which)
    except NoBrowser as missing:
        pytest.skip(f"{missing}; `make browsers` as root installs it")
    yield made
    made.close()


@pytest.mark.parametrize(
    ("which", "study"),
    [
        ("firefox", "learn"),
        ("firefox", "choose"),
        ("firefox-resisting", "learn"),
        ("webkit", "learn"),
        ("webkit", "choose"),
        *product(("firefox", "webkit"), JUDGED),
    ],
    indirect=["which"],
)
def test_from_the_link_to_completion(
    study: str, window: OtherBrowser, host: Hosted, tmp_path: Path
) -> None:
    window.resize(*WIDE)
    who = OtherVisitor(window, host, f"{host.url}/s/{study}")
    what = who.to_a_trial()
    session = host.newest()
    photograph(window, study, "wide", tmp_path)
    who.answer(what)

    # A reload in the middle of a trial, on a phone's width: the same trial again.
    who.to_a_trial()
    window.resize(*NARROW)
    what = who.to_a_trial()
    before = who.images()
    photograph(window, study, "narrow", tmp_path)
    who.half_an_answer(what)
    who.reload()
    assert who.look() == "start"
    what = who.to_a_trial()
    assert who.images() == before
    assert host.newest() == session, "the reload began another session"
    who.answer(what, 1)

    # No network: the answer is kept, the page says so, and it arrives afterwards.
    what = who.to_a_trial()
    stored = len(host.answers(session))
    with who.offline():
        who.answer(what, 2)
        who.wait_for_banner(shown=True)
        assert len(host.answers(session)) == stored
    who.wait_for_banner(shown=False)

    what = who.to_a_trial()
    assert len(host.answers(session)) == stored + 1
    window.resize(*WIDE)
    who.type(what)
    assert who.to_the_end() == "end-completed"

    assert host.status(session) == "completed"
    trials, events = exported(host, study, session, tmp_path)
    assert [int(row["trial_index"]) for row in trials] == list(range(TRIALS[study]))
    assert all(row["response"] for row in trials)
    assert all(float(row["rt_ms"]) > 0 for row in trials)
    assert who.verdicts == sum(row["phase"] in FEEDBACK[study] for row in trials)
    faults = [row["detail"] for row in events if row["kind"] == "script_error"]
    assert not faults, faults
    assert "reload" in {row["kind"] for row in events}
    assert_onsets(trials, window)
    if study in JUDGED:
        first = [answer for _, answer in host.answers(session)][:4]
        assert [{k: v for k, v in each.items() if v is not None} for each in first] == FIRST[study]
    if study in EXPOSURES_MS:
        assert_frames(trials, EXPOSURES_MS[study], window.name)


def photograph(window: OtherBrowser, study: str, size: str, folder: Path) -> None:
    """Keep a screenshot of a trial, and check how it is laid out."""
    if study in JUDGED:
        assert_laid_out(window.run(LAID_OUT), f"{study}, {size}")
    name = f"{study}-{size}-{window.name.split()[0]}.png"
    window.screenshot(Path(os.environ.get("JUDGEMENT_SCREENSHOTS") or folder) / name)


def exported(
    host: Hosted, study: str, session: int, folder: Path
) -> tuple[list[dict[str, str]], list[dict[str, str]]]:
    """Return the trials and the events of a session, as a researcher gets them."""
    ((public_id,),) = query(host.settings, f"SELECT public_id FROM sessions WHERE id = {session:d}")
    host.server.diptych("export", study, "--to", str(folder / study), "--format", "csv")
    tables = []
    for name in ("trials", "events"):
        with next((folder / study).rglob(f"*-{name}_data.csv")).open(
            newline="", encoding="utf-8"
        ) as file:
            tables.append([row for row in csv.DictReader(file) if row["session_id"] == public_id])
    trials, events = tables
    return trials, events


def assert_onsets(trials: list[dict[str, str]], window: OtherBrowser) -> None:
    """Print and check the uncertainty of the onsets, as the page stored it.

    No onset is known better than to a frame, nor than to a step of the browser's clock.
    """
    uncertain = [float(row["onset_uncertainty_ms"]) for row in trials]
    step = window.clock_step_ms()
    cells = (median(uncertain), min(uncertain), max(uncertain), step)
    print("| browser | task | trials | median, ms | min | max | clock's step, ms |")
    print("| --- | --- | ---: | ---: | ---: | ---: | ---: |")
    row = " | ".join(f"{cell:.2f}" for cell in cells)
    print(f"| {window.name} | {trials[0]['task']} | {len(trials)} | {row} |")
    assert median(uncertain) >= SHORTEST_FRAME_MS
    if CLOCK_STEP_IS_STORED:
        assert min(uncertain) >= step - ROUNDING_MS


def assert_frames(trials: list[dict[str, str]], exposure_ms: float, browser: str) -> None:
    """Check that a display without dropped frames lasted as long as the study says."""

    def shown_ms(row: dict[str, str]) -> float:
        return float(row["display_offset_ms"]) - float(row["display_onset_ms"])

    frame_ms = median(shown_ms(row) / int(row["display_frames"]) for row in trials)
    clean = [shown_ms(row) for row in trials if row["timing_fault"] == "false"]
    every = ", ".join(f"{shown_ms(row):.0f}" for row in trials)
    print(f"{len(clean)} of {len(trials)} trials without dropped frames; shown for {every} ms")
    # WebKitGTK paints in software here and may drop a frame in each trial, and says so.
    assert clean or browser.startswith("WebKit"), "no trial without a dropped frame"
    assert clean == pytest.approx([exposure_ms] * len(clean), abs=frame_ms)


# What can be seen of a trial now: the cross, pictures, masks.
_SEEN = """
() => {
  const shown = (selector) => [...document.querySelectorAll(selector)].some((each) => {
    const { visibility, opacity } = getComputedStyle(each);
    return visibility === 'visible' && Number(opacity) > 0;
  });
  const parts = { fixation: '.fixation', picture: '.judgement img', mask: 'canvas.mask' };
  return Object.keys(parts).filter((name) => shown(parts[name])).join() || 'nothing';
}
"""
_BOX = """
() => {
  const { left, top, width, height } =
    [...document.querySelectorAll('.judgement img')].at(-1).getBoundingClientRect();
  return [left + 1, top + 1, left + width - 1, top + height - 1];
}
"""


@pytest.mark.parametrize("which", ["firefox", "webkit"], indirect=True)
@pytest.mark.parametrize(
    ("study", "stages"),
    [
        ("slow_beside", ["fixation", "picture", "mask", "nothing"]),
        ("slow_typed", ["fixation", "picture", "mask", "nothing"]),
        ("slow_what", ["fixation", "picture", "nothing", "picture", "mask", "nothing"]),
    ],
)
def test_each_stage_is_seen_alone(
    study: str, stages: list[str], window: OtherBrowser, host: Hosted, tmp_path: Path
) -> None:
    window.resize(*WIDE)
    who = OtherVisitor(window, host, f"{host.url}/s/{study}")
    while (what := who.look()) != "start":
        who.step()
    window.click(what)
    folder = Path(os.environ.get("JUDGEMENT_SCREENSHOTS") or tmp_path)
    for at, stage in enumerate(stages):
        window.wait(f"(stage) => ({_SEEN})() === stage", stage)
        file = folder / f"{study}-{at}-{stage}-{window.name.split()[0]}.png"
        window.screenshot(file)
        assert window.run(_SEEN) == stage, "too slow: the photograph may be of the next stage"
        assert_photographed(stage, file, window.run(_BOX))
    assert who.to_the_end() == "end-completed"


def assert_photographed(stage: str, file: Path, box: list[float]) -> None:
    """Check the pixels where the (last) picture is: what the page says is also painted."""
    with Image.open(file) as photo:
        greys = np.asarray(photo.convert("L").crop(tuple(round(edge) for edge in box)))
    counts = np.bincount(greys.ravel(), minlength=256)
    paper = counts[230:].sum() / counts.sum()
    if stage == "picture":
        assert counts[:20].sum() > 0.3 * counts.sum(), "the picture's ground is black"
        assert paper > 0.002, "its dots are white"
    elif stage == "mask":
        assert np.count_nonzero(counts) > 100
    else:
        # The cross covers less than 5 % of a picture, or stands between two of them.
        assert counts.max() > 0.95 * counts.sum()
        assert (counts.max() < counts.sum()) == (stage == "fixation" and "beside" not in file.name)
