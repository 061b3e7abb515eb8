"""The page of an export's first rows, and the answers to questions on the page of a session."""

from __future__ import annotations

import html
import io
import re
from pathlib import Path

import pandas as pd
import pytest
from flask import Flask
from support.dashboard import researcher
from support.tiny_studies import category_study
from support.walker import Walker, open_study

from diptych.web.dashboard.exports import FIRST_SESSIONS, MOST_ROWS
from diptych_analysis.tables.schema import TABLES

QUESTIONS = [
    {"id": "age", "type": "number", "text": "How old are you?", "unit": "years"},
    {"id": "work", "type": "text", "text": "What is your work?", "required": False},
    {"id": "mood", "type": "likert", "text": "How is it?", "rows": ["<b>Fun</b>", "Long"],
     "options": ["no", "yes"]},
]  # fmt: skip
ANSWERS = {"age": 31, "mood": {"<b>Fun</b>": "yes", "Long": "no"}}
PAGE = "/studies/tiny/export/data?table="


@pytest.fixture
def asked(app: Flask, tmp_path: Path) -> Flask:
    changes = {"questions_before": QUESTIONS}
    open_study(app, category_study(tmp_path / "tiny", training=1, test=1, changes=changes))
    walker = Walker(app.test_client()).enter().take("consent", agreed=True)
    walker.take("questions_before", answers=ANSWERS).take("instructions", read_ms=1_000).finish()
    return app


def cells(page: str) -> list[list[str]]:
    """The rows of the first table of a page."""
    body = page.partition("<tbody>")[2].partition("</tbody>")[0]
    rows = [re.findall(r"<td[^>]*>(.*?)</td>", row, re.S) for row in body.split("</tr>")]
    return [[html.unescape(re.sub(r"<[^>]*>", "", cell)) for cell in row] for row in rows if row]


def test_each_table_has_a_page_with_the_meaning_of_every_column(asked: Flask) -> None:
    viewer = researcher(asked, "viewer")
    for name, columns in TABLES.items():
        page = viewer.get(PAGE + name).text
        for column in columns:
            assert f"<code>{column.name}</code>" in page, (name, column.name)
            assert html.escape(column.description, quote=False)[:40] in html.unescape(page), name
    assert viewer.get(f"{PAGE}identities").status_code == 404


def test_the_first_rows_are_those_of_the_export(asked: Flask) -> None:
    viewer = researcher(asked, "viewer")
    for name in ("sessions", "trials", "answers"):
        data = viewer.get(f"/studies/tiny/export/{name}.csv").data
        csv = pd.read_csv(io.BytesIO(data), dtype=str, keep_default_na=False)
        shown = cells(viewer.get(PAGE + name).text)
        assert len(shown) == min(len(csv), MOST_ROWS)
        for column, text in zip(csv.columns, shown[0], strict=True):
            told = csv[column].iloc[0]
            if told != text and not text.endswith("…"):
                assert float(text) == pytest.approx(float(told), rel=1e-5), column


def test_a_page_reads_few_sessions(asked: Flask) -> None:
    for _ in range(FIRST_SESSIONS + 2):
        Walker(asked.test_client()).enter()
    page = researcher(asked, "viewer").get(f"{PAGE}sessions").text
    assert len(cells(page)) == MOST_ROWS


def test_a_session_shows_what_its_participant_answered(asked: Flask) -> None:
    viewer = researcher(asked, "viewer")
    address = re.search(
        r"/participants/([0-9a-f]{32})", viewer.get("/studies/tiny/participants").text
    )
    assert address is not None
    page = viewer.get(f"/studies/tiny/participants/{address[1]}").text
    found = re.search(r"<h3[^>]*>Before the trials</h3>(.*?)</section>", page, re.S)
    assert found is not None and "<b>Fun" not in found[1]
    said = " ".join(html.unescape(re.sub(r"<[^>]*>", " ", found[1])).split())
    assert said == (
        "How old are you? age 31 years What is your work? work not answered "
        "How is it? mood <b>Fun</b>: yes Long: no"
    )
