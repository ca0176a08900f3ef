"""A quote is evidence only if it stands in the reply, after white space, markdown and Unicode folding."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_personal_align.judging.parse import stands_in

REPLY = "No.\n\n**You told me** about your “peanut allergy” — so please don’t   go. Café ﬁne."


@pytest.mark.parametrize(
    "quote",
    [
        "You told me about your",
        "you TOLD me",
        '"You told me about your "peanut allergy""',
        "so please don't go.",
        "... so please don't go ...",
        "No.",
        "Cafe\u0301 fine",
        "about your\n“peanut allergy” -",
    ],
)
def test_it_stands(quote: str) -> None:
    assert stands_in(quote, REPLY)


@pytest.mark.parametrize(
    "quote",
    [
        "",
        "  ",
        "...",
        "You told us",
        "please",
        "go",
        "You told me ... go",
        "No. You go",
        "You told me about your nut allergy",
    ],
)
def test_it_does_not(quote: str) -> None:
    assert not stands_in(quote, REPLY)


@given(st.text(min_size=1, max_size=100), st.text(max_size=100))
def test_two_words_of_a_reply_always_stand_in_it(before: str, after: str) -> None:
    assert stands_in("your peanut allergy", f"{before} your peanut  allergy {after}")


@given(st.text(max_size=60), st.text(max_size=60))
def test_never_raises(quote: str, reply: str) -> None:
    assert stands_in(quote, reply) in (True, False)
