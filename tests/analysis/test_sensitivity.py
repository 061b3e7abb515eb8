"""d' and criterion of people and groups, beside simulated people with known ones."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from support.psychometric_crowd import crowd

from diptych_analysis.psychometric import PsychometricFault
from diptych_analysis.psychometric.cli import psychometric
from diptych_analysis.psychometric.detection import two_afc, yes_no
from diptych_analysis.psychometric.estimate import Settings
from diptych_analysis.psychometric.judgements import Choices
from diptych_analysis.psychometric.sensitivity import as_json, resampled, sensitivities_of
from diptych_analysis.tables import Tables, write_tables

FEW = Settings(resamples=300)


def scans(people: int, d: float, c: float, *, seed: int = 0, spread: float = 0.3) -> Tables:
    """Tables of people who look for a tumour, with d' around d and criterion c."""
    tables, _ = crowd(people, seed=seed)
    rng, trials = np.random.default_rng(seed), tables.trials
    for _, place in trials.groupby("participant_id").groups.items():
        own = d + rng.normal(0, spread)
        tumour = rng.random(len(place)) < 0.5
        evidence = rng.normal(0, 1, len(place)) + own * tumour
        trials.loc[place, "label"] = np.where(tumour, "tumour", "healthy")
        trials.loc[place, "response"] = np.where(evidence > own / 2 + c, "tumour", "healthy")
    return tables


def test_people_and_groups_are_recovered_and_agree_with_the_formulas() -> None:
    tables = scans(25, 1.5, 0.4)
    found = sensitivities_of(tables, Choices(), FEW, design="yes_no", signal="tumour")
    people, d_prime, criterion = found.groups["default"]
    assert people == 25 and not found.left_out
    assert d_prime.low < 1.5 < d_prime.high and criterion.low < 0.4 < criterion.high
    for each in found.people:
        by_hand = tables.trials[tables.trials["participant_id"] == each.name]
        signal, yes = by_hand["label"] == "tumour", by_hand["response"] == "tumour"
        counts = (sum(signal & yes), sum(signal), sum(~signal & yes), sum(~signal))
        assert (each.hits, each.signals, each.false_alarms, each.noises) == counts
        assert each.d_prime.value == yes_no(*map(int, counts)).d_prime
    told = as_json(found)
    assert json.loads(json.dumps(told)) == told


def test_the_other_kind_of_trial_as_signal_turns_the_criterion() -> None:
    tables = scans(4, 1.0, 0.5)
    one, other = (
        sensitivities_of(tables, Choices(), FEW, design="yes_no", signal=signal)
        for signal in ("tumour", "healthy")
    )
    for a, b in zip(one.people, other.people, strict=True):
        assert b.d_prime.value == pytest.approx(a.d_prime.value)
        assert b.criterion.value == pytest.approx(-a.criterion.value)


def test_intervals_of_a_person_cover_the_true_sensitivity() -> None:
    rng, covered, d, c = np.random.default_rng(1), 0, 1.2, 0.3
    for number in range(300):
        hits = int((rng.normal(d, 1, 80) > d / 2 + c).sum())
        false = int((rng.normal(0, 1, 80) > d / 2 + c).sum())
        drawn, _ = resampled(hits, 80, false, 80, design="yes_no", settings=FEW, number=number)
        low, high = np.quantile(drawn, [0.025, 0.975])
        covered += low <= d <= high
    assert 0.90 <= covered / 300 <= 0.98


def test_two_alternatives_have_a_first_one() -> None:
    found = sensitivities_of(scans(4, 1.0, 0.0), Choices(), FEW, design="two_afc")
    assert found.signal == "healthy"
    each = found.people[0]
    counts = (each.hits, each.signals, each.false_alarms, each.noises)
    assert each.d_prime.value == two_afc(*counts).d_prime
    assert each.d_prime.value == pytest.approx(yes_no(*counts).d_prime / math.sqrt(2))


@pytest.mark.parametrize(
    ("change", "options", "told"),
    [
        ({}, {"signal": ""}, "name the label of a signal; labels are: healthy, tumour"),
        ({}, {"signal": "cyst"}, "no label is 'cyst'"),
        ({"label": "tumour"}, {"signal": "tumour"}, "d' needs two kinds of trials"),
        ({"label": None}, {"signal": "tumour"}, "column 'label' is empty"),
        ({"response": "healthy"}, {"signal": "tumour"}, "no response is 'tumour'"),
    ],
)
def test_trials_without_a_sensitivity_are_named(change, options, told: str) -> None:
    tables = scans(2, 1.0, 0.0)
    for column, value in change.items():
        tables.trials[column] = value
    with pytest.raises(PsychometricFault, match=told):
        sensitivities_of(tables, Choices(), FEW, design="yes_no", **options)


def test_who_saw_one_kind_only_is_left_out_and_named() -> None:
    tables = scans(4, 1.0, 0.0)
    tables.trials.loc[tables.trials["participant_id"] == "p001", "label"] = "healthy"
    found = sensitivities_of(tables, Choices(), FEW, design="yes_no", signal="tumour")
    assert found.groups["default"][0] == 3
    assert len(found.left_out) == 1 and "p001" in found.left_out[0]


@pytest.mark.slow
def test_the_command_shows_and_writes_them(tmp_path: Path) -> None:
    write_tables(scans(4, 1.0, 0.2), tmp_path / "scans")
    to = [str(tmp_path / "scans"), "--detection", "yes_no"]
    files = ["--json", str(tmp_path / "d.json"), "--report", str(tmp_path / "page")]
    result = CliRunner().invoke(psychometric, [*to, "--signal", "tumour", *files])
    assert result.exit_code == 0, result.output
    assert "criterion" in result.stdout
    assert json.loads((tmp_path / "d.json").read_text())["kind"] == "detection"
    assert (tmp_path / "page" / "figures" / "sensitivity.png").stat().st_size > 1000
    assert "d&#x27;" in (tmp_path / "page" / "index.html").read_text()
    refused = CliRunner().invoke(psychometric, to)
    assert refused.exit_code == 1 and "name the label of a signal" in refused.output
    alone = CliRunner().invoke(psychometric, [to[0], "--signal", "tumour"])
    assert alone.exit_code == 2 and "--signal needs --detection" in alone.output
