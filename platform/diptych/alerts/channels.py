"""The ways to researchers: e-mail by SMTP, and a webhook in the format of its service."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import formatdate, make_msgid, parseaddr
from typing import Any, Literal

import httpx

from diptych.ground.settings import Settings

#: A server that does not answer is given up after so long (s).
TIMEOUT_S = 20.0
Channel = Literal["mail", "webhook"]


class NotSent(Exception):
    """A message could not be sent; says why, without a password or an address with a secret."""


@dataclass(frozen=True)
class Message:
    """What is said about one study.

    Attributes
    ----------
    study : str
        Its name.
    kind : str
        full, quiet, dropout, budget, errors, payments or test.
    text : str
        One or two sentences, without anything about a participant.
    address : str
        The page of the dashboard to look at.
    at : int
        Since when, ms since 1970-01-01 UTC.
    host : str
        Name of the host, in the subject.
    """

    study: str
    kind: str
    text: str
    address: str
    at: int
    host: str = "Diptych"

    @property
    def title(self) -> str:
        """The subject of an e-mail."""
        return f"{self.host}: {self.study}"


def channels(settings: Settings) -> Mapping[Channel, Callable[[Message], None]]:
    """Return the ways that the settings name; each raises `NotSent`."""
    found: dict[Channel, Callable[[Message], None]] = {}
    if settings.smtp_host and settings.alert_recipients:
        found["mail"] = lambda message: send_mail(settings, message)
    if settings.alert_webhook:
        found["webhook"] = lambda message: post(settings, message)
    return found


def send_mail(settings: Settings, message: Message) -> None:
    """Send a message to every recipient of the settings.

    Raises
    ------
    NotSent
        When the server does not answer or refuses.
    """
    mail = EmailMessage()
    mail["Subject"] = message.title
    mail["From"] = settings.smtp_from or settings.alert_recipients[0]
    mail["To"] = ", ".join(settings.alert_recipients)
    mail["Date"] = formatdate(localtime=False)
    mail["Message-ID"] = make_msgid(domain="diptych.invalid")
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(f"{message.text}\n\n{message.address}\n")
    host, port = settings.smtp_host, settings.smtp_port
    try:
        with _connected(settings, host, port) as server:
            if settings.smtp_user:
                server.login(settings.smtp_user, settings.smtp_password)
            refused = server.send_message(mail)
    except (OSError, smtplib.SMTPException) as fault:
        raise NotSent(f"the mail server {host}:{port}: {type(fault).__name__}") from None
    if refused:
        raise NotSent(f"the mail server {host}:{port} refused {len(refused)} recipients")


def _connected(
    settings: Settings, host: str, port: int, timeout_s: float = TIMEOUT_S
) -> smtplib.SMTP:
    context = ssl.create_default_context()
    if settings.smtp_security == "tls":
        return smtplib.SMTP_SSL(host, port, timeout=timeout_s, context=context)
    server = smtplib.SMTP(host, port, timeout=timeout_s)
    if settings.smtp_security == "starttls":
        server.starttls(context=context)
    return server


def mail_fault(settings: Settings, timeout_s: float = TIMEOUT_S) -> tuple[str, str] | None:
    """Go through all steps of an e-mail but its text: encryption, log-in, sender, recipients.

    Parameters
    ----------
    settings : Settings
        With a mail server and recipients.
    timeout_s : float
        When to give up, in seconds.

    Returns
    -------
    (str, str) or None
        What went wrong and what to do; None if the server would take an e-mail. Nothing is sent.
    """
    host, port = settings.smtp_host, settings.smtp_port
    where = f"the mail server {host}:{port}"
    try:
        with _connected(settings, host, port, timeout_s) as server:
            if settings.smtp_user:
                server.login(settings.smtp_user, settings.smtp_password)
            server.ehlo_or_helo_if_needed()
            sender = settings.smtp_from or settings.alert_recipients[0]
            if server.mail(parseaddr(sender)[1])[0] != 250:
                return f"{where} refuses the sender {sender}", "Correct DIPTYCH_SMTP_FROM."
            refused = [
                each
                for each in settings.alert_recipients
                if server.rcpt(parseaddr(each)[1])[0] not in (250, 251)
            ]
            server.rset()
    except smtplib.SMTPAuthenticationError:
        said = "refuses the log-in", "Correct DIPTYCH_SMTP_USER and DIPTYCH_SMTP_PASSWORD."
    except smtplib.SMTPNotSupportedError as fault:
        what = "log-in" if "AUTH" in str(fault) else "STARTTLS"
        said = (
            f"does not offer {what}",
            "Correct DIPTYCH_SMTP_PORT and DIPTYCH_SMTP_SECURITY: starttls with port 587, or tls "
            "with port 465.",
        )
    except ssl.SSLError as fault:
        reason = getattr(fault, "verify_message", "") or fault.reason or type(fault).__name__
        said = (
            f"has no valid encryption ({reason})",
            "Use the name in its certificate as DIPTYCH_SMTP_HOST, and the port that fits "
            "DIPTYCH_SMTP_SECURITY: 587 for starttls, 465 for tls.",
        )
    except (OSError, smtplib.SMTPException) as fault:
        reason = getattr(fault, "strerror", None) or str(fault) or type(fault).__name__
        said = (
            f"does not answer ({reason})",
            "Correct DIPTYCH_SMTP_HOST and DIPTYCH_SMTP_PORT, or let this machine reach it.",
        )
    else:
        if not refused:
            return None
        said = f"refuses {', '.join(refused)}", "Correct DIPTYCH_ALERT_EMAILS."
    return f"{where} {said[0]}", said[1]


def post(settings: Settings, message: Message) -> None:
    """Post a message to the webhook of the settings, in the format that they name.

    Raises
    ------
    NotSent
        When the service does not answer, or answers with an error.
    """
    request = FORMATS[settings.alert_webhook_format](message)
    try:
        reply = httpx.post(settings.alert_webhook, timeout=TIMEOUT_S, **request)
    except (httpx.HTTPError, httpx.InvalidURL) as fault:
        raise NotSent(f"the webhook: {type(fault).__name__}") from None
    if reply.status_code >= 300:  # a redirect is not followed: it may lead anywhere
        raise NotSent(f"the webhook answered {reply.status_code}")


def _json(message: Message) -> dict[str, Any]:
    body = {
        "study": message.study,
        "kind": message.kind,
        "text": message.text,
        "address": message.address,
        "at": message.at,
    }
    return {"json": body}


def _slack(message: Message) -> dict[str, Any]:
    return {"json": {"text": f"*{message.title}*\n{message.text}\n<{message.address}>"}}


def _teams(message: Message) -> dict[str, Any]:
    """Make an Adaptive Card, which the workflow webhooks of Teams take."""
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": [
            {"type": "TextBlock", "text": message.title, "weight": "bolder", "wrap": True},
            {"type": "TextBlock", "text": message.text, "wrap": True},
        ],
        "actions": [{"type": "Action.OpenUrl", "title": "Dashboard", "url": message.address}],
    }
    content_type = "application/vnd.microsoft.card.adaptive"
    attachment = {"contentType": content_type, "content": card}
    return {"json": {"type": "message", "attachments": [attachment]}}


def _ntfy(message: Message) -> dict[str, Any]:
    headers = {"Title": message.title, "Click": message.address}
    return {"content": message.text.encode(), "headers": headers}


FORMATS: Mapping[str, Callable[[Message], dict[str, Any]]] = {
    "json": _json,
    "slack": _slack,
    "teams": _teams,
    "ntfy": _ntfy,
}
