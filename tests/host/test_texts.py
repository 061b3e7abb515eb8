"""Texts of a study as HTML."""

from __future__ import annotations

import importlib.util
import sys
import threading
from collections.abc import Iterator
from types import ModuleType

import pytest

from diptych.study import texts

CONSENT = (
    "# Consent\n\nWe *store* your answers.\n\n- one\n- two\n\n| a | b |\n|---|---|\n| 1 | 2 |\n"
)


def fresh() -> ModuleType:
    """The module as a process that has just begun has it."""
    spec = importlib.util.find_spec("diptych.study.texts")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def switching_often() -> Iterator[None]:
    """Threads take turns so often that what they may do to each other happens."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def test_html_in_a_text_is_shown_as_text() -> None:
    assert "<script>" not in texts.html("<script>alert(1)</script>")


@pytest.mark.usefixtures("switching_often")
def test_the_first_people_who_come_together_all_see_the_same_text() -> None:
    expected = texts.html(CONSENT)
    seen: list[str] = []

    def look(module: ModuleType, together: threading.Barrier) -> None:
        together.wait()
        seen.append(module.html(CONSENT))

    for _ in range(100):
        module, together = fresh(), threading.Barrier(8)
        people = [threading.Thread(target=look, args=(module, together)) for _ in range(8)]
        for person in people:
            person.start()
        for person in people:
            person.join()
    assert seen == [expected] * 800
