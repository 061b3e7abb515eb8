"""The checklist: what is said about a study before people are let in, check by check."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.tiny_studies import category_study, merged, two_afc_study

from diptych.authoring import build_study, load_study
from diptych.authoring.scaffold import make_study
from diptych.overview.checklist import (
    checklist,
    is_example_code,
    pay_per_hour,
    prolific_limit,
)
from diptych.overview.checks import Check, Given

REAL = {"prolific": {"completed": "C1A2B3C4", "screened_out": "CZXY0", "declined": "CNN17"}}
GOOD = {
    "contact": "Ada <ada@lab.edu>",
    "minutes": 10,
    "payment": {"currency": "GBP", "reward": 1.5},
    "recruitment": REAL,
    "quality": {"min_total_rt_s": 100},
}


def about(folder: Path, **facts: Any) -> Given:
    """What is known of a study in a folder, on a host that has all it needs."""
    known: dict[str, Any] = {
        "base_url": "https://study.lab.edu",
        "prolific_token": True,
        "bundle": True,
        "median_minutes": 9.8,
        "timed_sessions": 12,
    }
    return Given(load_study(folder).content, **{**known, **facts})


def tiny(tmp_path: Path, changes: Mapping[str, Any] | None = None, **facts: Any) -> Given:
    """A study without a fault, but for `changes` and `facts`."""
    folder = category_study(tmp_path / "tiny", changes=GOOD)
    if changes:
        folder = category_study(tmp_path / "changed" / "tiny", changes=merged(GOOD, changes))
    return about(folder, **facts)


def found(given_: Given, name: str) -> Check:
    return next(check for check in checklist(given_) if check.name == name)


def test_names_of_excluded_studies_must_be_those_of_studies(tmp_path: Path) -> None:
    assert not [check for check in checklist(tiny(tmp_path)) if check.name == "excluded"]
    wish = {"recruitment": {"exclude_studies": ["greebles", "wich_unit", "zebra"]}}
    known = ("greebles", "which_unit", "tiny")
    line = found(tiny(tmp_path, wish, studies=known), "excluded")
    assert line.state == "missing"
    assert "no study 'wich_unit' or 'zebra'" in line.found
    assert (
        "'wich_unit' is similar to 'which_unit'." in line.advice
        and "is similar to 'greebles'" not in line.advice
    )
    wish["recruitment"]["exclude_studies"] = ["greebles"]
    assert found(tiny(tmp_path, wish, studies=known), "excluded").state == "done"


@pytest.mark.parametrize(("replace", "state"), [(False, "look"), (True, "done")])
def test_excluded_sessions_are_counted_against_those_that_are_wanted(
    tmp_path: Path, replace: bool, state: str
) -> None:
    assert "usable" not in {check.name for check in checklist(tiny(tmp_path, completed=2))}
    wish = {"recruitment": {"participants": 2, "replace_excluded": replace}}
    line = found(tiny(tmp_path, wish, completed=2, excluded=2), "usable")
    assert line.state == state
    assert line.found.startswith("0 of 2 usable: 2 completed, 2 of them excluded.")
    assert ("replace_excluded = true" in line.advice) is not replace


def test_a_study_in_order_has_nothing_to_look_at(tmp_path: Path) -> None:
    checks = checklist(tiny(tmp_path))
    assert {check.name: check.state for check in checks} == {check.name: "done" for check in checks}
    assert {check.name for check in checks} >= {"consent", "pay", "codes", "token", "address"}
    assert not any(check.advice for check in checks)


def test_every_check_that_is_not_done_says_what_to_do(tmp_path: Path) -> None:
    folder = tmp_path / "fresh"
    make_study(folder, "two_afc")
    build_study(folder)
    bare = about(folder, base_url="http://x", prolific_token=False, bundle=False, timed_sessions=0)
    checks = checklist(bare)
    assert all(check.advice for check in checks if check.state != "done")
    assert {c.name for c in checks if c.state == "missing"} == {
        "consent", "instructions", "debrief", "contact", "address", "bundle",
    }  # fmt: skip


@pytest.mark.parametrize(
    "task",
    [
        "caption",
        "category_learning",
        "comparison",
        "estimation",
        "identify",
        "odd_one_out",
        "point",
        "two_afc",
    ],
)
def test_the_template_is_not_a_study_yet(tmp_path: Path, task: str) -> None:
    make_study(tmp_path / "fresh", task)
    build_study(tmp_path / "fresh")
    fresh = about(tmp_path / "fresh")
    for name in ("consent", "instructions", "debrief", "contact"):
        assert found(fresh, name).state == "missing", name


def test_one_word_more_is_not_an_own_consent_text(tmp_path: Path) -> None:
    make_study(tmp_path / "fresh", "category_learning")
    build_study(tmp_path / "fresh")
    consent = tmp_path / "fresh" / "consent.md"
    consent.write_text(consent.read_text() + "\nThanks!\n")
    assert found(about(tmp_path / "fresh"), "consent").state == "missing"
    consent.write_text("# Consent\n\nYou may stop at any time.\n")
    assert found(about(tmp_path / "fresh"), "consent").state == "done"


@pytest.mark.parametrize(
    ("contact", "state"),
    [("", "missing"), ("Your name <you@example.org>", "missing"), ("Ada <a@lab.edu>", "done")],
)
def test_contact(tmp_path: Path, contact: str, state: str) -> None:
    assert found(tiny(tmp_path, {"contact": contact}), "contact").state == state


@pytest.mark.parametrize(
    ("median", "sessions", "state"),
    [
        (None, 0, "look"),
        (10.0, 4, "look"),  # too few to say
        (10.0, 5, "done"),
        (12.5, 5, "done"),
        (12.6, 5, "look"),
        (4.9, 5, "look"),
    ],
)
def test_duration(tmp_path: Path, median: float | None, sessions: int, state: str) -> None:
    facts = tiny(tmp_path, median_minutes=median, timed_sessions=sessions)
    assert found(facts, "duration").state == state


@pytest.mark.parametrize(
    ("median", "state"), [(10.0, "done"), (12.3, "done"), (12.4, "look"), (18.6, "missing")]
)
def test_time_limit_leaves_room_for_the_slow(tmp_path: Path, median: float, state: str) -> None:
    # 10 min: 2 + 10 + 2 * 3.162 = 18.32, which is 19
    facts = replace(tiny(tmp_path), median_minutes=median * 19 / 18.5)
    assert found(facts, "time_limit").state == state


def test_without_prolific_there_is_no_limit_and_no_code(tmp_path: Path) -> None:
    facts = tiny(tmp_path, {"recruitment": {"recruiters": ["direct"]}})
    names = {check.name for check in checklist(facts)}
    assert found(facts, "time_limit").state == "done"
    assert not names & {"codes", "token"}


@pytest.mark.parametrize(
    ("currency", "reward", "state"),
    [
        ("GBP", 1.50, "done"),
        ("GBP", 1.49, "look"),
        ("GBP", 1.00, "look"),
        ("GBP", 0.99, "missing"),
        ("GBP", 0, "missing"),
        ("USD", 2.00, "done"),
        ("USD", 1.50, "look"),
        ("USD", 1.20, "missing"),
        ("CHF", 9.00, "look"),
    ],
)
def test_pay(tmp_path: Path, currency: str, reward: float, state: str) -> None:
    payment = {"payment": {"currency": currency, "reward": reward}}
    facts = tiny(tmp_path, payment, median_minutes=10.0)
    assert found(facts, "pay").state == state


def test_pay_goes_by_the_time_that_people_need(tmp_path: Path) -> None:
    assert found(tiny(tmp_path, median_minutes=10.0), "pay").state == "done"
    slow = found(tiny(tmp_path, median_minutes=11.0), "pay")
    assert slow.state == "look"
    assert "1.65 GBP (9 per hour)" in slow.advice


def test_an_own_floor_stands_in_place_of_the_defaults(tmp_path: Path) -> None:
    facts = tiny(tmp_path, {"payment": {"currency": "CHF", "reward": 4}}, median_minutes=10.0)
    assert found(replace(facts, pay_floor=24.0), "pay").state == "done"
    assert found(replace(facts, pay_floor=24.1), "pay").state == "missing"


def test_nothing_paid_to_people_who_come_by_a_link_is_for_a_person_to_judge(
    tmp_path: Path,
) -> None:
    changes = {"payment": {"reward": 0}, "recruitment": {"recruiters": ["direct"]}}
    assert found(tiny(tmp_path, changes), "pay").state == "look"


def test_what_is_advised_is_enough_and_not_a_penny_too_much(tmp_path: Path) -> None:
    base = tiny(tmp_path)
    spec = base.content.spec

    @given(st.decimals("0.05", "20", places=2).map(float), st.integers(1, 90))
    def holds(reward: float, minutes: int) -> None:
        paid = spec.model_copy(
            update={"payment": spec.payment.model_copy(update={"reward": reward})}
        )
        changed = replace(base.content, spec=paid)
        check = found(replace(base, content=changed, median_minutes=float(minutes)), "pay")
        if check.state == "look":
            advised = float(check.advice.split()[0])
            assert pay_per_hour(advised, minutes) >= 9 - 1e-9
            assert pay_per_hour(advised - 0.01, minutes) < 9
        assert (check.state == "missing") == (round(reward * 60 / minutes, 2) < 6)

    holds()


@pytest.mark.parametrize("code", ["EXAMPLE1", "example", "C1ABCDEF", "…", "...", "XXXX"])
def test_codes_of_examples_are_known(code: str) -> None:
    assert is_example_code(code)


@pytest.mark.parametrize("code", ["C1A2B3C4", "NOCODE", "CX7", "1EXAMPLE"])
def test_codes_of_prolific_are_no_examples(code: str) -> None:
    assert not is_example_code(code)


def test_codes(tmp_path: Path) -> None:
    none = category_study(tmp_path / "none" / "tiny", changes={"recruitment": {"prolific": None}})
    assert found(about(none), "codes").state == "missing"

    def state(codes: Mapping[str, Any]) -> str:
        return found(tiny(tmp_path, {"recruitment": {"prolific": codes}}), "codes").state

    assert state({"declined": "EXAMPLE3"}) == "missing"
    assert state({"declined": "C1A2B3C4"}) == "look"
    assert state({"declined": "C7"}) == "done"


def test_catch_trials_concern_tasks_that_know_them(tmp_path: Path) -> None:
    assert "catch" not in {check.name for check in checklist(tiny(tmp_path))}
    with_catch = about(two_afc_study(tmp_path / "a" / "tiny_2afc"))
    without = about(two_afc_study(tmp_path / "b" / "tiny_2afc", catch=0))
    assert (found(with_catch, "catch").state, found(without, "catch").state) == ("done", "look")


def test_quality_rules(tmp_path: Path) -> None:
    none = category_study(tmp_path / "none" / "tiny")
    assert found(about(none), "quality").state == "look"
    rules = {"min_total_rt_s": 100, "min_median_rt_ms": 300, "auto": ["min_total_rt_s"]}
    some = found(tiny(tmp_path, {"quality": rules}), "quality")
    assert (some.state, some.found) == (
        "done",
        "2 thresholds; min_total_rt_s excludes automatically, all others only flag.",
    )


@pytest.mark.parametrize(
    ("url", "recruiters", "state"),
    [
        ("https://study.lab.edu", ["prolific"], "done"),
        ("http://study.lab.edu", ["prolific"], "missing"),
        ("http://study.lab.edu", ["direct"], "missing"),
        ("http://127.0.0.1:8000", ["prolific"], "missing"),
        ("http://127.0.0.1:8000", ["direct"], "look"),
        ("https://localhost", ["mturk"], "missing"),
    ],
)
def test_address(tmp_path: Path, url: str, recruiters: list[str], state: str) -> None:
    changes = {"recruitment": {"recruiters": recruiters}}
    assert found(tiny(tmp_path, changes, base_url=url), "address").state == state


def test_token_and_page(tmp_path: Path) -> None:
    assert found(tiny(tmp_path, prolific_token=False), "token").state == "look"
    assert found(tiny(tmp_path, bundle=False), "bundle").state == "missing"


def test_the_limit_of_prolific() -> None:
    # 2 + x + 2 sqrt(x), as Prolific's help for participants gives it
    assert prolific_limit(9) == 17
    assert prolific_limit(10) == 19
    assert prolific_limit(100) == 122


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({}, None),
        ({"policy": {"name": "mastery"}}, "look"),
        ({"conditions": [{"name": "a", "policy": {"name": "mastery"}}, {"name": "b"}]}, "done"),
        (
            {
                "policy": {"name": "leitner"},
                "conditions": [{"name": "a", "policy": {"name": "mastery"}}, {"name": "b"}],
            },
            "look",
        ),
        (  # a condition that nobody is in is no control
            {
                "policy": {"name": "mastery"},
                "conditions": [
                    {"name": "a"},
                    {"name": "b", "weight": 0, "policy": {"name": "random"}},
                ],
            },
            "look",
        ),
    ],
)
def test_a_teacher_needs_a_condition_to_compare_with(
    tmp_path: Path, changes: dict[str, Any], state: str | None
) -> None:
    checks = [each for each in checklist(tiny(tmp_path, changes)) if each.name == "control"]
    assert [each.state for each in checks] == ([state] if state else [])
    if state == "look":
        assert "mastery" in checks[0].found
        assert "random" in checks[0].advice


def test_the_commented_conditions_of_the_scaffold_work(tmp_path: Path) -> None:
    make_study(tmp_path / "fresh", "category_learning")
    path = tmp_path / "fresh/study.toml"
    head, conditions = path.read_text().split("# [[conditions]]", 1)
    lines = ("[[conditions]]" + conditions).splitlines()
    end = lines.index("[stimuli]")
    path.write_text(
        head + "\n".join([line.removeprefix("# ") for line in lines[:end]] + lines[end:])
    )
    text = path.read_text().replace("\n#\n", "\n")
    path.write_text(text)
    build_study(tmp_path / "fresh")
    assert found(about(tmp_path / "fresh"), "control").state == "done"
