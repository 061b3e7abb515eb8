"""Withdrawal: everything about a person goes, counts stay right, the ledger stays lawful."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import insert
from support.dashboard import researcher, study_id
from support.exports import files_in
from support.properties import costly
from support.recount import recount, tallied
from support.tiny_studies import category_study
from support.walker import Walker, at_once, change, error_code, open_study, rows

from diptych import models
from diptych.accounts import audit
from diptych.cli import cli
from diptych.export.tables import export_study
from diptych.ground.database import Base, now_ms, reading, writing
from diptych.ground.settings import Settings
from diptych.overview import live
from diptych.payments import ledger, running_totals
from diptych.payments.ledger import NewOrder
from diptych.privacy import withdrawal
from diptych.quality import crowd
from diptych.settling import corrections, settle

pytestmark = pytest.mark.both_databases

DAY = 86_400_000
OF_SESSIONS = (
    models.Response, models.Trial, models.Event, models.Arrival,
    models.SessionResult, models.QualityResult,
)  # fmt: skip


@pytest.fixture
def tiny(app: Flask, studies_folder: Path) -> Flask:
    """Both tiny studies, open."""
    for name in ("tiny", "tiny_2afc"):
        open_study(app, studies_folder / name)
    return app


def prolific(name: str) -> dict[str, str]:
    return {"PROLIFIC_PID": name, "STUDY_ID": "a" * 24, "SESSION_ID": f"sub-{name}"}


def comes(app: Flask, name: str, study: str = "tiny") -> Walker:
    """Somebody from Prolific, at the first trial."""
    return Walker(app.test_client(), study).start(**prolific(name))


def session_of(app: Flask, walker: Walker) -> dict[str, Any]:
    (found,) = rows(app, models.Session, public_id=walker.public_id)
    return found


def erase(app: Flask, walker: Walker, study: str | None = None) -> withdrawal.Erased:
    with app.app_context():
        person = withdrawal.by_name(walker.public_id)
        only = None if study is None else study_id(study)
        return withdrawal.erase(app.extensions["diptych"], person, None, only)


def assert_counted(app: Flask, *studies: str) -> None:
    for study in studies:
        counted = {key: tally for key, tally in tallied(app, study).items() if key[0] != "ledger"}
        assert counted == recount(app, study)


def assert_empty(app: Flask, session: dict[str, Any]) -> None:
    """Nothing of a person is left in what was their session."""
    (shell,) = rows(app, models.Session, id=session["id"])
    assert (shell["status"], shell["step"]) == ("withdrawn", "end")
    assert shell["participant_id"] is shell["condition"] is shell["feedback_text"] is None
    assert (shell["browser"], shell["seed"], shell["n_responses"]) == ({}, 0, 0)
    times = [v for k, v in shell.items() if k.endswith("_at") and v is not None]
    assert times and not any(at % DAY for at in times)
    for model in OF_SESSIONS:
        assert rows(app, model, session_id=session["id"]) == []
    assert rows(app, models.Participant, id=session["participant_id"]) == []
    assert rows(app, models.Identity, participant_id=session["participant_id"]) == []


def decided(app: Flask, session: dict[str, Any], states: tuple[str, ...]) -> None:
    """An approval, with a message, whose order came so far."""
    number, study = session["id"], session["study_id"]
    order = NewOrder(study, number, f"key{number}", 1, "prolific", "approve", 180, "GBP")
    with app.app_context(), writing() as connection:
        connection.execute(
            insert(models.Decision).values(
                session_id=session["id"], study_id=session["study_id"], action="approve",
                at=now_ms(), actor="ada", message="Thank you, dear worker", detail={},
            )
        )  # fmt: skip
        for state in states:
            ledger.write(connection, state, [order], None)


def test_everything_about_the_person_goes_and_the_ledger_stays(tiny: Flask) -> None:
    stays, goes = comes(tiny, "stays").finish(), comes(tiny, "goes").finish()
    session = session_of(tiny, goes)
    decided(tiny, session, ("intended", "sent", "confirmed"))
    others = {m: rows(tiny, m, session_id=session_of(tiny, stays)["id"]) for m in OF_SESSIONS}
    answers = len(rows(tiny, models.Response, session_id=session["id"]))
    gone = erase(tiny, goes)
    assert gone == withdrawal.Erased(1, answers) and answers > 0
    assert_empty(tiny, session)
    assert_counted(tiny, "tiny")
    for model, before in others.items():
        assert rows(tiny, model, session_id=session_of(tiny, stays)["id"]) == before
    (decision,) = rows(tiny, models.Decision, session_id=session["id"])
    assert (decision["action"], decision["message"]) == ("approve", None)
    states = [row["state"] for row in rows(tiny, models.LedgerEntry, session_id=session["id"])]
    assert states == ["intended", "sent", "confirmed"]
    with tiny.app_context(), reading() as connection:
        assert (
            running_totals.totals(connection, session["study_id"])["GBP"]["confirmed"].amount == 180
        )
        found = [e for e in audit.read().entries if e.action == "participant.erase"]
        funnel = live.live_view(tiny.extensions["diptych"], session["study_id"])
    assert [entry.subject for entry in found] == [session["public_id"]]
    assert "goes" not in json.dumps([entry.detail for entry in found])
    assert dict(funnel.ends) == {"withdrawn": 1} and funnel.stages[0].reached == 2
    # Counted anew from nothing, it comes to the same.
    before = tallied(tiny, "tiny")
    with tiny.app_context():
        assert settle.resettle(tiny.extensions["diptych"], session["study_id"]) == 0
    assert tallied(tiny, "tiny") == before


def summary(study: int) -> dict[str, Any]:
    """What the crowd's answers came to, as the page shows it."""
    with reading() as connection:
        found: dict[str, Any] = crowd.stored(connection, study, "person").data
    return found


