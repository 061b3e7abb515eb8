"""Marks of addresses: for how long they are kept, and where they stand: in one column only."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from flask import Flask
from support.dashboard import researcher
from support.exports import files_in, table_in
from support.from_addresses import (
    CAMPUS,
    RULE,
    at,
    behind_a_proxy,
    comes,
    found,
    marked,
    prolific,
    session_of,
)  # fmt: skip
from support.rows import query
from support.tiny_studies import category_study
from support.walker import Walker, change, open_study, rows

from diptych import migrate, models
from diptych.authoring.folder import load_study
from diptych.cli import cli
from diptych.export.tables import export_study
from diptych.ground.database import Base, db, now_ms
from diptych.ground.settings import Settings
from diptych.privacy import retention, withdrawal
from diptych.settling import settle
from diptych.study.faults import StudyFault
from diptych.study.versions import study_id_of

DAY = 86_400_000


@pytest.fixture
def proxied(settings: Settings, studies_folder: Path) -> Flask:
    """A host behind one proxy: `tiny` has the rule, `tiny_2afc` has not."""
    return behind_a_proxy(settings, studies_folder)


# For how long it is kept ---------------------------------------------------------------------


def applied(app: Flask, **more: Any) -> retention.Applied:
    with app.app_context():
        return retention.apply(app.extensions["diptych"], **more)


def came(app: Flask, walker: Walker, at: int) -> Walker:
    change(app, models.Session, {"entered_at": at}, public_id=walker.public_id)
    return walker


def test_the_marks_of_a_day_go_together_and_findings_stay(proxied: Flask) -> None:
    first, second = comes(proxied, CAMPUS).finish(), comes(proxied, CAMPUS).finish()
    found(proxied, second)
    today = now_ms() // DAY * DAY
    # Seven days after the end of the day on which they came, and not before.
    came(proxied, first, today - 7 * DAY)
    came(proxied, second, today - 6 * DAY - 1)
    assert applied(proxied) == retention.Applied()
    came(proxied, first, today - 8 * DAY)
    came(proxied, second, today - 7 * DAY - 1)
    assert applied(proxied, dry=True) == retention.Applied(addresses=2)
    assert marked(proxied, first) is not None
    before = len(rows(proxied, models.Response))
    assert applied(proxied, most=500) == retention.Applied(addresses=2)
    assert marked(proxied, first) is marked(proxied, second) is None
    assert len(rows(proxied, models.Response)) == before > 0
    assert applied(proxied) == retention.Applied()
    (entry,) = rows(proxied, models.AuditEntry, action="retention.addresses")
    assert entry["detail"]["sessions"] == 2
    # What was counted is kept when it is judged anew, and held against the threshold again.
    with proxied.app_context():
        assert settle.resettle(proxied.extensions["diptych"], study_id_of("tiny")) == 0
    row = found(proxied, second)["max_same_address"]
    assert (row["value"], row["flagged"]) == (1, True)
    assert "before the marks were deleted" in row["evidence"]
    assert found(proxied, first)["max_same_address"]["value"] == 0


def test_a_session_that_never_ends_is_forgotten_too(proxied: Flask) -> None:
    lives, new = comes(proxied, CAMPUS), comes(proxied, CAMPUS)
    came(proxied, lives, now_ms() - 9 * DAY)
    assert applied(proxied) == retention.Applied(addresses=1)
    assert marked(proxied, lives) is None is not marked(proxied, new)


def test_a_study_says_how_long_and_the_shorter_holds(proxied: Flask, studies_folder: Path) -> None:
    def opened(days: float) -> None:
        changes = {**RULE, "privacy": {"address_hash_days": days}}
        category_study(studies_folder / "tiny", changes=changes)
        open_study(proxied, studies_folder / "tiny")

    opened(30)
    long, short = comes(proxied, CAMPUS), comes(proxied, CAMPUS)
    came(proxied, long, now_ms() - 20 * DAY)
    assert applied(proxied) == retention.Applied()
    opened(2)
    came(proxied, short, now_ms() - DAY)
    assert applied(proxied) == retention.Applied(addresses=1)
    assert marked(proxied, long) is None is not marked(proxied, short)


def test_versions_from_before_have_the_limit_all_the_same(proxied: Flask) -> None:
    walker = comes(proxied, CAMPUS)
    (version,) = [
        v
        for v in rows(proxied, models.StudyVersion)
        if v["spec"]["quality"]["max_same_address"] == 0
    ]
    change(
        proxied, models.StudyVersion, {"spec": {**version["spec"], "privacy": {}}}, id=version["id"]
    )
    came(proxied, walker, now_ms() - 9 * DAY)
    assert applied(proxied) == retention.Applied(addresses=1)


@pytest.mark.parametrize("days", [0, -1, 91])
def test_there_is_always_a_limit(studies_folder: Path, days: float) -> None:
    changes = {"privacy": {"address_hash_days": days}}
    with pytest.raises(StudyFault, match=r"privacy\.address_hash_days"):
        load_study(category_study(studies_folder / "tiny", changes=changes))


def test_it_goes_with_the_person(proxied: Flask) -> None:
    goes, stays = comes(proxied, CAMPUS), comes(proxied, CAMPUS)
    declines = at(proxied, CAMPUS).enter()
    assert marked(proxied, declines) is not None
    declines.take("consent", agreed=False)
    with proxied.app_context():
        person = withdrawal.by_name(goes.public_id)
        withdrawal.erase(proxied.extensions["diptych"], person)
    assert marked(proxied, declines) is marked(proxied, goes) is None
    assert marked(proxied, stays) is not None


def test_the_command_says_how_many(
    proxied: Flask, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DIPTYCH_DATABASE_URL", settings.database_url)
    monkeypatch.setenv("DIPTYCH_HOME", str(settings.home))
    monkeypatch.setenv("DIPTYCH_SECRET_KEY", settings.secret_key)
    walker = came(proxied, comes(proxied, CAMPUS), now_ms() - 9 * DAY)
    would = CliRunner().invoke(cli, ["retention", "--dry-run"])
    assert "marks of 1 addresses would be deleted" in would.output, would.output
    assert marked(proxied, walker) is not None
    assert "marks of 1 addresses deleted" in CliRunner().invoke(cli, ["retention"]).output
    assert marked(proxied, walker) is None


# Where it stands -----------------------------------------------------------------------------

#: Stands in for a mark: text that comes from nowhere else.
SEEN = "zqxjkv"


@pytest.fixture
def crowded(proxied: Flask) -> Flask:
    """Two people from one address, whose marks can be told from anything else."""
    for name in ("ada", "bob"):
        found(proxied, comes(proxied, CAMPUS, **prolific(name)).finish())
    change(proxied, models.Session, {"address_hash": SEEN})
    return proxied


def test_no_table_of_the_database_holds_an_address(crowded: Flask, settings: Settings) -> None:
    for name in Base.metadata.tables:
        assert CAMPUS not in repr(query(settings, f'SELECT * FROM "{name}"')), name


def test_exports_carry_none(crowded: Flask, tmp_path: Path) -> None:
    to, host = tmp_path / "out", crowded.extensions["diptych"]
    with crowded.app_context():
        export_study(host, "tiny", to, ["csv", "parquet"], with_ids=True)
    assert (to / "identities.csv").exists() and table_in(to, "sessions", "parquet").exists()
    for file in files_in(to).values():
        text = (
            repr(pd.read_parquet(file).to_dict()) if file.suffix == ".parquet" else file.read_text()
        )
        assert SEEN not in text and CAMPUS not in text and "address_hash" not in text, file.name
    assert "max_same_address" in table_in(to, "sessions").read_text(), "the finding is a flag"


def test_a_person_is_told_all_that_is_stored_of_them(crowded: Flask) -> None:
    session = rows(crowded, models.Session)[0]
    with crowded.app_context():
        whole = withdrawal.export(session["participant_id"])
    assert [told["address_hash"] for told in whole["sessions"]] == [SEEN]
    assert CAMPUS not in json.dumps(whole)


def test_no_page_and_no_download_shows_it(crowded: Flask) -> None:
    root = researcher(crowded, "admin")
    (one, two) = (row["public_id"] for row in rows(crowded, models.Session))
    shown = 0

    def filled(part: re.Match[str]) -> str:
        known = {"study": "tiny", "name": "tiny"}
        return known.get(
            part[1], two if "id" in part[1] or "session" in part[1] else "sessions.csv"
        )

    for rule in crowded.url_map.iter_rules():
        if "GET" not in rule.methods or not rule.rule.startswith("/dashboard"):
            continue
        where = re.sub(r"<(?:\w+:)?(\w+)>", filled, rule.rule)
        reply = root.client.get(where)
        if reply.status_code < 300:
            assert SEEN.encode() not in reply.data and CAMPUS.encode() not in reply.data, where
            shown += two.encode() in reply.data or one.encode() in reply.data
    assert shown >= 3, "the table, the session's page and the exports were among them"
    page = root.get(f"/studies/tiny/participants/{two}").text
    assert "Same address" in page and one in page and SEEN not in page


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_logs_have_neither(
    settings: Settings, studies_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    app = behind_a_proxy(settings, studies_folder, log="json")
    walker = comes(app, CAMPUS).finish()
    came(app, walker, now_ms() - 9 * DAY)
    mark = marked(app, walker)
    host = app.extensions["diptych"]
    host.retention_due = 0
    thread = retention.now_and_then(app, host)
    assert thread is not None
    thread.join()
    written = capsys.readouterr().err
    assert "/api/v1/sessions" in written
    assert CAMPUS not in written and f'"{mark}"' not in written


# The column ----------------------------------------------------------------------------------


def test_the_column_comes_and_goes(proxied: Flask, settings: Settings) -> None:
    def condition(index: Any) -> str:
        options = index.get("dialect_options", {})
        return str(next((v for k, v in options.items() if k.endswith("_where")), ""))

    def schema() -> list[Any]:
        engine = sa.create_engine(settings.sqlalchemy_url)
        found = sa.inspect(engine)
        told = [
            [(column["name"], str(column["type"])) for column in found.get_columns("sessions")],
            sorted(
                (str(index["name"]), index["column_names"], condition(index))
                for index in found.get_indexes("sessions")
            ),
            sorted(repr(key) for key in found.get_foreign_keys("sessions")),
        ]
        engine.dispose()
        return told

    walker = comes(proxied, CAMPUS).finish()
    url, key = settings.sqlalchemy_url, settings.key_of_identities()
    newest, session = schema(), session_of(proxied, walker)
    assert session["address_hash"] is not None
    with proxied.app_context():
        db.engine.dispose()  # connections that are open would know the columns of before
    migrate.downgrade(url, "0004", key)  # what came later has nothing to do with it
    with_it = schema()
    migrate.downgrade(url, "0003", key)
    without = schema()
    assert ("address_hash", "VARCHAR(6)") not in without[0]
    assert without[0] == [c for c in with_it[0] if c[0] != "address_hash"]
    assert without[1] == [index for index in with_it[1] if "address_hash" not in index[0]]
    assert without[2] == with_it[2]
    assert query(settings, "SELECT public_id FROM sessions") == [(walker.public_id,)]
    migrate.upgrade(url, "head", key)
    assert schema() == newest
    assert session_of(proxied, walker) == {**session, "address_hash": None}
