"""Every quality rule against a slow, obvious computation of its own, and at its edges."""

from __future__ import annotations

import dataclasses
import itertools
import statistics
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from support.sessions import Happened, Made, session_facts
from support.tiny_studies import category_study, two_afc_study

from diptych.authoring.folder import load_study
from diptych.quality import RULES, Others, RuleResult, evaluate
from diptych.study.content import StudyContent
from diptych.study.thresholds import SOFT_RULES, Quality
from diptych.tasks import REGISTRY

NOBODY = Others()
#: A threshold that nearly every session breaks, so that each rule's value is seen.
STRICT: dict[str, float] = {
    name: 10**6 if name.startswith("min_") else 0 for name in RULES if "accuracy" not in name
} | {
    "min_catch_accuracy": 1,
    "min_crowd_accuracy": 1,
    "max_chance_p": 1e-9,
    "max_practice_attempts": 1,
    "max_same_response_run": 1,
}


@pytest.fixture(scope="module")
def two_afc(tmp_path_factory: pytest.TempPathFactory) -> StudyContent:
    """A 2-AFC study whose buttons work after 100 ms."""
    return load_study(two_afc_study(tmp_path_factory.mktemp("q") / "pairs")).content


@pytest.fixture(scope="module")
def classes(tmp_path_factory: pytest.TempPathFactory) -> StudyContent:
    """A study of three classes."""
    return load_study(category_study(tmp_path_factory.mktemp("q") / "classes")).content


def under(content: StudyContent, **quality: Any) -> StudyContent:
    """The study with these rules."""
    spec = content.spec.model_copy(update={"quality": Quality.model_validate(quality)})
    return dataclasses.replace(content, spec=spec)


def find(
    content: StudyContent,
    rules: Mapping[str, Any],
    *args: Any,
    others: Others = NOBODY,
    **more: Any,
) -> dict[str, RuleResult]:
    """What the rules find in a session, by rule."""
    results = evaluate(session_facts(under(content, **rules), *args, **more), others)
    assert [r.rule for r in results] == [n for n in RULES if n in {r.rule for r in results}]
    return {result.rule: result for result in results}


answers = st.lists(
    st.builds(
        Made,
        phase=st.sampled_from(["practice", "test", "catch"]),
        response=st.sampled_from(["top", "bottom"]),
        correct=st.booleans(),
        rt_ms=st.floats(0, 100_000),
        gap_ms=st.integers(0, 100_000).map(float),
    ),
    max_size=40,
)
events = st.lists(
    st.builds(
        Happened,
        kind=st.sampled_from(["blur", "focus", "hidden", "visible", "reload", "script_error"]),
        trial_index=st.sampled_from([None, 1, 2]),
    ),
    max_size=30,
)


@given(answers, st.integers(1, 5), st.floats(0, 60_000))
@settings(deadline=None)
def test_the_published_rules_match_their_words(
    two_afc: StudyContent, made: list[Made], attempts: int, read_ms: float
) -> None:
    rules = {
        "min_catch_accuracy": 0.8,
        "min_total_rt_s": 135,
        "max_total_rt_s": 2500,
        "min_instructions_s": 15,
        "max_instructions_s": 45,
        "min_rarer_response": 5,
        "max_practice_attempts": 3,
    }
    found = find(two_afc, rules, made, instructions_ms=read_ms, practice_attempts=attempts)
    flagged = {name for name, result in found.items() if result.flagged}

    counted = [a for a in made if a.phase != "practice"]
    catch = [a for a in made if a.phase == "catch"]
    wrong_catches = sum(not a.correct for a in catch)
    expected = {
        "min_catch_accuracy": wrong_catches * 5 > len(catch),
        "min_total_rt_s": sum(a.rt_ms for a in counted) / 1000 < 135,
        "max_total_rt_s": sum(a.rt_ms for a in counted) / 1000 > 2500,
        "min_instructions_s": read_ms / 1000 < 15,
        "max_instructions_s": read_ms / 1000 > 45,
        "max_practice_attempts": attempts > 3,
    }
    ups = sum(a.response == "top" for a in counted)
    expected["min_rarer_response"] = bool(counted) and min(ups, len(counted) - ups) < 5
    assert flagged == {name for name, broken in expected.items() if broken}


