"""`diptych init`: five questions, one file of settings, and nothing that is overwritten."""

from __future__ import annotations

import os
import shlex
import stat
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from hypothesis import given, settings
from hypothesis import strategies as st

from diptych.cli import cli
from diptych.ground.settings import Settings
from diptych.ground.settings_file import SettingsFileFault, mail_settings, text_of, write_new
from diptych.installation import secret_fault


def run(folder: Path, *arguments: str, given: str = "", password: str | None = None) -> Result:
    """`diptych init …` with a home, studies and file in a folder."""
    places = (f"--home={folder / 'home'}", f"--studies={folder / 'studies'}",
              f"--to={folder / 'host.env'}")  # fmt: skip
    environment = {"DIPTYCH_SMTP_PASSWORD": password}
    return CliRunner().invoke(cli, ["init", *places, *arguments], input=given, env=environment)


def read(file: Path) -> dict[str, str]:
    """The variables that a shell takes from the file."""
    said = subprocess.run(
        ["sh", "-c", f"set -a; . {shlex.quote(str(file))}; env"],
        env={"PATH": os.environ["PATH"]}, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    lines = (line.partition("=") for line in said.splitlines())
    return {name: value for name, _, value in lines if name.startswith("DIPTYCH_")}


def test_five_answers_make_a_host_with_an_administrator(tmp_path: Path) -> None:
    answers = ["Perception Lab", "study.example.org", "https://study.example.org/", "sqlite",
               "smtp://ada@mail.example.org", "ada@example.org, bob@example.org", "s3cret word",
               "Ada"]  # fmt: skip
    result = run(tmp_path, given="\n".join(answers) + "\n")
    assert result.exit_code == 0, result.output
    assert "must start with http" in result.output, "a wrong answer is asked for again"
    assert "https://study.example.org/dashboard/link/" in result.output
    assert "s3cret" not in result.output
    file = tmp_path / "host.env"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    host = Settings.from_environment(read(file))
    assert (host.name, host.base_url) == ("Perception Lab", "https://study.example.org")
    assert (host.proxy_hops, host.home) == (1, tmp_path / "home")
    assert (host.smtp_host, host.smtp_user) == ("mail.example.org", "ada")
    assert host.smtp_password == "s3cret word"
    assert host.alert_recipients == ("ada@example.org", "bob@example.org")
    assert host.secret_key != host.identity_key and secret_fault(host) is None
    listed = CliRunner().invoke(cli, ["user", "list"], env=read(file))
    assert "ada" in listed.output and "administrator, no password yet" in listed.output


def test_scripts_answer_by_options(tmp_path: Path) -> None:
    result = run(
        tmp_path, "--defaults", "--database=postgresql://u:p@127.0.0.1:1/none", "--admin=ada",
        "--mail=smtps://ada@mail.example.org", "--mail-to=ada@example.org", password="s3cret",
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    assert "does not answer yet" in result.output and "diptych user add ada" in result.output
    host = Settings.from_environment(read(tmp_path / "host.env"))
    assert (host.smtp_port, host.smtp_security) == (465, "tls")
    assert (host.smtp_password, host.proxy_hops) == ("s3cret", 0)
    assert host.sqlalchemy_url == "postgresql+psycopg://u:p@127.0.0.1:1/none"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--address=study.example.org"], "must start with http"),
        (["--database=mysql://h/d"], "expected sqlite, or postgresql"),
        (["--mail=smtp://ada:secret@h"], "a password does not belong"),
        (["--mail=ftp://h"], "ftp:// is unknown"),
        (["--mail=h", "--mail-to=nobody"], "expected e-mail addresses"),
        (["--admin=two words"], "allowed are letters, digits"),
        (["--name=it's"], "another value"),
    ],
)
def test_a_wrong_option_writes_nothing(tmp_path: Path, arguments: list[str], says: str) -> None:
    result = run(tmp_path, "--defaults", *arguments)
    assert result.exit_code != 0 and says in " ".join(result.output.split())
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_overwritten_and_no_host_gets_new_keys(tmp_path: Path) -> None:
    (tmp_path / "host.env").write_text("mine")
    result = run(tmp_path, "--defaults")
    assert result.exit_code == 1 and "exists already and was not changed" in result.output
    assert (tmp_path / "host.env").read_text() == "mine"
    (tmp_path / "host.env").unlink()
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "secret.key").write_text("old")
    result = run(tmp_path, "--defaults")
    assert result.exit_code == 1 and "belongs to a host already" in result.output
    assert not (tmp_path / "host.env").exists()
    (tmp_path / "home" / "secret.key").unlink()
    result = run(tmp_path, given="Lab\n")
    assert result.exit_code == 1 and "no answer for --address" in result.output
    assert [path.name for path in tmp_path.iterdir()] == ["home"]


def test_settings_of_compose(tmp_path: Path) -> None:
    result = run(tmp_path, "--compose", "--defaults", "--address=https://lab.example.org/study")
    assert result.exit_code == 0 and "docker compose up" in result.output
    text = (tmp_path / "host.env").read_text()
    host = Settings.from_environment(read(tmp_path / "host.env"))
    assert host.home == Path("/var/lib/diptych") and host.proxy_hops == 1
    password = host.database_url.split(":")[2].split("@")[0]
    assert f"POSTGRES_PASSWORD='{password}'" in text and len(password) == 64
    assert "SITE='https://lab.example.org'" in text


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    write_new(tmp_path / "a", "x")
    with pytest.raises(SettingsFileFault, match="exists already"):
        write_new(tmp_path / "a", "y")
    with pytest.raises(SettingsFileFault, match="cannot be written"):
        write_new(tmp_path / "a" / "b", "y")
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("a", "x")]


@settings(deadline=None, max_examples=25)
@given(
    scheme=st.sampled_from(["smtp", "smtps", "plain"]),
    user=st.sampled_from(["", "ada", "ada@example.org"]),
    host=st.from_regex(r"[a-z][a-z0-9.-]{0,20}", fullmatch=True),
    port=st.none() | st.integers(1, 65_535),
)
def test_addresses_of_mail_servers(scheme: str, user: str, host: str, port: int | None) -> None:
    address = f"{scheme}://{user}{'@' * bool(user)}{host}{'' if port is None else f':{port}'}"
    found = mail_settings(address)
    usual = {"smtp": 587, "smtps": 465, "plain": 25}[scheme]
    assert (found["smtp_host"], found["smtp_port"]) == (host, str(port or usual))
    assert found.get("smtp_user", "") == user


@settings(deadline=None, max_examples=25)
@given(value=st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=30))
def test_what_is_written_is_read_the_same(value: str) -> None:
    if "'" in value or "\\" in value:
        with pytest.raises(SettingsFileFault):
            text_of({"name": value})
    else:
        (line,) = [x for x in text_of({"name": value}).splitlines() if not x.startswith("#")]
        assert shlex.split(line) == [f"DIPTYCH_NAME={value}"]
