"""The parts of the report: numbers as in the tables, images, contents, models beside chance."""

from __future__ import annotations

import hashlib
import math
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from scipy.stats import bootstrap, ttest_1samp

from diptych_analysis.report import design, words, write
from diptych_analysis.report.flow import ENDED, flow_of, flow_svg
from diptych_analysis.report.headings import with_contents
from diptych_analysis.report.kept_trials import kept_trials
from diptych_analysis.report.learning_models import add_models
from diptych_analysis.report.page import Page
from diptych_analysis.report.performance import over_sessions, scored
from diptych_analysis.report.stimulus_pictures import StimulusPictures
from diptych_analysis.tables import Tables
from diptych_analysis.tracing.verdict import t_interval, verdict

RULES = ("too_fast", "one_answer")
STATUSES = ["completed", *ENDED]
ROWS = st.lists(
    st.tuples(st.sampled_from(STATUSES), st.booleans(), st.sets(st.sampled_from(RULES))),
    max_size=12,
)


@given(rows=ROWS)
def test_every_session_is_somewhere_in_the_flow(
    rows: list[tuple[str, bool, set[str]]],
) -> None:
    sessions = pd.DataFrame(rows, columns=["status", "excluded", "exclusion_reasons"])
    sessions["exclusion_reasons"] = sessions["exclusion_reasons"].map(lambda s: "|".join(sorted(s)))
    flow = flow_of(sessions)
    assert flow.entered == len(rows) == flow.completed + sum(flow.lost.values())
    assert flow.completed == flow.excluded + flow.analysed
    told = Counter(
        rule for status, out, why in rows if status == "completed" and out for rule in why
    )
    assert flow.reasons == dict(told)
    drawn = re.findall(r">(\d+) [^<]+</text>", flow_svg(flow))
    assert [int(n) for n in drawn[:2]] == [flow.entered, flow.entered - flow.completed]
    assert int(drawn[-1]) == flow.analysed


PHASES = st.lists(st.tuples(st.sampled_from(sorted(design.PHASE_WORDS)), st.integers(1, 300)),
                  min_size=1, max_size=design.MOST_BLOCKS)  # fmt: skip


@given(blocks=PHASES)
def test_every_phase_is_named_below_its_bar_or_in_the_caption(
    blocks: list[tuple[str, int]],
) -> None:
    svg = design.design_svg(blocks, [design.Step("stimulus", "")])
    drawn = re.findall(r">([a-z, ]+): \d+</text>", svg)
    caption = design.unnamed_phases(blocks)
    named = {word.partition(",")[0] for word in drawn}
    for phase, _ in blocks:
        assert {phase, design.PHASE_WORDS[phase]} & named or design.PHASE_WORDS[phase] in caption
    assert words.day(pd.Timestamp("2026-12-01")) == "1 December 2026"


@pytest.mark.parametrize(
    ("machines", "said"), [(1, "; 1 machine is left out."), (2, "; 2 machines are left out.")]
)
def test_who_is_left_out_is_counted_in_words(tmp_path: Path, machines: int, said: str) -> None:
    kinds = ["person", *["machine"] * machines]
    trials = pd.DataFrame({"participant_kind": kinds, "session_id": range(len(kinds))})
    page = Page(tmp_path)
    write._of_one_kind(page, trials)
    assert f"1 person{said}" in "".join(page.parts)


@given(levels=st.lists(st.tuples(st.sampled_from([2, 3]), st.sampled_from(["A", "B b", "é", "Ω"]))))
def test_contents_list_every_heading_once(levels: list[tuple[int, str]]) -> None:
    body = "".join(f"<h{level}>{text}</h{level}><p>x</p>" for level, text in levels)
    marked, listed = with_contents(body)
    ids = re.findall(r'<h[23] id="([^"]+)">', marked)
    assert len(set(ids)) == len(ids) == len(levels)
    if len(levels) > 1:
        assert re.findall(r'href="#([^"]+)"', listed) == ids
        for tag in ("ol", "li"):
            assert listed.count(f"<{tag}>") == listed.count(f"</{tag}>")
    else:
        assert listed == ""


def test_the_paragraphs_say_what_the_tables_hold(simulated: Callable[..., Tables]) -> None:
    tables = simulated(9)
    tables.sessions.loc[0, "status"] = "returned"
    tables.sessions.loc[1, "excluded"] = True
    tables.sessions.loc[1, "exclusion_reasons"] = "too_fast"
    trials = kept_trials(tables)
    said = words.methods(tables, trials, flow_of(tables.sessions), "simulated", "1.2.3")
    assert "7 simulated participants completed 7 sessions of the study “clouds”" in said
    assert "20 training (with feedback) and 10 test trials" in said
    assert "Of 9 sessions entered, 8 completed (1 returned the study); of the completed" in said
    assert "ones, 1 was excluded by preset rules or decisions (too fast: 1)." in said
    assert "Agara, Bari and Cooka (chance: 33.3 %)" in said and "Diptych 1.2.3" in said
    found = words.results(trials, "category_learning")
    test = scored(trials, "test")
    assert f"{100 * test['right'].mean():.1f} % of {len(test)} responses were right" in found
    assert words.results(trials.assign(correct=None), "category_learning") == ""
    assert words.joined(["a"]) == "a" and words.joined(["a", "b", "c"]) == "a, b and c"


