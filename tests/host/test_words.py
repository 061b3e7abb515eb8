"""The words of the participant's page in every language, and which of them a study gets."""

from __future__ import annotations

import json
import re
from html import unescape
from pathlib import Path

import pytest
from flask import Flask
from fluent.syntax.ast import VariableReference
from fluent.syntax.visitor import Visitor
from hypothesis import given
from hypothesis import strategies as st
from support.tiny_studies import category_study
from support.walker import Walker, open_study

from diptych import words

LANGUAGES = ("en", "de", "fr", "es", "pt", "it", "nl", "zh", "ja", "ar", "he")
OTHERS = [name for name in words.languages() if name != words.ENGLISH]
#: The article goes by the first letter of an English name.
ENGLISH_ONLY = {"article"}


class _Variables(Visitor):
    def __init__(self) -> None:
        self.found: set[str] = set()

    def visit_VariableReference(self, node: VariableReference) -> None:  # noqa: N802
        self.found.add(node.id.name)


def variables(message: object) -> set[str]:
    visitor = _Variables()
    visitor.visit(message)
    return visitor.found


def test_the_languages_that_are_promised() -> None:
    assert set(words.languages()) >= set(LANGUAGES)


@pytest.mark.parametrize("language", OTHERS)
def test_no_message_is_missing_and_none_is_of_another_name(language: str) -> None:
    english, own = words.messages(words.ENGLISH), words.messages(language)
    assert sorted(set(english) - set(own)) == []
    assert sorted(set(own) - set(english)) == []


@pytest.mark.parametrize("language", OTHERS)
def test_every_value_of_a_message_stands_in_it_in_every_language(language: str) -> None:
    english, own = words.messages(words.ENGLISH), words.messages(language)
    for name in english:
        assert variables(own[name]) == variables(english[name]) - ENGLISH_ONLY, name


def test_a_language_is_chosen_by_the_nearest_tag() -> None:
    tags = {"pt-BR": "pt", "zh-Hant-TW": "zh", "DE": "de", "de_AT": "de", "sv": "en", "": "en"}
    assert {tag: words.nearest(tag) for tag in tags} == tags


@given(st.text(max_size=20))
def test_whatever_a_study_calls_its_language_there_are_words(tag: str) -> None:
    assert words.nearest(tag) in words.languages()
    assert words.direction(tag) in ("ltr", "rtl")
    assert words.default_text(tag, "completed")


def test_a_message_that_a_language_lacks_is_said_in_english(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "en.ftl").write_text("one = One\ntwo = Two { $n }\ntext-end = # End\n")
    (tmp_path / "xx.ftl").write_text("one = Eins\n")
    caches = (words.languages, words.messages, words.for_the_page, words._bundle)
    for cached in caches:
        cached.cache_clear()
    with monkeypatch.context() as patched:
        patched.setattr(words, "files", lambda name: tmp_path)
        assert words.say("xx", "one") == "Eins"
        assert words.say("xx", "two", n=2) == "Two 2"
        assert words.default_text("xx", "end") == "# End"
        assert words.for_the_page("xx") == "one = Eins\ntwo = Two { $n }\n"
        (tmp_path / "yy.ftl").write_text("one = Ichi\nthis is nothing\n")
        with pytest.raises(ValueError, match=r"yy\.ftl: not understood: 'this is nothing"):
            words.messages("yy")
    for cached in caches:
        cached.cache_clear()


@pytest.mark.parametrize(
    ("language", "direction"), [("en", "ltr"), ("he", "rtl"), ("ar-EG", "rtl")]
)
def test_the_page_is_of_the_studys_language(
    app: Flask, tmp_path: Path, language: str, direction: str
) -> None:
    folder = category_study(tmp_path)
    spec = (folder / "study.toml").read_text()
    (folder / "study.toml").write_text(f'language = "{language}"\n' + spec)
    (folder / "completed.md").unlink(missing_ok=True)
    open_study(app, folder)
    page = app.test_client().get(f"/s/{folder.name}").text
    assert f'<html lang="{language}" dir="{direction}">' in page
    source = re.search(r'<script type="application/json" id="words" [^>]*>(.*?)</script>', page)
    assert source is not None
    own = words.nearest(language)
    assert json.loads(unescape(source[1])) == words.for_the_page(own)
    assert words.say(own, "loading") in page

    walker = Walker(app.test_client(), folder.name).start()
    assert walker.state["step"] == "trials"
    assert walker.request("GET", "/api/v1/session").json["study"]["language"] == language
