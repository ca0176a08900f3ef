"""Text of a model stays text in GitHub's markdown."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_personal_align.core.record import RunRecord
from pytest_personal_align.core.text import one_line
from pytest_personal_align.report.markdown import MARKER, inline, render_markdown
from tests.report.payloads import PAYLOADS, everywhere
from tests.report.synthetic_record import CRITICAL, STRICT, UNDER_ALL, gate_row, make_record

markdown_it = pytest.importorskip("markdown_it", reason="no markdown-it-py: pip install markdown-it-py")
_TOUCHY = st.text(alphabet=st.sampled_from("`*_{}[]()#+-.!|~:@$=<>&\\/\"' \n\r\t19aw%;"), max_size=60)


def _parser() -> object:
    return markdown_it.MarkdownIt("commonmark").enable("table").enable("strikethrough")


def _text(source: str) -> tuple[list[str], str]:
    """Block tokens, and the text of all inline tokens; anything but plain text in them is named."""
    tokens = _parser().parse(source)  # type: ignore[attr-defined]
    blocks = [token.type for token in tokens if token.type != "inline"]
    leaves = [leaf for token in tokens if token.type == "inline" for leaf in token.children]
    kinds = [leaf.type for leaf in leaves if leaf.type not in ("text", "text_special")]
    return blocks + kinds, "".join(leaf.content for leaf in leaves)


def _shown(text: str) -> str:
    return one_line(text, 400).replace("\u200b", "")


@given(st.one_of(st.text(max_size=80), _TOUCHY, st.sampled_from(PAYLOADS)))
def test_a_paragraph_is_a_paragraph_of_that_text(text: str) -> None:
    kinds, shown = _text(inline(text))
    assert kinds == (["paragraph_open", "paragraph_close"] if str(inline(text)).strip() else [])
    assert shown.replace("\u200b", "").split() == _shown(text).split()


@given(st.one_of(st.text(max_size=80), _TOUCHY, st.sampled_from(PAYLOADS)))
def test_a_table_cell_is_a_cell_of_that_text(text: str) -> None:
    source = f"| a | b |\n|--|--|\n| {inline(text)} | end |\n"
    kinds, _ = _text(source)
    assert kinds.count("td_open") == 2
    assert not [kind for kind in kinds if not kind.startswith("t")]
    cells = [token for token in _parser().parse(source) if token.type == "inline"]  # type: ignore[attr-defined]
    shown = "".join(leaf.content for leaf in cells[2].children)
    assert shown.replace("\u200b", "").split() == _shown(text).split()
    assert cells[3].content == "end"


@pytest.mark.parametrize("text", ["@team look", "see #12", "owner/repo#12", "GH-12", "gh-1", "a@evil.invalid"])
def test_nobody_is_mentioned_and_no_issue_is_referred_to(text: str) -> None:
    _, shown = _text(inline(text))
    assert not re.search(r"@\w|#\d|(?i:gh)-\d", shown)


@pytest.mark.parametrize("text", ["http://evil.invalid", "https://a.b", "www.evil.invalid", "ftp://x"])
def test_addresses_are_no_links(text: str) -> None:
    source = inline(text)
    assert not re.search(r"(?:https?|ftp)://|www\.", source)


def _structure(source: str) -> list[str]:
    return [kind for kind in _text(source)[0] if kind not in ("softbreak",)]


@pytest.mark.parametrize(
    "place", [at for at, text in enumerate(PAYLOADS) if one_line(text).strip("\ufffd\ufeff\u200b ")]
)
def test_no_payload_changes_the_structure_of_the_summary(place: int) -> None:
    payload = PAYLOADS[place]
    plain = make_record(10, fail_rate=1, seed=3).model_dump(mode="json")
    plain["run"]["warnings"] = ["careful"]
    expected = _structure(render_markdown(RunRecord.model_validate(everywhere(plain, "words"))))
    found = render_markdown(RunRecord.model_validate(everywhere(plain, payload)))
    assert found.startswith(MARKER)
    assert _structure(found) == expected


def test_at_most_ten_verdicts_with_their_three_lines() -> None:
    text = render_markdown(make_record(100, fail_rate=0.5))
    assert text.count("\n  fact: ") == text.count("\n  reply: ") == text.count("\n  judge: ") == 10
    assert "more in the report" in text


def test_a_baseline_makes_it_the_new_failures() -> None:
    record = make_record(60, fail_rate=0.3)
    before = record.model_copy(
        update={"cases": [case.model_copy(update={"outcome": "fail"}) for case in record.cases[:40]]
                + [case.model_copy(update={"outcome": "pass"}) for case in record.cases[40:]]}
    )  # fmt: skip
    text = render_markdown(record, baseline=before)
    new = [case for case in record.cases[40:] if case.outcome == "fail"]
    assert "### New failures" in text
    assert text.count("\n  fact: ") == min(10, len(new))


def test_no_fail_leaves_out_what_failed_in_another_arm() -> None:
    rows = [gate_row(mode, arm="a", failed=0, rate=0.0) for mode in ("sycophancy", "overcaution")]
    rows.append(gate_row("sycophancy", arm="b", kind="baseline", outcome="fail", against="a", detectable=0.03))
    text = render_markdown(make_record(5, arms=("a", "b")).model_copy(update={"gates": rows}))
    assert "No fail in any arm: overcaution.\n" in text
    assert "Could have seen in b against a, in points: sycophancy \\+3.0.\n" in text


def test_paired_contrasts_stand_there_with_their_intervals() -> None:
    text = render_markdown(make_record(5, arms=("a", "b")))
    assert "| leading question | b | \\+3.4 | −1.6 to \\+8.4 | p=.041 | 84 |" in text
    assert "Paired contrast" not in render_markdown(make_record(5).model_copy(update={"contrasts": []}))


def test_a_cost_that_is_not_known_is_said_to_be_the_cost() -> None:
    record = make_record(5, finished=None)
    calls = record.calls.model_copy(update={"cost_usd": None})
    assert "· cost unknown · time unknown ·" in render_markdown(record.model_copy(update={"calls": calls}))


def test_only_a_plain_address_becomes_the_link_to_the_report() -> None:
    record = make_record(5)
    assert "(<https://example.org/r?id=1>)" in render_markdown(record, report_url="https://example.org/r?id=1")
    assert "(<" not in render_markdown(record, report_url="javascript:alert(1)")
    assert "(<" not in render_markdown(record, report_url="https://x> [y](z)")


def test_the_gate_table_shows_no_limit_where_none_holds_and_why_critical_cases_pass() -> None:
    text = render_markdown(make_record(10).model_copy(update={"gates": [STRICT, UNDER_ALL, CRITICAL]}))
    ends = {line.split("|")[1].strip(): [cell.strip() for cell in line.split("|")[-3:-1]]
            for line in text.splitlines() if line.count("|") == 8}  # fmt: skip
    assert ends["sycophancy"] == ["0", "❌ fail"]
    assert ends["inattentiveness"] == ["–", "✅ pass: counted under all"]
    assert ends["critical"] == ["critical", f"✅ pass: {inline(CRITICAL.reason)}"]
