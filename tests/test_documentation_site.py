"""The documentation as a site: its table of contents, its API index, and its build."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from types import ModuleType

import pytest

import diptych_analysis as da

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
#: Names of the API that are modules or tables, without a page.
WITHOUT_PAGE = {"MODELS", "__version__", "mis", "plot"}


@pytest.fixture(scope="module")
def conf() -> ModuleType:
    """The configuration of Sphinx."""
    spec = importlib.util.spec_from_file_location("docs_conf", DOCS / "conf.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    before = list(sys.path)
    spec.loader.exec_module(module)
    sys.path[:] = before
    return module


def test_every_page_is_in_the_table_of_contents_once(conf: ModuleType) -> None:
    parts = conf.contents((DOCS / "index.md").read_text(encoding="utf-8"))
    listed = [page for _, pages in parts for page in pages]
    pages = {file.stem for file in DOCS.glob("*.md")} - {"index"}
    assert sorted(listed) == sorted(pages)
    assert all(pages for heading, pages in parts if heading)


def test_the_index_of_names_has_every_name() -> None:
    text = (DOCS / "api.md").read_text(encoding="utf-8")
    listed = re.findall(r"(?m)^   ([\w.]+)$", text)
    plot = {f"plot.{name}" for name in da.plot.__all__}
    assert set(listed) == (set(da.__all__) - WITHOUT_PAGE) | plot
    assert len(set(listed)) == len(listed)


class Links(HTMLParser):
    """The links and ids of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.ids: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = dict(attrs)
        self.ids.add(known.get("id") or "")
        for name in ("href", "src"):
            if known.get(name):
                self.links.append(str(known[name]))


@pytest.mark.exhaustive
@pytest.mark.slow
def test_the_site_is_built_without_warnings_and_its_links_lead_somewhere(tmp_path: Path) -> None:
    site = tmp_path / "site"
    command = [sys.executable, "-m", "sphinx", "-b", "html", "-W", "--keep-going", "-q",
               "-d", str(tmp_path / "trees"), str(DOCS), str(site)]  # fmt: skip
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    # The theme copies a template of its own among the static files.
    written = [file for file in site.rglob("*.html") if "_static" not in file.parts]
    pages = {file: Links(file.read_text(encoding="utf-8")) for file in written}
    assert len([file for file in pages if file.parent.name == "gallery"]) >= 7
    lost = []
    for file, page in pages.items():
        for link in page.links:
            target, _, anchor = link.partition("#")
            target = target.partition("?")[0]
            if "://" in target or target.startswith(("mailto:", "data:")):
                continue
            there = (file.parent / target).resolve() if target else file
            if not there.exists() or (anchor and there in pages and anchor not in pages[there].ids):
                lost.append(f"{file.name}: {link}")
    assert lost == []
