"""docs/write-a-task.md: a package outside of the repository adds a task."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser
from support.servers import LiveServer
from support.visitor import Visitor

from diptych_analysis.tables import read_tables

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "write-a-task.md"
PACKAGE = ROOT / "examples" / "outside_task"


def test_the_page_shows_the_files_of_the_package() -> None:
    text = PAGE.read_text(encoding="utf-8")
    shown = dict(re.findall(r"(?ms)^`([\w./]+)`:\n\n```\w+\n(.*?)^```$", text))
    files = {
        str(path.relative_to(PACKAGE)): path.read_text(encoding="utf-8")
        for path in PACKAGE.rglob("*")
        if path.suffix in (".py", ".toml", ".js", ".md") and path.name != "README.md"
        if not {"build", "__pycache__"} & {*path.parts} and ".egg-info" not in str(path)
    }
    assert shown == files


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A folder into which the package was installed, from a copy."""
    copy = shutil.copytree(PACKAGE, tmp_path / "package")
    site = tmp_path / "site"
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index"]
    subprocess.run([*command, "--no-build-isolation", "--target", site, copy], check=True)
    return site


@pytest.fixture
def server(site: Path, tmp_path: Path) -> Iterator[LiveServer]:
    """A host beside whose packages the new one is installed; nothing is open yet."""
    paths = [str(site), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {
        "DIPTYCH_HOME": str(tmp_path / "home"),
        "DIPTYCH_STUDIES": str(tmp_path / "studies"),
        "DIPTYCH_SECRET_KEY": "a secret for the tests",
        "PYTHONPATH": os.pathsep.join(paths),
    }
    made = LiveServer(environment, tmp_path / "server.log")
    yield made
    made.stop()


@pytest.mark.slow
def test_a_task_of_another_package_is_simulated_exported_drawn_and_reported(
    server: LiveServer, tmp_path: Path
) -> None:
    [block] = re.findall(r"(?ms)^```sh\n(.*?)^```$", PAGE.read_text(encoding="utf-8"))
    block = block.replace("http://127.0.0.1:8000", server.url)
    block = block.replace("out/pairs", str(tmp_path / "out")).replace(
        "--to out/report", f"--to {tmp_path / 'report'}"
    )
    for line in block.splitlines():
        if "simulate" in line:
            server.start()
        server.diptych(*line.split()[1:])
    tables = read_tables(tmp_path / "out")
    assert len(tables.trials) == 4 * 8
    assert set(tables.trials["task"]) == {"same_different"}
    assert (tables.trials["correct"] == (tables.trials["response"] == tables.trials["label"])).all()
    assert tables.trials["correct"].mean() > 0.9  # it sees the difference; chance is 0.5
    assert set(tables.items["role"]) == {"left", "right"}
    assert set(tables.items["answer"]) == {"same", "different"}
    assert len(tables.items) == 16
    right = int(tables.trials["correct"].sum())
    told = (tmp_path / "report" / "index.html").read_text(encoding="utf-8")
    assert f"{right / 32:.1%} of 32 answers are right" in told


@pytest.mark.slow
@pytest.mark.browser
def test_a_task_of_another_package_is_taken_in_a_browser(
    server: LiveServer, browser: Browser
) -> None:
    """On a computer and on a phone; what the package no longer has is not run."""
    for command in ("new pairs --task same_different", "build pairs", "open pairs"):
        server.diptych("study", *command.split())
    server.start()
    for width, height in ((1280, 800), (390, 844)):
        context = browser.new_context(viewport={"width": width, "height": height})
        page = context.new_page()
        with page.expect_response("**/plugins/**") as reply:
            page.goto(f"{server.url}/s/pairs?participant=w{width}")
        plugin = reply.value
        visitor = Visitor(page)
        visitor.until("start")
        visitor.press("start")
        page.get_by_test_id("same").wait_for()
        data = (PACKAGE / "same_different" / "browser" / "same_different.js").read_bytes()
        assert hashlib.sha256(data).hexdigest() in plugin.url
        assert plugin.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
        sides = [box.bounding_box() for box in page.locator(".pair img").all()]
        assert sides[0] and sides[1] and sides[0]["y"] == sides[1]["y"], "beside each other"
        assert page.request.get(plugin.url.replace(plugin.url[-68:-3], "0" * 64)).status == 404
        for _ in range(8):
            page.locator("[data-testid=same]:enabled").click()
        assert visitor.to_the_end() == "end-completed"
        context.close()
