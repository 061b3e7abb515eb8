"""The HTTP API as a hostile client meets it: every route, every way to get it wrong."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from openapi_spec_validator import validate
from support.tiny_studies import category_study
from support.walker import TIMING, Walker, answer_body, error_code, open_study, rows

from diptych import __version__
from diptych.models import Event, Response, Session

SQLITE = pytest.mark.parametrize("database_kind", ["sqlite"])
JSON = {"Content-Type": "application/json"}


@pytest.fixture
def tiny(app: Flask, tmp_path: Path) -> Flask:
    """The host with `tiny` open and a bundle that stands in for the front end's."""
    open_study(app, category_study(tmp_path / "studies/tiny", per_class=2, training=2, test=1))
    manifest = tmp_path / "static/dist/.vite/manifest.json"
    manifest.parent.mkdir(parents=True)
    manifest.write_text(json.dumps({"src/main.ts": {"file": "main-1.js", "css": ["main-1.css"]}}))
    app.static_folder = str(tmp_path / "static")
    return app


@pytest.fixture
def walker(tiny: Flask) -> Walker:
    return Walker(tiny.test_client()).start()


def addresses(app: Flask) -> Iterator[tuple[str, set[str]]]:
    """Every route as an address that fits it, with its methods; not the researchers' pages."""
    for rule in app.url_map.iter_rules():
        if rule.rule.startswith("/dashboard"):
            continue  # tests/host/test_dashboard_access.py
        values = {name: 0 if name == "index" else "x" for name in rule.arguments}
        with app.test_request_context():
            built = rule.build(values)
        assert built is not None
        yield built[1], set(rule.methods or ())


def guarded(app: Flask) -> list[tuple[str, str]]:
    """Method and path of every route that needs a session's token."""
    open_to_all = {"/api/v1/sessions", "/api/v1/openapi.json"}
    return [
        (next(iter(methods - {"HEAD", "OPTIONS"})), path)
        for path, methods in addresses(app)
        if path.startswith("/api/") and path not in open_to_all
    ]


BODIES: dict[str, dict[str, Any]] = {
    "/api/v1/sessions": {"study": "tiny", "entry": {}, "browser": {}},
    "/api/v1/events": {"events": [{"kind": "blur", "at_ms": 1, "trial_index": 0, "detail": "x"}]},
    "/api/v1/trials/0/response": answer_body({"ranking": ["Bari", "Agara"]}),
    "/api/v1/session/steps/consent": {"agreed": True},
    "/api/v1/session/steps/instructions": {"read_ms": 1.5},
    "/api/v1/session/steps/comprehension": {"answers": [0]},
    "/api/v1/session/steps/feedback": {"text": "fine"},
    "/api/v1/session/steps/debrief": {},
}


@SQLITE
def test_wrong_methods_are_refused_everywhere(tiny: Flask) -> None:
    client = tiny.test_client()
    for path, methods in addresses(tiny):
        for method in {"GET", "POST", "PUT", "PATCH", "DELETE"} - methods:
            reply = client.open(path, method=method)
            assert (reply.status_code, error_code(reply)) == (405, "wrong_method"), path
            assert reply.headers["Allow"]


@SQLITE
def test_unknown_addresses_are_json_errors(tiny: Flask) -> None:
    client = tiny.test_client()
    for path in (
        "/nothing", "/api/v1/nothing", "/api/v2/session", "/api/v1/trials/-1/response",
        "/api/v1/trials/one/response", "/api/v1/session/steps/trials", "/static/../app.py",
        "/static/%2e%2e/app.py", "/i/", "/i/x", "/i/%00", "/i/é", "/a/x", "/a/%00",
        f"/a/{'0' * 64}",
        f"/i/{'A' * 46}", "/i/" + "A" * 5000,
    ):  # fmt: skip
        reply = client.get(path)
        assert reply.status_code in (404, 405), path
        error_code(reply)