def everywhere(app: Flask, *words: str) -> set[tuple[str, str]]:
    """Tables and columns in whose rows one of the words stands."""
    with app.app_context(), reading() as connection:
        return {
            (each.name, column)
            for each in Base.metadata.sorted_tables
            for row in connection.execute(each.select()).mappings()
            for column, value in row.items()
            if any(word in json.dumps(value, default=str) for word in words)
        }


def test_no_finding_or_summary_of_others_names_who_is_erased(
    app: Flask, studies_folder: Path
) -> None:
    """After every kind of judging: every column of every table is searched."""
    rules = {"max_lookalikes": 0, "max_repeats": 0, "min_crowd_accuracy": 0.9}
    folder = category_study(
        studies_folder / "tiny", per_class=1, training=0, test=3, changes={"quality": rules}
    )
    open_study(app, folder)
    host = app.extensions["diptych"]
    walkers = [comes(app, name).finish() for name in ("goes", "b", "c", "d")]
    goes, number = walkers[0], session_of(app, walkers[0])["study_id"]
    change(app, models.Session, {"browser": {"user_agent": "the same", "width": 1280}})
    with app.app_context():
        crowd.work_out(host, number)
        assert settle.resettle(host, number) == 0
        before = summary(number)
    pseudonym = rows(app, models.Participant, id=session_of(app, goes)["participant_id"])
    words = (goes.public_id, pseudonym[0]["public_id"], "sub-goes")
    assert {("quality_results", "evidence"), ("analysis_results", "data")} <= everywhere(
        app, *words
    )
    erase(app, goes)
    # The shell is known by its id, and so is what was decided and audited about it.
    assert everywhere(app, *words) <= {("sessions", "public_id"), ("audit_log", "subject")}
    with app.app_context():
        after = summary(number)
    assert (before["sessions"], after["sessions"]) == (4, 3)
    assert sum(after["histogram"]) == 3 and len(after["lowest"]) == 3
    values = [row["value"] for row in rows(app, models.QualityResult, rule="min_crowd_accuracy")]
    assert after["mean"] == pytest.approx(sum(values) / 3)
    evidence = [row["evidence"] for row in rows(app, models.QualityResult, rule="max_lookalikes")]
    assert any("erased" in words for words in evidence)
    for walker in walkers[1:]:
        erase(app, walker)
    assert rows(app, models.AnalysisResult) == []


def test_tables_leave_shells_out_and_say_how_many(tiny: Flask, tmp_path: Path) -> None:
    comes(tiny, "stays").finish()
    goes = comes(tiny, "goes").finish()
    erase(tiny, goes)
    with tiny.app_context():
        counts = export_study(tiny.extensions["diptych"], "tiny", tmp_path / "out", ["csv"])
    assert (counts["sessions"], counts["declined"], counts["withdrawn"]) == (1, 0, 1)
    for file in files_in(tmp_path / "out").values():
        assert goes.public_id not in file.read_text()
    description = json.loads((tmp_path / "out" / "dataset_description.json").read_text())
    assert "Declined consent: 0. Withdrawn: 1." in description["description"]


