"""Simulated people with known functions, over the API, exported, fitted, drawn and reported."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest
from support.judged_studies import NUMBERS, comparison_study
from support.servers import LiveServer
from support.tiny_studies import odd_one_out_study

from diptych.authoring import load_study
from diptych.ground.keys import study_key
from diptych.simulation.psychometric import IdentityVision, LevelsOfStudy, PeopleFunctions
from diptych.simulation.run import SimulationFault, simulate
from diptych.tasks.odd_one_out.observers import Psychometric
from diptych_analysis.psychometric.estimate import Settings
from diptych_analysis.psychometric.fit import Shape, count, fit
from diptych_analysis.psychometric.fitted_study import fit_study
from diptych_analysis.psychometric.judgements import Choices
from diptych_analysis.psychometric.report_section import judged_columns
from diptych_analysis.report.write import write_report
from diptych_analysis.tables import Tables, read_tables

SECRET = "a secret of psychometric people"
LEVELS = (6, 8, 10, 12, 14, 16, 19, 22, 26, 32)
PEOPLE, TRIALS, SEED = 60, 80, 5
COMPARISONS = 48
#: Comparisons whose number only the task names, and whose policy chooses by it.
COMPARED: dict[str, dict[str, object]] = {
    "compared": {"name": "random"},
    "compared_quest": {
        "name": "quest_plus", "attribute": "number", "log": True, "positive": "test",
        "widths": [0.1, 0.2, 0.3, 0.45],
    },
    "compared_right": {"name": "constant_stimuli", "attribute": "number", "log": True},
}  # fmt: skip
TRUE = PeopleFunctions(threshold=14, weber=0.3, lapse=0.02, spread=0.2)


def levels_study(folder: Path, policy: dict[str, object], trials: int) -> Path:
    """An odd-one-out study whose test items have a number of dots."""
    changes = {"policy": policy, "phases": {"practice": 0, "test": trials, "catch": 0}}
    odd_one_out_study(folder, practice=0, test=len(LEVELS), catch=0, changes=changes)
    with (folder / "items.csv").open(newline="") as file:
        items = list(csv.DictReader(file))
    with (folder / "items.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, [*items[0], "dots"])
        writer.writeheader()
        for item, level in zip(items, LEVELS, strict=True):
            writer.writerow(item | {"dots": str(level)})
    return folder


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A host with studies of constant stimuli and of QUEST+, and comparisons with 16 dots."""
    folder = tmp_path_factory.mktemp("psychometric")
    shared = {"attribute": "dots", "log": True}
    policies = {
        "planned": {"name": "constant_stimuli", **shared},
        # Of its own: whoever takes "planned" besides would be in the tables of its sixty people.
        "commanded": {"name": "constant_stimuli", **shared},
        "quest": {"name": "quest_plus", **shared, "widths": [0.1, 0.2, 0.3, 0.45], "guess": 1 / 3},
    }
    for name, policy in policies.items():
        levels_study(folder / "studies" / name, policy, TRIALS)
    for name, policy in COMPARED.items():
        comparison_study(
            folder / "studies" / name,
            test=2 * COMPARISONS,
            changes={"policy": policy, "phases": {"practice": 1, "test": COMPARISONS, "catch": 1}},
        )
    environment = {
        "DIPTYCH_HOME": str(folder / "home"),
        "DIPTYCH_STUDIES": str(folder / "studies"),
        "DIPTYCH_SECRET_KEY": SECRET,
    }
    server = LiveServer(environment, folder / "server.log")
    for name in (*policies, *COMPARED):
        server.diptych("study", "open", name)
    server.start()
    yield server
    server.stop()


def taken(server: LiveServer, study: str, n: int, to: Path) -> Tables:
    """The exported tables of some people who took a study."""
    folder = Path(server.environment["DIPTYCH_STUDIES"]) / study
    simulate(
        server.url,
        folder,
        n,
        key=study_key(SECRET.encode(), "simulate", study),
        observer="psychometric",
        people=TRUE,
        seed=SEED,
        run="known",
    )
    server.diptych("export", study, "--to", str(to))
    return read_tables(to)


def functions_of(folder: Path, n: int) -> list[Psychometric]:
    """The same participants, made again from their seed."""
    study = load_study(folder)
    seen, levels = IdentityVision(study), LevelsOfStudy(study.content)
    return [
        Psychometric(np.random.default_rng([SEED, number]), levels, seen.names, TRUE)
        for number in range(n)
    ]


def follows(frame: pd.DataFrame, people: list[Psychometric]) -> None:
    """Check that the answers at each level are as the people's functions have them on average."""
    for level, part in frame.groupby("level"):
        expected = np.mean([each.probability(float(level)) for each in people])
        assert binomtest(int(part["positive"].sum()), len(part), expected).pvalue > 1e-4


