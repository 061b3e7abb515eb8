"""What is exported is what was answered: nothing lost, nothing added, nobody named."""

from __future__ import annotations

import codecs
import json
import random
import tracemalloc
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from flask import Flask
from flask.testing import FlaskClient
from support.copies import multiply_session
from support.exports import files_in, table_in
from support.psych_ds import issues
from support.tiny_studies import category_study, two_afc_study
from support.walker import TIMING, Walker, link

from diptych import models
from diptych.authoring import load_study
from diptych.cli import cli
from diptych.export.tables import export_study
from diptych.ground.database import reading
from diptych.ground.keys import study_key
from diptych.ground.settings import Settings
from diptych.host import host
from diptych.study.versions import UnknownStudy, freeze
from diptych_analysis.tables import TABLES, read_tables

pytestmark = pytest.mark.both_databases

WORKER = "5f0c0ffee0ddba11"


class Walk:
    """Takes a study through the API and remembers what it has said and heard."""

    def __init__(self, client: FlaskClient, study: str, **entry: str) -> None:
        self.client, self.study = client, study
        body = {"study": study, "entry": entry, "browser": {"width": 1000, "height": 700}}
        self.state: dict[str, Any] = client.post("/api/v1/sessions", json=body).get_json()
        self.session = self.state["session"]["id"]
        self.headers = {"Authorization": f"Bearer {self.state['token']}"}
        self.said: list[tuple[int, dict[str, Any], float]] = []

    def step(self, **body: Any) -> None:
        url = f"/api/v1/session/steps/{self.state['step']}"
        self.state = self.client.post(url, json=body, headers=self.headers).get_json()

    def begin(self) -> Walk:
        self.step(agreed=True)
        self.step(read_ms=16_000.0)
        return self

    def answer(self, rng: random.Random) -> None:
        trial = self.state["content"]["trial"]
        if trial["task"] == "two_afc":
            response = {"choice": rng.choice(["top", "bottom"]), "confidence": rng.randint(1, 3)}
        else:
            classes = trial["show"]["classes"]
            response = {"ranking": rng.sample(classes, trial["show"]["rank"])}
        rt = round(rng.uniform(300, 3000), 3)
        timing = {"rt_ms": rt, "onset_ms": 5, "onset_uncertainty_ms": 16.7, "answered_ms": 5 + rt}
        url = f"/api/v1/trials/{trial['index']}/response"
        body = {"response": response, "timing": timing}
        reply = self.client.post(url, json=body, headers=self.headers).get_json()
        self.said.append((trial["index"], response, rt))
        self.state = reply["next"]

    def finish(self, rng: random.Random) -> Walk:
        while self.state["step"] == "trials":
            self.answer(rng)
        return self


@pytest.fixture
def opened(app: Flask, tmp_path: Path) -> Path:
    folder = tmp_path / "studies"
    category_study(
        folder / "tiny",
        changes={"quality": {"min_instructions_s": 20, "auto": ["min_instructions_s"]}},
    )
    two_afc_study(folder / "tiny_2afc")
    with app.app_context():
        for study in folder.iterdir():
            freeze(load_study(study), opening=True)
    return folder


def export(app: Flask, study: str, to: Path, formats: tuple[str, ...] = ("csv", "parquet")) -> Any:
    with app.app_context():
        return export_study(host(), study, to, formats)


def test_every_answer_is_a_row(app: Flask, client: FlaskClient, opened: Path, tmp_path) -> None:
    rng = random.Random(1)
    walks = [Walk(client, "tiny").begin().finish(rng) for _ in range(3)]
    walks[0].client.post(
        "/api/v1/events",
        json={"events": [{"kind": "blur", "at_ms": 12.5, "trial_index": 2, "detail": None}]},
        headers=walks[0].headers,
    )
    dropped = Walk(client, "tiny").begin()
    dropped.answer(rng)
    counts = export(app, "tiny", tmp_path / "out")
    assert (counts["sessions"], counts["trials"], counts["events"]) == (4, 24, 1)
    tables = read_tables(tmp_path / "out")
    trials = tables.trials.set_index(["session_id", "trial_index"])
    for walk in [*walks, dropped]:
        for index, response, rt in walk.said:
            row = trials.loc[(walk.session, index)]
            assert row["response"] == response["ranking"][0]
            assert row["response_ranking"] == "|".join(response["ranking"])
            assert row["correct"] == (row["label"] == row["response"])
            assert row["rt_ms"] == rt
    assert trials["response"].notna().sum() == sum(len(w.said) for w in [*walks, dropped])
    sessions = tables.sessions.set_index("session_id")
    assert sessions.loc[dropped.session, "status"] == "running"
    assert sessions.loc[walks[0].session, "exclusion_reasons"] == "min_instructions_s"
    assert not sessions.loc[dropped.session, "excluded"]
    (event,) = tables.events.to_dict("records")
    assert (event["kind"], event["at_ms"], event["trial_index"]) == ("blur", 12.5, 2)
    assert sessions.loc[walks[0].session, "entered_at"] <= event["at"] <= pd.Timestamp.now("UTC")


