"""Answers judged by each other: against a plain EM of its own, and through the command."""

from __future__ import annotations

import json
import math
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result
from flask import Flask
from flask.testing import FlaskClient
from support.dashboard import researcher
from support.tiny_studies import category_study, two_afc_study
from support.walker import Walker, open_study, rows

from diptych import models
from diptych.cli import cli
from diptych.ground.database import reading
from diptych.ground.settings import Settings
from diptych.host import host
from diptych.quality.crowd import CrowdFault, Said, accuracies, shared, stored, work_out
from diptych.study.versions import study_id_of

pytest.importorskip("crowdkit", reason="crowd-kit is not installed: pip install 'diptych[models]'")
LEAST = 1e-10  # what the library takes for nothing


def plain_em(said: Sequence[Said]) -> dict[int, float]:
    """Dawid and Skene's EM, by loops over dictionaries, begun from the shares of votes."""
    items = sorted({s.item for s in said})
    labels = sorted({s.answer for s in said})
    people = sorted({s.session for s in said})
    votes = {item: Counter(s.answer for s in said if s.item == item) for item in items}
    belief = {i: {k: votes[i][k] / votes[i].total() for k in labels} for i in items}
    for _ in range(2000):
        prior = {k: sum(belief[i][k] for i in items) / len(items) for k in labels}
        confusion: dict[tuple[int, str, str], float] = {}
        for who in people:
            for truth in labels:
                weight = {
                    told: sum(
                        belief[s.item][truth] for s in said if s.session == who and s.answer == told
                    )
                    for told in labels
                }
                kept = {k: max(w, LEAST) for k, w in weight.items()}
                for told, each in kept.items():
                    confusion[who, truth, told] = each / sum(kept.values())
        updated: dict[str, dict[str, float]] = {}
        for item in items:
            log = {
                k: math.log(max(prior[k], LEAST))
                + sum(math.log(confusion[s.session, k, s.answer]) for s in said if s.item == item)
                for k in labels
            }
            top = max(log.values())
            total = sum(math.exp(v - top) for v in log.values())
            updated[item] = {k: math.exp(v - top) / total for k, v in log.items()}
        moved = max(abs(updated[i][k] - belief[i][k]) for i in items for k in labels)
        belief = updated
        if moved < 1e-9:
            break
    own = {who: [belief[s.item][s.answer] for s in said if s.session == who] for who in people}
    return {who: sum(each) / len(each) for who, each in own.items()}


def made_up(seed: int, skills: Sequence[float], items: int, labels: str) -> list[Said]:
    """People of known skill who answer most of the items."""
    rng = np.random.default_rng(seed)
    truth = rng.choice(list(labels), items)
    said = []
    for who, skill in enumerate(skills):
        for item in range(items):
            if rng.random() < 0.15:
                continue
            right = rng.random() < skill
            answer = truth[item] if right else rng.choice(list(labels))
            said.append(Said(who, f"item {item}", str(answer)))
    return said


@pytest.mark.parametrize(("seed", "labels"), [(1, "AB"), (2, "ABC"), (3, "ABCD")])
def test_accuracies_are_those_of_a_plain_em(seed: int, labels: str) -> None:
    skills = [0.95, 0.9, 0.85, 0.8, 0.75, 0.7, 0.1, 0.0]
    said = shared(made_up(seed, skills, 40, labels))
    assert accuracies(said) == pytest.approx(plain_em(said), abs=2e-3)


def test_guessers_end_below_everybody_who_looks() -> None:
    skills = [0.9] * 12 + [0.0] * 3
    said = shared(made_up(4, skills, 60, "ABC"))
    found = accuracies(said)
    assert max(found[who] for who in (12, 13, 14)) < min(found[who] for who in range(12))


def test_only_items_that_several_have_answered_are_shared() -> None:
    said = [Said(1, "a", "x"), Said(2, "a", "y"), Said(1, "b", "x"), Said(3, "c", "x")]
    assert shared(said) == said[:2]


# Through the host -----------------------------------------------------------------------------


