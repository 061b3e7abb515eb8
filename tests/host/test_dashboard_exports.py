"""What is downloaded is what `diptych export` writes, sent while it is read."""

from __future__ import annotations

import codecs
import csv
import io
import json
import subprocess
import sys
import tracemalloc
import zipfile
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as parquet
import pytest
from flask import Flask
from flask.testing import FlaskClient
from support.copies import multiply_session
from support.dashboard import Researcher, researcher
from support.exports import files_in, table_in
from support.servers import LiveServer
from support.tiny_studies import category_study
from support.walker import Walker, open_study, rows

from diptych import models
from diptych.accounts import api_tokens
from diptych.export import large_exports
from diptych.export.streaming import table_stream, zip_stream
from diptych.export.tables import export_study, open_tables
from diptych.ground.settings import Settings
from diptych.host import host
from diptych_analysis.tables import TABLES, read_tables

PERSON = "5f0c0ffee0ddba11"
PROLIFIC = {"PROLIFIC_PID": PERSON, "STUDY_ID": "study77", "SESSION_ID": "submission88"}


@pytest.fixture
def tiny(app: Flask, client: FlaskClient, tmp_path: Path) -> Flask:
    """Three sessions: one from Prolific, one half done, one with a formula for a comment."""
    rules = {"quality": {"max_clock_conflicts": 0, "min_instructions_s": 5}}
    texts = {"feedback.md": "# Anything to say?\n"}
    open_study(app, category_study(tmp_path / "tiny", changes=rules, texts=texts))
    Walker(client).start(**PROLIFIC).finish()
    Walker(client).start().answer()
    said = Walker(client).start().trials()
    said.take("feedback", text='=HYPERLINK("http://example.org")')
    return app


def unpacked(reply: Any, to: Path) -> Path:
    assert reply.status_code == 200, reply.text[:300]
    with zipfile.ZipFile(io.BytesIO(reply.data)) as archive:
        assert archive.testzip() is None
        archive.extractall(to)
    return to / "tiny"


ALL = {"table": list(TABLES), "format": "both"}


def test_the_archive_is_what_the_command_writes(tiny: Flask, tmp_path: Path) -> None:
    reply = researcher(tiny, "viewer").post("/studies/tiny/export", ALL)
    assert reply.mimetype == "application/zip"
    assert 'filename="tiny-' in reply.headers["Content-Disposition"]
    folder = unpacked(reply, tmp_path / "zip")
    with tiny.app_context():
        export_study(host(), "tiny", tmp_path / "command", ("csv", "parquet"))
    downloaded, written = files_in(folder), files_in(tmp_path / "command")
    assert set(downloaded) == set(written)
    for name, ours in downloaded.items():
        theirs = written[name]
        if name.endswith(".parquet"):
            pd.testing.assert_frame_equal(pd.read_parquet(ours), pd.read_parquet(theirs))
        else:
            assert ours.read_text() == theirs.read_text(), name
    assert len(read_tables(folder).sessions) == 3


def test_only_what_is_chosen_is_in_it(tiny: Flask, tmp_path: Path) -> None:
    viewer = researcher(tiny, "viewer")
    folder = unpacked(
        viewer.post("/studies/tiny/export", {"table": ["sessions"], "format": "csv"}),
        tmp_path / "zip",
    )
    assert set(files_in(folder)) == {
        "data/study-tiny_description-sessions_data.csv", "data_dictionary.json",
        "dataset_description.json", "README.md", "CHANGES.md", ".psychdsignore",
    }  # fmt: skip
    dictionary = json.loads((folder / "data_dictionary.json").read_text())
    assert set(dictionary["tables"]) == {"sessions"}
    assert viewer.post("/studies/tiny/export", {"format": "csv"}).status_code == 400
    assert viewer.post("/studies/tiny/export", {**ALL, "format": "xlsx"}).status_code == 400


def test_single_tables_are_files(tiny: Flask, tmp_path: Path) -> None:
    viewer = researcher(tiny, "viewer")
    for name in TABLES:
        for format_ in ("csv", "parquet"):
            reply = viewer.get(f"/studies/tiny/export/{name}.{format_}")
            assert reply.status_code == 200
            saved_as = f'filename="study-tiny_description-{name}_data.{format_}"'
            assert saved_as in reply.headers["Content-Disposition"]
            (tmp_path / f"{name}.{format_}").write_bytes(reply.data)
    from_parquet = read_tables(tmp_path)
    assert len(from_parquet.trials) == 18
    for odd in ("replies.csv", "trials.xlsx", "trials", ".csv"):
        reply = viewer.get(f"/studies/tiny/export/{odd}")
        assert reply.status_code == 404, odd