@pytest.mark.exhaustive
@pytest.mark.slow
def test_sixty_people_are_recovered_from_the_export(served: LiveServer, tmp_path: Path) -> None:
    tables = taken(served, "planned", PEOPLE, tmp_path / "out")
    judged = judged_columns(tables)["dots"]
    assert judged.guess == pytest.approx(1 / 3) and judged.log and judged.positive == ""
    # One set of people: their mean lies within the interval of 99.9 %, and the Weber fraction near
    # it. How often an interval contains the truth is asked of many groups elsewhere.
    settings = Settings(Shape(judged.guess), level=0.999, resamples=400)
    found = fit_study(tables, Choices(attribute="dots"), settings)
    assert len(found.judgements.frame) == PEOPLE * TRIALS
    folder = Path(served.environment["DIPTYCH_STUDIES"]) / "planned"
    people = functions_of(folder, PEOPLE)
    weber = np.exp(np.mean(np.log([each.weber for each in people])))
    threshold = np.exp(np.mean(np.log([each.threshold for each in people])))
    (group,) = found.groups
    pooled = group.pooled
    assert pooled["weber"].mean.low <= weber <= pooled["weber"].mean.high
    assert pooled["threshold"].mean.low <= threshold <= pooled["threshold"].mean.high
    assert pooled["weber"].mean.value == pytest.approx(weber, rel=0.15)
    assert pooled["threshold"].mean.value == pytest.approx(threshold, rel=0.05)
    # Nobody's name tells which observer it was, but all intervals together must be about right.
    values = sorted(each.threshold for each in people)
    estimates = sorted(p.estimates["threshold"].value for p in found.people if p.function)
    assert np.corrcoef(np.quantile(values, [0.1, 0.5, 0.9]),
                       np.quantile(estimates, [0.1, 0.5, 0.9]))[0, 1] > 0.9  # fmt: skip
    page = write_report(tmp_path / "out", None, tmp_path / "page").read_text()
    assert "Psychometric functions of dots" in page and "Weber fraction" in page


@pytest.mark.slow
def test_quest_plus_asks_near_the_threshold_of_each_person(
    served: LiveServer, tmp_path: Path
) -> None:
    tables = taken(served, "quest", 8, tmp_path / "out")
    found = fit_study(tables, Choices(attribute="dots"), Settings(Shape(1 / 3), resamples=200))
    folder = Path(served.environment["DIPTYCH_STUDIES"]) / "quest"
    true = np.exp(np.mean(np.log([each.threshold for each in functions_of(folder, 8)])))
    assert found.groups[0].estimates["threshold"].value == pytest.approx(true, rel=0.12)


@pytest.mark.slow
@pytest.mark.parametrize("study", ["compared", "compared_quest"])
def test_people_who_compare_choose_the_test_by_their_function(
    study: str, served: LiveServer, tmp_path: Path
) -> None:
    tables = taken(served, study, 10, tmp_path / "out")
    found = fit_study(tables, Choices(attribute="number", positive="test"), Settings(resamples=200))
    assert len(found.judgements.frame) == 10 * COMPARISONS
    people = functions_of(Path(served.environment["DIPTYCH_STUDIES"]) / study, 10)
    true = np.exp(np.mean(np.log([each.threshold for each in people])))
    frame = found.judgements.frame
    follows(frame, people)
    # Of w one can't ask much after 480 answers: a lapse rate too high makes it too small.
    pooled = fit(count(frame["level"], frame["positive"]))
    assert pooled.threshold == pytest.approx(true, rel=0.08)
    assert 0.15 < pooled.weber < 0.45
    others = tables.trials[tables.trials["phase"] != "test"]
    assert len(others) == 20 and others["correct"].all()
    if study == "compared_quest":
        page = write_report(tmp_path / "out", None, tmp_path / "page").read_text()
        assert "Psychometric functions of number" in page


@pytest.mark.exhaustive
@pytest.mark.slow
def test_people_who_compare_are_right_by_their_function_where_the_policy_asks_that(
    served: LiveServer, tmp_path: Path
) -> None:
    tables = taken(served, "compared_right", 10, tmp_path / "out")
    found = fit_study(tables, Choices(attribute="number"), Settings(Shape(0.5), resamples=200))
    people = functions_of(Path(served.environment["DIPTYCH_STUDIES"]) / "compared_right", 10)
    assert min(each.probability(level) for each in people for level in NUMBERS) >= 0.5
    follows(found.judgements.frame, people)


def test_an_observer_needs_a_number_to_answer_by(tmp_path: Path) -> None:
    content = load_study(odd_one_out_study(tmp_path / "odd")).content
    with pytest.raises(SimulationFault, match="needs a policy with an attribute"):
        LevelsOfStudy(content)


def test_its_answers_follow_its_function(tmp_path: Path) -> None:
    policy = {"name": "constant_stimuli", "attribute": "dots", "log": True}
    folder = levels_study(tmp_path / "levels", policy, 10)
    (person, other) = functions_of(folder, 2)
    assert person.threshold != other.threshold
    assert person.probability(1e-3) == pytest.approx(1 / 3)
    assert person.probability(1e6) == pytest.approx(1 - TRUE.lapse)
    middle = (1 + 1 / 3 - TRUE.lapse) / 2
    assert person.probability(person.threshold) == pytest.approx(middle)
    again = functions_of(folder, 1)[0]
    assert (again.threshold, again.weber) == (person.threshold, person.weber)


@pytest.mark.slow
def test_the_command_takes_their_functions(served: LiveServer) -> None:
    flags = ("--observer", "psychometric", "-n", "2", "--weber", "0.2", "--json")
    told = json.loads(served.diptych("simulate", "commanded", *flags, "--base-url", served.url))
    assert told["outcomes"] == {"completed": 2}