@SQLITE
def test_without_a_token_or_with_a_wrong_one_nothing_is_told(tiny: Flask, walker: Walker) -> None:
    from itsdangerous import TimestampSigner

    token = walker.token or ""
    forged = TimestampSigner(b"another secret", salt="diptych session").sign("1").decode()
    other_salt = TimestampSigner(tiny.extensions["diptych"].secret).sign("1").decode()
    other = "3" if token.startswith("2") else "2"
    headers = [
        "", "Bearer", "Bearer ", "Bearer x", f"Basic {token}", token, f"bearer  {token}x",
        f"Bearer {token[:-1]}", f"Bearer {other}{token[1:]}", f"Bearer {forged}",
        f"Bearer {other_salt}",
        "Bearer é", f"Bearer {token}\x00", "Bearer " + "x" * 5000, "Bearer 1.2.3", "Bearer ..",
    ]  # fmt: skip
    client = tiny.test_client()
    for number, (method, path) in enumerate(guarded(tiny)):
        # Wrong tokens are counted by address, and there are more here than one may send.
        address = {"REMOTE_ADDR": f"198.51.100.{number}"}
        for header in headers:
            sent = {"Authorization": header} if header else {}
            reply = client.open(
                path, method=method, headers=sent, json=BODIES.get(path), environ_base=address
            )
            assert (reply.status_code, error_code(reply)) == (401, "bad_token"), (path, header)
    assert rows(tiny, Response) == rows(tiny, Event) == []


@SQLITE
def test_a_token_is_asked_for_before_a_body_is_judged(tiny: Flask) -> None:
    for method, path in guarded(tiny):
        reply = tiny.test_client().open(path, method=method, json={"no": "thing"})
        assert reply.status_code == 401, path


def test_bodies_that_are_no_json_object(tiny: Flask, walker: Walker) -> None:
    deep = b'{"a":' * 30_000 + b"1" + b"}" * 30_000
    broken = [
        b"", b"{", b"null", b"[]", b'"x"', b"1", b"\xff\xfe", b"{'a': 1}", b"[" * 100_000, deep,
        b'{"study": ' + b"9" * 5000 + b"}", b"\x00", b"NaN",
    ]  # fmt: skip
    for path in BODIES:
        for data in broken:
            reply = walker.client.post(
                path, data=data, headers={**JSON, "Authorization": f"Bearer {walker.token}"}
            )
            assert 400 <= reply.status_code < 500, (path, data[:20], reply.status_code)
            error_code(reply)
        for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
            reply = walker.client.post(
                path,
                data=b"agreed=1",
                headers={"Content-Type": kind, "Authorization": f"Bearer {walker.token}"},
            )
            assert 400 <= reply.status_code < 500, (path, kind)
            error_code(reply)
    assert rows(tiny, Response) == rows(tiny, Event) == []


@SQLITE
def test_too_large_bodies_are_refused_by_size(tiny: Flask, walker: Walker) -> None:
    data = json.dumps({"study": "tiny", "entry": {"x": "y" * 300_000}}).encode()
    for path in BODIES:
        reply = walker.client.post(
            path, data=data, headers={**JSON, "Authorization": f"Bearer {walker.token}"}
        )
        assert (reply.status_code, error_code(reply)) == (413, "too_large"), path


def replaced(body: Any, place: tuple[Any, ...], value: Any) -> Any:
    """A body with another value at a place."""
    if not place:
        return value
    copy = dict(body) if isinstance(body, dict) else list(body)
    old = copy.get(place[0]) if isinstance(copy, dict) else copy[place[0]]
    copy[place[0]] = replaced(old, place[1:], value)
    return copy