def test_csv_for_excel_begins_with_a_byte_order_mark(tiny: Flask, tmp_path: Path) -> None:
    editor = researcher(tiny, "editor")
    assert "CSV files for Excel" in editor.get("/studies/tiny/export").text
    wanted = {**ALL, "format": "csv", "ids": "yes", "excel": "yes"}
    folder = unpacked(editor.post("/studies/tiny/export", wanted), tmp_path / "zip")
    for name, path in files_in(folder).items():
        assert path.read_bytes().startswith(codecs.BOM_UTF8) is name.endswith(".csv"), name
    plain, excel = (
        editor.get(f"/studies/tiny/export/trials.csv{q}").data for q in ("", "?excel=1")
    )
    assert codecs.BOM_UTF8 + plain == excel
    assert table_in(folder, "trials").read_bytes() == excel
    assert len(read_tables(folder).trials) == 18


def test_flags_and_decisions_stand_beside_every_session(tiny: Flask) -> None:
    reply = researcher(tiny, "viewer").get("/studies/tiny/export/sessions.csv")
    table = list(csv.DictReader(io.StringIO(reply.text)))
    assert [row["flags"] for row in table] == ["max_clock_conflicts", "", "max_clock_conflicts"]
    assert {row["excluded"] for row in table} == {"false"}
    assert table[2]["feedback_text"] == '\'=HYPERLINK("http://example.org")', "no formula"


# Large ones, beside the host ------------------------------------------------------------------


