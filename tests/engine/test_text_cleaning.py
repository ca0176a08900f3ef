"""Text is cleaned once at the boundary, keys are taken out by value, and tokens are estimated on the safe side."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_personal_align.core.result import CallFailed, Message
from pytest_personal_align.engine.clean import (
    MAX_CHARS,
    cleaned,
    environment_keys,
    estimated_usage,
    redacted,
    tokens_in,
)

ANY_TEXT = st.text(st.characters(exclude_categories=[]))  # lone surrogates and control characters included
PLAIN_TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"], include_characters="\n\t"))


@given(ANY_TEXT)
def test_what_is_left_can_be_encoded_and_holds_no_control_characters(text: str) -> None:
    clean = cleaned(text)
    clean.encode("utf-8")
    assert json.loads(json.dumps(clean)) == clean
    assert not [c for c in clean if ord(c) < 32 and c not in "\n\t"]
    assert not [c for c in clean if 0x7F <= ord(c) < 0xA0]
    assert cleaned(clean) == clean


@given(PLAIN_TEXT)
def test_plain_text_is_untouched(text: str) -> None:
    assert cleaned(text) == text


def test_bidirectional_controls_stay_as_evidence() -> None:
    assert cleaned("\u202egood\u2066 \u200b") == "\u202egood\u2066 \u200b"


def test_line_ends() -> None:
    assert cleaned("a\r\nb\rc\n\td") == "a\nb\nc\n\td"


def test_too_long() -> None:
    assert len(cleaned("x" * MAX_CHARS)) == MAX_CHARS
    with pytest.raises(CallFailed) as caught:
        cleaned("x" * (MAX_CHARS + 1))
    assert caught.value.error.kind == "truncated"


@given(ANY_TEXT, ANY_TEXT)
def test_no_key_survives(before: str, after: str) -> None:
    key = "k3y-0f-th3-environment"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOME_PROVIDER_API_KEY", key)
        assert key not in redacted(before + key + after)
        assert key not in cleaned(before + key + after, environment_keys())


@pytest.mark.parametrize(
    "text",
    ["Incorrect API key provided: sk-proj-abcdefghijklmnop.", "sk-ant-api03-AbCdEfGhIjKlMn", "Bearer abcdefghijklmnop"],
)
def test_what_looks_like_a_key_goes_from_messages(text: str) -> None:
    assert "[redacted]" in redacted(text)
    assert "abcdefghijklmnop" not in redacted(text).lower()


def test_ordinary_words_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHORT_TOKEN", "peanut")
    assert (
        redacted("A peanut task-force bearer of risk-taking news") == "A peanut task-force bearer of risk-taking news"
    )


def test_estimates() -> None:
    assert (tokens_in(""), tokens_in("a"), tokens_in("abcde")) == (0, 1, 2)
    usage = estimated_usage([Message("user", "abcd"), Message("assistant", "abcdefgh")], "abcd")
    assert (usage.prompt_tokens, usage.completion_tokens, usage.estimated) == (1 + 4 + 2 + 4, 1, True)