HUGE = 10**400
WRONG: list[tuple[str, tuple[Any, ...], list[Any]]] = [
    ("/api/v1/sessions", ("study",), [None, 1, [], "x" * 65, {}]),
    ("/api/v1/sessions", ("entry",), [1, [], {"a": 1}, {"a": None}]),
    ("/api/v1/sessions", ("browser", "width"), [-1, 1e300, HUGE, "wide", None, float("inf"), 1.5]),
    ("/api/v1/sessions", ("browser", "pixel_ratio"), [0, -1, HUGE, float("nan"), float("inf")]),
    ("/api/v1/sessions", ("browser", "user_agent"), ["x" * 501, 1]),
    ("/api/v1/sessions", ("extra",), [1]),
    ("/api/v1/sessions", ("browser", "extra"), [1]),
    ("/api/v1/events", ("events",), [None, {}, "x", [1], [{}] * 501]),
    ("/api/v1/events", ("events", 0, "kind"), ["", "unknown", None, 1]),
    ("/api/v1/events", ("events", 0, "at_ms"), [-1, "x", HUGE, float("nan"), float("-inf")]),
    ("/api/v1/events", ("events", 0, "trial_index"), [-1, HUGE, 2**63, 1.5, "x"]),
    ("/api/v1/events", ("events", 0, "detail"), ["x" * 201, 1, {}]),
    ("/api/v1/events", ("events", 0, "extra"), [1]),
    ("/api/v1/trials/0/response", ("response",), [None, [], "x", 1]),
    ("/api/v1/trials/0/response", ("timing",), [None, [], {}]),
    *(
        ("/api/v1/trials/0/response", ("timing", key), [-1, "x", None, HUGE, float("nan"), 10e400])
        for key in TIMING
    ),
    ("/api/v1/trials/0/response", ("timing", "rt_ms"), [86_400_001]),
    ("/api/v1/trials/0/response", ("timing", "first_choice_ms"), [-1, 640.6, "x", float("nan")]),
    *(
        ("/api/v1/trials/0/response", ("timing", key), [0, -1, 100_001, "x", float("inf"), HUGE])
        for key in ("shown_width", "shown_height")
    ),
    ("/api/v1/trials/0/response", ("timing", "extra"), [1]),
    ("/api/v1/trials/0/response", ("events",), [None, {}, [1]]),
    ("/api/v1/trials/0/response", ("extra",), [1]),
    ("/api/v1/session/steps/consent", ("agreed",), [None, "perhaps", 2, []]),
    ("/api/v1/session/steps/consent", ("extra",), [1]),
    ("/api/v1/session/steps/instructions", ("read_ms",), [-1, HUGE, float("nan"), None, 1e9]),
    ("/api/v1/session/steps/instructions", ("refresh_hz",), [0, -60, 1001, "x", float("nan")]),
    ("/api/v1/session/steps/instructions", ("clock_step_ms",), [-0.1, 1001, [], float("nan")]),
    ("/api/v1/session/steps/comprehension", ("answers",), [None, 1, ["x"], [0] * 101, [1.5]]),
    ("/api/v1/session/steps/feedback", ("text",), [None, 1, "x" * 5001]),
    ("/api/v1/session/steps/debrief", ("extra",), [1]),
]


def test_every_wrong_field_is_named(tiny: Flask, walker: Walker) -> None:
    stored = rows(tiny, Session)
    for path, place, values in WRONG:
        name = ".".join(map(str, place))
        for value in values:
            data = json.dumps(replaced(BODIES[path], place, value))
            reply = walker.client.post(
                path, data=data, headers={**JSON, "Authorization": f"Bearer {walker.token}"}
            )
            assert (reply.status_code, error_code(reply)) == (422, "invalid"), (path, place, value)
            fields = reply.json["error"]["fields"]
            assert any(field.startswith(name) for field in fields), (path, place, value, fields)
    assert rows(tiny, Session) == stored
    assert rows(tiny, Response) == rows(tiny, Event) == []


def test_whatever_text_a_browser_has_is_stored(tiny: Flask, walker: Walker) -> None:
    odd = "a\x00b\ud83dc👍\u202e"
    entered = Walker(tiny.test_client()).arrive({"user_agent": odd, "language": odd})
    assert entered.status_code == 201
    event = {"kind": "script_error", "at_ms": 1e300, "detail": odd}
    assert walker.api("POST", "/events", {"events": [event]}).status_code == 204
    reply = walker.post(0, {"ranking": ["Bari", "Agara"]}, events=[event])
    assert reply.status_code == 200, reply.text
    details = [row["detail"] for row in rows(tiny, Event)]
    assert len(details) == 2
    for detail in details:
        assert detail.startswith("ab") and detail.endswith("c👍\u202e")


