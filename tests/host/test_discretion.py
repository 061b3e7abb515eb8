"""What a line of a log may say."""

from __future__ import annotations

import pytest

from diptych.web.log_redaction import without_visitor

TIME = "29/Nov/2026:19:33:27 +0000"


@pytest.mark.parametrize(
    ("said", "written"),
    [
        ("Invalid request from ip=203.0.113.7: bad", "Invalid request from ip=[address]: bad"),
        ("Invalid request from ip=2001:db8::7: bad", "Invalid request from ip=[address]: bad"),
        ("'GET /s/tiny?PROLIFIC_PID=5f0e1d2c HTTP/7'", "'GET /s/tiny?… HTTP/7'"),
        (f"203.0.113.7 - - [{TIME}]", f"[address] - - [{TIME}]"),
        (f"2001:db8:1:2:3:4:5:6 - - [{TIME}]", f"[address] - - [{TIME}]"),
        ("Booting worker with pid: 4711 at 19:33:27", "Booting worker with pid: 4711 at 19:33:27"),
        ("gunicorn 26.0.1", "gunicorn 26.0.1"),
        ("A2QR7XW6UV1ZTP came", "[id] came"),
    ],
)
def test_what_a_server_says_of_a_request_names_nobody(said: str, written: str) -> None:
    assert without_visitor(said) == written