@pytest.fixture
def large(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every export is a large one."""
    monkeypatch.setattr(large_exports, "LARGE", 0)


@pytest.mark.slow
@pytest.mark.both_databases
@pytest.mark.usefixtures("large")
def test_a_process_of_its_own_writes_the_same(tiny: Flask, tmp_path: Path) -> None:
    viewer = researcher(tiny, "viewer")
    folder = unpacked(viewer.post("/studies/tiny/export", ALL), tmp_path / "zip")
    with tiny.app_context():
        export_study(host(), "tiny", tmp_path / "command", ("csv", "parquet"))
    downloaded, written = files_in(folder), files_in(tmp_path / "command")
    assert set(downloaded) == set(written)
    for name in (name for name in written if name.endswith(".csv")):
        assert downloaded[name].read_bytes() == written[name].read_bytes(), name
    one = viewer.get("/studies/tiny/export/trials.csv")
    assert one.data == table_in(tmp_path / "command", "trials").read_bytes()


@pytest.mark.usefixtures("large")
def test_a_host_makes_one_large_download_at_a_time(
    tiny: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(large_exports, "PATIENCE_S", 0.0)
    viewer = researcher(tiny, "viewer")
    first = viewer.client.get("/dashboard/studies/tiny/export/trials.csv", buffered=False)
    next(iter(first.response))
    second = viewer.get("/studies/tiny/export/trials.csv")
    assert second.status_code == 409
    assert "one at a time" in second.text
    first.close()  # whoever asked has gone away: so has the process
    third = viewer.get("/studies/tiny/export/trials.csv")
    assert third.status_code == 200 and third.text.count("\n") == 19


@pytest.mark.usefixtures("large")
def test_a_process_that_fails_leaves_no_file_that_looks_whole(
    tiny: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    viewer = researcher(tiny, "viewer")
    monkeypatch.setattr(sys, "executable", "/bin/false")
    assert viewer.get("/studies/tiny/export/trials.csv").status_code == 500
    half = tmp_path / "half"
    half.write_text("#!/bin/sh\ncat > /dev/null\necho study,session_id\nexit 1\n")
    half.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(half))
    reply = viewer.client.get("/dashboard/studies/tiny/export/trials.csv", buffered=False)
    with pytest.raises(RuntimeError, match="the export of tiny ended with 1"):
        b"".join(reply.response)


# Platform ids ---------------------------------------------------------------------------------


def test_platform_ids_come_only_when_asked_for_by_name(tiny: Flask, tmp_path: Path) -> None:
    editor = researcher(tiny, "editor")
    plain = unpacked(editor.post("/studies/tiny/export", ALL), tmp_path / "plain")
    for name, path in files_in(plain).items():
        assert PERSON.encode() not in path.read_bytes(), name
    assert rows(tiny, models.AuditEntry, action="export.ids") == []
    reply = editor.post("/studies/tiny/export", {**ALL, "ids": "yes"})
    assert "-with-ids.zip" in reply.headers["Content-Disposition"]
    folder = unpacked(reply, tmp_path / "ids")
    holding = [n for n, p in files_in(folder).items() if PERSON.encode() in p.read_bytes()]
    assert holding == ["identities.csv"]
    (row,) = csv.DictReader((folder / "identities.csv").open())
    sessions = read_tables(folder).sessions.set_index("session_id")
    assert sessions.loc[row["session_id"], "participant_id"] == row["participant_id"]
    assert (row["platform_id"], row["place_id"], row["submission_id"]) == (
        PERSON, "study77", "submission88",
    )  # fmt: skip
    (entry,) = rows(tiny, models.AuditEntry, action="export.ids")
    assert entry["actor"] == "editor" and PERSON not in str(entry["detail"])


def test_viewers_get_no_platform_ids(tiny: Flask) -> None:
    viewer = researcher(tiny, "viewer")
    assert viewer.post("/studies/tiny/export", {**ALL, "ids": "yes"}).status_code == 403
    assert viewer.get("/studies/tiny/export/identities.csv").status_code == 403
    assert "identities.csv" not in viewer.get("/studies/tiny/export").text
    assert rows(tiny, models.AuditEntry, action="export.ids") == []


def test_the_command_writes_ids_when_asked_and_notes_it(
    tiny: Flask, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from click.testing import CliRunner

    from diptych.cli import cli

    monkeypatch.setenv("DIPTYCH_DATABASE_URL", settings.database_url)
    monkeypatch.setenv("DIPTYCH_HOME", str(settings.home))
    monkeypatch.setenv("DIPTYCH_SECRET_KEY", settings.secret_key)
    for extra, there in (([], False), (["--with-ids"], True)):
        to = tmp_path / f"out{there}"
        done = CliRunner().invoke(cli, ["export", "tiny", "--to", str(to), *extra])
        assert done.exit_code == 0, done.output
        assert (to / "identities.csv").exists() is there
        assert len(rows(tiny, models.AuditEntry, action="export.ids")) == int(there)
    assert PERSON in (tmp_path / "outTrue" / "identities.csv").read_text()


# From a script --------------------------------------------------------------------------------


def token_of(who: Researcher) -> str:
    with who.app.app_context():
        return api_tokens.make(who.user, "notebook")


def test_a_token_reads_tables_and_nothing_it_may_not(tiny: Flask) -> None:
    viewer, stranger = researcher(tiny, "viewer"), researcher(tiny, None)
    anybody = tiny.test_client()
    address = "/dashboard/studies/tiny/export/trials.csv"

    def ask(token: str, path: str = address) -> int:
        headers = {"Authorization": f"Bearer {token}"}
        return anybody.get(path, headers=headers).status_code

    assert ask(token_of(viewer)) == 200
    assert ask(token_of(stranger)) == 404
    assert ask("diptych_made_up") == 401
    assert ask(token_of(viewer), address.replace("trials", "identities")) == 403
    # A token reads; it does not post forms.
    headers = {"Authorization": f"Bearer {token_of(viewer)}"}
    assert anybody.post("/dashboard/studies/tiny/export", headers=headers).status_code in (302, 401)


def test_the_example_of_the_page_runs(
    live_server: LiveServer, settings: Settings, tmp_path: Path
) -> None:
    """pandas, in a process of its own, reads a table of a running host with a token."""
    import httpx

    from diptych.app import create_app
    from diptych.ground.database import db

    with httpx.Client(base_url=live_server.url) as client:
        body = {"study": "tiny", "entry": {}, "browser": {}}
        token = client.post("/api/v1/sessions", json=body).json()["token"]
        headers = {"Authorization": f"Bearer {token}"}
        for step, given in (("consent", {"agreed": True}), ("instructions", {"read_ms": 9000})):
            client.post(f"/api/v1/session/steps/{step}", json=given, headers=headers)
    app = create_app(settings)
    viewer = researcher(app, "viewer")
    page = viewer.get("/studies/tiny/export").text
    secret = token_of(viewer)
    with app.app_context():
        db.session.remove()
        db.engine.dispose()
    start = page.index("import pandas")
    example = page[start : page.index("</code>", start)]
    for entity, character in (("&#34;", '"'), ("&quot;", '"'), ("&amp;", "&")):
        example = example.replace(entity, character)
    example = example.replace(settings.base_url, live_server.url)
    script = f"token = {secret!r}\n{example}\nprint(len(trials), set(trials['study']))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "6 {'tiny'}"


# Streams --------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.exhaustive
def test_a_large_download_is_never_held_whole(tiny: Flask, client: FlaskClient) -> None:
    whole = Walker(client).start().finish()
    multiply_session(tiny, whole.public_id, 8000)
    for how in ("csv", "parquet", "zip"):
        with tiny.app_context(), open_tables(host(), "tiny") as tables:
            stream = (
                zip_stream(tables, list(TABLES), ("csv",), with_ids=False)
                if how == "zip"
                else table_stream(tables, "trials", how)
            )
            parts = [next(stream)]  # prepares what stays
            tracemalloc.start()
            size = 0
            for chunk in stream:
                size += len(chunk)
                if how == "parquet":
                    parts.append(chunk)
            peak = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
        assert peak < 25e6, f"{how}: of some 48,000 rows only a batch is in memory"
        if how == "csv":
            assert size > 8e6
        if how == "parquet":
            written = parquet.ParquetFile(io.BytesIO(b"".join(parts)))
            assert (written.metadata.num_rows, written.num_row_groups) == (48_024, 5)


def test_whoever_goes_away_lets_go_of_the_database(tiny: Flask, client: FlaskClient) -> None:
    from diptych.ground.database import db

    viewer = researcher(tiny, "viewer")
    reply = viewer.client.get("/dashboard/studies/tiny/export/trials.csv", buffered=False)
    next(iter(reply.response))
    reply.close()
    with tiny.app_context():
        assert db.engine.pool.checkedout() == 0  # type: ignore[attr-defined]
