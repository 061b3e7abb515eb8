"""The table of sessions: in order, by page, narrowed, searched."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import combinations
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from support.dashboard import researcher, study_id
from support.walker import Walker, change, link, open_study, rows

from diptych import models
from diptych.domain.tables import LEDGER, ORDERS
from diptych.ground.database import insert_row, reading, table, writing
from diptych.overview.sessions import page as listing
from diptych.overview.sessions.query import SORTS, Wanted, WantedFault, read_wanted
from diptych.payments import ledger
from diptych.payments.ledger import NewOrder
from diptych.payments.order_state import STATES

pytestmark = pytest.mark.both_databases


@pytest.fixture
def opened(app: Flask, studies_folder: Path) -> int:
    """The tiny study, open; its version."""
    return open_study(app, studies_folder / "tiny")


@pytest.fixture
def walker(client: FlaskClient) -> Callable[..., Walker]:
    """Makes participants of the tiny study."""
    return lambda study="tiny": Walker(client, study)


def prolific(name: str) -> dict[str, str]:
    """The query with which somebody comes from Prolific."""
    return {"PROLIFIC_PID": name, "STUDY_ID": "study5f", "SESSION_ID": f"sub-{name}"}


def listed(page: Any) -> list[str]:
    """Public ids of the sessions on a page of the table, in order."""
    assert page.status_code == 200, page.text
    return re.findall(r'/participants/([0-9a-f]{32})"', page.text)


def made(app: Flask, count: int, kind: str = "person", study: str = "tiny") -> list[int]:
    """Completed sessions with results that repeat themselves, written past the host."""
    sessions, participants = table(models.Session), table(models.Participant)
    results = table(models.SessionResult)
    ids = []
    with app.app_context():
        study_row = study_id(study)
        with writing() as connection:
            version = connection.execute(
                table(models.StudyVersion)
                .select()
                .where(table(models.StudyVersion).c.study_id == study_row)
            ).first()
            assert version is not None
            for n in range(count):
                person = insert_row(
                    connection,
                    participants.insert().values(
                        public_id=f"{n:04x}{'a' if kind == 'person' else 'b'}" + "0" * 27,
                        kind=kind,
                        created_at=n,
                    ),
                )
                status = "running" if n % 7 == 6 else "completed"
                session = insert_row(
                    connection,
                    sessions.insert().values(
                        public_id=f"{n:04x}{'c' if kind == 'person' else 'd'}" + "1" * 27,
                        study_id=study_row,
                        version_id=version.id,
                        participant_id=person,
                        take=1,
                        kind=kind,
                        recruiter="direct" if n % 3 else "prolific",
                        condition="default",
                        seed=n,
                        status=status,
                        step="end",
                        browser={},
                        entered_at=1_700_000_000_000 + n // 2,
                        last_seen_at=1_700_000_000_000 + n,
                    ),
                )
                ids.append(session)
                if status == "completed":
                    connection.execute(
                        results.insert().values(
                            session_id=session,
                            study_id=study_row,
                            kind=kind,
                            status=status,
                            score=None if n % 5 == 4 else (n % 4) / 3,
                            duration_ms=float(n % 6) * 1000.1,
                            median_rt_ms=float((n * 7) % 11) + 0.1,
                            n_flags=n % 3,
                            excluded=n % 9 == 0,
                            counted="all",
                            computed_at=0,
                        )
                    )
    return ids


def slowly(app: Flask, wanted: Wanted) -> list[int]:
    """The order of the whole table, worked out in Python from every row."""
    results = {row["session_id"]: row for row in rows(app, models.SessionResult)}
    column = SORTS[wanted.sort]
    sign = 1 if wanted.is_ascending else -1

    def value(session: dict[str, Any]) -> Any:
        if wanted.sort == "entered":
            return session["entered_at"]
        return results.get(session["id"], {}).get(column)

    sessions = [row for row in rows(app, models.Session) if row["kind"] == wanted.who]
    if wanted.status:
        sessions = [row for row in sessions if row["status"] == wanted.status]
    if wanted.flagged:
        sessions = [
            row
            for row in sessions
            if (results.get(row["id"], {}).get("n_flags", 0) > 0) == (wanted.flagged == "yes")
        ]
    if wanted.excluded:
        sessions = [
            row
            for row in sessions
            if results.get(row["id"], {}).get("excluded", False) == (wanted.excluded == "yes")
        ]
    valued = [row for row in sessions if value(row) is not None]
    without = [row for row in sessions if value(row) is None]
    valued.sort(key=lambda row: (sign * value(row), sign * row["id"]))
    without.sort(key=lambda row: -row["id"])
    return [row["id"] for row in valued + without]


def through(app: Flask, wanted: Wanted, size: int) -> tuple[list[list[int]], list[list[int]]]:
    """All pages there, and all pages back again."""
    forth: list[list[int]] = []
    back: list[list[int]] = []
    with app.app_context():
        study_row = study_id("tiny")
        with reading() as connection:
            shown = listing.page(connection, study_row, wanted, size=size)
            assert shown.before is None, "nothing stands before the first page"
            forth.append(list(shown.ids))
            while shown.after is not None:
                key = listing.read_bound(str(shown.after))
                shown = listing.page(connection, study_row, wanted, after=key, size=size)
                forth.append(list(shown.ids))
            back.append(list(shown.ids))
            while shown.before is not None:
                key = listing.read_bound(str(shown.before))
                shown = listing.page(connection, study_row, wanted, before=key, size=size)
                back.append(list(shown.ids))
    return forth, back


@pytest.mark.parametrize("sort", list(SORTS))
@pytest.mark.parametrize("order", ["asc", "desc"])
def test_pages_hold_every_session_once_in_order(
    app: Flask, opened: int, sort: str, order: str
) -> None:
    """Against the order worked out in Python: equal values, missing values, both directions."""
    made(app, 61)
    for wanted in (
        Wanted(sort=sort, order=order),
        Wanted(sort=sort, order=order, status="completed", flagged="no"),
        Wanted(sort=sort, order=order, excluded="no", flagged="yes"),
    ):
        forth, back = through(app, wanted, size=7)
        whole = [id_ for page in forth for id_ in page]
        assert whole == slowly(app, wanted)
        assert all(len(page) == 7 for page in forth[:-1])
        assert [id_ for page in reversed(back) for id_ in page][-len(whole) :] == whole


def test_sessions_are_found_by_the_rule_that_flags_them(app: Flask, opened: int) -> None:
    ids = made(app, 12)
    findings = table(models.QualityResult)
    speaks = [id_ for n, id_ in enumerate(ids) if n % 3 and n % 7 != 6]  # those with flags
    with app.app_context(), writing() as connection:
        for number, session in enumerate(speaks):
            for rule, flagged in (
                ("min_catch_accuracy", number % 2 == 0),
                ("max_focus_losses", True),
            ):
                row = {"session_id": session, "study_id": study_id("tiny"), "kind": "person",
                       "rule": rule, "flagged": flagged, "auto": False,
                       "value": 1.0, "threshold": 0.0, "evidence": "so it was"}  # fmt: skip
                connection.execute(findings.insert().values(row))
    with app.app_context(), reading() as connection:
        this = study_id("tiny")
        found = listing.matching(connection, this, Wanted(rule="min_catch_accuracy"), 99)
        assert found == speaks[::2]
        assert listing.matching(connection, this, Wanted(rule="max_focus_losses"), 99) == speaks
        sorted_too = listing.page(
            connection, this, Wanted(rule="max_focus_losses", sort="score", order="asc"), size=99
        )
        assert sorted(sorted_too.ids) == speaks
    viewer = researcher(app, "viewer")
    page = viewer.get("/studies/tiny/participants?rule=min_catch_accuracy")
    assert len(listed(page)) == len(speaks[::2])


def test_a_page_that_is_exactly_full_has_no_next(app: Flask, opened: int) -> None:
    made(app, 14)
    for sort in SORTS:
        forth, _ = through(app, Wanted(sort=sort), size=7)
        assert [len(page) for page in forth] == [7, 7]


def test_sessions_that_arrive_meanwhile_shift_no_page(app: Flask, opened: int) -> None:
    made(app, 20)
    with app.app_context(), reading() as connection:
        first = listing.page(connection, study_id("tiny"), Wanted(), size=10)
    change(app, models.Session, {"entered_at": 1_800_000_000_000}, id=first.ids[-1])
    with app.app_context(), reading() as connection:
        second = listing.page(connection, study_id("tiny"), Wanted(), after=first.after, size=10)
    assert not set(first.ids) & set(second.ids)
    assert len(second.ids) == 10


def test_counting_stops(app: Flask, opened: int) -> None:
    made(app, 30)
    with app.app_context(), reading() as connection:
        this = study_id("tiny")
        assert listing.count(connection, this, Wanted(), 10) == 11
        assert listing.count(connection, this, Wanted(), 30) == 30
        assert len(listing.matching(connection, this, Wanted(), 12)) == 12
    page = researcher(app, "viewer").get("/studies/tiny/participants")
    assert "25 shown of 30" in page.text


TEXT = st.characters(exclude_characters="\0", exclude_categories=("Cs",))


@given(
    st.builds(
        Wanted,
        who=st.sampled_from(("person", "simulated", "machine")),
        search=st.text(TEXT, max_size=20).map(str.strip),
        status=st.sampled_from(("", "completed", "running")),
        condition=st.text(TEXT, max_size=10).map(str.strip),
        sort=st.sampled_from(sorted(SORTS)),
        order=st.sampled_from(("asc", "desc")),
    )
)
def test_an_address_says_what_is_wanted(wanted: Wanted) -> None:
    assert read_wanted(dict(parse_qsl(wanted.query()))) == wanted


@given(
    st.one_of(st.none(), st.floats(allow_nan=False, allow_infinity=False), st.integers(0, 10**15)),
    st.integers(0, 10**12),
)
def test_a_place_in_the_table_travels_exactly(value: float | None, session: int) -> None:
    bound = listing.Bound(value, session)
    assert listing.read_bound(str(bound)) == bound


def test_wrong_addresses_are_refused_in_words(app: Flask, opened: int) -> None:
    viewer = researcher(app, "viewer")
    wrong = viewer.get("/studies/tiny/participants?status=asleep")
    assert wrong.status_code == 400
    assert "status" in wrong.text and "completed" in wrong.text
    assert viewer.get("/studies/tiny/participants?sort=password").status_code == 400
    page = viewer.get("/studies/tiny/participants?after=nowhere")
    assert "is no place in the table" in page.text
    page = viewer.get("/studies/tiny/participants?search=ab")
    assert "at least 3 characters" in page.text
    with pytest.raises(WantedFault):
        read_wanted({"flagged": "maybe"})


def test_people_simulated_and_machines_never_mix(
    app: Flask, opened: int, walker: Callable[..., Walker]
) -> None:
    person = walker().start()
    simulated = walker().start(**link(app, "simulate", "tiny"))
    machine = walker().start(**link(app, "machine", "tiny"), participant="resnet50")
    walker().start(**link(app, "preview", "tiny"))
    viewer = researcher(app, "viewer")
    assert listed(viewer.get("/studies/tiny/participants")) == [person.public_id]
    page = viewer.get("/studies/tiny/participants?who=simulated")
    assert listed(page) == [simulated.public_id]
    assert "badge-odd" in page.text and "simulated</span>" in page.text
    page = viewer.get("/studies/tiny/participants?who=machine&search=resn")
    assert listed(page) == [machine.public_id]
    assert "resnet50" in page.text


def test_refusals_are_not_listed(app: Flask, opened: int, walker: Callable[..., Walker]) -> None:
    gone = walker().enter().take("consent", agreed=False)
    viewer = researcher(app, "viewer")
    assert "No participants yet" in viewer.get("/studies/tiny/participants").text
    page = viewer.get(f"/studies/tiny/participants/{gone.public_id}")
    assert page.status_code == 200 and "declined: no data kept" in page.text


def test_a_search_finds_beginnings_and_whole_platform_ids(
    app: Flask, opened: int, walker: Callable[..., Walker]
) -> None:
    ada, bob = walker().start(**prolific("ada1")), walker().start(**prolific("bob2"))
    editor, viewer = researcher(app, "editor"), researcher(app, "viewer")
    pseudonym = rows(app, models.Participant)[0]["public_id"]
    for found in (ada.public_id[:9], ada.public_id.upper(), pseudonym[:6]):
        assert listed(viewer.get(f"/studies/tiny/participants?search={found}")) == [ada.public_id]
    assert listed(editor.get("/studies/tiny/participants?search=bob2")) == [bob.public_id]
    assert listed(editor.get("/studies/tiny/participants?search=bob")) == [], (
        "not a beginning of it"
    )
    assert listed(viewer.get("/studies/tiny/participants?search=bob2")) == [], "not for viewers"


def test_htmx_gets_the_table_alone(app: Flask, opened: int) -> None:
    made(app, 3)
    viewer = researcher(app, "viewer")
    part = viewer.get(
        "/studies/tiny/participants?search=&status=completed&sort=score",
        headers={"HX-Request": "true", "HX-Target": "sessions"},
    )
    assert "<html" not in part.text and 'id="sessions"' in part.text
    assert part.headers["HX-Push-Url"].endswith("/participants?status=completed&sort=score")
    back = viewer.get(
        "/studies/tiny/participants",
        headers={"HX-Target": "sessions", "HX-History-Restore-Request": "true"},
    )
    assert "<html" in back.text


def test_sessions_are_found_by_the_state_of_their_orders(app: Flask, opened: int) -> None:
    """Every set of lines that an order can have; `test_ledger` says which state each comes to."""
    sessions = made(app, 2)
    states = ("intended", "sent", "named", "failed", "confirmed")
    sets = [("intended", *more) for n in range(5) for more in combinations(states[1:], n)]
    sets = [each for each in sets if "named" not in each or "sent" in each]  # sent before named
    with app.app_context():
        this = study_id("tiny")
        for number, lines in enumerate(sets):
            name = f"order{number}"
            order = NewOrder(this, sessions[0], name, 1, "prolific", "bonus", 1, "GBP")
            with writing() as connection:
                for state in lines:
                    ledger.write(connection, state, [order], None)
                (entry,) = ledger.entries(connection, [order.key]).values()
                for state in STATES:
                    found = listing.matching(connection, this, Wanted(payment=state), 9)
                    assert found == ([sessions[0]] if state == entry.state else []), lines
                assert listing.matching(connection, this, Wanted(payment="none"), 9) == sessions[1:]
                for table_ in (LEDGER, ORDERS):
                    connection.execute(table_.delete())


def test_pages_are_found_by_indices(app: Flask, opened: int, database_kind: str) -> None:
    """No page sorts the whole table: the plan of SQLite says so (PostgreSQL's depends on sizes)."""
    if database_kind != "sqlite":
        pytest.skip("the planner of PostgreSQL reads a table of this size whole, whatever there is")
    made(app, 40)
    with app.app_context(), reading() as connection:
        this = study_id("tiny")
        for sort in SORTS:
            segment = listing.segments(this, Wanted(sort=sort), see_ids=True)[0]
            bound = listing.Bound(1, 1)
            for place in (None, bound):
                statement = segment.rows(Wanted(sort=sort), place, 50, backwards=False)
                sql = statement.compile(connection, compile_kwargs={"literal_binds": True})
                plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}").all()
                assert not any("TEMP B-TREE" in row.detail for row in plan), (sort, plan)
                assert any("INDEX" in row.detail for row in plan), (sort, plan)