def test_a_session_under_way_ends_politely(tiny: Flask) -> None:
    walker = comes(tiny, "goes")
    walker.answer()
    index, session = walker.trial["index"], session_of(tiny, walker)
    erase(tiny, walker)
    reply = walker.post(index, {"ranking": walker.trial["show"]["classes"][:1]})
    assert (reply.status_code, error_code(reply)) == (409, "ended")
    event = {"kind": "blur", "at_ms": 1.0, "trial_index": 0, "detail": None}
    assert walker.api("POST", "/events", {"events": [event]}).status_code == 204
    walker.load()
    assert walker.step_name == "end"
    assert walker.state["content"]["outcome"] == "withdrawn"
    assert walker.state["content"]["exit"] is None
    assert walker.api("GET", "/session/images").json == {"images": []}
    assert walker.step("debrief").json["step"] == "end"
    assert_empty(tiny, session)
    assert_counted(tiny, "tiny")
    # Whoever comes again under the same id is somebody new: nothing tells who it was.
    again = Walker(tiny.test_client()).enter(**prolific("goes"))
    assert again.public_id != walker.public_id


def test_answering_and_erasing_at_once_leaves_nothing(tiny: Flask) -> None:
    for number in range(4):
        walker = comes(tiny, f"goes{number}")
        session = session_of(tiny, walker)
        answer = {"ranking": walker.trial["show"]["classes"][: walker.trial["show"]["rank"]]}
        replies = at_once([lambda: walker.post(0, answer), lambda: erase(tiny, walker)])  # noqa: B023
        assert replies[0].status_code in (200, 409)
        assert_empty(tiny, session)
    assert_counted(tiny, "tiny")


def test_an_order_under_way_keeps_the_person_until_it_is_settled(tiny: Flask) -> None:
    walker = comes(tiny, "goes").finish()
    session = session_of(tiny, walker)
    decided(tiny, session, ("intended",))
    before = {model: rows(tiny, model, session_id=session["id"]) for model in OF_SESSIONS}
    with pytest.raises(withdrawal.WithdrawalFault, match="is waiting or in doubt"):
        erase(tiny, walker)
    assert session_of(tiny, walker) == session
    assert before == {model: rows(tiny, model, session_id=session["id"]) for model in OF_SESSIONS}
    with tiny.app_context(), writing() as connection:
        orders = ledger.of_sessions(connection, [session["id"]])
        ledger.write(connection, "failed", orders, None)
    erase(tiny, walker)
    assert_empty(tiny, session)


def test_of_one_study_only_the_person_stays_known_to_the_others(tiny: Flask) -> None:
    here, there = comes(tiny, "both").finish(), comes(tiny, "both", "tiny_2afc")
    person = session_of(tiny, here)["participant_id"]
    erase(tiny, here, "tiny")
    assert session_of(tiny, here)["participant_id"] is None
    assert session_of(tiny, there)["participant_id"] == person
    assert len(rows(tiny, models.Identity, participant_id=person)) == 1
    erase(tiny, there)
    assert_empty(tiny, session_of(tiny, there) | {"participant_id": person})
    assert_counted(tiny, "tiny", "tiny_2afc")


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["leaves", "finishes", "declines", "enters"]),
            st.sampled_from(["stays", "erased", "excluded", "excluded, erased", "settled late"]),
        ),
        min_size=1,
        max_size=6,
    )
)
@costly()
def test_counts_are_a_recount_whatever_is_erased(
    tiny: Flask, course: list[tuple[str, str]]
) -> None:
    app, host = tiny, tiny.extensions["diptych"]
    settling = host.when_ended
    for does, fate in course:
        host.when_ended = (lambda session_id: None) if fate == "settled late" else settling
        walker = Walker(app.test_client()).enter()
        if does == "declines":
            walker.take("consent", agreed=False)
            continue
        if does != "enters":
            walker.take("consent", agreed=True).take("instructions", read_ms=9000).answer()
        if does == "finishes":
            walker.finish()
            if "excluded" in fate:
                number = session_of(app, walker)["id"]
                with app.app_context(), writing() as connection:
                    connection.execute(
                        insert(models.Decision).values(
                            session_id=number, study_id=study_id("tiny"), action="exclude",
                            at=now_ms(), actor="ada", detail={},
                        )
                    )  # fmt: skip
                    corrections.set_excluded(host, number, True, connection)
        if "erased" in fate or fate == "settled late":
            erase(app, walker)
    host.when_ended = settling
    with app.app_context():
        settle.catch_up(host, study_id("tiny"))
    assert_counted(app, "tiny")