def test_the_session_is_drawn_in_its_order(simulated: Callable[..., Tables]) -> None:
    trials = simulated(5).trials
    assert design.blocks_of(trials) == [("training", 20), ("test", 10)]
    steps = [step.title for step in design.steps_of(trials)]
    assert steps == ["stimulus", "response", "feedback"]
    timed = trials.assign(display_onset_ms=100.0, display_offset_ms=300.0)
    assert design.steps_of(timed)[0].detail == "200 ms"


def test_images_come_from_the_named_folders_alone(
    tmp_path: Path, simulated: Callable[..., Tables]
) -> None:
    tables = simulated(4)
    folder = tmp_path / "study"
    folder.mkdir()
    Image.new("RGB", (40, 20), "red").save(folder / "0.png")
    (folder / "1.png").write_bytes(b"no image")
    Image.new("RGB", (4, 4), "blue").save(tmp_path / "2.png")
    tables.stimuli.loc[2, "file"] = "../2.png"
    pictures = StimulusPictures([folder])
    pictures.use(tables)
    sheet = pictures.captioned([("clouds:0", "a", "b"), ("clouds:1", "a" * 90, "")])
    assert sheet is not None and sheet.getpixel((96, 96)) == (255, 0, 0)
    for absent in ("clouds:1", "clouds:2", "clouds:3", "clouds:none"):
        assert pictures.open(absent) is None
    assert pictures.sheet([("all", ["clouds:1", "clouds:2"])]) is None
    # Two studies use one name: the hash tells their images apart.
    other = tmp_path / "other"
    other.mkdir()
    Image.new("RGB", (40, 20), "blue").save(other / "0.png")
    wanted = hashlib.sha256((other / "0.png").read_bytes()).hexdigest()
    tables.stimuli.loc[0, "stimulus_id"] = wanted
    pictures = StimulusPictures([folder, other])
    pictures.use(tables)
    image = pictures.open(wanted)
    assert image is not None and image.convert("RGB").getpixel((0, 0)) == (0, 0, 255)


def test_an_item_of_several_images_is_shown_by_its_roles(
    tmp_path: Path, simulated: Callable[..., Tables]
) -> None:
    Image.new("RGB", (8, 8), "red").save(tmp_path / "0.png")
    tables = simulated(3)
    trials = tables.trials.assign(item_id="clouds:pair", stimulus_id=None)
    shown = {}
    for roles in (("before", "after"), ("stimulus", "stimulus")):
        rows = [
            {"study": "clouds", "item_id": "clouds:pair", "role": role, "place": place,
             "stimulus_id": f"clouds:{place}"}
            for place, role in enumerate(roles)
        ]  # fmt: skip
        tables.items = pd.DataFrame(rows)
        page = Page(pictures=StimulusPictures([tmp_path]))
        page.pictures.use(tables)
        design.add_design(page, trials, tables)
        shown[roles] = page.render("x", simulated=True)
    assert "one test item (clouds:pair), by their roles" in shown["before", "after"]
    assert "one test item (clouds:pair), in their order" in shown["stimulus", "stimulus"]


def results(better: float) -> dict[str, Any]:
    """Results of three splits: `static`, and a model that is `better` by so much."""

    def model(shift: float) -> dict[str, Any]:
        scores = [
            {"micro": 0.5 + 0.01 * n + shift, "macro": 0.5, "log_loss": 1.0} for n in (-1, 0, 1)
        ]
        return {"splits": [{"training": each, "test": each} for each in scores]}

    return {
        "models": {"static": model(0.0), "<dkt>": model(better)},
        "classes": ["a", "b", "c"], "learners": 30,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("better", "told"),
    [
        (0.1, "predicts better than static"),
        (0.0, "30 learners may be too few"),
        (-0.1, "predicts worse beyond the noise"),
    ],
)
def test_models_stand_beside_chance_and_the_baseline(better: float, told: str) -> None:
    page = Page()
    add_models(page, results(better))
    shown = page.render("x", simulated=False)
    assert told in shown and "<dkt>" not in shown and "&lt;dkt&gt;" in shown
    chance = re.search(r'<th scope="row">chance</th>(.*?)</tr>', shown)
    assert chance is not None and chance[1].count("0.33") == 3 and "1.10" in chance[1]


def test_a_verdict_needs_a_baseline_and_another_model() -> None:
    found = results(0.1)
    assert verdict(found).startswith("Beyond the noise")
    assert verdict(found | {"models": {"static": found["models"]["static"]}}) == ""
    assert verdict(found | {"models": {"dkt": found["models"]["<dkt>"]}}) == ""


@given(st.lists(st.floats(0, 1), min_size=2, max_size=8, unique=True))
def test_the_intervals_are_those_of_scipy(values: list[float]) -> None:
    mean, low, high = t_interval(values)
    theirs = ttest_1samp(values, 0).confidence_interval()
    assert (low, high) == (pytest.approx(theirs.low), pytest.approx(theirs.high))
    assert low <= mean <= high
    assert t_interval([math.nan, 0.5])[0] == 0.5 and math.isnan(t_interval([0.5])[1])


def test_intervals_over_sessions_are_those_of_the_percentile_bootstrap() -> None:
    values = [0.2, 0.4, 0.5, 0.9, 0.7, 0.6, 0.3]
    ours = over_sessions(values)
    theirs = bootstrap((values,), lambda x, axis: x.mean(axis=axis), method="percentile", rng=1)
    assert ours.low == pytest.approx(theirs.confidence_interval.low, abs=0.03)
    assert ours.high == pytest.approx(theirs.confidence_interval.high, abs=0.03)