def run(settings: Settings, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> Result:
    """The command on this host's database."""
    monkeypatch.setenv("DIPTYCH_DATABASE_URL", settings.database_url)
    monkeypatch.setenv("DIPTYCH_HOME", str(settings.home))
    return CliRunner().invoke(cli, ["quality", *arguments])


@pytest.fixture
def answered(app: Flask, client: FlaskClient, tmp_path: Path) -> list[Walker]:
    """Ten people took a 2-AFC study; the last two know half, the others nearly all."""
    folder = two_afc_study(
        tmp_path / "pairs",
        practice=0,
        test=12,
        catch=2,
        explanations=1,
        changes={"quality": {"min_crowd_accuracy": 0.75}},
    )
    open_study(app, folder)
    walkers = []
    for person in range(10):
        walker = Walker(client, "pairs").start()
        session = walker.public_id

        def choose(
            trial: dict[str, Any], session: str = session, person: int = person
        ) -> dict[str, Any]:
            (row,) = rows(app, models.Session, public_id=session)
            item = rows(app, models.Trial, session_id=row["id"])[trial["index"]]["item"]
            right = "top" if item["top"] == "positive" else "bottom"
            wrong = trial["index"] % 2 == 0 if person >= 8 else trial["index"] == person
            other = "bottom" if right == "top" else "top"
            return {"choice": other if wrong else right, "confidence": 2}

        walkers.append(walker.finish(choose))
    return walkers


def test_the_command_flags_who_the_crowd_does_not_believe(
    app: Flask, answered: list[Walker], settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = run(settings, monkeypatch, "pairs", "--crowd", "--json")
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout[done.stdout.index("{") :])
    crowd = {each["session"]: each["accuracy"] for each in told["crowd"]}
    assert set(crowd) == {walker.public_id for walker in answered}
    low = {name for name, accuracy in crowd.items() if accuracy < 0.75}
    assert low == {walker.public_id for walker in answered[8:]}
    (rule,) = told["rules"]
    assert (rule["rule"], rule["judged"], rule["flagged"]) == ("min_crowd_accuracy", 10, 2)
    names = {row["id"]: row["public_id"] for row in rows(app, models.Session)}
    kept = {names[r["session_id"]]: r for r in rows(app, models.QualityResult)}
    assert {name for name, row in kept.items() if row["flagged"]} == low
    assert not any(row["auto"] for row in kept.values())
    assert told["excluded"] == 0, "the crowd never decides alone"
    # Judged anew without the crowd, the estimates stay.
    assert run(settings, monkeypatch, "pairs", "--recompute").exit_code == 0
    again = {names[r["session_id"]]: r for r in rows(app, models.QualityResult)}
    assert again == kept
    with app.app_context(), reading() as connection:
        summary = stored(connection, study_id_of("pairs"), "person").data
    assert (summary["sessions"], summary["items"]) == (10, 14)
    assert sum(summary["histogram"]) == 10
    assert {name for name, _, _ in summary["lowest"][:2]} == low
    # Every page still opens: what the crowd says is not taken for a result of the analysis.
    admin = researcher(app, "admin")
    for page in ("figures", "quality", "participants"):
        assert admin.get(f"/studies/pairs/{page}").status_code == 200, page


def test_the_table_says_what_each_rule_found(
    app: Flask, client: FlaskClient, tmp_path: Path, settings: Settings, monkeypatch
) -> None:
    rules = {"min_instructions_s": 25, "max_repeats": 0, "auto": ["min_instructions_s"]}
    open_study(app, category_study(tmp_path / "tiny", changes={"quality": rules}))
    Walker(client).start().finish()
    done = run(settings, monkeypatch, "tiny")
    assert done.exit_code == 0, done.output
    (line,) = [line for line in done.output.splitlines() if "min_instructions_s" in line]
    assert [cell.strip() for cell in line.split("│")[1:-1]] == [
        "min_instructions_s", "25 s", "alone", "1", "1", "100.0%",
    ]  # fmt: skip
    assert "1 completed, 1 of them excluded" in done.output
    assert rows(app, models.AuditEntry, action="quality.recompute") == [], "looking changes nothing"


def test_too_few_people_are_told_so(
    app: Flask, client: FlaskClient, studies_folder: Path, settings: Settings, monkeypatch
) -> None:
    open_study(app, studies_folder / "tiny_2afc")
    with app.app_context(), pytest.raises(CrowdFault, match="3 or more are needed"):
        work_out(host(), study_id_of("tiny_2afc"))
    done = run(settings, monkeypatch, "tiny_2afc", "--crowd")
    assert done.exit_code == 1 and "3 or more are needed" in done.output


def test_without_crowd_kit_the_command_says_what_to_install(
    app: Flask, answered: list[Walker], settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "crowdkit", None)
    monkeypatch.setitem(sys.modules, "crowdkit.aggregation", None)
    done = run(settings, monkeypatch, "pairs", "--crowd")
    assert isinstance(done.exception, ModuleNotFoundError)
    assert (done.exception.name or "").startswith("crowdkit")
    assert rows(app, models.AnalysisResult) == []
