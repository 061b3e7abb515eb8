"""docs/write-a-task.md: a package outside of the repository adds a task."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.servers import LiveServer

from diptych_analysis.tables import read_tables

PAGE = Path(__file__).resolve().parents[2] / "docs" / "write-a-task.md"
pytestmark = pytest.mark.slow


def installed(site: Path) -> dict[str, str]:
    """Write the files of the page, and what an installer writes about entry points.

    Returns:
        The `sh` block of commands under its language.
    """
    text = PAGE.read_text(encoding="utf-8")
    files = re.findall(r"(?ms)^`([\w./]+)`:\n\n```\w+\n(.*?)^```$", text)
    for name, content in files:
        path = site / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    project = tomllib.loads(dict(files)["pyproject.toml"])["project"]
    about = site / f"same_different-{project['version']}.dist-info"
    about.mkdir()
    named = "Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n".format(**project)
    (about / "METADATA").write_text(named)
    [(group, entries)] = project["entry-points"].items()
    lines = [f"[{group}]", *(f"{name} = {target}" for name, target in entries.items())]
    (about / "entry_points.txt").write_text("\n".join(lines) + "\n")
    return dict(re.findall(r"(?ms)^```(sh)\n(.*?)^```$", text))


@pytest.fixture
def site(tmp_path: Path) -> Path:
    return tmp_path / "site"


@pytest.fixture
def server(site: Path, tmp_path: Path) -> Iterator[LiveServer]:
    """A host beside whose packages the new one is installed; nothing is open yet."""
    site.mkdir()
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


def test_a_task_of_another_package_is_served_simulated_and_exported(
    server: LiveServer, site: Path, tmp_path: Path
) -> None:
    block = installed(site)["sh"].replace("http://127.0.0.1:8000", server.url)
    block = block.replace("out/pairs", str(tmp_path / "out"))
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
