"""Functions of people and groups: beside slow fits, and simulated people with known functions."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from support.psychometric_crowd import LEVELS, crowd, observer

from diptych_analysis.psychometric import PsychometricFault
from diptych_analysis.psychometric.cli import psychometric
from diptych_analysis.psychometric.estimate import Estimate, Settings
from diptych_analysis.psychometric.fit import Counts, Psychometric, Shape, fit
from diptych_analysis.psychometric.fit_page import write_fits
from diptych_analysis.psychometric.fitted_study import as_json, fit_study
from diptych_analysis.psychometric.groups import over_people, pool
from diptych_analysis.psychometric.judgements import Choices, judgements_of, numeric_attributes
from diptych_analysis.psychometric.people import Person, is_falling
from diptych_analysis.psychometric.resamples import fit_rows, resample
from diptych_analysis.tables import write_tables

AT = np.array(LEVELS, dtype=float)
FEW = Settings(resamples=200)
MORE = Choices(positive="more")


def drawn(function: Psychometric, n: int, seed: int, rows: int) -> np.ndarray:
    """Positive answers of some sessions with n answers per level."""
    rng = np.random.default_rng(seed)
    return rng.binomial(n, function.probability(AT), (rows, len(AT))).astype(float)


@given(
    guess=st.sampled_from([None, 0.5]),
    log=st.booleans(),
    falling=st.booleans(),
    lapse=st.floats(0, 0.1),
    seed=st.integers(0, 1000),
)
@settings(max_examples=5, deadline=None)
def test_many_fits_at_once_are_as_likely_as_one_after_the_other(
    guess: float | None, log: bool, falling: bool, lapse: float, seed: int
) -> None:
    at, width = (math.log(16), 0.25) if log else (16.0, 4.0)
    true = Psychometric(at, width, lapse, guess, log, falling=falling)
    rows, total = drawn(true, 15, seed, 6), np.full(len(AT), 15.0)
    found = fit_rows(Counts(AT, rows[0], total), rows, start=true)
    for row, likelihood in zip(rows, found.log_likelihood, strict=True):
        one = fit(Counts(AT, row, total), guess=guess, log=log, falling=falling)
        # With a guessing rate and few answers either search may end at the lower of two peaks.
        assert likelihood == pytest.approx(one.log_likelihood, abs=1e-3 if guess is None else 1.5)


@pytest.mark.parametrize("log", [True, False])
def test_a_falling_function_is_the_rising_one_of_the_other_answer(log: bool) -> None:
    true = Psychometric(math.log(16), 0.25, 0.04)
    positive, total = drawn(true, 40, 3, 1)[0], np.full(len(AT), 40.0)
    rising = fit(Counts(AT, positive, total), log=log)
    falling = fit(Counts(AT, total - positive, total), log=log, falling=True)
    assert falling.threshold == pytest.approx(rising.threshold, rel=1e-4)
    assert falling.weber == pytest.approx(rising.weber, rel=1e-3)
    assert falling.probability(AT) == pytest.approx(1 - rising.probability(AT), abs=1e-4)


def test_resampled_intervals_are_as_wide_as_estimates_scatter() -> None:
    true = Psychometric(math.log(16), 0.23, 0.02)
    rows, total = drawn(true, 12, 7, 400), np.full(len(AT), 12.0)
    counts = Counts(AT, rows[0], total)
    scatter = fit_rows(counts, rows, start=true)
    again = resample(true, counts, resamples=400, seed=1)
    assert np.std(again.threshold) == pytest.approx(np.std(scatter.threshold), rel=0.2)
    assert np.std(again.weber) == pytest.approx(np.std(scatter.weber), rel=0.2)


def people_of(functions: list[Psychometric], seed: int, n: int = 12) -> list[Person]:
    """The people with these functions, fitted all at once."""
    rng, total = np.random.default_rng(seed), np.full(len(AT), float(n))
    rows = np.array([rng.binomial(n, each.probability(AT)) for each in functions], dtype=float)
    start = Psychometric(math.log(16), 0.23, 0.02)
    found = fit_rows(Counts(AT, rows[0], total), rows, start=start)
    people = []
    for number, row in enumerate(rows):
        function = Psychometric(
            float(found.location[number]), float(found.width[number]), float(found.lapse[number])
        )
        names = ("threshold", "weber", "jnd", "width", "lapse")
        estimates = {name: Estimate(getattr(function, name), error=0.1) for name in names}
        counts = Counts(AT, row, total)
        people.append(Person(f"p{number}", "all", counts, function, estimates))
    return people


@pytest.mark.slow
@pytest.mark.parametrize("size", [12, 30])
def test_bootstrap_over_people_covers_what_is_true_of_all_people(size: int) -> None:
    rng, groups, covered = np.random.default_rng(11), 200, {"threshold": 0, "weber": 0}
    people = people_of([observer(rng) for _ in range(size * groups)], 12)
    # What the estimates are of: the mean person, with the small bias of 168 answers.
    truth = {
        "threshold": math.exp(np.mean([math.log(p.function.threshold) for p in people])),
        "weber": math.exp(np.mean([math.log(p.function.weber) for p in people])),
    }
    for number in range(groups):
        part = people[number * size : (number + 1) * size]
        for name, value in truth.items():
            logs = [math.log(each.estimates[name].value) for each in part]
            found = over_people(logs, Settings(resamples=500, seed=number))
            covered[name] += found.low <= math.log(value) <= found.high
    assert truth["threshold"] == pytest.approx(16, rel=0.01)
    assert truth["weber"] == pytest.approx(0.23, rel=0.08)
    for name, count in covered.items():
        assert 0.90 <= count / groups <= 0.98, (name, count)


def test_fewer_than_three_people_have_no_interval() -> None:
    assert math.isnan(over_people([1.0, 2.0], FEW).low)
    assert not math.isnan(over_people([1.0, 2.0, 4.0], FEW).low)
    rng = np.random.default_rng(4)
    assert not pool(people_of([observer(rng) for _ in range(2)], 12), FEW)


def test_people_and_groups_of_tables_are_recovered() -> None:
    tables, truth = crowd(6, seed=3, groups=("alone", "crowded"), per_level=30)
    found = fit_study(tables, MORE, FEW)
    assert all(group.name in repr(found) for group in found.groups)
    assert [group.name for group in found.groups] == ["alone", "crowded"]
    assert len(found.people) == 12 and not found.left_out
    inside = 0
    for person in found.people:
        true = truth[person.group, person.name]
        threshold = person.estimates["threshold"]
        inside += threshold.low <= true.threshold <= threshold.high
        assert person.answers == 30 * len(LEVELS)
    assert inside >= 9  # of 12, where 11.4 are expected
    told = as_json(found)
    assert json.loads(json.dumps(told)) == told
    assert told["standard"] == 16 and told["attribute"] == "test" and not told["falling"]
    again = fit_study(tables, MORE, FEW)
    assert as_json(again) == told


def test_the_other_answer_gives_the_same_functions_falling() -> None:
    tables, _ = crowd(3, seed=4)
    more, fewer = (
        fit_study(tables, replace(MORE, positive=said), FEW) for said in ("more", "fewer")
    )
    assert fewer.settings.shape.falling and not more.settings.shape.falling
    for one, other in zip(more.people, fewer.people, strict=True):
        assert other.estimates["threshold"].value == pytest.approx(
            one.estimates["threshold"].value, rel=1e-3
        )


def test_several_references_are_compared_by_ratio() -> None:
    tables, truth = crowd(4, seed=5, references=(8.0, 16.0, 32.0), per_level=30)
    found = fit_study(tables, MORE, FEW)
    assert found.judgements.reference == "reference" and found.judgements.standard == 1
    for person in found.people:
        true = truth[person.group, person.name]
        assert person.estimates["threshold"].value == pytest.approx(true.threshold / 16, rel=0.1)


def test_who_answers_always_the_same_is_named_and_left_out() -> None:
    tables, _ = crowd(5, seed=6)
    lazy = tables.trials["participant_id"] == "p002"
    tables.trials.loc[lazy, "response"] = "more"
    found = fit_study(tables, MORE, FEW)
    assert [(person.name, person.function) for person in found.left_out] == [("p002", None)]
    assert "all 168 answers are positive" in found.left_out[0].fault
    assert found.groups[0].people == 4


def test_excluded_sessions_and_other_phases_do_not_count() -> None:
    tables, _ = crowd(4, seed=7)
    tables.sessions.loc[0, "excluded"] = True
    tables.sessions.loc[1, "status"] = "returned"
    third = tables.trials["participant_id"] == "p002"
    tables.trials.loc[third & (tables.trials["trial_index"] < 100), "phase"] = "practice"
    frame = judgements_of(tables, MORE).frame
    assert frame.groupby("person").size().to_dict() == {"p002": 68, "p003": 168}
    everything = replace(
        MORE, excluded=True, statuses=("completed", "returned"), phases=("test", "practice")
    )
    assert len(judgements_of(tables, everything).frame) == 4 * 168


def test_people_are_taken_before_simulated_participants() -> None:
    tables, _ = crowd(3, seed=8)
    tables.sessions.loc[0, "participant_kind"] = "person"
    tables.trials.loc[tables.trials["participant_id"] == "p000", "participant_kind"] = "person"
    found = judgements_of(tables, MORE)
    assert found.kinds == ("person",) and set(found.frame["person"]) == {"p000"}


@pytest.mark.parametrize(
    ("choices", "told"),
    [
        (replace(MORE, attribute="n"), "no column 'n' .* numbers are: test"),
        (replace(MORE, positive="most"), "no response is 'most'; responses are: fewer, more"),
        (replace(MORE, by=("age",)), "no column 'age'"),
        (replace(MORE, phases=("training",)), "phases are: test"),
        (replace(MORE, conditions=("loud",)), "sessions of loud"),
        (replace(MORE, attribute="response"), "'(more|fewer)', which is not a number"),
    ],
)
def test_requests_that_cannot_be_met_are_named(choices: Choices, told: str) -> None:
    tables, _ = crowd(2, seed=9)
    with pytest.raises(PsychometricFault, match=told):
        judgements_of(tables, choices)


def test_levels_without_a_logarithm_are_named() -> None:
    tables, _ = crowd(2, seed=9)
    tables.trials["test"] -= 16
    with pytest.raises(PsychometricFault, match="a level of -8 has no logarithm"):
        fit_study(tables, MORE, FEW)
    found = fit_study(tables, replace(MORE, log=False), FEW)
    assert abs(found.groups[0].estimates["threshold"].value) < 3


def test_the_attribute_can_be_a_number_of_items_and_is_found_alone() -> None:
    tables, _ = crowd(3, seed=10)
    trials = tables.trials
    trials["item_id"] = trials["test"].map("dots-{:g}".format)
    levels = sorted(trials["test"].unique())
    items = tables.items.reindex(range(len(levels)))
    items["study"], items["item_id"] = "dots", [f"dots-{level:g}" for level in levels]
    items["n"] = levels
    tables.items = items
    number = tables.extras["trials"][0]
    tables.extras = {"items": (replace(number, name="n"),)}
    tables.trials = trials.drop(columns=["test", "reference"])
    assert numeric_attributes(tables) == {"n": "items"}
    found = judgements_of(tables, MORE)
    assert found.attribute == "n" and found.frame["level"].nunique() == len(LEVELS)


def test_the_direction_is_read_from_all_answers() -> None:
    frame = judgements_of(crowd(2, seed=1)[0], MORE).frame
    assert not is_falling(frame, log=True)
    assert is_falling(frame.assign(positive=~frame["positive"]), log=True)


@pytest.mark.slow
def test_the_command_writes_tables_json_and_a_page(tmp_path: Path) -> None:
    write_tables(crowd(4, seed=2, groups=("a", "b"))[0], tmp_path / "dots")
    to = [str(tmp_path / "dots"), "--positive", "more", "--resamples", "200"]
    files = ["--json", str(tmp_path / "fits.json"), "--report", str(tmp_path / "page")]
    result = CliRunner().invoke(psychometric, [*to, *files])
    assert result.exit_code == 0, result.output
    assert "PSE" in result.stdout and "Two-level model" in result.stdout
    told = json.loads((tmp_path / "fits.json").read_text())
    assert len(told["people"]) == 8 and len(told["groups"]) == 2
    page = (tmp_path / "page" / "index.html").read_text()
    assert "simulated" in page and page.count("<figure>") == 2
    for name in ("curves.png", "curves.svg", "estimates.png", "estimates.svg"):
        assert (tmp_path / "page" / "figures" / name).stat().st_size > 1000
    refused = CliRunner().invoke(psychometric, [*to, "--attribute", "size"])
    assert refused.exit_code == 1 and "no column 'size'" in refused.output


@pytest.mark.slow
def test_one_person_has_a_page_too(tmp_path: Path) -> None:
    found = fit_study(crowd(1, seed=2)[0], MORE, FEW)
    assert write_fits(found, tmp_path / "page").exists()


@pytest.mark.slow
@pytest.mark.parametrize("guess", [None, 0.5])
@pytest.mark.parametrize("falling", [False, True])
def test_bayesian_fits_are_near_those_of_maximum_likelihood(
    guess: float | None, falling: bool
) -> None:
    from diptych_analysis.psychometric.people import fit_person

    pytest.importorskip("psignifit", reason="psignifit (GPL) is optional: diptych[bayes]")
    import pandas as pd

    true = Psychometric(math.log(16), 0.25, 0.04, guess, falling=falling)
    rng, levels = np.random.default_rng(5), np.repeat(AT, 60)
    answers = rng.random(len(levels)) < true.probability(levels)
    part = pd.DataFrame({"level": levels, "positive": answers})
    shape = Shape(guess, falling=falling)
    bayes = fit_person("p", "all", part, Settings(shape, bayes=True))
    likely = fit_person("p", "all", part, Settings(shape, resamples=300))
    for name, tolerance in (("threshold", 0.03), ("weber", 0.12), ("jnd", 0.12)):
        one, other = bayes.estimates[name], likely.estimates[name]
        assert one.value == pytest.approx(other.value, rel=tolerance)
        assert one.low < one.value < one.high
        assert one.high - one.low == pytest.approx(other.high - other.low, rel=0.4)
    assert bayes.estimates["lapse"].value == pytest.approx(
        likely.estimates["lapse"].value, abs=0.03
    )