def test_stimuli_join_by_content_hash(app: Flask, client, opened: Path, tmp_path) -> None:
    Walk(client, "tiny").begin().finish(random.Random(2))
    export(app, "tiny", tmp_path / "out")
    tables = read_tables(tmp_path / "out")
    joined = tables.trials.merge(tables.stimuli, on="stimulus_id", suffixes=("", "_of_stimulus"))
    assert len(joined) == len(tables.trials)
    assert (joined["label"] == joined["label_of_stimulus"]).all()
    assert pd.api.types.is_float_dtype(tables.stimuli["size"]), "attributes come along, typed"


def test_two_afc_rows_say_where_the_right_query_stood(
    app: Flask, client, opened: Path, tmp_path
) -> None:
    walk = Walk(client, "tiny_2afc").begin().finish(random.Random(3))
    export(app, "tiny_2afc", tmp_path / "out")
    tables = read_tables(tmp_path / "out")
    assert set(tables.trials["label"]) <= {"top", "bottom"}
    answered = tables.trials[tables.trials["response"].notna()]
    assert len(answered) == len(walk.said)
    assert (answered["correct"] == (answered["label"] == answered["response"])).all()
    assert set(tables.trials["unit"]) == {"red"}
    counts = tables.items.groupby("item_id")["role"].value_counts().unstack()
    one, nine = ["query_negative", "query_positive"], ["negative", "positive"]
    assert sorted(counts.columns) == sorted([*one, *nine])
    assert (counts[one] == 1).all(axis=None) and (counts[nine] == 9).all(axis=None)
    assert set(tables.items["stimulus_id"]) == set(tables.stimuli["stimulus_id"])
    dictionary = json.loads((tmp_path / "out/data_dictionary.json").read_text(encoding="utf-8"))
    described = {column["name"]: column for column in dictionary["tables"]["items"]["columns"]}
    assert described["role"]["levels"] == [*reversed(one), *reversed(nine)]
    first = tables.trials[tables.trials["phase"] == "practice"]
    assert set(first["block"]) <= {1, 2, 3}


FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"
MEASURED = {"first_choice_ms": 310.25, "shown_width": 450.5, "shown_height": 449.75}
OF_BROWSER = ["browser", "browser_version", "os", "refresh_hz", "clock_step_ms"]


def test_what_the_page_has_measured_is_in_the_tables(
    app: Flask, client, opened: Path, tmp_path
) -> None:
    ada = Walker(client).enter_with({"user_agent": FIREFOX}).take("consent", agreed=True)
    ada.take("instructions", read_ms=1, refresh_hz=59.94, clock_step_ms=0.1)
    shown = ada.trial["show"]["classes"]
    for timing in (MEASURED, dict.fromkeys(MEASURED, 1.0)):  # the second is the answer sent again
        again = {"ranking": shown[:2]}
        assert ada.post(0, again, timing={**TIMING, **timing}).status_code == 200
    ada.load().post(1, {"ranking": shown[:2]}, timing={**TIMING, **dict.fromkeys(MEASURED)})
    old = Walker(client).start()  # its page sends none of it
    old.answer()
    made_up = Walker(client).enter_with({"user_agent": FIREFOX}, **link(app, "simulate", "tiny"))
    made_up.take("consent", agreed=True).take("instructions", read_ms=1)
    export(app, "tiny", tmp_path / "out")
    tables = read_tables(tmp_path / "out")
    sessions = tables.sessions.set_index("session_id")
    assert sessions.loc[ada.public_id, OF_BROWSER].tolist() == [
        "Firefox", "140.0", "Windows 10", 59.94, 0.1,
    ]  # fmt: skip
    for other in (old, made_up):
        assert sessions.loc[other.public_id, OF_BROWSER].isna().all()
    trials = tables.trials.set_index(["session_id", "trial_index"])
    assert trials.loc[(ada.public_id, 0), list(MEASURED)].to_dict() == MEASURED
    for nothing in ((ada.public_id, 1), (ada.public_id, 5), (old.public_id, 0)):
        assert trials.loc[nothing, list(MEASURED)].isna().all()
    assert (trials.loc[ada.public_id, "choices"] == "|".join(shown)).all()
    other = old.trial["show"]["classes"]
    assert (trials.loc[old.public_id, "choices"] == "|".join(other)).all()


