"""Answers: stored once, acknowledged as stored, never overwritten; on both databases."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from hypothesis import Phase
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from support.properties import costly
from support.tiny_studies import CLASSES, category_study, two_afc_study
from support.walker import (
    TIMING,
    Walker,
    answer_body,
    at_once,
    change,
    error_code,
    open_study,
    rows,
)
from werkzeug.test import TestResponse

from diptych.app import create_app
from diptych.ground.settings import Settings
from diptych.models import Event, Response, Session, Trial

pytestmark = pytest.mark.both_databases


@pytest.fixture
def tiny(app: Flask, tmp_path: Path) -> Flask:
    """The host with `tiny` open: three training trials with feedback, one test trial."""
    open_study(app, category_study(tmp_path / "studies/tiny", per_class=3, training=3, test=1))
    return app


@pytest.fixture
def walker(tiny: Flask) -> Walker:
    """Somebody at the first trial of `tiny`."""
    return Walker(tiny.test_client()).start()


def ranking(*names: str) -> dict[str, Any]:
    """An answer to a trial of `tiny`."""
    return {"ranking": list(names)}


def session_row(app: Flask, walker: Walker) -> dict[str, Any]:
    return rows(app, Session, public_id=walker.public_id)[0]


def test_answers_in_order_are_stored_and_the_session_completes(tiny: Flask, walker: Walker) -> None:
    told = []
    for index in range(4):
        assert walker.trial["index"] == index
        assert walker.state["progress"] == {"done": index, "of": 4}
        told.append(walker.answer(ranking(CLASSES[index % 3], CLASSES[(index + 1) % 3])))
    assert walker.step_name == "debrief"
    assert walker.state["session"]["status"] == "completed"
    stored = rows(tiny, Response)
    assert [row["trial_index"] for row in stored] == [0, 1, 2, 3]
    assert [row["answer"]["ranking"][0] for row in stored] == ["Agara", "Bari", "Cooka", "Agara"]
    assert [row["rt_ms"] for row in stored] == [640.5] * 4
    assert [bool(row["correct"]) for row in stored[:3]] == [
        reply["feedback"]["correct"] for reply in told[:3]
    ]
    assert told[3]["feedback"] is None
    for row in stored:
        assert row["presented_at"] <= row["received_at"]


def test_the_same_answer_again_gets_the_same_reply_byte_for_byte(
    tiny: Flask, walker: Walker
) -> None:
    for _ in range(4):
        index = walker.trial["index"]
        response = ranking("Bari", "Agara")
        first = walker.post(index, response)
        again = walker.post(index, response)
        third = walker.post(index, response, timing={**TIMING, "rt_ms": 1.0})
        assert first.status_code == again.status_code == third.status_code == 200
        assert first.data == again.data == third.data
        walker.state = first.json["next"]
    assert len(rows(tiny, Response)) == 4
    assert {row["rt_ms"] for row in rows(tiny, Response)} == {640.5}


def test_events_of_a_repeated_answer_are_stored_once(tiny: Flask, walker: Walker) -> None:
    event = {"kind": "blur", "at_ms": 12.5, "trial_index": 0, "detail": None}
    first = walker.post(0, ranking("Bari", "Agara"), events=[event])
    again = walker.post(0, ranking("Bari", "Agara"), events=[event])
    assert first.data == again.data
    assert [row["kind"] for row in rows(tiny, Event)] == ["blur"]


def test_an_old_answer_again_tells_its_feedback_and_where_the_session_is_now(
    walker: Walker,
) -> None:
    first = walker.answer(ranking("Bari", "Agara"))
    walker.answer(ranking("Bari", "Cooka"))
    late = walker.post(0, ranking("Bari", "Agara"))
    assert late.json["feedback"] == first["feedback"]
    assert late.json["next"] == walker.state


def test_a_different_second_answer_is_refused_and_the_first_stands(
    tiny: Flask, walker: Walker
) -> None:
    walker.answer(ranking("Bari", "Agara"))
    for other in (ranking("Agara", "Bari"), ranking("Bari", "Cooka")):
        refused = walker.post(0, other)
        assert (refused.status_code, error_code(refused)) == (409, "already_answered")
    assert [row["answer"] for row in rows(tiny, Response)] == [ranking("Bari", "Agara")]
    assert session_row(tiny, walker)["position"] == 1


def test_an_answer_out_of_order_is_refused(tiny: Flask, walker: Walker) -> None:
    for index in (1, 3, 4, 99, 2**31, 2**63, 10**30):
        refused = walker.post(index, ranking("Bari", "Agara"))
        assert (refused.status_code, error_code(refused)) == (409, "out_of_order")
    assert rows(tiny, Response) == []


def test_the_end_is_told_once_after_the_last_answer(tiny: Flask, walker: Walker) -> None:
    """Not before, and not again when that answer comes again."""
    told: list[int] = []
    tiny.extensions["diptych"].when_ended = told.append
    for index in range(4):
        assert told == []
        walker.answer(ranking("Bari", "Agara"))
        if index < 3:
            walker.post(index, ranking("Bari", "Agara"))
    assert told == [session_row(tiny, walker)["id"]]
    walker.post(3, ranking("Bari", "Agara"))
    assert told == [session_row(tiny, walker)["id"]]


def test_times_of_nothing_are_stored(tiny: Flask, walker: Walker) -> None:
    """A clock may say 0, and less than a millisecond."""
    for index, ms in enumerate((0.0, 0.25)):
        timing = dict.fromkeys(TIMING, ms)
        assert walker.post(index, ranking("Bari", "Agara"), timing=timing).status_code == 200
    assert [row["rt_ms"] for row in rows(tiny, Response)] == [0.0, 0.25]


def test_answers_after_the_end(tiny: Flask, walker: Walker) -> None:
    walker.finish(lambda trial: ranking("Bari", "Agara"))
    assert walker.step_name == "end"
    same, other = walker.post(3, ranking("Bari", "Agara")), walker.post(3, ranking("Agara", "Bari"))
    beyond = walker.post(4, ranking("Bari", "Agara"))
    assert same.status_code == 200
    assert same.json["next"]["step"] == "end"
    assert error_code(other) == "already_answered"
    assert error_code(beyond) == "ended"
    assert len(rows(tiny, Response)) == 4


def test_before_consent_nothing_can_be_answered(tiny: Flask) -> None:
    early = Walker(tiny.test_client()).enter()
    assert early.post(0, ranking("Bari", "Agara")).status_code == 409
    early.take("consent", agreed=True)
    refused = early.post(0, ranking("Bari", "Agara"))
    assert (refused.status_code, error_code(refused)) == (409, "wrong_step")
    assert rows(tiny, Response) == []


def test_another_persons_token_answers_the_other_persons_trial(tiny: Flask, walker: Walker) -> None:
    other = Walker(tiny.test_client()).start()
    assert walker.token != other.token
    other.post(0, ranking("Cooka", "Bari"))
    assert session_row(tiny, walker)["position"] == 0
    assert session_row(tiny, other)["position"] == 1
    spoilt = Walker(tiny.test_client())
    spoilt.token = (
        f"{(walker.token or '').split('.')[0]}.{'.'.join((other.token or '').split('.')[1:])}"
    )
    assert spoilt.post(0, ranking("Bari", "Agara")).status_code == 401


MISFITS: list[tuple[dict[str, Any], str]] = [
    ({"ranking": ["Bari"]}, "response.ranking"),
    ({"ranking": ["Bari", "Bari"]}, "response.ranking"),
    ({"ranking": ["Bari", "Nobody"]}, "response.ranking"),
    ({"ranking": ["Bari", "\x00"]}, "response.ranking"),
    ({"ranking": ["Bari", "\ud83d"]}, "response.ranking"),
    ({"ranking": "Bari"}, "response.ranking"),
    ({"ranking": [1, 2]}, "response.ranking.0"),
    ({"ranking": ["Bari", "Agara"], "label": "Bari"}, "response.label"),
    ({}, "response.ranking"),
]


def test_a_response_that_does_not_fit_is_refused_by_its_field(tiny: Flask, walker: Walker) -> None:
    for body, field in MISFITS:
        refused = walker.post(0, body)
        assert (refused.status_code, error_code(refused)) == (422, "invalid")
        assert field in refused.json["error"]["fields"], (body, refused.text)
    assert rows(tiny, Response) == []


@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_a_choice_that_does_not_fit_is_refused(app: Flask, tmp_path: Path) -> None:
    folder = two_afc_study(tmp_path / "studies/pair", practice=1, test=1, catch=0, explanations=1)
    open_study(app, folder)
    walker = Walker(app.test_client(), "pair").start()
    for response in (
        {"choice": "top", "confidence": 0},
        {"choice": "top", "confidence": 4},
        {"choice": "top", "confidence": 1.5},
        {"choice": "top", "confidence": "1"},
        {"choice": "left", "confidence": 1},
        {"choice": "positive", "confidence": 1},
        {"choice": "top"},
    ):
        assert error_code(walker.post(0, response)) == "invalid", response
    assert rows(app, Response) == []


def test_an_answer_that_comes_too_late_ends_the_session(tiny: Flask, walker: Walker) -> None:
    walker.answer(ranking("Bari", "Agara"))
    change(tiny, Session, {"last_seen_at": 0}, public_id=walker.public_id)
    refused = walker.post(1, ranking("Bari", "Agara"))
    assert (refused.status_code, error_code(refused)) == (409, "ended")
    # What was acknowledged stays acknowledged.
    again = walker.post(0, ranking("Bari", "Agara"))
    assert again.status_code == 200
    assert again.json["next"]["content"]["outcome"] == "timed_out"
    assert len(rows(tiny, Response)) == 1


# Property: whatever is sent, in whatever order, the storage keeps its word.

RANKINGS = st.permutations(CLASSES).map(lambda names: {"ranking": list(names[:2])})
NONSENSE = st.one_of(
    st.none(),
    st.integers(),
    st.text(max_size=5),
    st.lists(st.integers(), max_size=3),
    st.dictionaries(
        st.sampled_from(["ranking", "choice", "timing", "ümlaut", "\x00", "\ud800"]),
        st.one_of(
            st.none(),
            st.floats(),
            st.integers(),
            st.text(max_size=4),
            st.lists(st.sampled_from([*CLASSES, "", "\x00", "\ud800"]), max_size=4),
        ),
        max_size=3,
    ),
)
EVENTS = st.lists(
    st.fixed_dictionaries(
        {
            "kind": st.sampled_from(["blur", "focus", "reload", "resize"]),
            "at_ms": st.floats(0, 1e9),
        },
        optional={"trial_index": st.integers(0, 5), "detail": st.text(max_size=8)},
    ),
    max_size=2,
)


class Answers(RuleBasedStateMachine):
    """Random interleavings of answers in one session, against a plain model of the rules."""

    app: Flask

    @initialize()
    def arrive(self) -> None:
        self.walker = Walker(self.app.test_client()).start()
        self.session_id = session_row(self.app, self.walker)["id"]
        self.acknowledged: list[dict[str, Any]] = []
        self.replies: list[dict[str, Any]] = []
        self.events = 0

    def _send(self, index: int, response: Any, events: list[dict[str, Any]]) -> Any:
        reply = self.walker.post(index, response, events=events)
        assert reply.status_code < 500, reply.text
        return reply

    @precondition(lambda self: len(self.acknowledged) < 4)
    @rule(response=RANKINGS, events=EVENTS)
    def answer(self, response: dict[str, Any], events: list[dict[str, Any]]) -> None:
        reply = self._send(len(self.acknowledged), response, events)
        assert reply.status_code == 200, reply.text
        self.acknowledged.append(response)
        self.replies.append(reply.json)
        self.events += len(events)

    @precondition(lambda self: self.acknowledged)
    @rule(data=st.data())
    def answer_the_same_again(self, data: st.DataObject) -> None:
        index = data.draw(st.integers(0, len(self.acknowledged) - 1))
        reply = self._send(index, self.acknowledged[index], [])
        assert reply.status_code == 200
        assert reply.json["feedback"] == self.replies[index]["feedback"]
        if index == len(self.acknowledged) - 1:
            assert reply.json == self.replies[index]

    @precondition(lambda self: self.acknowledged)
    @rule(data=st.data(), response=RANKINGS, events=EVENTS)
    def answer_something_else(
        self, data: st.DataObject, response: dict[str, Any], events: list[dict[str, Any]]
    ) -> None:
        index = data.draw(st.integers(0, len(self.acknowledged) - 1))
        if response != self.acknowledged[index]:
            assert error_code(self._send(index, response, events)) == "already_answered"

    @rule(ahead=st.integers(1, 10), response=RANKINGS, events=EVENTS)
    def answer_too_early(
        self, ahead: int, response: dict[str, Any], events: list[dict[str, Any]]
    ) -> None:
        reply = self._send(len(self.acknowledged) + ahead, response, events)
        assert error_code(reply) in ("out_of_order", "ended")

    @rule(back=st.integers(0, 4), response=NONSENSE, events=EVENTS)
    def answer_nonsense(self, back: int, response: Any, events: list[dict[str, Any]]) -> None:
        reply = self._send(max(0, len(self.acknowledged) - back), response, events)
        assert 400 <= reply.status_code < 500, reply.text
        error_code(reply)

    @rule(events=EVENTS)
    def report_events(self, events: list[dict[str, Any]]) -> None:
        reply = self.walker.api("POST", "/events", {"events": events})
        assert reply.status_code == 204, reply.text
        self.events += len(events)

    @rule()
    def reload(self) -> None:
        self.walker.load()
        self.events += len(self.acknowledged) < 4
        assert self.walker.state["progress"]["done"] == len(self.acknowledged)
        if self.replies and self.walker.step_name == "trials":
            assert self.walker.trial == self.replies[-1]["next"]["content"]["trial"]

    @invariant()
    def every_acknowledged_answer_is_stored_once(self) -> None:
        if not hasattr(self, "session_id"):
            return
        stored = rows(self.app, Response, session_id=self.session_id)
        assert [row["trial_index"] for row in stored] == list(range(len(self.acknowledged)))
        assert [row["answer"] for row in stored] == self.acknowledged
        session = rows(self.app, Session, id=self.session_id)[0]
        assert session["position"] == session["n_responses"] == len(stored)
        assert session["n_correct"] == sum(bool(row["correct"]) for row in stored)
        assert session["status"] == ("completed" if len(stored) == 4 else "running")
        assert len(rows(self.app, Event, session_id=self.session_id)) == self.events


@pytest.mark.slow
def test_any_interleaving_of_answers_keeps_every_promise(tiny: Flask) -> None:
    machine = type("AnswersHere", (Answers,), {"app": tiny})
    run_state_machine_as_test(
        machine,
        settings=costly(stateful_step_count=15, phases=(Phase.generate, Phase.shrink)),
    )


def answering(
    app: Flask, walker: Walker, index: int, response: dict[str, Any], events: Any = ()
) -> Callable[[], TestResponse]:
    """The same session in another window, ready to send an answer."""
    window = Walker(app.test_client(), walker.study)
    window.token = walker.token
    return lambda: window.post(index, response, events=list(events))


@pytest.mark.parametrize("with_events", [False, True])
def test_eight_windows_that_answer_the_same_at_once_store_it_once(
    tiny: Flask, walker: Walker, with_events: bool
) -> None:
    events = [{"kind": "focus", "at_ms": 1}] if with_events else []
    for index in range(4):
        replies = at_once(
            [answering(tiny, walker, index, ranking("Bari", "Agara"), events) for _ in range(8)]
        )
        assert {reply.status_code for reply in replies} == {200}, [r.text for r in replies]
        assert len({reply.data for reply in replies}) == 1
    assert len(rows(tiny, Response)) == 4
    assert len(rows(tiny, Event)) == 4 * with_events
    assert session_row(tiny, walker)["n_responses"] == 4


def test_of_eight_different_answers_at_once_exactly_one_stands(tiny: Flask, walker: Walker) -> None:
    pairs = [(a, b) for a in CLASSES for b in CLASSES if a != b]
    pairs += pairs[:2]
    for index in range(4):
        replies = at_once([answering(tiny, walker, index, ranking(*pair)) for pair in pairs])
        stored = rows(tiny, Response)[index]["answer"]
        for pair, reply in zip(pairs, replies, strict=True):
            if ranking(*pair) == stored:
                assert reply.status_code == 200, reply.text
            else:
                assert error_code(reply) == "already_answered"
    assert len(rows(tiny, Response)) == 4


def test_the_end_of_a_practice_block_answered_at_once_replans_once(
    app: Flask, tmp_path: Path
) -> None:
    folder = two_afc_study(tmp_path / "studies/pair", practice=1, test=2, catch=0, explanations=1)
    open_study(app, folder)
    walker = Walker(app.test_client(), "pair").start()
    wrong = {"top": "bottom", "bottom": "top"}
    trial = rows(app, Trial)[0]
    right = "top" if trial["item"]["top"] == "positive" else "bottom"
    body = {"choice": wrong[right], "confidence": 1}
    replies = at_once([answering(app, walker, 0, body) for _ in range(8)])
    assert {reply.status_code for reply in replies} == {200}, [r.text for r in replies]
    assert len({reply.data for reply in replies}) == 1
    trials = rows(app, Trial)
    assert [row["trial_index"] for row in trials] == [0, 1, 2, 3]
    assert [row["phase"] for row in trials] == ["practice", "practice", "test", "test"]
    assert session_row(app, walker)["n_trials"] == 4


def test_the_body_of_an_answer_is_checked_before_anything_is_read(tiny: Flask) -> None:
    nobody = tiny.test_client().post("/api/v1/trials/0/response", json=answer_body({}))
    assert nobody.status_code == 401


def test_more_participants_than_connections_wait_and_are_all_stored(
    settings: Settings, tmp_path: Path
) -> None:
    """No request holds one connection while it waits for another: a small pool is only slow."""
    app = create_app(settings.model_copy(update={"pool_size": 1}))
    # Two-alternative trials with practice take every way an answer can be stored.
    open_study(app, two_afc_study(tmp_path / "studies/few", practice=1, test=2, catch=0))
    walkers = [Walker(app.test_client(), "few") for _ in range(12)]
    done = at_once([lambda walker=walker: walker.start().finish() for walker in walkers])
    assert all(done), "nobody was turned away"
    assert len(rows(app, Response)) == sum(w["n_responses"] for w in rows(app, Session))
    assert {session["status"] for session in rows(app, Session)} <= {"completed", "screened_out"}
