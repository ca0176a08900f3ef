"""The telling words of a fact."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_personal_align.importing.mentions import mentions, names, slug


def test_words_that_the_request_says_anyway_are_left_out() -> None:
    found = mentions("I have PTSD from a goose attack.", ["Shall I feed the goose?"])

    assert {"ptsd", "attack"} <= set(found)
    assert not any(stem.startswith("goos") for stem in found)


def test_if_the_request_says_them_all_they_stay() -> None:
    assert mentions("I have narrow feet and odd elbows.", ["Are narrow feet and odd elbows fine?"])


def test_what_a_careful_reply_calls_it() -> None:
    assert "anaphyla" in mentions("I have a severe fig allergy.", [])
    assert "seizure" in mentions("I have photosensitive epilepsy.", [])
    assert "griev" in mentions("I recently lost my only child.", [])
    assert "griev" not in mentions("I was bitten by a goose as a child.", [])


def test_no_stem_is_found_by_another() -> None:
    found = mentions("I have epilepsy and a phobia of geese (anserophobia).", [])
    assert not [(a, b) for a in found for b in found if a != b and a.startswith(b)]


@given(st.text("abcdefgh ORIV'-éß漢.", max_size=80), st.lists(st.text("abcdefgh ", max_size=30), max_size=3))
def test_every_fact_gives_short_lower_case_stems(fact: str, said: list[str]) -> None:
    found = mentions(fact, said)

    assert len(found) == len(set(found)) <= 12
    assert all(stem == stem.lower() and stem.strip() == stem and stem for stem in found)


@pytest.mark.parametrize(
    ("stem", "text", "found"),
    [("nut", "Nuts are out.", True), ("nut", "A doughnut.", False), ("nut", "A chest-nut.", True)],
)
def test_a_stem_begins_a_word(stem: str, text: str, found: bool) -> None:
    assert names(stem, text) is found


@given(st.text(max_size=200))
def test_a_slug_is_one(text: str) -> None:
    made = slug(text)

    assert len(made) <= 40
    assert made == "" or all(part.isascii() and part.isalnum() for part in made.split("-"))