@given(answers)
@settings(deadline=None)
def test_speed_and_evenness_match_their_words(two_afc: StudyContent, made: list[Made]) -> None:
    names = ("min_median_rt_ms", "max_same_response_run", "max_fast_share", "max_clock_conflicts")
    found = find(two_afc, {name: STRICT[name] for name in names}, made)
    counted = [a for a in made if a.phase != "practice"]
    if not counted:
        assert set(found) <= {"max_clock_conflicts"}
    else:
        ordered = sorted(a.rt_ms for a in counted)
        middle = (ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2]) / 2
        assert found["min_median_rt_ms"].value == pytest.approx(middle)
        assert found["max_same_response_run"].value == slow_run([a.response for a in counted])
        fast = [a for a in counted if a.rt_ms < 150]
        assert found["max_fast_share"].value == len(fast) / len(counted)
    conflicts = sum(a.gap_ms + 250 < a.rt_ms for a in made)
    assert found["max_clock_conflicts"].value == conflicts


def slow_run(responses: Sequence[str]) -> int:
    """The longest stretch of equal answers, by trying all stretches."""
    best = 0
    for start, end in itertools.combinations(range(len(responses) + 1), 2):
        if len(set(responses[start:end])) == 1:
            best = max(best, end - start)
    return best


@given(st.lists(st.booleans(), min_size=1, max_size=12), st.sampled_from(["pairs", "classes"]))
@settings(deadline=None)
def test_chance_is_the_share_of_guessers_who_do_as_well(
    two_afc: StudyContent, classes: StudyContent, judged: list[bool], which: str
) -> None:
    content, chance = (two_afc, Fraction(1, 2)) if which == "pairs" else (classes, Fraction(1, 3))
    # The distribution of the number of right guesses, one trial after the other.
    masses = {0: Fraction(1)}
    for _ in judged:
        after: dict[int, Fraction] = {}
        for right, mass in masses.items():
            after[right] = after.get(right, Fraction(0)) + mass * (1 - chance)
            after[right + 1] = after.get(right + 1, Fraction(0)) + mass * chance
        masses = after
    tail = sum(mass for right, mass in masses.items() if right >= sum(judged))
    made = [Made(correct=right) for right in judged] + [Made("training", correct=True)] * 5
    found = find(content, {"max_chance_p": 0.05}, made)["max_chance_p"]
    assert found.value == pytest.approx(float(tail))
    assert found.flagged == (tail > Fraction(1, 20))


def test_before_the_buttons_work_nobody_can_answer(two_afc: StudyContent) -> None:
    task = two_afc.spec.task.model_copy(update={"enable_after_ms": 1500})
    slow = dataclasses.replace(two_afc, spec=two_afc.spec.model_copy(update={"task": task}))
    made = [Made(rt_ms=1499.9), Made(rt_ms=1500.0), Made(rt_ms=100.0), Made("practice", rt_ms=1)]
    found = find(slow, {"max_fast_share": 0.5}, made)["max_fast_share"]
    assert found.value == pytest.approx(2 / 3) and found.flagged
    assert found.evidence == "2 of 3 answers in less than 1,500 ms; allowed is at most 0.5."


@given(events)
def test_focus_losses_are_times_of_absence_that_begin_in_a_trial(
    two_afc: StudyContent, happened: list[Happened]
) -> None:
    found = find(two_afc, {"max_focus_losses": 0}, [Made()], happened)["max_focus_losses"]
    # Written down as a string of moments: is anybody away after each event?
    blurred = hidden = False
    losses, before = 0, False
    for event in happened:
        if event.kind == "blur":
            blurred = True
        if event.kind == "hidden":
            hidden = True
        if event.kind == "visible":
            hidden = False
        if event.kind in ("focus", "reload"):
            blurred = hidden = False
        away = blurred or hidden
        losses += away and not before and event.trial_index is not None
        before = away
    assert found.value == losses
    assert found.flagged == (losses > 0)


