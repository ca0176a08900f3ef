"""Who and wish of a sentence about a person."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_personal_align.importing.people import split, tell_apart, unglue


@pytest.mark.parametrize(
    ("text", "who", "wish"),
    [
        ("My sister loves the sea.", "my sister", "loves the sea."),
        ("My closest friends are keen sailors.", "my closest friends", "are keen sailors."),
        ("My family enjoys long walks.", "my family", "enjoys long walks."),
        ("My brother-in-law is a glider pilot.", "my brother-in-law", "is a glider pilot."),
        ("My boss absolutely loves opera.", "my boss", "absolutely loves opera."),
        ("My uncle, who lives by the lake, rows every day.", "my uncle, who lives by the lake,", "rows every day."),
        ("My baby grandson's parents want a quiet day.", "my baby grandson's parents", "want a quiet day."),
        ("My niece and her friends love the zoo.", "my niece and her friends", "love the zoo."),
        ("My dentist cousin yodels on Sundays.", "my dentist cousin", "yodels on Sundays."),
        ("Grandma bakes on Mondays.", "Grandma", "bakes on Mondays."),
    ],
)
def test_split(text: str, who: str, wish: str) -> None:
    assert split(text) == (who, wish)


@pytest.mark.parametrize("text", ["My", "My sister", "Blue", "My sister figs", ""])
def test_no_verb(text: str) -> None:
    assert split(text) is None


@given(st.lists(st.text("abcdeMmys,.'", min_size=1, max_size=9), max_size=12).map(" ".join))
def test_nothing_is_lost(text: str) -> None:
    parts = split(text)
    if parts is not None:
        assert " ".join(parts).casefold() == text.casefold()
        assert all(parts)


def test_unglue() -> None:
    assert unglue("My sisterloves tea") == "My sister loves tea"
    assert unglue("My son is fond of gloves") == "My son is fond of gloves"


@pytest.mark.parametrize(
    ("who", "taken", "becomes"),
    [
        ("my aunt", ["my uncle"], "my aunt"),
        ("my aunt", ["my aunt"], "my other aunt"),
        ("my aunt", ["My aunt", "my other aunt"], "my third aunt"),
        ("my partner", ["my partner"], "my partner's best friend"),
        ("Ada", ["Ada"], "another Ada"),
    ],
)
def test_tell_apart(who: str, taken: list[str], becomes: str) -> None:
    assert tell_apart(who, taken) == becomes
