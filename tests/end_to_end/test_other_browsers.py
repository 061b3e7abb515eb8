"""Each task from the entry link to completion in Firefox and in WebKit, at both sizes.

On the way the page is reloaded in the middle of a trial and the network is taken away. The clocks
of these browsers are coarser than Chromium's: `pytest -rP` shows the stored uncertainty of onsets.
"""

from __future__ import annotations

import csv
import shutil
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import pytest
from support.browser import NoBrowser
from support.browser_faults import STUDIES, Hosted, export_agrees, hosted
from support.other_browsers import start
from support.other_visitor import OtherVisitor
from support.rows import query
from support.webdriver import OtherBrowser

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.exhaustive]
WIDE, NARROW = (1280, 800), (390, 844)
#: The phases whose trials say right or wrong.
FEEDBACK = {"learn": {"practice", "training"}, "choose": {"practice", "test", "catch"}}
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
    with hosted(f"sqlite:///{folder / 'diptych.sqlite3'}", folder) as made:
        yield made
        export_agrees(made, tuple(STUDIES), folder)


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
    window.screenshot(tmp_path / "wide.png")
    who.answer(what)

    # A reload in the middle of a trial, on a phone's width: the same trial again.
    who.to_a_trial()
    window.resize(*NARROW)
    what = who.to_a_trial()
    before = who.images()
    window.screenshot(tmp_path / "narrow.png")
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
    assert [int(row["trial_index"]) for row in trials] == list(range(STUDIES[study]))
    assert all(row["response"] for row in trials)
    assert all(float(row["rt_ms"]) > 0 for row in trials)
    assert who.verdicts == sum(row["phase"] in FEEDBACK[study] for row in trials)
    faults = [row["detail"] for row in events if row["kind"] == "script_error"]
    assert not faults, faults
    assert "reload" in {row["kind"] for row in events}
    assert_onsets(trials, window)


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
