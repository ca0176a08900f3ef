"""YAML that an import writes is read back as it was."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from pytest_personal_align.core.yamlfile import parse
from pytest_personal_align.importing.yamltext import document

TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=30) | st.sampled_from(
    [
        "no",
        "010",
        "1e3",
        "12:30",
        "~",
        "null",
        "2020-01-01",
        "- a",
        "a: b",
        "# x",
        "'",
        '"',
        "\\",
        "\x85",
        "\u2028",
        "é",
    ]
)
FLAT = TEXT | st.lists(TEXT, max_size=4)
MAPPING = st.dictionaries(TEXT, FLAT, min_size=1, max_size=3)
DEEP = FLAT | MAPPING | st.lists(MAPPING, min_size=1, max_size=3)
VALUES = DEEP | st.lists(st.dictionaries(TEXT, DEEP, min_size=1, max_size=3), min_size=1, max_size=3)


@given(st.dictionaries(TEXT.filter(lambda text: text != "<<"), TEXT | st.lists(TEXT), min_size=1, max_size=4))
def test_flat(data: dict[str, Any]) -> None:
    assert parse(document(data).encode(), "f").data == data


@given(st.dictionaries(st.sampled_from(["fact", "people", "no", "a b"]), VALUES, min_size=1))
def test_nested(data: dict[str, Any]) -> None:
    if "<<" not in repr(data):
        assert parse(document(data, ["a header", "of two lines"]).encode(), "f").data == data
