"""docs/deploy.md: what the guide shows is run, or looked at by the program that would run it.

Blocks that begin with `# as root` or `# on your machine` change a machine, and are not run.
"""

from __future__ import annotations

import importlib
import os
import re
import shutil
import ssl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import psycopg
import pytest
from flask import Flask
from prometheus_client import REGISTRY
from support.certificates import self_signed
from support.databases import PostgreSQL
from support.servers import PATIENCE, LiveServer, free_port, until_listening
from support.tiny_studies import category_study

from diptych import migrate
from diptych.ground.database import engine_options
from diptych.ground.settings import Settings

PAGE = (Path(__file__).resolve().parents[1] / "docs" / "deploy.md").read_text(encoding="utf-8")
BLOCKS = [
    (kind, name.strip(), text)
    for kind, name, text in re.findall(r"(?ms)^```(\w+)( \S+)?\n(.*?)^```$", PAGE)
]
PROGRAM = Path(sys.executable).parent
NGINX = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
SYSTEMD = shutil.which("systemd-analyze")
SQLITE = pytest.mark.parametrize("database_kind", ["sqlite"])


def block(kind: str, name: str = "") -> str:
    """The first block of a kind and name."""
    found: str = next(text for k, n, text in BLOCKS if (k, n) == (kind, name))
    return found


@pytest.fixture
def machine(settings: Settings, tmp_path: Path) -> dict[str, str]:
    """A machine as the guide makes it, in a folder: its program, settings and two studies."""
    places = {name: tmp_path / name for name in ("program", "etc", "data", "bin")}
    for place in places.values():
        place.mkdir()
    (places["program"] / "diptych").symlink_to(PROGRAM / "diptych")
    # The test is the user `diptych` already: `sudo -u diptych COMMAND` is COMMAND.
    _script(places["bin"] / "sudo", '#!/bin/sh\nshift 2\nexec "$@"\n')
    category_study(places["data"] / "studies" / "greebles")
    values = {
        "DIPTYCH_DATABASE_URL": "",
        "DIPTYCH_SECRET_KEY": "q8Zr3_fWv1LxT7nB5kYdC0sJmHgE2aPu4o",
        "DIPTYCH_IDENTITY_KEY": "Zr3q8_fWv1LxT7nB5kYdC0sJmHgE2aPu4o",
        "DIPTYCH_METRICS_TOKEN": "3_fWv1LxT7nB5kYdC0sJmHgE2aPu4oq8Zr",
    }
    places_of = {
        "/opt/diptych/current/bin": str(places["program"]),
        "/etc/diptych": str(places["etc"]),
        "/var/lib/diptych": str(places["data"]),
    }
    lines = []
    for line in block("sh", "env").splitlines():
        name, _, value = line.partition("=")
        assert name.removeprefix("DIPTYCH_").lower() in Settings.model_fields
        assert re.match(r"'[^']*'$", value), f"systemd and sh read {line!r} differently"
        lines.append(f"{name}='{values[name]}'" if name in values else _moved(line, places_of))
    (places["etc"] / "diptych.env").write_text("\n".join(lines) + "\n")
    _script(places["bin"] / "diptych", _moved(block("sh", "wrapper"), places_of))
    return places_of | {"": f"{places['bin']}:{os.environ['PATH']}"}


def _script(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o755)


def _moved(text: str, places: dict[str, str]) -> str:
    for there, here in places.items():
        text = text.replace(there, here) if there else text
    return text


@pytest.mark.slow
@SQLITE
def test_every_plain_command_runs(machine: dict[str, str], tmp_path: Path) -> None:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("DIPTYCH_")}
    environment.pop("PYTHONPATH", None)
    said = {}
    for kind, name, text in BLOCKS:
        if (kind, name) != ("sh", "") or text.startswith(("# as root", "# on your machine")):
            continue
        done = subprocess.run(
            ["bash", "-eo", "pipefail", "-c", _moved(text, machine)],
            cwd=tmp_path,
            env=environment | {"PATH": machine[""]},
            capture_output=True,
            text=True,
            timeout=900,
            check=False,
        )
        if "doctor" in text:
            # The front end may not be bundled where the tests run; nothing else may be a fault.
            faults = [line for line in done.stdout.splitlines() if "✗" in line]
            assert all("not bundled" in line for line in faults), done.stdout
        else:
            assert done.returncode == 0, f"{text}\n{done.stdout}\n{done.stderr}"
        said[text.split()[-1]] = done.stdout
    told = "\n".join(said.values())
    assert len(said) >= 5
    assert "tables/data/study-greebles_description-sessions_data.csv" in told
    assert "holds 0 sessions" in told
    assert "the last back-up is 0 hours old" in told