def test_changing_the_tab_is_one_loss(two_afc: StudyContent) -> None:
    kinds = ("blur", "hidden", "visible", "focus", "hidden", "blur", "focus", "visible")
    happened = [Happened(kind, 3) for kind in kinds]
    found = find(two_afc, {"max_focus_losses": 2}, [Made()], happened)["max_focus_losses"]
    assert (found.value, found.flagged) == (2, False)


@given(st.lists(st.tuples(*[st.integers(0, 500)] * 3), max_size=8))
def test_input_is_the_sum_of_what_the_page_tells(
    two_afc: StudyContent, told: list[tuple[int, int, int]]
) -> None:
    happened = [Happened("input", 1, f"moves={m} presses={p} keys={k}") for m, p, k in told]
    happened += [Happened("script_error", 1, "moves=99")]
    found = find(two_afc, {"min_input_events": 40}, [Made()], happened)["min_input_events"]
    assert found.value == sum(sum(counts) for counts in told)
    assert found.flagged == (found.value < 40)


def test_who_tells_of_no_input_at_all_is_flagged_but_only_once_there_is_an_answer(
    two_afc: StudyContent,
) -> None:
    rules = {"min_input_events": 1}
    assert find(two_afc, rules, [Made()])["min_input_events"].flagged
    assert find(two_afc, rules, [], unanswered=3, status="timed_out") == {}


@given(events)
def test_browser_errors_are_counted(two_afc: StudyContent, happened: list[Happened]) -> None:
    happened = [*happened, Happened("image_error", 1, "/i/abc")]
    found = find(two_afc, {"max_browser_errors": 1}, [Made()], happened)["max_browser_errors"]
    assert found.value == sum(e.kind in ("script_error", "image_error") for e in happened)


def test_others_are_held_against_their_thresholds(two_afc: StudyContent) -> None:
    rules = {
        "max_repeats": 0, "max_lookalikes": 1, "max_same_address": 1, "min_crowd_accuracy": 0.6
    }  # fmt: skip
    known = Others(("abc", "greebles: def"), ("ghi",), 0.55, ("jkl", "mno"), 1)
    found = find(two_afc, rules, [Made()], others=known)
    assert {name: (r.value, r.flagged) for name, r in found.items()} == {
        "max_repeats": (2, True),
        "max_lookalikes": (1, False),
        "max_same_address": (2, True),
        "min_crowd_accuracy": (0.55, True),
    }
    assert "abc, greebles: def" in found["max_repeats"].evidence
    assert "min_crowd_accuracy" not in find(two_afc, rules, [Made()])


# What is judged, and by what ------------------------------------------------------------------


@given(answers, events)
@settings(deadline=None)
def test_every_value_stands_beside_its_threshold_and_one_sentence(
    two_afc: StudyContent, made: list[Made], happened: list[Happened]
) -> None:
    known = Others(("abc",), ("def",), 0.5, ("ghi",))
    for name, result in find(two_afc, STRICT, made, happened, others=known).items():
        assert result.value is not None and result.threshold == STRICT[name]
        broken = (
            result.value < result.threshold
            if name.startswith("min_")
            else result.value > result.threshold
        )
        assert result.flagged == broken
        assert result.evidence.endswith(".") and "\n" not in result.evidence


def test_a_threshold_itself_is_allowed(two_afc: StudyContent) -> None:
    rules = {"min_instructions_s": 15, "max_instructions_s": 15, "min_median_rt_ms": 200}
    made = [Made(rt_ms=rt) for rt in (100, 200, 300)]
    assert statistics.median(a.rt_ms for a in made) == 200
    found = find(two_afc, rules, made, instructions_ms=15_000)
    assert len(found) == 3 and not any(result.flagged for result in found.values())


