"""Containerfile and compose.yaml: linted, and what they name exists. No container is started."""

from __future__ import annotations

import importlib
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner
from support.servers import PATIENCE, LiveServer, free_port, until_listening
from support.tiny_studies import category_study

from diptych.cli import cli
from diptych.ground.settings import Settings

ROOT = Path(__file__).resolve().parents[1]
PROGRAMS = Path(sys.executable).parent
CONTAINERFILE = (ROOT / "Containerfile").read_text(encoding="utf-8")
COMPOSE: dict[str, Any] = importlib.import_module("yaml").safe_load(
    (ROOT / "compose.yaml").read_text(encoding="utf-8")
)
SERVICES = COMPOSE["services"]
PAGE = (ROOT / "docs" / "containers.md").read_text(encoding="utf-8")
SQLITE = pytest.mark.parametrize("database_kind", ["sqlite"])


def program(name: str) -> str:
    """The path of a program of the environment; skips where it is not installed."""
    found = shutil.which(name, path=f"{PROGRAMS}:{os.environ['PATH']}")
    if found is None:
        pytest.skip(f"there is no {name} on this machine to look at containers with")
    return found


def instructions() -> list[tuple[str, str]]:
    """The instructions of the Containerfile, each on one line."""
    joined = re.sub(r"\\\n\s*", "", re.sub(r"(?m)^#.*\n", "", CONTAINERFILE))
    return [(word, rest) for word, _, rest in (line.partition(" ") for line in joined.splitlines())
            if word]  # fmt: skip


def one(word: str) -> str:
    (found,) = [rest for name, rest in instructions() if name == word]
    return found


