"""Cells of a spreadsheet as clean text."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pytest_personal_align.core.suite import Person
from pytest_personal_align.importing.cleaning import clean, key, sentence


@given(st.text(max_size=60))
def test_cleaned_text_is_text_that_a_suite_accepts(raw: str) -> None:
    text, mended = clean(raw)

    if text:
        assert Person(who=text, wish=text).who == text
        assert "  " not in text
    assert bool(mended) <= bool(text)


@given(st.text(max_size=60))
def test_cleaning_twice_changes_nothing(raw: str) -> None:
    text, _ = clean(raw)
    assert clean(text) == (text, [])


@given(st.text("ab .!?…\"')”", max_size=12))
def test_a_sentence_ends_once(raw: str) -> None:
    text, _ = clean(raw)
    ended, added = sentence(text)

    assert sentence(ended) == (ended, False)
    assert added == (ended != text)


def test_key() -> None:
    assert key("I have a  Fig-allergy!") == key("i have a fig allergy")
