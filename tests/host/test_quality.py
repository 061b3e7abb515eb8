"""Quality rules against a slow, obvious computation, and at their edges."""

from __future__ import annotations

import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diptych.quality import AnsweredTrial, broken_rules
from diptych.studies.spec import Quality

trials = st.lists(
    st.builds(
        AnsweredTrial,
        phase=st.sampled_from(["practice", "test", "catch"]),
        response=st.sampled_from(["top", "bottom"]),
        correct=st.booleans(),
        rt_ms=st.floats(0, 100_000),
    ),
    max_size=40,
)


@given(trials, st.integers(1, 5))
def test_the_published_rules_match_their_words(answers: list[AnsweredTrial], attempts: int) -> None:
    rules = Quality(
        min_catch_accuracy=0.8,
        min_total_rt_s=135,
        max_total_rt_s=2500,
        min_instructions_s=15,
        min_rarer_response=5,
        max_practice_attempts=3,
    )
    broken = broken_rules(rules, answers, 14_999.0, attempts)

    counted = [a for a in answers if a.phase != "practice"]
    catch = [a for a in answers if a.phase == "catch"]
    wrong_catches = sum(not a.correct for a in catch)
    assert ("min_catch_accuracy" in broken) == (wrong_catches * 5 > len(catch))
    total = sum(a.rt_ms for a in counted) / 1000
    assert ("min_total_rt_s" in broken) == (total < 135)
    assert ("max_total_rt_s" in broken) == (total > 2500)
    assert "min_instructions_s" in broken
    ups = sum(a.response == "top" for a in counted)
    if counted:
        assert ("min_rarer_response" in broken) == (min(ups, len(counted) - ups) < 5)
    assert ("max_practice_attempts" in broken) == (attempts > 3)


def test_a_threshold_itself_is_allowed() -> None:
    rules = Quality(min_instructions_s=15, max_instructions_s=15, min_median_rt_ms=200)
    answers = [AnsweredTrial("test", "top", True, rt) for rt in (100, 200, 300)]
    assert statistics.median(a.rt_ms for a in answers) == 200
    assert broken_rules(rules, answers, 15_000, 1) == []


def test_no_rules_exclude_nobody() -> None:
    assert broken_rules(Quality(), [], None, 9) == []


def test_a_measure_that_does_not_exist_breaks_nothing() -> None:
    rules = Quality(min_catch_accuracy=1, min_instructions_s=10, min_rarer_response=3)
    assert broken_rules(rules, [], None, 1) == []


@pytest.mark.parametrize("names", [["A", "B", "C"]])
def test_the_rarer_response_is_for_two_responses_only(names: list[str]) -> None:
    answers = [AnsweredTrial("test", name, True, 1) for name in names]
    assert broken_rules(Quality(min_rarer_response=2), answers, None, 1) == []