@pytest.mark.parametrize(
    "command",
    [
        ["hadolint", "Containerfile"],
        ["check-jsonschema", "--builtin-schema", "vendor.compose-spec", "compose.yaml"],
    ],
    ids=["Containerfile", "compose.yaml"],
)
def test_linters_find_nothing(command: list[str]) -> None:
    done = subprocess.run(
        [program(command[0]), *command[1:]], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_container_runs_a_command_that_exists_as_a_user_without_rights() -> None:
    assert json.loads(one("ENTRYPOINT")) == ["diptych"]
    arguments = json.loads(one("CMD"))
    asked = CliRunner().invoke(cli, [*arguments, "--help"])
    assert asked.exit_code == 0, asked.output
    port = arguments[arguments.index("--port") + 1]
    assert one("EXPOSE") == port
    assert f"127.0.0.1:{port}/healthz" in one("HEALTHCHECK").replace("http://", "")
    assert f"reverse_proxy host:{port} {{" in COMPOSE["configs"]["caddyfile"]["content"]
    user, group = one("USER").split(":")
    made = next(rest for name, rest in instructions() if name == "RUN" and "useradd" in rest)
    assert f"--uid {user} " in made and f"--gid {group} " in made and user != "0"


def test_files_extras_and_settings_of_the_container_exist() -> None:
    for name, rest in instructions():
        if name == "COPY" and "--from" not in rest:
            *sources, _ = rest.split()
            assert all((ROOT / source).exists() for source in sources), rest
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = one("ARG").removeprefix("EXTRAS=").split(",")
    assert extras and set(extras) <= set(project["optional-dependencies"])
    version = re.findall(r"FROM python:(\d+\.\d+)-", CONTAINERFILE)
    assert set(version) == {"3.11"} and project["requires-python"] == ">=3.11"
    environment = dict(part.split("=", 1) for part in shlex.split(one("ENV")))
    own = {name: value for name, value in environment.items() if name.startswith("DIPTYCH_")}
    settings = Settings.from_environment(own)
    assert len(own) == 2 and settings.studies.is_relative_to(settings.home)
    assert one("VOLUME") == str(settings.home)
    assert f"--home-dir {settings.home} " in CONTAINERFILE


def test_what_git_keeps_secret_is_not_copied_into_the_container() -> None:
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert {".env", "*.env", "instance", ".venv", "**/node_modules", ".git"} <= set(ignored)
    for name, rest in instructions():
        if name == "COPY" and "--from" not in rest:
            assert not set(rest.split()[:-1]) & set(ignored)


def test_services_agree_with_the_container_and_each_other() -> None:
    home = one("VOLUME")
    for name in ("host", "night"):
        assert f"data:{home}" in SERVICES[name]["volumes"]
        assert SERVICES[name]["read_only"] is True and SERVICES[name]["cap_drop"] == ["ALL"]
    named = {each.split(":")[0] for service in SERVICES.values() for each in service["volumes"]}
    assert named == set(COMPOSE["volumes"])
    used = {each for service in SERVICES.values() for each in service["networks"]}
    assert used == set(COMPOSE["networks"]) and COMPOSE["networks"]["inside"] == {"internal": True}
    assert "ports" not in SERVICES["host"] and "ports" not in SERVICES["database"]
    client = re.search(r"postgresql-client-(\d+)", CONTAINERFILE)
    server = re.fullmatch(r"postgres:(\d+)-\w+", SERVICES["database"]["image"])
    assert client and server and client[1] == server[1]


def test_commands_of_the_night_are_those_of_the_guide() -> None:
    (script,) = SERVICES["night"]["command"]
    ran = re.findall(r"\bdiptych ([a-z]+)", script)
    assert ran == ["backup", "retention"]
    for command in ran:
        assert CliRunner().invoke(cli, [command, "--help"]).exit_code == 0
    done = subprocess.run(["sh", "-n", "-c", script.replace("$$", "$")], check=False)
    assert done.returncode == 0
    (units,) = re.findall(r'ExecStart=find (\S+) -name "(\S+)"',
                          (ROOT / "docs/deploy.md").read_text(encoding="utf-8"))  # fmt: skip
    assert all(part in script for part in units)


def test_init_writes_what_compose_asks_for(tmp_path: Path) -> None:
    text = (ROOT / "compose.yaml").read_text(encoding="utf-8")
    asked = set(re.findall(r"(?<!\$)\$\{(\w+)", text))
    to = tmp_path / ".env"
    arguments = ["init", "--compose", "--defaults", f"--to={to}"]
    assert CliRunner().invoke(cli, arguments).exit_code == 0
    written = dict(line.split("=", 1) for line in to.read_text().splitlines() if "=" in line)
    assert asked == {"SITE", "POSTGRES_PASSWORD"} and asked <= set(written)
    database = SERVICES["database"]["environment"]
    url = written["DIPTYCH_DATABASE_URL"].strip("'")
    user, name = database["POSTGRES_USER"], database["POSTGRES_DB"]
    assert (
        url == f"postgresql://{user}:{written['POSTGRES_PASSWORD'].strip(chr(39))}@database/{name}"
    )
    assert "database" in SERVICES and SERVICES["host"]["env_file"] == ".env"


def test_every_command_of_the_page_exists() -> None:
    commands = re.findall(r"(?m)^docker compose exec host (diptych [a-z ]+[a-z])", PAGE)
    commands += re.findall(r"(?m)^diptych [a-z]+", PAGE)
    assert len(commands) >= 4
    for command in commands:
        words = command.split()[1:]
        known = [CliRunner().invoke(cli, [*words[:n], "--help"]) for n in (1, 2) if n <= len(words)]
        assert any(result.exit_code == 0 for result in known), command
    services = set(re.findall(r"docker compose (?:exec|logs|cp) (?:-\w+ )*(\w+)", PAGE))
    assert services <= set(SERVICES)


@pytest.fixture
def behind_caddy(settings: Settings, tmp_path: Path) -> Iterator[str]:
    """The address of a host behind Caddy, configured as compose.yaml does."""
    caddy, port = program("caddy"), free_port()
    category_study(settings.studies / "tiny")
    server = LiveServer(
        {
            "DIPTYCH_HOME": str(settings.home),
            "DIPTYCH_STUDIES": str(settings.studies),
            "DIPTYCH_BASE_URL": f"http://127.0.0.1:{port}",
            "DIPTYCH_PROXY_HOPS": "1",
            "DIPTYCH_METRICS_TOKEN": "3_fWv1LxT7nB5kYdC0sJmHgE2aPu4oq8Zr",
        },
        tmp_path / "server.log",
    )
    proxy = None
    try:
        server.start()
        text = COMPOSE["configs"]["caddyfile"]["content"].replace("$$", "$")
        assert "host:8000" in text
        text = "{\n\tadmin off\n}\n" + text.replace("host:8000", f"127.0.0.1:{server.port}")
        (tmp_path / "Caddyfile").write_text(text)
        proxy = subprocess.Popen(
            [caddy, "run", "--config", str(tmp_path / "Caddyfile"), "--adapter", "caddyfile"],
            env={"SITE": f"http://127.0.0.1:{port}", "HOME": str(tmp_path)},
            stderr=subprocess.DEVNULL,
        )
        until_listening(proxy, port)
        yield f"http://127.0.0.1:{port}"
    finally:
        if proxy is not None:
            proxy.terminate()
            proxy.wait(PATIENCE)
        server.stop()


@pytest.mark.exhaustive
@SQLITE
def test_caddy_before_a_host(behind_caddy: str) -> None:
    made_up = {"X-Forwarded-Host": "evil.example", "X-Forwarded-Port": "1",
               "X-Forwarded-For": "203.0.113.7", "X-Forwarded-Proto": "https"}  # fmt: skip
    with httpx.Client(base_url=behind_caddy, headers=made_up, timeout=60) as client:
        health = client.get("/healthz")
        assert health.json()["base_url"] == behind_caddy and health.headers["X-Request-ID"]
        login = client.get("/dashboard/login")
        assert login.status_code == 200 and "evil.example" not in login.text
        assert "Secure" not in login.headers["Set-Cookie"], "a client cannot claim https"
        for path in ("/metrics", "/study/metrics"):
            assert client.get(path).status_code == 404
        assert client.post("/api/v1/sessions", content=b"x" * 600_000).status_code == 413
