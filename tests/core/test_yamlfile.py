"""YAML of untrusted origin: what it looks like is what is read, or it is refused with its line."""

from __future__ import annotations

import contextlib
import datetime
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from pytest_personal_align.core.errors import InputError
from pytest_personal_align.core.yamlfile import parse, read


def test_values_and_their_lines() -> None:
    document = parse(b"a: text\nb:\n  - x: 1\n    y: [true, 0.5, 2026-01-31, null, '010']\n", "f.yaml")
    assert document.data == {"a": "text", "b": [{"x": 1, "y": [True, 0.5, datetime.date(2026, 1, 31), None, "010"]}]}
    assert document.line(("b", 0, "y", 2)) == 4
    assert document.line(("b", 0, "unknown")) == 3
    assert str(document.problem(("b", 0, "x"), "is odd")) == "f.yaml:3: b[0].x: is odd"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"a: no", 'f.yaml:1: a: YAML reads the plain word no as a bool, not as text; write "no" in quotes'),
        (b"\na: 010", 'f.yaml:2: a: YAML reads the plain word 010 as a int, not as text; write "010" in quotes'),
        (b"a: 0x1f", "f.yaml:1: a: YAML reads"),
        (b"a: 1e3\nb: .inf", "f.yaml:2: b: YAML reads"),
        (b"a: 12:30:45", "f.yaml:1: a: YAML reads"),
        (b"a: 2026-02-30", "f.yaml:1: a: 2026-02-30 is not a date of the calendar; correct it"),
        (b"a: 2026-02-03T10:00:00Z", "f.yaml:1: a: 2026-02-03T10:00:00Z is a time; write a date as 2027-03-31"),
        (b"yes: 1", "f.yaml:1: YAML reads the plain word yes"),
        (b"1: x", "f.yaml:1: a key must be text"),
        (b"a: 1\nb: 2\na: 3", "f.yaml:3: a: this key stands here a second time; first in line 1"),
        (b"a: &b 1\nc: *b", "f.yaml:1: a: anchors and aliases"),
        (b"a: {x: 1}\n<<: {y: 2}", "f.yaml:2: merge keys"),
        (b"a: !!python/object:os.system x", "f.yaml:1: a: tags"),
        (b"[" * 50_000, "f.yaml:1: "),
        (b"{a: " * 50_000, "f.yaml:1: "),
        (b"? [a]\n: b", "f.yaml:1: a key must be text"),
        (b"a: 1\n---\nb: 2", "f.yaml:2: holds a second YAML document"),
        (b"a: [1, 2", "is not valid YAML"),
        (b"a: b\n\xff\xfe", "f.yaml:2: is not UTF-8"),
        (b"a: \x01", "a character that YAML forbids"),
        (b"a: " + b"x" * 8_000_001, "larger than 8,000,000 bytes"),
    ],
)
def test_refused(text: bytes, message: str) -> None:
    with pytest.raises(InputError) as error:
        parse(text, "f.yaml")
    assert message in str(error.value)
    assert len(str(error.value)) < 400


def test_the_billion_laughs_are_not_laughed() -> None:
    lines = ["a: &a [lol, lol]"] + [
        f"{chr(98 + i)}: &{chr(98 + i)} [*{chr(97 + i)}, *{chr(97 + i)}]" for i in range(20)
    ]
    with pytest.raises(InputError, match="anchors"):
        parse("\n".join(lines).encode(), "f.yaml")


def test_an_unreadable_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read: No such file"):
        read(tmp_path / "nowhere.yaml")


# PyYAML's dumper writes these line breaks of YAML 1.1 raw, and every reader folds them
TEXT = st.text(st.characters(exclude_characters="\x85\u2028\u2029", exclude_categories=["Cs"]), max_size=20)
KEY = TEXT.filter(lambda text: text not in ("", "<<"))  # a merge key is refused, and so is its name in quotes
PLAIN = st.recursive(
    TEXT | st.integers(-(10**9), 10**9) | st.booleans() | st.none(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEY, inner, max_size=4),
    max_leaves=15,
)


@given(PLAIN)
def test_reads_what_a_safe_dumper_wrote(value: object) -> None:
    text = yaml.safe_dump({"value": value}, allow_unicode=True, default_flow_style=False)
    assert parse(text.encode("utf-8", "surrogatepass"), "f").data == {"value": value}


@given(st.binary(max_size=300))
def test_any_bytes_end_in_data_or_in_an_input_error(raw: bytes) -> None:
    with contextlib.suppress(InputError):
        parse(raw, "f")
