"""The caches of docs/images-and-caches.md, with a real nginx before a real host."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from support.servers import PATIENCE, LiveServer, free_port

from diptych.ground.keys import study_key
from diptych.ground.settings import Settings

NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
PAGE = Path(__file__).parents[1] / "docs" / "images-and-caches.md"
pytestmark = [
    pytest.mark.exhaustive,
    pytest.mark.slow,
    pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True),
]


def block(name: str) -> str:
    """A block of the page, such as ```nginx top."""
    found = re.findall(rf"(?ms)^```nginx {name}\n(.*?)^```", PAGE.read_text(encoding="utf-8"))
    assert len(found) == 1
    return str(found[0])


@pytest.fixture
def behind_nginx(live_server: LiveServer, tmp_path: Path) -> Iterator[httpx.Client]:
    """Speaks to nginx, which has a cache as the page says."""
    if NGINX is None:
        pytest.skip("there is no nginx on this machine to try its configuration with")
    folder, port = tmp_path / "nginx", free_port()
    folder.mkdir()
    temporary = "".join(
        f"{name}_temp_path {folder}/{name};"
        for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    top = block("top").replace("/var/cache/nginx", str(folder))
    assert str(folder) in top
    # Its workers would be somebody else, who may not write into a folder of the tests.
    user = "user root;" if os.geteuid() == 0 else ""
    (folder / "nginx.conf").write_text(
        f"{user} daemon off; pid {folder}/pid; error_log {folder}/error.log; worker_processes 1;\n"
        f"events {{}}\nhttp {{ access_log off; {temporary}\n{top}\n"
        f"upstream diptych {{ server 127.0.0.1:{live_server.port}; }}\n"
        f"server {{ listen 127.0.0.1:{port};\n{block('server')}\n"
        "location / { proxy_pass http://diptych; proxy_set_header Host $host; } } }\n"
    )
    proxy = subprocess.Popen([NGINX, "-c", str(folder / "nginx.conf"), "-p", str(folder)])
    try:
        until = time.monotonic() + PATIENCE
        while proxy.poll() is None and time.monotonic() < until:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
            yield client
    finally:
        proxy.terminate()
        proxy.wait(PATIENCE)


def test_what_is_the_same_for_all_is_kept_and_nothing_else(
    behind_nginx: httpx.Client, live_server: LiveServer, settings: Settings
) -> None:
    client = behind_nginx
    page = client.get("/s/tiny")
    found = re.search(r'src="(/static/[^"]+)"', page.text)
    script = found[1] if found else ""
    key = study_key(settings.secret(), "simulate", "tiny")
    body = {"study": "tiny", "entry": {"simulate": key, "participant": "a"}, "browser": {}}
    token = client.post("/api/v1/sessions", json=body).json()["token"]
    own = {"Authorization": f"Bearer {token}"}
    # Images are told from the beginning of the trials on.
    for step, sent in (("consent", {"agreed": True}), ("instructions", {"read_ms": 20_000})):
        assert client.post(f"/api/v1/session/steps/{step}", json=sent, headers=own).is_success
    image = client.get("/api/v1/session/images", headers=own).json()["images"][0]
    for path in ("/s/tiny", image, "/api/v1/session", "/dashboard/login", "/static/dist/nothing"):
        for _ in range(2):
            reply = client.get(path, headers=own)
            assert reply.headers.get("X-Cache", "MISS") == "MISS", path
            assert "Age" not in reply.headers
    assert client.get(image, headers={"Range": "bytes=0-9"}).status_code == 206
    if not script:
        pytest.skip("the pages are not bundled here; `make frontend` bundles them")
    forms = {}
    for accepted, encoding in (
        ("gzip, deflate, br, zstd", "br"),
        ("br;q=1.0, gzip;q=0.8", "br"),
        ("gzip, deflate", "gzip"),
        ("identity", None),
    ):
        headers = {"Accept-Encoding": accepted}
        for _ in range(2):
            with client.stream("GET", script, headers=headers) as reply:
                sent = b"".join(reply.iter_raw())
            assert reply.headers.get("Content-Encoding") == encoding
        assert reply.headers["X-Cache"] == "HIT"
        assert "immutable" in reply.headers["Cache-Control"]
        assert forms.setdefault(encoding, sent) == sent
    assert len({len(sent) for sent in forms.values()}) == 3
    part = client.get(script, headers={"Accept-Encoding": "identity", "Range": "bytes=5-14"})
    assert part.status_code == 206 and part.content == forms[None][5:15]
    live_server.stop()
    with client.stream("GET", script, headers={"Accept-Encoding": "br"}) as reply:
        assert b"".join(reply.iter_raw()) == forms["br"], "kept while the host is away"
    assert client.get("/api/v1/session", headers=own).status_code == 502
    assert client.get(image).status_code == 502
