"""What `diptych doctor` says of the mail server, each with a server that really has the fault."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from support.certificates import self_signed
from support.servers import free_port

from diptych import installation
from diptych.ground.settings import Settings


class Post:
    """Keeps e-mails; refuses one sender and one recipient."""

    def __init__(self) -> None:
        self.kept: list[bytes] = []

    async def handle_MAIL(self, _: Any, __: Any, envelope: Any, sender: str, *___: Any) -> str:  # noqa: N802
        if sender == "stranger@example.org":
            return "550 unknown"
        envelope.mail_from = sender
        return "250 OK"

    async def handle_RCPT(self, _: Any, __: Any, envelope: Any, to: str, *___: Any) -> str:  # noqa: N802
        if to == "nobody@example.org":
            return "550 unknown"
        envelope.rcpt_tos.append(to)
        return "250 OK"

    async def handle_DATA(self, _: Any, __: Any, envelope: Any) -> str:  # noqa: N802
        self.kept.append(envelope.content)
        return "250 OK"


def lets_in(_: Any, __: Any, ___: Any, ____: Any, data: Any) -> AuthResult:
    return AuthResult(success=data.password == b"right", handled=False)


@contextmanager
def server(**options: Any) -> Iterator[tuple[Post, int]]:
    post, port = Post(), free_port()
    controller = Controller(post, hostname="127.0.0.1", port=port, **options)
    controller.start()
    try:
        yield post, port
    finally:
        controller.stop()


def mail(port: int, **changes: Any) -> Settings:
    values = {
        "smtp_host": "127.0.0.1",
        "smtp_port": port,
        "smtp_security": "none",
        "alert_emails": "Ada <ada@example.org>, bob@example.org",
    }
    return Settings(**(values | changes))


LOGS_IN = {"auth_required": True, "auth_require_tls": False, "authenticator": lets_in}


@pytest.mark.parametrize(
    ("options", "changes", "grade", "says"),
    [
        ({}, {}, "ok", "accepts e-mails to 2 recipients; nothing was sent"),
        (LOGS_IN, {"smtp_user": "ada", "smtp_password": "right"}, "ok", "accepts e-mails"),
        (LOGS_IN, {"smtp_user": "ada", "smtp_password": "bad"}, "warning", "refuses the log-in"),
        ({}, {"smtp_user": "ada"}, "warning", "does not offer log-in"),
        ({}, {"smtp_security": "starttls"}, "warning", "does not offer STARTTLS"),
        ({}, {"smtp_security": "tls"}, "warning", "has no valid encryption"),
        ({}, {"smtp_from": "stranger@example.org"}, "warning", "refuses the sender stranger@"),
        ({}, {"alert_emails": "nobody@example.org"}, "warning", "refuses nobody@example.org"),
        ({}, {"alert_emails": ""}, "warning", "DIPTYCH_ALERT_EMAILS is empty"),
        ({}, {"smtp_host": ""}, "warning", "DIPTYCH_SMTP_HOST is empty"),
        ({}, {"smtp_host": "", "alert_emails": ""}, "ok", "no mail server"),
    ],
)
def test_what_a_mail_server_refuses(
    options: dict[str, Any], changes: dict[str, Any], grade: str, says: str
) -> None:
    with server(**options) as (post, port):
        found = installation.mail(mail(port, **changes))
    assert (found.grade, bool(found.mend)) == (grade, grade != "ok")
    assert says in found.text and "right" not in found.text + found.mend
    assert post.kept == []


def test_a_certificate_that_nobody_trusts_and_a_server_that_is_away(tmp_path: Path) -> None:
    self_signed(tmp_path)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(tmp_path / "fullchain.pem", tmp_path / "privkey.pem")
    with server(tls_context=context) as (_, port):
        found = installation.mail(mail(port, smtp_security="starttls"))
        assert found.grade == "warning" and "self-signed certificate" in found.text
    found = installation.mail(mail(port))
    assert found.grade == "warning" and "does not answer" in found.text
    assert "Errno" not in found.text
