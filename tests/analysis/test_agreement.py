"""HIS beside MIS from tidy tables: who counts, what is told, and `diptych correlate`."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner, Result
from PIL import Image
from scipy.stats import pearsonr, spearmanr
from support.simulated_units import simulated_layers, simulated_run

from diptych.cli import cli
from diptych_analysis.agreement.compare import Choices, compare
from diptych_analysis.agreement.faults import AgreementFault
from diptych_analysis.agreement.his import answers_of, his_of, machine_scores, units_of
from diptych_analysis.agreement.sources import from_folder
from diptych_analysis.mis.score import Scale
from diptych_analysis.networks.similarity import similarity
from diptych_analysis.networks.store import Store
from diptych_analysis.report.write import write_report
from diptych_analysis.tables import (
    TWO_AFC_TRIALS,
    Column,
    Tables,
    empty_table,
    read_tables,
    write_tables,
)

GROUPS = ("easiest", "random", "hardest")
ATTRIBUTES = ("model", "layer", "group", "mis")
TASKS = 2


def frame(table: str, rows: list[dict[str, object]], extra: Sequence[str] = ()) -> pd.DataFrame:
    kinds = dict(empty_table(table).dtypes)  # type: ignore[arg-type]
    found = pd.DataFrame(rows, columns=[*kinds, *extra], dtype="object").astype(kinds)
    return found.astype(dict.fromkeys(extra, "string"))


def simulated_study(
    mis: Sequence[float] = tuple(np.linspace(0.98, 0.55, 18)),
    sessions: int = 12,
    *,
    names: Sequence[str] | None = None,
    model: str = "cnn0",
    machine: bool = True,
    seed: int = 0,
) -> Tables:
    """Simulated people and a machine who answer about every unit twice.

    People are right with the unit's own chance. One session is excluded, one stopped half way, and
    all have practice and catch trials.
    """
    rng = np.random.default_rng(seed)
    units = list(names or (f"block.{u % 3}:{u}" for u in range(len(mis))))
    chance = np.clip(np.array(mis) + rng.normal(0, 0.06, len(mis)), 0.05, 0.99)
    items: list[dict[str, object]] = []
    for u, unit in enumerate(units):
        told = {"model": model, "layer": unit.split(":")[0], "mis": repr(float(mis[u]))}
        told["group"] = GROUPS[u * 3 // len(units)]
        for task in range(TASKS):
            for role in ("query_positive", "query_negative", "positive", "negative"):
                item = f"u{u}t{task}"
                picture = hashlib.sha256(f"{item}{role}".encode()).hexdigest()
                items.append(
                    {"study": "units", "item_id": item, "kind": "test", "unit": unit, "role": role,
                     "place": 0, "stimulus_id": picture, **told}
                )  # fmt: skip
    rows: list[dict[str, object]] = []
    people: list[dict[str, object]] = []
    for number in range(sessions + machine):
        kind = "machine" if number == sessions else "simulated"
        who = {"session_id": f"s{number}", "participant_id": f"p{number}", "study": "units",
               "participant_kind": kind, "condition": "default"}  # fmt: skip
        asked = [("practice", "practice0", units[0], 0.0), ("catch", "catch0", units[0], 0.0)]
        asked += [("test", f"u{u}t{t}", unit, chance[u])
                  for u, unit in enumerate(units) for t in range(TASKS)]  # fmt: skip
        for index, (phase, item, unit, p) in enumerate(asked):
            right = bool(rng.random() < p)
            sure = float(rng.beta(5, 2)) if kind == "machine" else float(rng.integers(1, 4))
            right = sure > 0.5 if kind == "machine" and phase == "test" else right
            rows.append(
                {**who, "trial_index": index, "phase": phase, "task": "two_afc", "item_id": item,
                 "label": "top", "response": "top" if right else "bottom", "correct": right,
                 "confidence": sure, "rt_ms": 1500.0, "unit": unit, "block": 0}
            )  # fmt: skip
        people.append(
            {**who, "status": "timed_out" if number == 1 else "completed",
             "excluded": number == 2, "n_trials": len(asked), "n_responses": len(asked)}
        )  # fmt: skip
    trials = frame("trials", rows, ("unit",))
    return Tables(
        sessions=frame("sessions", people),
        trials=trials,
        items=frame("items", items, ATTRIBUTES),
        extras={
            "items": tuple(Column(name, "string", "Of the unit.") for name in ATTRIBUTES),
            "trials": TWO_AFC_TRIALS,
        },
        name="units",
        description="Simulated answers about simulated units.",
    )


def correlate(*arguments: object) -> Result:
    return CliRunner().invoke(cli, ["correlate", *map(str, arguments)], env={"COLUMNS": "160"})


@pytest.fixture(scope="module")
def study() -> Tables:
    return simulated_study()


@pytest.fixture(scope="module")
def exported(study: Tables, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("export") / "units"
    write_tables(study, folder, ("csv",))
    return folder


def test_only_test_answers_of_finished_sound_sessions_count(study: Tables) -> None:
    units = units_of(answers_of(study)).set_index("unit")
    for unit in set(study.trials["unit"]):
        right = n = 0
        for trial in study.trials.to_dict("records"):
            session = int(str(trial["session_id"])[1:])
            # 1 did not finish, 2 is excluded, 12 is the machine
            if trial["unit"] == unit and trial["phase"] == "test" and session not in (1, 2, 12):
                right, n = right + bool(trial["correct"]), n + 1
        assert (units.loc[unit, "right"], units.loc[unit, "n"]) == (right, n)
        assert units.loc[unit, "his"] == pytest.approx(right / n)
        assert units.loc[unit, "low"] < right / n <= units.loc[unit, "high"] + 1e-12
    assert len(answers_of(study, excluded=True)) == len(answers_of(study)) * 11 / 10
    both = answers_of(study, excluded=True, statuses=("completed", "timed_out"))
    assert len(both) == len(answers_of(study)) * 12 / 10


def test_his_by_layer_group_and_model_pools_answers(study: Tables) -> None:
    answers = answers_of(study)
    for by in ("layer", "group", "model"):
        found = his_of(answers, [by]).set_index(by)
        for name, part in answers.groupby(by):
            assert found.loc[name, "his"] == pytest.approx(part["correct"].mean())
            assert found.loc[name, "n"] == len(part)
    with pytest.raises(AgreementFault, match="no colour: the answers have session_id"):
        his_of(answers, ["colour"])


def test_the_weighted_score_is_the_mean_place_among_the_six_buttons(study: Tables) -> None:
    answers = answers_of(study)
    place = {(False, 3): 0.0, (False, 2): 1 / 6, (False, 1): 1 / 3,
             (True, 1): 2 / 3, (True, 2): 5 / 6, (True, 3): 1.0}  # fmt: skip
    found = units_of(answers).set_index("unit")
    for unit, part in answers.groupby("unit"):
        pairs = zip(part["correct"], part["confidence"], strict=True)
        mean = np.mean([place[bool(right), int(sure)] for right, sure in pairs])
        assert found.loc[unit, "weighted"] == pytest.approx(mean)
    sure = answers.assign(confidence=3.0)
    assert units_of(sure)["weighted"].to_numpy() == pytest.approx(units_of(sure)["his"].to_numpy())
    with pytest.raises(AgreementFault, match=r"confidence 4: allowed are 1 to 3"):
        his_of(answers.assign(confidence=4.0), ["unit"])


def test_a_machines_mean_confidence_is_its_score(study: Tables) -> None:
    scores = machine_scores(study).set_index("unit")
    own = study.trials[
        (study.trials["participant_kind"] == "machine") & (study.trials["phase"] == "test")
    ]
    for unit, part in own.groupby("unit"):
        assert scores.loc[unit, "mis"] == pytest.approx(part["confidence"].mean())
        assert scores.loc[unit, "accuracy"] == pytest.approx(part["correct"].astype(float).mean())
    nameless = replace(study, items=study.items.assign(model=study.items["model"].mask(
        study.items["unit"] == "block.0:0")))  # fmt: skip
    assert set(machine_scores(nameless)["unit"]) == set(scores.index)
    assert machine_scores(simulated_study(machine=False)).empty
    with pytest.raises(AgreementFault, match="machine: HIS is of person or simulated"):
        answers_of(study, kinds=("machine",))


def test_the_comparison_says_what_the_tables_say(study: Tables) -> None:
    found = compare(study)
    his, mis = found.units["his"], found.units["mis"]
    assert found.correlation is not None and found.ceilings is not None
    assert found.correlation.pearson.value == pytest.approx(pearsonr(mis, his).statistic)
    assert found.correlation.spearman.value == pytest.approx(spearmanr(mis, his).statistic)
    assert f"Pearson {found.correlation.pearson.value:.2f}" in " ".join(repr(found).split())
    assert f"noise ceiling {found.ceilings.score.mean:.2f}" in " ".join(repr(found).split())
    assert found.groups is not None
    assert list(found.groups.table["group"]) == ["hardest", "random", "easiest"]
    machine = machine_scores(study).set_index("unit")["mis"].loc[found.units["unit"]]
    assert found.machines["pearson_his"].iloc[0] == pytest.approx(pearsonr(machine, his).statistic)
    assert found.kinds == {"simulated": 10} and found.sessions == 10


def several_models(count: int) -> Tables:
    """One simulated study after the other, each about another network."""
    parts = []
    for number in range(count):
        scores = np.linspace(0.55 + 0.06 * number, 0.7 + 0.06 * number, 6)
        part = simulated_study(tuple(scores), 6, model=f"cnn{number}", machine=False, seed=number)
        for table in (part.sessions, part.trials, part.items):
            for column in {"session_id", "participant_id", "item_id"} & set(table.columns):
                table[column] = f"{number}-" + table[column]
        parts.append(part)
    frames = (
        pd.concat([part.frame(table) for part in parts], ignore_index=True)
        for table in ("sessions", "trials", "stimuli", "items")
    )
    return Tables(*frames, extras=parts[0].extras, name="units")


def test_models_are_compared_by_the_means_of_their_units() -> None:
    found = compare(several_models(4))
    # units of the same name in other networks are other units
    assert len(found.units) == 24 and found.models is not None
    means = found.units.groupby("model")[["his", "mis"]].mean()
    table = found.models.set_index("model")
    assert table["mean"].to_numpy() == pytest.approx(means["his"].loc[table.index].to_numpy())
    assert found.models_correlation is not None and found.models_correlation.n == 4
    r = pearsonr(means["mis"], means["his"]).statistic
    assert found.models_correlation.pearson.value == pytest.approx(r)
    two = compare(several_models(2))
    assert two.models is not None and two.models_correlation is None


def test_the_same_seed_tells_the_same(study: Tables) -> None:
    first, again = (compare(study, choices=Choices(seed=5)) for _ in range(2))
    other = compare(study, choices=Choices(seed=6))
    assert first.correlation == again.correlation and first.ceilings == again.ceilings
    assert first.correlation != other.correlation


def test_what_can_not_be_compared_is_said_in_one_sentence(study: Tables) -> None:
    with pytest.raises(AgreementFault, match="no test answers to 2-AFC trials by person"):
        compare(study, choices=Choices(kinds=("person",)))
    bare = Tables(study.sessions, study.trials, study.stimuli, study.items.drop(columns="mis"))
    with pytest.raises(AgreementFault, match="the items have no attribute 'mis'"):
        compare(bare)
    words = study.items.assign(mis="high")
    with pytest.raises(AgreementFault, match="mis is 'high', not a number"):
        compare(Tables(study.sessions, study.trials, study.stimuli, words))
    split = study.items.copy()
    split.loc[split["item_id"] == "u0t1", "mis"] = "0.1"
    with pytest.raises(AgreementFault, match=r"unit 'block.0:0': its items have several mis"):
        compare(Tables(study.sessions, study.trials, study.stimuli, split))
    flat = study.items.assign(mis="0.7")
    with pytest.raises(AgreementFault, match=r"MIS is 0.7 for every one of 18 units"):
        compare(Tables(study.sessions, study.trials, study.stimuli, flat))


def test_the_command_takes_people_where_there_are_any(tmp_path: Path) -> None:
    tables = simulated_study()
    people = {"s0", "s3", "s4", "s5"}  # 1 did not finish, 2 is excluded
    for table in (tables.sessions, tables.trials):
        table.loc[table["session_id"].isin(people), "participant_kind"] = "person"
    write_tables(tables, tmp_path / "x", ("csv",))

    def told(*kinds: str) -> dict[str, int]:
        out = tmp_path / "found.json"
        options = [word for kind in kinds for word in ("--kind", kind)]
        done = correlate(tmp_path / "x", "--json", out, *options)
        assert done.exit_code == 0, done.output
        found: dict[str, int] = json.loads(out.read_text())["participants"]
        return found

    assert told() == {"person": 4}
    assert told("simulated") == {"simulated": 6}
    assert told("simulated", "person") == {"person": 4, "simulated": 6}


def test_the_command_tells_prints_and_writes(exported: Path, tmp_path: Path) -> None:
    out, rows = tmp_path / "made" / "found.json", tmp_path / "made" / "units.csv"
    done = correlate(exported, "--json", out, "--csv", rows, "--answers-needed", "0.8")
    assert done.exit_code == 0, done.output
    told = json.loads(out.read_text())
    expected = compare(read_tables(exported), choices=Choices(wanted=0.8))
    assert expected.correlation is not None and expected.ceilings is not None
    assert told["correlation"] == expected.correlation.described()
    assert told["answers_needed"] == {
        "ceiling": 0.8,
        "answers_a_unit": expected.ceilings.needed,
    }
    assert "10 simulated sessions" in done.output
    assert f"{expected.correlation.pearson.value:.2f}" in done.output
    table = pd.read_csv(rows)
    assert table["his"].to_numpy() == pytest.approx(expected.units["his"].to_numpy())
    assert "machine:p12" in table.columns


@pytest.mark.slow
def test_the_page_and_its_figures(exported: Path, tmp_path: Path) -> None:
    done = correlate(exported, "--report", tmp_path / "page")
    assert done.exit_code == 0, done.output
    page = (tmp_path / "page" / "index.html").read_text()
    markup = re.sub(r"<script>.*?</script>", "", page, flags=re.DOTALL)
    assert markup.count("<figure>") == 4 and "is <b>simulated</b>" in page
    drawn = {file.name for file in (tmp_path / "page" / "figures").iterdir()}
    names = ("units", "groups", "machines", "planning")
    assert drawn == {f"{name}.{suffix}" for name in names for suffix in ("png", "svg")}
    report = write_report(exported, None, tmp_path / "report").read_text()
    assert ">HIS of simulated participants beside the machine's MIS</h3>" in report
    assert "noise ceiling, Pearson" in report and "is <b>simulated</b>" in report


def scored(folder: Path, **setting: object) -> pd.DataFrame:
    """Simulated scores as `diptych mis` keeps them."""
    scores, items = simulated_run(simulated_layers("cnn0", blocks=2), constant=0, **setting)  # type: ignore[arg-type]
    about = {"weights": "w", "calibrated": False}
    Store(folder).add({**setting, **about}, scores.assign(**about), items)
    return scores


def test_scores_of_a_folder_are_matched_by_name(tmp_path: Path) -> None:
    scores = scored(tmp_path / "mis")
    names = [f"{row.layer}:{row.unit}" for row in scores.itertuples()]
    study = simulated_study(tuple(scores["mis"]), names=names)
    write_tables(study, tmp_path / "export", ("csv",))
    own = compare(study)
    found = compare(study, lambda _: from_folder(tmp_path / "mis"))
    assert found.correlation == own.correlation
    assert found.about["similarity"] == "efficientnet-lite2"
    done = correlate(tmp_path / "export", "--scores", tmp_path / "mis", "--calibrate",
                     "--share", "0.2", "--json", tmp_path / "x.json")  # fmt: skip
    assert done.exit_code == 0, done.output
    told = json.loads((tmp_path / "x.json").read_text())
    fitted = [unit for unit in told["units"] if unit["calibrated_on"]]
    assert len(fitted) == round(0.2 * len(names)) and told["mis"]["calibrated"] is True
    assert told["correlation"]["n"] == len(names) - len(fitted)

    scored(tmp_path / "mis", similarity="other")
    done = correlate(tmp_path / "export", "--scores", tmp_path / "mis")
    assert done.exit_code == 1 and "choose one with --run NAME=VALUE: similarity:" in done.output
    done = correlate(tmp_path / "export", "--scores", tmp_path / "mis", "--run", "similarity=other")
    assert done.exit_code == 0, done.output


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--similarity", "efficientnet-lite0"], "--similarity and --images need each other"),
        (["--run", "k=9"], "--run needs --scores"),
        (["--calibrate"], "calibration needs the margins of the tasks"),
        (["--condition", "other"], "of condition other"),
    ],
)
def test_bad_requests_get_one_line(exported: Path, arguments: list[str], told: str) -> None:
    done = correlate(exported, *arguments)
    assert done.exit_code == 1 and told in done.output and "Traceback" not in done.output


@pytest.mark.slow
def test_the_items_people_saw_are_scored_from_the_images(tmp_path: Path) -> None:
    study = simulated_study((0.9, 0.8, 0.6), machine=False)
    rng = np.random.default_rng(1)
    seen: dict[str, np.ndarray] = {}
    for place, picture in enumerate(study.items["stimulus_id"].unique()):
        pixels = rng.integers(0, 256, (3, 3, 3), dtype=np.uint8)
        Image.fromarray(pixels).resize((64, 64)).save(tmp_path / f"{place}.png")
        digest = hashlib.sha256((tmp_path / f"{place}.png").read_bytes()).hexdigest()
        study.items = study.items.replace({"stimulus_id": {picture: digest}})
        seen[digest] = np.array([place])
    files = [{"study": "units", "stimulus_id": d, "file": f"{i[0]}.png"} for d, i in seen.items()]
    study.stimuli = frame("stimuli", files)
    write_tables(study, tmp_path / "export", ("csv",))
    done = correlate(tmp_path / "export", "--similarity", "efficientnet-lite0",
                     "--images", tmp_path, "--json", tmp_path / "x.json")  # fmt: skip
    assert done.exit_code == 0, done.output
    eyes, scale = similarity("efficientnet-lite0"), Scale()
    for unit in json.loads((tmp_path / "x.json").read_text())["units"]:
        own, chances = study.items[study.items["unit"] == unit["unit"]], []
        for _, item in own.groupby("item_id"):
            files_of = dict(zip(item["role"], item["stimulus_id"], strict=True))
            up, down, more, less = (
                eyes.features([Image.open(tmp_path / f"{seen[files_of[role]][0]}.png")])[0]
                for role in ("query_positive", "query_negative", "positive", "negative")
            )
            margin = (up @ more - up @ less) - (down @ more - down @ less)
            chances.append(1 / (1 + np.exp(-margin / scale.value)))
        assert unit["mis"] == pytest.approx(np.mean(chances), abs=1e-5)

    Image.new("RGB", (64, 64)).save(tmp_path / "0.png")
    done = correlate(tmp_path / "export", "--similarity", "efficientnet-lite0",
                     "--images", tmp_path)  # fmt: skip
    assert done.exit_code == 1 and "is not the image that was shown" in done.output