@pytest.fixture
def command(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Runs `diptych …` on the test's database."""
    monkeypatch.setenv("DIPTYCH_DATABASE_URL", settings.database_url)
    monkeypatch.setenv("DIPTYCH_HOME", str(settings.home))
    monkeypatch.setenv("DIPTYCH_SECRET_KEY", settings.secret_key)
    return lambda *arguments, **more: CliRunner().invoke(cli, [str(a) for a in arguments], **more)


def test_export_writes_every_row_and_erase_asks(tiny: Flask, command: Any, tmp_path: Path) -> None:
    walker = comes(tiny, "goes").finish()
    session = session_of(tiny, walker)
    (person,) = rows(tiny, models.Participant, id=session["participant_id"])
    to = tmp_path / "person.json"
    done = command("participant", "export", "--platform-id", "prolific:goes", "--to", to)
    assert done.exit_code == 0, done.output
    assert to.stat().st_mode & 0o777 == 0o600
    whole = json.loads(to.read_text())
    assert whole["identities"] == [{"recruiter": "prolific", "external_id": "goes"}]
    assert whole["participant"]["pseudonym"] == person["public_id"]
    (told,) = whole["sessions"]
    assert told["public_id"] == session["public_id"] and "Consent" in told["consent_text"]
    for model, key in (
        (models.Response, "responses"), (models.Trial, "trials"), (models.Event, "events"),
        (models.Arrival, "arrivals"), (models.SessionResult, "results"),
    ):  # fmt: skip
        assert len(told[key]) == len(rows(tiny, model, session_id=session["id"])), key
    assert told["arrivals"][0]["parameters"]["SESSION_ID"] == "sub-goes"
    assert told["feedback_text"] == session["feedback_text"]
    again = command("participant", "export", person["public_id"], "--to", to)
    assert again.exit_code == 1 and "already exists" in again.output
    asked = command("participant", "erase", walker.public_id, input="n\n")
    assert asked.exit_code == 1 and session_of(tiny, walker) == session
    done = command("participant", "erase", person["public_id"], "--yes")
    assert done.exit_code == 0 and "Deleted: 1 session with" in done.output
    assert_empty(tiny, session)
    nobody = command("participant", "erase", "--platform-id", "prolific:goes", "--yes")
    assert nobody.exit_code == 1 and "no participant from prolific" in nobody.output
    shell = command("participant", "erase", walker.public_id, "--yes")
    assert shell.exit_code == 1 and "is withdrawn: the host stores nothing about" in shell.output
    assert command("participant", "erase").exit_code == 2


def test_an_owner_erases_on_the_page_of_the_session(tiny: Flask) -> None:
    walker, other = comes(tiny, "goes").finish(), comes(tiny, "goes", "tiny_2afc")
    session, there = session_of(tiny, walker), session_of(tiny, other)
    page = f"/studies/tiny/participants/{walker.public_id}"
    owner, editor = researcher(tiny, "owner"), researcher(tiny, "editor")
    assert "Erase now" in owner.get(page).text and "Erase now" not in editor.get(page).text
    assert editor.post(f"{page}/erase").status_code == 403
    assert session_of(tiny, walker) == session
    reply = owner.post(f"{page}/erase", follow_redirects=True)
    assert "Deleted: 1 session with" in reply.text and walker.public_id not in reply.text
    assert session_of(tiny, walker)["status"] == "withdrawn"
    # Of a study that is somebody else's, nothing.
    assert session_of(tiny, other) == there
    assert "withdrawn: no data kept" in owner.get(page).text
    assert "1 withdrew" in owner.get("/studies/tiny").text
    assert "no longer stores data" in owner.post(f"{page}/erase", follow_redirects=True).text
    (entry,) = rows(tiny, models.AuditEntry, action="participant.erase")
    assert (entry["actor"], entry["subject"]) == ("owner", walker.public_id)
    tables = (models.Response, models.Trial, models.Arrival)
    assert all(rows(tiny, model, session_id=session["id"]) == [] for model in tables)
    assert len(rows(tiny, models.Identity)) == 1
