"""`diptych init`: the settings of a new host, from five questions."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from diptych.ground.settings import Settings

LOCAL = "http://127.0.0.1:8000"
#: Of Caddy on this machine, without a certificate.
LOCAL_COMPOSE = "http://localhost"
#: Where the data of a host in a container are, and its database, as compose.yaml has it.
CONTAINER = {"home": "/var/lib/diptych", "studies": "/var/lib/diptych/studies"}


def _name(value: str) -> str:
    from diptych.ground.settings_file import checked

    checked(name=value)
    return value


def _address(value: str) -> str:
    from diptych.ground.settings_file import checked

    checked(base_url=value)
    return value.rstrip("/")


def _database(value: str) -> str:
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    if value in ("", "sqlite"):
        return ""
    try:
        url = make_url(value)
    except ArgumentError:
        url = None
    if url is None or url.get_backend_name() not in ("postgresql", "postgres") or not url.database:
        raise ValueError("expected sqlite, or postgresql://USER:PASSWORD@HOST/NAME")
    return value


def _mail(value: str) -> str:
    from diptych.ground.settings_file import mail_settings

    mail_settings(value)
    return value


def _recipients(value: str) -> str:
    parts = [part.strip() for part in value.split(",") if part.strip()]
    if not parts or not all("@" in part.strip("@") for part in parts):
        raise ValueError("expected e-mail addresses, separated by commas")
    return ",".join(parts)


def _admin(value: str) -> str:
    from diptych.accounts.users import user_name

    return user_name(value) if value else ""


class Answers:
    """Takes each answer from its option, else asks for it, else uses its default."""

    def __init__(self, *, asking: bool) -> None:
        self.asking = asking

    def get(
        self,
        option: str,
        given: str | None,
        question: str,
        default: str,
        check: Callable[[str], str],
        *,
        hidden: bool = False,
    ) -> str:
        """Return a checked answer; a typed one that is not allowed is asked for again."""

        def proved(value: str) -> str:
            try:
                return check(value.strip())
            except ValueError as fault:
                raise click.UsageError(str(fault)) from None

        if given is None and self.asking:
            shown = bool(default) and not hidden
            try:
                answer = click.prompt(question, default=default, show_default=shown,
                                      value_proc=proved, hide_input=hidden, err=True)  # fmt: skip
            except click.Abort:
                raise click.ClickException(
                    f"no answer for {option}; nothing was written. Give the answers as options, "
                    "and use --defaults to be asked nothing"
                ) from None
            return str(answer)
        value = default if given is None else given
        try:
            return check(value.strip())
        except ValueError as fault:
            raise click.BadParameter(f"{value!r}: {fault}", param_hint=option) from None


@click.command(short_help="Write the settings of a new host, from five questions.")
@click.option("--name", help="Name of the host, in the subjects of alerts: Perception Lab.")
@click.option("--address", help=f"Public address of the host. Default: {LOCAL}")
@click.option("--database", help="sqlite, or postgresql://USER:PASSWORD@HOST/NAME.")
@click.option("--mail", help="Mail server for alerts: smtp://USER@HOST:587. Empty: none.")
@click.option("--mail-to", help="Recipients of alerts, separated by commas.")
@click.option("--admin", help="User name of the first administrator. Empty: none yet.")
@click.option("--to", type=click.Path(path_type=Path, dir_okay=False), help="File to write. "
              "Default: diptych.env (.env with --compose).")  # fmt: skip
@click.option("--home", type=click.Path(path_type=Path, file_okay=False), default=Path("instance"),
              show_default=True, help="Folder for the data of the host.")  # fmt: skip
@click.option("--studies", type=click.Path(path_type=Path, file_okay=False),
              default=Path("studies"), show_default=True, help="Folder of studies.")  # fmt: skip
@click.option("--compose", is_flag=True, help="Write the settings for compose.yaml.")
@click.option("--defaults", is_flag=True, help="Ask nothing: use the defaults.")
def init(compose: bool, defaults: bool, **given: Any) -> None:
    """Write the settings of a new host.

    Asks five questions: the name of the host, its public address, the database, the mail server
    for alerts, and the first administrator. Then it makes two strong keys, writes all settings to
    one file that only you can read, and makes the account of the administrator, with a link to set
    the password.

    Each answer can also be an option, for scripts; with --defaults nothing is asked. The password
    of the mail server is asked for, or taken from the variable DIPTYCH_SMTP_PASSWORD. A file that
    exists is never changed.

    \b
    Try it on this machine, with SQLite:
      diptych init --defaults --admin ada
      set -a; . ./diptych.env; set +a
      diptych serve

    \b
    On a server, from a script:
      diptych init --name 'Perception Lab' --admin ada \\
        --address https://study.example.org \\
        --database postgresql://diptych:PASSWORD@127.0.0.1/diptych \\
        --mail smtp://diptych@mail.example.org --mail-to ada@example.org \\
        --home /var/lib/diptych --studies /var/lib/diptych/studies \\
        --to /etc/diptych/diptych.env --defaults

    \b
    For containers (docs/containers.md):
      diptych init --compose
    """
    from diptych.ground import settings_file
    from diptych.ground.settings import Settings

    to = given["to"] or Path(".env" if compose else "diptych.env")
    try:
        _check_new(to, None if compose else given["home"].resolve())
        answers = Answers(asking=not defaults)
        values, admin = _asked(answers, given, compose=compose)
        others = _of_compose(values) if compose else {}
        settings_file.write_new(to, settings_file.text_of(values, others))
    except settings_file.SettingsFileFault as fault:
        raise click.ClickException(str(fault)) from None
    click.echo(f"Wrote {to}. Only you can read it. Keep a copy of its two keys in a safe place.")
    if compose:
        _next_with_compose(admin)
    else:
        settings = Settings.model_validate({name: value for name, value in values.items() if value})
        _next(settings, admin, to)


def _check_new(to: Path, home: Path | None) -> None:
    """Check before the first question that nothing is there yet."""
    from diptych.ground.settings_file import SettingsFileFault

    if to.exists():
        raise SettingsFileFault(
            f"{to} exists already and was not changed; give another name with --to, or edit it"
        )
    for name in ("secret.key", "diptych.sqlite3"):
        if home is not None and (home / name).exists():
            raise SettingsFileFault(
                f"{home} belongs to a host already ({name}): with new keys its participants' "
                "sessions would end. Keep its settings, or give another folder with --home"
            )


def _asked(answers: Answers, given: dict[str, Any], *, compose: bool) -> tuple[dict[str, str], str]:
    """Ask what the options do not say; return fields of the settings, and the administrator."""
    from diptych.ground.settings_file import mail_settings, new_secret

    name = answers.get("--name", given["name"], "1/5  Name of this host", "Diptych", _name)
    address = answers.get(
        "--address",
        given["address"],
        "2/5  Public address",
        LOCAL_COMPOSE if compose else LOCAL,
        _address,
    )
    database = "" if compose else answers.get(
        "--database", given["database"], "3/5  Database: sqlite or postgresql://…", "sqlite",
        _database,
    )  # fmt: skip
    mail = answers.get(
        "--mail", given["mail"],
        "4/5  Mail server for alerts, such as smtp://USER@HOST (empty: none)", "", _mail,
    )  # fmt: skip
    sending = mail_settings(mail)
    if sending:
        to = answers.get("--mail-to", given["mail_to"], "     Recipients", "", _recipients)
        sending |= {"alert_emails": to, "smtp_from": to.split(",")[0]}
    if "smtp_user" in sending:
        question = "     Password of the mail server (empty: none)"
        password = os.environ.get("DIPTYCH_SMTP_PASSWORD")
        sending["smtp_password"] = answers.get(
            "DIPTYCH_SMTP_PASSWORD", password, question, "", str, hidden=True
        )
    admin = answers.get(
        "--admin", given["admin"], "5/5  User name of the first administrator (empty: later)", "",
        _admin,
    )  # fmt: skip
    places = CONTAINER if compose else {
        place: str(given[place].resolve()) for place in ("home", "studies")
    }  # fmt: skip
    behind = compose or address.startswith("https://")
    return {
        "name": "" if name == "Diptych" else name,
        **places,
        "base_url": address,
        "proxy_hops": "1" if behind else "",
        "database_url": database,
        "secret_key": new_secret(),
        "identity_key": new_secret(),
        **sending,
    }, admin


def _of_compose(values: dict[str, str]) -> dict[str, str]:
    """Name the database of compose.yaml in the settings; return what other containers need."""
    from urllib.parse import urlsplit

    from diptych.ground.settings_file import new_secret

    password = new_secret()
    values["database_url"] = f"postgresql://diptych:{password}@database/diptych"
    parts = urlsplit(values["base_url"])
    return {"POSTGRES_PASSWORD": password, "SITE": f"{parts.scheme}://{parts.netloc}"}


def _next(settings: Settings, admin: str, to: Path) -> None:
    """Make the account, where the database answers, and say what comes next."""
    made = _account(settings, admin) if admin else False
    shown = str(to) if to.is_absolute() else f"./{to}"
    steps = [f"set -a; . {shown}; set +a     # the settings, for this shell", "diptych doctor",
             "diptych serve"]  # fmt: skip
    if admin and not made:
        steps.insert(1, f"diptych user add {admin} --admin")
    click.echo("Next:\n" + "\n".join(f"  {step}" for step in steps))


def _account(settings: Settings, admin: str) -> bool:
    """Make the tables and the administrator; False where the database does not answer yet."""
    from sqlalchemy.exc import SQLAlchemyError

    from diptych import create_app, migrate
    from diptych.accounts import administration, links
    from diptych.cli.user import show_link
    from diptych.ground.database import db

    app = create_app(settings)
    with app.app_context():
        try:
            migrate.ensure_head(db.engine, settings.sqlalchemy_url)
            if not links.nobody_yet():
                click.echo("The database has accounts already; none was added.")
                return True
            user = administration.add(admin, by=None, is_admin=True)
            show_link(links.make(user))
        except migrate.BehindFault as fault:
            click.echo(f"{fault}. No account was made.", err=True)
            return False
        except SQLAlchemyError as fault:
            reason = str(getattr(fault, "orig", fault)).strip().splitlines()
            click.echo(
                f"The database does not answer yet ({reason[0] if reason else 'no reason'}); make "
                "the account when it does.",
                err=True,
            )
            return False
        finally:
            db.engine.dispose()
    return True


def _next_with_compose(admin: str) -> None:
    steps = ["docker compose up -d --build", "docker compose exec host diptych doctor"]
    if admin:
        steps.insert(1, f"docker compose exec host diptych user add {admin} --admin")
    click.echo("Next, in the folder of compose.yaml:\n" + "\n".join(f"  {step}" for step in steps))
