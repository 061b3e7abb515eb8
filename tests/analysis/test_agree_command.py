"""`diptych agree`: what it reads, what it writes, and what it says about bad input."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from support.responses import fleiss_slowly, long_table, responses_of

from diptych.cli import cli
from diptych_analysis.behaviour.coarse_categories import coarser, read_mapping
from diptych_analysis.behaviour.faults import BehaviourFault
from diptych_analysis.behaviour.findings import Options, find
from diptych_analysis.behaviour.response_files import read_responses
from diptych_analysis.behaviour.responses import Responses, together
from diptych_analysis.behaviour.tidy_responses import Selection
from diptych_analysis.tables import Column, Tables, write_tables

RESPONSES = responses_of(raters=20, stimuli=120, missing=0.1, seed=1, kinds=("person", "machine"))


@pytest.fixture
def table(tmp_path: Path) -> Path:
    file = tmp_path / "responses.csv"
    long_table(RESPONSES).to_csv(file, index=False)
    return file


def agree(*arguments: object, to: Path | None = None) -> dict[str, Any]:
    file = (to or Path(str(arguments[0])).parent) / "found.json"
    given = ["agree", *map(str, arguments), "--resamples", "50", "--json", str(file)]
    result = CliRunner().invoke(cli, given)
    assert result.exit_code == 0, result.output
    content: dict[str, Any] = json.loads(file.read_text())
    return content


def refused(*arguments: object) -> str:
    result = CliRunner().invoke(cli, ["agree", *map(str, arguments)])
    assert result.exit_code == 1 and "Traceback" not in result.output
    return " ".join(result.output.split())


def test_a_table_gives_kappa_and_contrastive_stimuli(table: Path) -> None:
    found = agree(table, "-k", 12, "--by", "accuracy", "--by", "kind", "--by", "label")
    people = RESPONSES.of_kind("person")
    assert found["kinds"] == ["person"] and found["raters"] == 10
    assert found["kappa"] == pytest.approx(fleiss_slowly(people.codes))
    low, high = found["kappa_interval"]
    assert low < found["kappa"] < high
    assert len(found["contrastive"]) == len(found["contrastive_naive"]) == found["k"] == 12
    items = found["contrastive_scores"]["items"]
    assert [item["stimulus"] for item in items] == found["contrastive"]
    own = [item["agreement_of_the_choosing_half"] for item in items]
    assert own == sorted(own)
    assert found["contrastive_scores"]["mean_agreement"] == pytest.approx(
        np.nanmean([item["agreement_of_the_scoring_half"] for item in items])
    )
    assert [len(found["by"][name]) for name in ("accuracy", "kind", "label")] == [4, 2, 4]
    assert found["people_and_machines"]["stimuli"] == 120


def test_more_contrastive_stimuli_begin_with_fewer(table: Path) -> None:
    few, many = agree(table, "-k", 5), agree(table, "-k", 15)
    assert many["contrastive"][:5] == few["contrastive"]
    assert many["contrastive_naive"][:5] == few["contrastive_naive"]


def test_the_same_seed_gives_the_same_numbers(table: Path) -> None:
    assert agree(table, "--seed", 3) == agree(table, "--seed", 3)
    assert agree(table, "--seed", 3)["contrastive"] != agree(table, "--seed", 4)["contrastive"]


def test_diagnostic_stimuli_divide_machines_while_people_agree(table: Path) -> None:
    both = agree(table, "-k", 3)["people_and_machines"]
    found = agree(table, "-k", 120)["people_and_machines"]["diagnostic"]
    # The list is the k first of them, the number is that of all.
    assert both["diagnostic"] == found[:3] and both["diagnostic_count"] == len(found) > 3
    places = {name: i for i, name in enumerate(RESPONSES.stimuli["stimulus"])}
    assert found
    for row in found:
        column = RESPONSES.codes[:, places[row["stimulus"]]]
        people, machines = column[0::2], column[1::2]
        assert len(set(people[people >= 0])) == 1 and row["people"] == 1
        assert len(set(machines[machines >= 0])) > 1 and row["machines"] < 1


def test_tidy_tables_are_read_as_they_are_filtered(
    tmp_path: Path, simulated: Callable[..., Tables]
) -> None:
    tables = simulated(n=12, n_stimuli=20, seed=2)
    tables.sessions.loc[0, "excluded"] = True
    tables.sessions.loc[1, "status"] = "timed_out"
    write_tables(tables, tmp_path / "out", ("csv",))
    found = read_responses([tmp_path / "out"])
    assert len(found.raters) == 10 and set(found.raters["kind"]) == {"simulated"}
    test = tables.trials[tables.trials["phase"] == "test"]
    for place, rater in enumerate(found.raters["rater"]):
        own = test[test["participant_id"] == rater].drop_duplicates("stimulus_id")
        given = {s: str(found.categories[c]) for s, c in zip(
            found.stimuli["stimulus"], found.codes[place], strict=True) if c >= 0}  # fmt: skip
        assert given == dict(zip(own["stimulus_id"], own["response"], strict=True))
    both = read_responses([tmp_path / "out"], Selection(excluded=True, phases=("test", "training")))
    assert len(both.raters) == 11 and both.count > found.count
    content = agree(tmp_path / "out", to=tmp_path)
    assert content["kinds"] == ["simulated"] and content["sessions_excluded"] == 1
    assert "1 session is excluded" in content["notes"][0]
    content = agree(tmp_path / "out", "--excluded", to=tmp_path)
    assert content["sessions_excluded"] == 0 and not content["notes"]


def test_a_column_of_the_items_names_the_stimuli(
    tmp_path: Path, simulated: Callable[..., Tables]
) -> None:
    tables = simulated(n=6, n_stimuli=20, seed=2)
    ids = sorted(tables.trials["stimulus_id"].unique())
    items = pd.DataFrame(
        {"study": "clouds", "item_id": ids, "role": "stimulus", "stimulus_id": ids}
    )
    items = items.assign(source=[f"photo {i}" for i in range(len(ids))], set="odd")
    tables.items = items.reindex(columns=[*tables.items, "source", "set"])
    extra = (Column("source", "string", "Name."), Column("set", "string", "Set."))
    tables.extras = {**tables.extras, "items": extra}
    tables.trials["item_id"] = tables.trials["stimulus_id"]
    write_tables(tables, tmp_path / "out", ("csv",))
    plain = read_responses([tmp_path / "out"])
    found = read_responses([tmp_path / "out"], Selection(stimulus_column="source"))
    new = dict(zip(ids, items["source"], strict=True))
    for place, name in enumerate(plain.stimuli["stimulus"]):
        there = int(np.flatnonzero(found.stimuli["stimulus"] == new[name])[0])
        assert found.codes[:, there].tolist() == plain.codes[:, place].tolist()
    assert set(found.stimuli["set"]) == {"odd"}
    with pytest.raises(BehaviourFault, match="no column 'colour' of items or stimuli"):
        read_responses([tmp_path / "out"], Selection(stimulus_column="colour"))


def test_sources_are_put_side_by_side(tmp_path: Path) -> None:
    people, machines = RESPONSES.of_kind("person"), RESPONSES.of_kind("machine")
    for name, part in (("people", people), ("machines", machines)):
        long_table(part).to_parquet(tmp_path / f"{name}.parquet")
    files = [tmp_path / "people.parquet", tmp_path / "machines.parquet"]
    found = read_responses(files)
    whole = together([people, machines])
    assert found.categories == whole.categories == RESPONSES.categories
    for name in RESPONSES.raters["rater"]:
        row = int(np.flatnonzero(found.raters["rater"] == name)[0])
        first = int(np.flatnonzero(RESPONSES.raters["rater"] == name)[0])
        assert found.codes[row].tolist() == RESPONSES.codes[first].tolist()
    with pytest.raises(BehaviourFault, match="rater 'r000' is in two sources"):
        read_responses([files[0], files[0]])


def test_a_second_response_to_a_stimulus_is_left_out(tmp_path: Path) -> None:
    rows = [("a", "x", "cat"), ("a", "x", "dog"), ("b", "x", "dog"), ("b", "y", "cat")]
    file = tmp_path / "t.csv"
    pd.DataFrame(rows, columns=["rater", "stimulus", "response"]).to_csv(file, index=False)
    found = read_responses([file])
    assert found.repeated == 1 and found.count == 3
    assert found.categories[found.codes[0, 0]] == "cat"


@pytest.mark.slow
def test_files_and_figures(table: Path, tmp_path: Path) -> None:
    agree(table, "--by", "accuracy", "--csv", tmp_path / "s.csv", "--report", tmp_path / "page")
    rows = pd.read_csv(tmp_path / "s.csv")
    assert len(rows) == 120 and rows["contrastive"].max() == 12
    ranked = rows.dropna(subset="contrastive_naive").sort_values("contrastive_naive")
    assert ranked["agreement"].is_monotonic_increasing
    page = (tmp_path / "page" / "index.html").read_text()
    assert "Fig. 3" in page and "Fig. 4" in page and "seed 0" in page
    figures = {file.stem for file in (tmp_path / "page" / "figures").glob("*.png")}
    assert figures == {"agreement", "halves", "kappa-by-accuracy", "agreement-map"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["-k", 121], "k = 121: allowed are 1 to 1"),
        (["--by", "colour"], "no groups 'colour'; allowed are accuracy, kind, label"),
        (["--by", "accuracy", "--bins", 6], "6 groups of 10 raters: allowed are 1 to 5"),
        (["--kind", "simulated"], "no rater of kind 'simulated'; there are machine, person"),
        (["--map", "nothing.csv"], "mapping 'nothing.csv': no such file"),
        (["--map", "geirhos16"], "no category is in the mapping"),
        (["--status", "gone"], "status 'gone': allowed are"),
    ],
)
def test_a_wrong_option_is_one_line(table: Path, arguments: list[object], message: str) -> None:
    assert message in refused(table, *arguments)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("rater,image\na,b\n", "missing columns: stimulus, response; it has rater, image"),
        ("rater,stimulus,response\na,b,c\n", "1 rater of kind person; allowed are 2 or more"),
        ("rater,stimulus,response\na,b,c\nd,e,c\n", "no stimulus has responses of two raters"),
        ("rater,stimulus,response\n", "there are no responses"),
        ("rater,stimulus,response,label\na,b,c,d\ne,b,c,f\n", "stimulus 'b' has the labels"),
        ('"a', "can't be read"),
        ("", "empty file; expected a header"),
        ("rater,stimulus,response\na,b\n", "row 1: 2 cells under 3 columns"),
        ("rater,stimulus,response\na,b,c,d\n", "row 1: 4 cells under 3 columns"),
        ("rater,rater,stimulus,response\na,b,c,d\n", "column 'rater': appears twice"),
        ("rater,stimulus,response,rt,rt\na,b,c,1,2\n", "column 'rt': appears twice"),
        (
            "rater,stimulus,response,rt\na,b,c,\nd,b,c,fast\n",
            "row 2: rt is 'fast'; allowed are milliseconds of 0 or more, or nothing",
        ),
        ("rater,stimulus,response,rt\na,b,c,-1\n", "row 1: rt is '-1'"),
        ("rater,stimulus,response,rt\na,b,c,inf\n", "row 1: rt is 'inf'"),
    ],
)
def test_a_wrong_table_is_one_line(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "t.csv").write_text(text)
    found = refused(tmp_path / "t.csv")
    assert message in found


def test_a_parquet_table_with_two_columns_of_one_name_is_one_line(tmp_path: Path) -> None:
    cells = pa.array(["a"])
    names = ["rater", "stimulus", "response", "response"]
    pq.write_table(pa.table([cells] * 4, names=names), tmp_path / "t.parquet")
    assert "column 'response': appears twice" in refused(tmp_path / "t.parquet")


def test_no_such_source() -> None:
    assert "no such file" in refused("nowhere/t.csv")
    assert "unknown kind of file" in refused("nowhere/t.xlsx")


def test_few_raters_have_kappa_and_no_halves(tmp_path: Path) -> None:
    file = tmp_path / "t.csv"
    long_table(responses_of(raters=3, stimuli=20)).to_csv(file, index=False)
    found = agree(file)
    assert found["kappa"] is not None and found["contrastive"] is None
    assert "at least 4 raters" in found["notes"][0]


# --- coarse categories ---------------------------------------------------------------------------


def test_the_mapping_that_ships_is_that_of_the_paper() -> None:
    mapping = read_mapping("geirhos16")
    assert len(mapping) == 207 and len(set(mapping.values())) == 16
    assert mapping["n02690373"] == "airplane" and mapping["n03041632"] == "knife"


@pytest.mark.slow
def test_the_mapping_that_ships_names_classes_of_imagenet() -> None:
    mapping = read_mapping("geirhos16")
    from timm.data import ImageNetInfo

    assert set(mapping) <= set(ImageNetInfo().label_names())


def test_coarse_categories_replace_responses_and_labels(tmp_path: Path) -> None:
    file = tmp_path / "map.csv"
    file.write_text("fine,coarse\na,letter\nb,letter\n")
    found = coarser(RESPONSES, read_mapping(str(file)))
    assert found.categories == ("c", "d", "letter")
    names = np.array([*RESPONSES.categories, "none"])
    expected = np.where(np.isin(names, ["a", "b"]), "letter", names)
    new = np.array([*found.categories, "none"])
    assert (new[found.codes] == expected[RESPONSES.codes]).all()
    assert (new[found.labels] == expected[RESPONSES.labels]).all()
    file.write_text("fine,coarse\na,x\na,y\n")
    with pytest.raises(BehaviourFault, match="'a' has two coarse categories"):
        read_mapping(str(file))


def test_people_and_machines_are_never_pooled_by_default() -> None:
    whole = find(RESPONSES, Options(resamples=20))
    alone: Responses = RESPONSES.of_kind("person")
    assert whole.overall.kappa == find(alone, Options(resamples=20)).overall.kappa
    pooled = find(RESPONSES, Options(resamples=20, kinds=("person", "machine")))
    assert len(pooled.responses.raters) == 20