@SQLITE
def test_the_description_is_valid_and_lists_every_route(tiny: Flask) -> None:
    reply = tiny.test_client().get("/api/v1/openapi.json")
    assert reply.status_code == 200
    document = reply.json
    validate(document)
    listed = {
        (path.replace("{index}", "0"), method.upper())
        for path, operations in document["paths"].items()
        for method in operations
    }
    served = {
        (path, method)
        for path, methods in addresses(tiny)
        for method in methods - {"HEAD", "OPTIONS"}
        if path.startswith("/api/v1/") and path != "/api/v1/openapi.json"
    }
    assert listed == served
    schemes = set(document["components"].get("securitySchemes", {}))
    for path, operations in document["paths"].items():
        for operation in operations.values():
            asked = {name for each in operation.get("security", []) for name in each}
            assert asked <= schemes, path
            assert bool(asked) == (path != "/api/v1/sessions"), path
            assert operation["summary"]
            for status, told in operation["responses"].items():
                if status >= "400":
                    schema = told["content"]["application/json"]["schema"]
                    name = schema["$ref"].rpartition("/")[2]
                    shape = document["components"]["schemas"][name]
                    assert set(shape["properties"]["error"]["properties"]) == {
                        "code",
                        "message",
                        "fields",
                        "said",
                    }, (path, status)
            if "requestBody" in operation:
                schema = operation["requestBody"]["content"]["application/json"]["schema"]
                assert schema, path


@SQLITE
def test_pages_carry_a_strict_policy_and_nothing_inline(tiny: Flask) -> None:
    reply = tiny.test_client().get("/s/tiny?PROLIFIC_PID=<script>alert(1)</script>")
    assert reply.status_code == 200
    policy = {
        part.split()[0]: part.split()[1:]
        for part in reply.headers["Content-Security-Policy"].split(";")
    }
    assert policy["default-src"] == ["'none'"]
    assert policy["script-src"] == ["'self'"]
    assert "unsafe" not in reply.headers["Content-Security-Policy"]
    assert "https://www.mturk.com" in policy["form-action"]
    assert "*" not in policy["frame-ancestors"]
    assert reply.headers["Cache-Control"] == "no-store"
    assert "Set-Cookie" not in reply.headers
    page = reply.text
    assert "alert(1)" not in page
    assert "<style" not in page and " style=" not in page
    # What is no script to a browser, and the script, which comes from this host.
    assert page.count('<script type="application/json"') == 1
    assert page.count("<script") == 1 + page.count(
        '<script type="module" src="/static/dist/main-1.js'
    )
    assert 'data-study="tiny"' in page and "Tiny creatures" in page


def test_pages_of_studies_that_do_not_exist(tiny: Flask) -> None:
    client = tiny.test_client()
    for name in ("nothing", "%00", "a%22%3E%3Cscript%3Ealert(1)%3C/script%3E", "%ff", "%ED%A0%80"):
        reply = client.get(f"/s/{name}")
        assert reply.status_code in (200, 404), name
        assert "<script>alert" not in reply.text


@SQLITE
def test_every_reply_is_guarded_against_sniffing_and_cookies(tiny: Flask, walker: Walker) -> None:
    paths = ["/healthz", "/s/tiny", "/api/v1/openapi.json", "/nothing", walker.trial["images"][0]]
    for reply in [*walker.sent, *map(tiny.test_client().get, paths)]:
        assert reply.headers["X-Content-Type-Options"] == "nosniff"
        assert reply.headers["Referrer-Policy"] == "no-referrer"
        assert "Set-Cookie" not in reply.headers
    for reply in walker.sent:
        assert reply.headers["Cache-Control"] == "no-store"


@SQLITE
def test_unexpected_faults_tell_nothing_of_the_inside(
    tiny: Flask, walker: Walker, monkeypatch: pytest.MonkeyPatch
) -> None:
    from diptych.tasks.category_learning.task import CategoryLearning

    def fail(*_: Any) -> bool:
        raise RuntimeError("a secret detail")

    monkeypatch.setattr(CategoryLearning, "score", fail)
    reply = walker.post(0, {"ranking": ["Bari", "Agara"]})
    assert (reply.status_code, error_code(reply)) == (500, "internal")
    assert "secret" not in reply.text
    monkeypatch.undo()
    assert walker.post(0, {"ranking": ["Bari", "Agara"]}).status_code == 200


def test_health(tiny: Flask) -> None:
    reply = tiny.test_client().get("/healthz")
    told = {"status": "ok", "version": __version__, "base_url": "http://127.0.0.1:8000"}
    assert (reply.status_code, reply.json) == (200, told)