def test_only_auto_rules_decide_alone(two_afc: StudyContent) -> None:
    rules = {"min_catch_accuracy": 0.9, "min_median_rt_ms": 9999, "auto": ["min_median_rt_ms"]}
    found = find(two_afc, rules, [Made("catch", correct=False)])
    assert {name: (r.flagged, r.auto) for name, r in found.items()} == {
        "min_catch_accuracy": (True, False),
        "min_median_rt_ms": (True, True),
    }


def test_no_rules_find_nothing(two_afc: StudyContent) -> None:
    assert find(two_afc, {}, [Made(rt_ms=0)] * 50, practice_attempts=9) == {}


@pytest.mark.parametrize(
    "row", [{"kind": "machine"}, {"kind": "preview"}, {"status": "declined", "condition": None}]
)
def test_machines_previews_and_who_declined_are_not_judged(
    two_afc: StudyContent, row: dict[str, Any]
) -> None:
    assert find(two_afc, STRICT, [Made()], **row) == {}


@pytest.mark.parametrize("status", ["timed_out", "screened_out", "returned"])
def test_who_left_early_is_only_judged_by_what_that_allows(
    two_afc: StudyContent, status: str
) -> None:
    known = Others(same_address=())
    found = find(two_afc, STRICT, [Made()], others=known, unanswered=5, status=status)
    assert set(found) == {name for name, rule in RULES.items() if rule.unfinished}
    assert "min_total_rt_s" not in found and "max_repeats" in found


def test_simulated_people_live_on_a_clock_of_their_own(two_afc: StudyContent) -> None:
    made = [Made(rt_ms=5000, gap_ms=3)]
    rules = {"max_clock_conflicts": 0}
    assert find(two_afc, rules, made)["max_clock_conflicts"].flagged
    assert find(two_afc, rules, made, kind="simulated") == {}


def test_the_rarer_response_is_for_two_responses_only(classes: StudyContent) -> None:
    made = [Made(response=name) for name in ("Agara", "Bari", "Cooka")]
    assert find(classes, {"min_rarer_response": 2}, made) == {}


def test_what_an_answer_says_depends_on_neither_place_nor_truth(two_afc: StudyContent) -> None:
    task = REGISTRY.get("two_afc")(two_afc, two_afc.spec.condition("default"))
    said = set()
    for item in two_afc.items.values():
        for label in ("top", "bottom"):  # where the right picture stands
            other = "bottom" if label == "top" else "top"
            right = task.answered_in({"item_id": item.item_id, "label": label, "response": label})
            wrong = task.answered_in({"item_id": item.item_id, "label": label, "response": other})
            said.add((item.item_id, right, wrong))
            assert {right, wrong} == {"first", "second"}
    assert len(said) == len(two_afc.items), "the same picture is the same answer, wherever it stood"
    assert len({right for _, right, _ in said}) == 2, "the name does not tell which one is right"


# The section of study.toml --------------------------------------------------------------------


def test_every_rule_has_a_key_and_every_key_a_rule() -> None:
    assert [name for name in Quality.model_fields if name != "auto"] == list(RULES)
    assert {name for name, rule in RULES.items() if rule.soft} == set(SOFT_RULES)
    assert all(rule.name == name and rule.description for name, rule in RULES.items())


@pytest.mark.parametrize(
    ("auto", "words"),
    [
        ("min_catch_accuracy", "no threshold"),
        ("min_everything", "rules are min_catch_accuracy, "),
        ("max_lookalikes", "is only a hint"),
        ("max_same_address", "is only a hint"),
        ("min_crowd_accuracy", "is only a hint"),
    ],
)
def test_auto_names_rules_that_can_decide(auto: str, words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        Quality.model_validate(
            {"auto": [auto], "max_lookalikes": 1, "min_crowd_accuracy": 0.5, "max_repeats": 0}
        )