def test_csv_and_parquet_say_the_same(app: Flask, client, opened: Path, tmp_path) -> None:
    Walk(client, "tiny").begin().finish(random.Random(4))
    export(app, "tiny", tmp_path / "csv", ("csv",))
    export(app, "tiny", tmp_path / "parquet", ("parquet",))
    from_csv, from_parquet = read_tables(tmp_path / "csv"), read_tables(tmp_path / "parquet")
    for name in TABLES:
        pd.testing.assert_frame_equal(from_csv.frame(name), from_parquet.frame(name))


def test_two_afc_tables_are_a_psych_ds_data_set(app: Flask, client, opened: Path, tmp_path) -> None:
    Walk(client, "tiny_2afc").begin().finish(random.Random(5))
    export(app, "tiny_2afc", tmp_path / "out")
    assert issues(tmp_path / "out") == []


def test_no_platform_id_leaves(app: Flask, client, opened: Path, tmp_path) -> None:
    entry = {"PROLIFIC_PID": WORKER, "STUDY_ID": "study77", "SESSION_ID": "submission88"}
    Walk(client, "tiny", **entry).begin().finish(random.Random(6))
    export(app, "tiny", tmp_path / "out")
    for name, path in files_in(tmp_path / "out").items():
        data = path.read_bytes()
        assert WORKER.encode() not in data, name
        assert b"submission88" not in data, name


def test_previews_and_refusals_stay_out(app: Flask, client, opened: Path, tmp_path) -> None:
    key = study_key(b"a secret for the tests", "preview", "tiny")
    Walk(client, "tiny", preview=key).begin().finish(random.Random(7))
    Walk(client, "tiny").step(agreed=False)
    counts = export(app, "tiny", tmp_path / "out")
    assert (counts["sessions"], counts["trials"], counts["declined"]) == (0, 0, 1)


def test_versions_stand_side_by_side(app: Flask, client, opened: Path, tmp_path) -> None:
    rng = random.Random(8)
    Walk(client, "tiny").begin().finish(rng)
    (opened / "tiny" / "debrief.md").write_text("# Other words")
    with app.app_context():
        freeze(load_study(opened / "tiny"), opening=True)
    Walk(client, "tiny").begin().finish(rng)
    Walk(client, "tiny_2afc").begin().finish(rng)  # of another study, and so in no table of this
    export(app, "tiny", tmp_path / "out")
    tables = read_tables(tmp_path / "out")
    with app.app_context(), reading() as connection:
        hashes = connection.execute(
            sa.select(models.StudyVersion.content_hash)
            .join(models.Study, models.Study.id == models.StudyVersion.study_id)
            .where(models.Study.name == "tiny")
        )
        versions = {content_hash[:12] for content_hash in hashes.scalars()}
    assert len(versions) == 2
    for name in ("sessions", "trials", "stimuli", "items"):
        assert set(tables.frame(name)["study_version"]) == versions, name  # type: ignore[arg-type]
    assert len(tables.stimuli) == 48


def test_an_unknown_study_writes_nothing(app: Flask, tmp_path: Path) -> None:
    with pytest.raises(UnknownStudy):
        export(app, "nowhere", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_the_command(app: Flask, client, opened: Path, settings: Settings, tmp_path, monkeypatch):
    Walk(client, "tiny").begin().finish(random.Random(9))
    monkeypatch.setenv("DIPTYCH_DATABASE_URL", settings.database_url)
    monkeypatch.setenv("DIPTYCH_HOME", str(settings.home))
    arguments = ["export", "tiny", "--to", str(tmp_path / "out"), "--format", "csv"]
    result = CliRunner().invoke(cli, arguments)
    assert result.exit_code == 0, result.output
    assert table_in(tmp_path / "out", "trials").exists()
    assert not list((tmp_path / "out").rglob("*.parquet"))
    plain = table_in(tmp_path / "out", "trials").read_bytes()
    assert CliRunner().invoke(cli, [*arguments, "--excel"]).exit_code == 0
    assert table_in(tmp_path / "out", "trials").read_bytes() == codecs.BOM_UTF8 + plain


@pytest.mark.slow
@pytest.mark.exhaustive
def test_memory_stays_flat(app: Flask, client, opened: Path, tmp_path: Path) -> None:
    walk = Walk(client, "tiny").begin().finish(random.Random(10))
    small = peak_of_export(app, tmp_path / "small")
    multiply_session(app, walk.session, 3000)
    large = peak_of_export(app, tmp_path / "large")
    assert len(pd.read_csv(table_in(tmp_path / "large", "trials"))) == 18_006
    # 3,000 times the rows; what may grow is the batch that is on its way to the files.
    assert large < small + 40e6


def peak_of_export(app: Flask, to: Path) -> int:
    tracemalloc.start()
    export(app, "tiny", to)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak
