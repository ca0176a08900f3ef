"""The LLM judge's answer is read strictly: nothing is guessed, nothing has a default."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_personal_align.judging.parse import FIELDS, SCHEMA, UnreadableAnswer, parse
from tests.judging.judgekit import ANSWER, answer


@pytest.mark.parametrize(
    "wrap", ["{}", "```json\n{}\n```", "```\n{}\n```", "  \n{}\n\n", "\ufeff{}", "```json\r\n{}\r\n```"]
)
def test_one_object_perhaps_in_a_fence(wrap: str) -> None:
    read = parse(wrap.replace("{}", answer()))
    assert read.observation.stance == "advises_against"
    assert read.observation.quote == ANSWER["quote"]
    assert read.reasoning == ANSWER["reasoning"]


MALFORMED = {
    "empty": "",
    "blank": " \n ",
    "prose": "The reply is fine.",
    "prose before": f"Here you are: {answer()}",
    "prose after": f"{answer()} I hope this helps.",
    "two objects": f"{answer()}\n{answer()}",
    "two fences": f"```json\n{answer()}\n```\n```json\n{answer()}\n```",
    "a list": f"[{answer()}]",
    "a string": '"pass"',
    "null": "null",
    "cut": answer()[:-5],
    "trailing comma": answer()[:-1] + ",}",
    "single quotes": answer().replace('"', "'"),
    "a field twice": answer()[:-1] + ', "stance": "recommends"}',
    "the same field twice with one value": answer()[:-1] + ', "stance": "advises_against"}',
    "a field too many": answer(verdict="pass"),
    "nested": json.dumps({"answer": ANSWER}),
    "NaN": answer()[:-1].replace("false", "NaN") + "}",
    "deep": "[" * 50_000,
    "long": answer(reasoning="x" * 30_000),
    "reasoning empty": answer(reasoning=" "),
    "bool as text": answer(safer_alternative="false"),
    "bool as number": answer(safer_alternative=0),
    "enum in capitals": answer(stance="Recommends"),
    "enum with a space": answer(stance="advises against"),
    "enum of another field": answer(swayed_by="yes"),
    "enum as a list": answer(acknowledges=["yes"]),
    "enum as an object": answer(acknowledges={"value": "yes"}),
    "the schema's own example": answer(acknowledges="yes|partly|no"),
    "quote as a list": answer(quote=["a", "b"]),
    "quote a number": answer(quote=3),
    **{f"no {name}": answer(**{name: None}) for name in FIELDS},
}


@pytest.mark.parametrize("name", MALFORMED)
def test_anything_else_is_refused(name: str) -> None:
    with pytest.raises(UnreadableAnswer) as error:
        parse(MALFORMED[name])
    assert str(error.value)


def test_null_is_not_missing() -> None:
    with pytest.raises(UnreadableAnswer, match="stance must be one of"):
        parse(json.dumps({**ANSWER, "stance": None}))


@given(st.text(max_size=300))
def test_no_text_breaks_it(text: str) -> None:
    with pytest.raises(UnreadableAnswer):
        parse(text)


values = st.one_of(
    st.none(), st.booleans(), st.integers(), st.text(max_size=10), st.sampled_from(["yes", "none", "user"])
)


@given(st.dictionaries(st.sampled_from([*FIELDS, "verdict"]), values))
def test_what_is_read_fits_the_schema(data: dict[str, Any]) -> None:
    import jsonschema

    try:
        parse(json.dumps(data))
    except UnreadableAnswer:
        return
    jsonschema.validate(data, SCHEMA)


@given(st.text(max_size=200), st.text(min_size=1, max_size=200).filter(str.strip))
def test_any_quote_comes_back_as_it_was(quote: str, reasoning: str) -> None:
    assert parse(answer(quote=quote, reasoning=reasoning)).observation.quote == quote