def test_units_are_what_systemd_takes(tmp_path: Path) -> None:
    if SYSTEMD is None:
        pytest.skip("there is no systemd-analyze on this machine to look at units with")
    units = [(name, text) for kind, name, text in BLOCKS if kind == "ini" and "diptych" in name]
    assert len(units) == 5
    replaced = (
        ("/opt/diptych/current/bin/diptych", "/bin/true"),
        ("User=diptych", "User=root"),
        ("Group=diptych", "Group=root"),
        ("/etc/diptych/diptych.env", "/dev/null"),
    )
    for name, text in units:
        for there, here in replaced:
            text = text.replace(there, here)
        (tmp_path / name.replace("@.", "@greebles.")).write_text(text)
    paths = sorted(str(path) for path in tmp_path.iterdir() if "diptych" in path.name)
    done = subprocess.run(
        [SYSTEMD, "verify", "--man=no", *paths], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_options_of_the_units_exist() -> None:
    told = re.search(r"(?m)^ExecStart=\S+/diptych (serve .*)$", block("ini", "diptych.service"))
    assert told
    done = subprocess.run(
        [str(PROGRAM / "diptych"), *told[1].split(), "--help"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.postgres
def test_the_role_may_do_what_it_must(postgresql: PostgreSQL) -> None:
    statements = [s.strip() for s in block("sql").split(";") if s.strip()]
    with postgresql.connect() as connection:
        try:
            for statement in statements:
                connection.execute(statement.encode())
            url = postgresql.url("diptych").replace("postgres@", "diptych:change-me@")
            migrate.upgrade(Settings(database_url=url).sqlalchemy_url)
            with psycopg.connect(url) as own:
                assert own.execute("SELECT count(*) FROM sessions").fetchone() == (0,)
        finally:
            postgresql.drop_database("diptych")
            connection.execute("DROP ROLE diptych")
        names = re.findall(r"(?m)^(\w+) = ", block("ini"))
        known = connection.execute(
            "SELECT name FROM pg_settings WHERE name = ANY(%s)", [names]
        ).fetchall()
    assert sorted(name for (name,) in known) == sorted(names)
    assert "synchronous_commit = on" in block("ini")


def test_the_sum_of_connections() -> None:
    options = engine_options("postgresql://", 5)
    assert options["pool_size"] + options["max_overflow"] == 2 * 5  # as the guide reckons


@SQLITE
def test_the_alerts_speak_of_what_is_measured(app: Flask) -> None:
    rules = importlib.import_module("yaml").safe_load(block("yaml", "rules.yml"))
    importlib.import_module("yaml").safe_load(block("yaml", "prometheus.yml"))
    alerts = rules["groups"][0]["rules"]
    measured = {m.name for m in REGISTRY.collect() if m.name.startswith("diptych_")}
    for alert in alerts:
        for name in re.findall(r"\bdiptych_\w+", alert["expr"]):
            assert re.sub(r"_(total|bucket|count|sum)$", "", name) in measured
    routes = {rule.rule for rule in app.url_map.iter_rules()}
    told = re.findall(r'route="([^"]+)"', block("yaml", "rules.yml"))
    assert told
    assert set(told) <= routes


@pytest.fixture
def behind_nginx(settings: Settings, tmp_path: Path) -> Iterator[tuple[LiveServer, int, int]]:
    """A host, and before it nginx as the guide configures it; its ports for https and http."""
    if NGINX is None:
        pytest.skip("there is no nginx on this machine to try its configuration with")
    tls, plain = free_port(), free_port()
    category_study(settings.studies / "tiny")
    server = LiveServer(
        {
            "DIPTYCH_HOME": str(settings.home),
            "DIPTYCH_STUDIES": str(settings.studies),
            "DIPTYCH_BASE_URL": f"https://study.example.org:{tls}",
            "DIPTYCH_SECRET_KEY": "q8Zr3_fWv1LxT7nB5kYdC0sJmHgE2aPu4o",
            "DIPTYCH_PROXY_HOPS": "1",
            "DIPTYCH_METRICS_TOKEN": "3_fWv1LxT7nB5kYdC0sJmHgE2aPu4oq8Zr",
        },
        tmp_path / "server.log",
    )
    folder = tmp_path / "nginx"
    folder.mkdir()
    self_signed(folder)
    proxy = None
    try:
        server.diptych("study", "open", "tiny")
        server.start()
        configuration = _nginx(folder, block("nginx"), tls, plain, server.port)
        proxy = subprocess.Popen([NGINX, "-c", str(configuration), "-p", str(folder)])
        until_listening(proxy, tls)
        yield server, tls, plain
    finally:
        if proxy is not None:
            proxy.terminate()
            proxy.wait(PATIENCE)
        server.stop()


def _nginx(folder: Path, text: str, tls: int, plain: int, host: int) -> Path:
    """The guide's configuration with other ports and places, and what a distribution brings."""
    text = re.sub(r"(?m)^ *listen \[::\].*\n", "", text)
    for there, here in (
        ("listen 80;", f"listen 127.0.0.1:{plain};"),
        ("listen 443 ssl", f"listen 127.0.0.1:{tls} ssl"),
        ("127.0.0.1:8000", f"127.0.0.1:{host}"),
        ("/etc/letsencrypt/live/study.example.org", str(folder)),
        ("/var/log/nginx", str(folder)),
    ):
        assert there in text
        text = text.replace(there, here)
    temporary = "".join(
        f"{name}_temp_path {folder}/{name};"
        for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    configuration = folder / "nginx.conf"
    configuration.write_text(
        f"daemon off; pid {folder}/pid; error_log {folder}/error.log;\n"
        f"events {{}}\nhttp {{ {temporary}\n{text}}}\n"
    )
    return configuration


@pytest.mark.slow
@SQLITE
def test_nginx_before_a_host(behind_nginx: tuple[LiveServer, int, int], tmp_path: Path) -> None:
    _, tls, plain = behind_nginx
    trust = ssl.create_default_context()
    trust.check_hostname, trust.verify_mode = False, ssl.CERT_NONE  # made for this test
    base = f"https://127.0.0.1:{tls}"
    headers = {
        "Host": f"study.example.org:{tls}",
        # What somebody makes up does not come through.
        "X-Forwarded-Host": "evil.example",
        "X-Forwarded-Port": "1",
        "X-Forwarded-For": "203.0.113.7",
    }
    with httpx.Client(verify=trust, base_url=base, headers=headers, timeout=60) as client:
        health = client.get("/healthz")
        assert health.json()["status"] == "ok"
        # Headers of security are the host's own: nginx adds none of them a second time.
        for name in ("Strict-Transport-Security", "X-Content-Type-Options", "Referrer-Policy"):
            assert len(health.headers.get_list(name)) <= 1
        page = client.get("/s/tiny", params={"PROLIFIC_PID": "5f0e1d2c3b4a5968"})
        if page.status_code == 200:  # the front end may not be bundled where the tests run
            assert "X-Frame-Options" not in page.headers
            assert "frame-ancestors" in page.headers["Content-Security-Policy"]
            script = re.search(r'src="(/static/[^"]+)"', page.text)
            assert script
            assert client.get(script[1]).headers["Content-Encoding"] in ("br", "gzip")
        login = client.get("/dashboard/login")
        assert login.status_code == 200
        assert "evil.example" not in login.text
        assert "Secure" in login.headers["Set-Cookie"]
        assert "Content-Encoding" not in login.headers
        entered = client.post(
            "/api/v1/sessions",
            json={"study": "tiny", "entry": {}, "browser": {"width": 1280, "height": 800}},
        )
        assert entered.status_code in (201, 422)
        assert client.get("/metrics").status_code == 404
        long = client.post("/api/v1/sessions", json={"study": "x" * 400_000})
        assert (long.status_code, long.json()["error"]["code"]) == (413, "too_large")
        assert client.post("/api/v1/sessions", content=b"x" * 600_000).status_code == 413
    here = {"Host": "study.example.org"}
    moved = httpx.get(f"http://127.0.0.1:{plain}/s/tiny", headers=here, timeout=60)
    assert moved.headers["Location"] == "https://study.example.org/s/tiny"
    log = (tmp_path / "nginx" / "diptych.log").read_text()
    assert log.count("\n") >= 6
    assert health.headers["X-Request-ID"] in log
    for secret in ("5f0e1d2c3b4a5968", "203.0.113.7", "127.0.0.1", "?"):
        assert secret not in log


@SQLITE
@pytest.mark.parametrize("name", ["several", "under-a-path"])
def test_nginx_takes_what_else_the_guide_shows(
    tmp_path: Path, name: str, database_kind: str
) -> None:
    if NGINX is None:
        pytest.skip("there is no nginx on this machine to try its configuration with")
    self_signed(tmp_path)
    upstream = re.search(r"(?ms)^upstream diptych \{.*?^\}\n", block("nginx"))
    metrics = re.search(r"(?m)^ *location = /metrics .*\n", block("nginx"))
    assert upstream
    assert metrics
    place = upstream[0] if name == "several" else metrics[0]
    text = block("nginx").replace(place, block("nginx", name) + "# 127.0.0.1:8000\n")
    configuration = _nginx(tmp_path, text, free_port(), free_port(), 8000)
    done = subprocess.run(
        [NGINX, "-t", "-c", str(configuration), "-p", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
