"""The windows of later parts, and the faults of a study that has parts."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from support.tiny_studies import category_study, two_afc_study

from diptych.authoring.folder import load_study
from diptych.policies import REGISTRY, Candidate, Past, PolicyParameters
from diptych.policies.narrowed import Shown, narrowed
from diptych.study.faults import StudyFault
from diptych.study.spec import StudySpec
from diptych.study.windows import DAY_MS, days_between, window_of

BASE = {"title": "t", "task": {"name": "category_learning"}, "phases": {"test": 1}}
DAYS = st.floats(0.01, 700)
LATER = {"after_days": 1, "phases": {"test": 2}}


def spec_of(*parts: dict[str, Any], **more: Any) -> StudySpec:
    return StudySpec.model_validate({**BASE, "part": parts, **more})


@given(
    gaps=st.lists(st.tuples(DAYS, DAYS), min_size=1, max_size=5),
    ended_at=st.integers(0, 4_000_000_000_000),
    data=st.data(),
)
def test_a_part_is_open_exactly_between_its_bounds(
    gaps: list[tuple[float, float]], ended_at: int, data: st.DataObject
) -> None:
    opens = 0.0
    parts = []
    for gap, window in gaps:
        opens += gap
        parts.append({"after_days": opens, "window_days": window, "phases": {"test": 1}})
    spec = spec_of(*parts)
    for number, given_ in enumerate(parts, 2):
        window = window_of(spec, number, ended_at)
        assert window.opens_at < window.closes_at
        at = data.draw(st.integers(ended_at, ended_at + round(4300 * DAY_MS)))
        since = (at - ended_at) / DAY_MS  # counted the other way round: in days
        slack = 1 / DAY_MS  # bounds are whole milliseconds
        state = window.state(at)
        if since < given_["after_days"] - slack:
            assert state == "early"
        elif since > given_["after_days"] + given_["window_days"] + slack:
            assert state == "late"
        elif (
            given_["after_days"] + slack
            < since
            < (given_["after_days"] + given_["window_days"] - slack)
        ):
            assert state == "open"
        assert days_between(ended_at, at) == pytest.approx(since)
        for edge, told in ((window.opens_at, "open"), (window.opens_at - 1, "early"),
                           (window.closes_at - 1, "open"), (window.closes_at, "late")):  # fmt: skip
            assert window.state(edge) == told
    assert days_between(None, ended_at) == 0


@pytest.mark.parametrize(
    ("parts", "more", "told"),
    [
        ([{**LATER, "after_days": 2}, LATER], {}, "after_days must grow"),
        ([LATER, LATER], {}, "after_days must grow"),
        ([{**LATER, "after_days": 0}], {}, "greater than 0"),
        ([{**LATER, "window_days": 0}], {}, "greater than 0"),
        ([LATER], {"privacy": {"identities_days": 1.5}}, "privacy.identities_days"),
        ([LATER], {"privacy": {"answers_days": 1}}, "privacy.answers_days"),
        ([{**LATER, "reward": 0.001}], {}, "part 2: reward"),
        ([{**LATER, "colour": "red"}], {}, "colour"),
    ],
)
def test_parts_that_cannot_be_taken_are_faults(
    parts: list[dict[str, Any]], more: dict[str, Any], told: str
) -> None:
    with pytest.raises(ValidationError, match=told):
        spec_of(*parts, **more)


def faults_of(folder: Path) -> str:
    with pytest.raises(StudyFault) as caught:
        load_study(folder)
    return str(caught.value)


@pytest.mark.parametrize(
    ("part", "told"),
    [
        ({}, "part 2, recruitment.prolific.completed: found 'DONE', as in part 1"),
        ({"recruitment": {"mars": {"x": 1}}}, "recruitment.mars"),
        ({"recruitment": {"prolific": {"completed": "B", "z": 1}}}, "recruitment.prolific.z"),
        ({"phases": {"test": 5}, "items": "same"}, "5 trials of same items, but there can be"),
        ({"phases": {"test": 20}, "items": "new"}, "20 trials of new items"),
        ({"phases": {"test": 12}, "items": "both"}, "6 trials of same items"),
        ({"phases": {"test": 99}}, "99 trials"),
        ({"phases": {"catch": 1}}, "phases.catch"),
        ({"policy": {"name": "no such"}}, "'no such'"),
    ],
)  # fmt: skip
def test_a_folder_says_what_is_wrong_with_its_parts(
    tmp_path: Path, part: dict[str, Any], told: str
) -> None:
    own = {} if "recruitment" in part or not part else {
        "recruitment": {"prolific": {"completed": "B"}}
    }  # fmt: skip
    changes = {"part": [{**LATER, **own, **part}]}
    assert told in faults_of(category_study(tmp_path / "tiny", changes=changes))


def test_items_of_a_kind_are_counted(tmp_path: Path) -> None:
    part = {"after_days": 1, "phases": {"test": 3}, "items": "new",
            "recruitment": {"prolific": {"completed": "B"}}}  # fmt: skip
    folder = two_afc_study(tmp_path / "tiny", test=4, changes={"part": [part]})
    assert "3 trials of new items, but there can be only 0" in faults_of(folder)


def test_a_part_has_texts_of_its_own(tmp_path: Path) -> None:
    part = {**LATER, "recruitment": {"prolific": {"completed": "B"}}, "minutes": 3, "reward": 2}
    folder = category_study(
        tmp_path / "tiny",
        changes={"part": [part], "payment": {"reward": 1}},
        texts={"instructions_part2.md": "Again.\n"},
    )
    loaded = load_study(folder)
    second = loaded.content.of_part(2)
    assert second.texts["instructions"] == "Again.\n"
    assert second.texts["consent"] == loaded.content.texts["consent"]
    assert loaded.content.of_part(1) is loaded.content
    assert (second.spec.minutes, second.spec.payment.reward) == (3, 2)
    assert second.spec.recruitment.of("prolific")["completed"] == "B"
    assert second.spec.recruitment.of("prolific")["declined"] == "NO"


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("instructions_part3", "for part 1, then instructions_part2.md"),
        ("instructions_part1", "for part 1, then instructions_part2.md"),
        ("instructions_part02", "a text of a part that does not exist"),
        ("practice_again_part3", "practice_again.md for part 1, then practice_again_part2.md"),
        ("phase_change_Part-2", "phase_change.md for part 1"),
        ("consent_plain", "consent.md for all conditions"),
        ("consent_de", "one study per language"),
        ("consent_pt_BR", "one study per language"),
    ],
)
def test_a_text_that_nobody_would_see_is_a_fault(tmp_path: Path, name: str, told: str) -> None:
    part = {**LATER, "recruitment": {"prolific": {"completed": "B"}}}
    folder = category_study(
        tmp_path / "tiny",
        changes={"part": [part], "conditions": [{"name": "plain"}]},
        texts={f"{name}.md": "Never.\n"},
    )
    told_at = faults_of(folder)
    assert f"{name}.md" in told_at
    assert told in told_at


def test_notes_beside_the_texts_are_no_fault(tmp_path: Path) -> None:
    names = ("consent_old", "consent_xx", "README_de", "my_part3", "xconsent_de")
    folder = category_study(tmp_path / "tiny", texts={f"{name}.md": "A note.\n" for name in names})
    remarks = load_study(folder).remarks
    assert all(any(f"{name}.md" in remark for remark in remarks) for name in names)


POOL = [Candidate(str(n), "ab"[n % 2]) for n in range(12)]


@given(
    learned=st.sets(st.integers(0, 11), min_size=3, max_size=5),
    others=st.sets(st.integers(0, 11), max_size=3),
    policy=st.sampled_from(["random", "balanced"]),
    seed=st.integers(0, 99),
)
def test_a_part_shows_the_items_it_asks_for(
    learned: set[int], others: set[int], policy: str, seed: int
) -> None:
    shown = Shown(frozenset(map(str, learned)), frozenset(map(str, learned | others)))
    inner = REGISTRY.get(policy)(PolicyParameters())
    for items in ("same", "new", "both"):
        rng, left, history = random.Random(seed), list(POOL), list[Past]()
        for _ in range(len(learned) if items == "same" else 4):
            chosen = narrowed(inner, items, shown).choose(left, history, rng)
            left.remove(chosen)
            history.append(Past(chosen, "test"))
        same = sum(past.candidate.id in shown.learned for past in history)
        new = sum(past.candidate.id not in shown.all for past in history)
        if items == "same":
            assert same == len(history)
        elif items == "new":
            assert new == min(4, 12 - len(shown.all))
        else:
            assert same == new == 2
    assert narrowed(inner, "any", shown) is inner
