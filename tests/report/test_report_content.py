"""The report's parts: what stands in it, once, and how large it gets."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from pytest_personal_align.core.record import CaseRecord, GateRecord, TrialRecord
from pytest_personal_align.core.result import Message
from pytest_personal_align.report.cards import anchors, blocks, kept_options, landmarks, marked
from pytest_personal_align.report.figures import charts
from pytest_personal_align.report.html import render_html
from pytest_personal_align.report.view import MOST_CARDS, gate_query, page
from pytest_personal_align.report.wording import unbroken
from tests.report.synthetic_record import CRITICAL, STRICT, UNDER_ALL, gate_row, make_record


def _data(html: str) -> dict[str, Any]:
    found = re.search(r'id="data">(.*?)</script>', html, re.DOTALL)
    assert found is not None
    data: dict[str, Any] = json.loads(found.group(1))
    return data


def test_1680_cases_stay_under_six_megabytes() -> None:
    assert len(render_html(make_record(1_680)).encode()) < 6_000_000


def test_1680_failures_stay_under_six_megabytes_too() -> None:
    record = make_record(1_680, fail_rate=1)
    assert sum(case.outcome == "fail" for case in record.cases) > 1_300
    assert len(render_html(record).encode()) < 6_000_000


def test_shared_beginnings_stand_once() -> None:
    texts = _data(render_html(make_record(100)))["texts"]
    assert len(texts) == len(set(texts))


def test_passing_conversations_are_as_whole_as_asked_for() -> None:
    record = make_record(200)
    full, summary, none = (len(render_html(record, passing=how)) for how in ("full", "summary", "none"))  # type: ignore[arg-type]
    assert full > summary > none
    reply = next(c for c in record.cases if c.outcome == "pass").trials[0].messages[-1].content
    assert json.dumps(reply)[1:60].replace("'", "\\u0027") not in render_html(record, passing="none")


def test_failures_are_in_the_html_whatever_is_kept_of_passes() -> None:
    record = make_record(100, fail_rate=0.2)
    html = render_html(record, passing="none").partition('<script type="application/json"')[0]
    for case in record.cases:
        if case.outcome == "fail":
            assert case.trials[0].messages[-1].content.splitlines()[0].replace("'", "&#39;") in html


def test_beyond_a_number_failures_are_listed_by_name() -> None:
    view = page(make_record(1_000, fail_rate=1), None)
    assert len(view.failures) == MOST_CARDS
    assert len(view.failures) + len([one for one in view.further if one.case.outcome == "fail"]) == view.failed


def test_anchors_are_the_same_in_every_run_and_distinct() -> None:
    first, second = make_record(50, seed=1).cases, make_record(50, seed=2).cases
    assert anchors(first) == anchors(second)
    assert len(set(anchors([*first, *first]))) == 100


def _talk(*contents: str) -> list[Message]:
    return [Message("user" if at % 2 == 0 else "assistant", text) for at, text in enumerate(contents)]


def _case(**fields: Any) -> CaseRecord:
    given = {
        "nodeid": "n",
        "key": "k",
        "use_case": "u",
        "category": "c",
        "scenario": "s",
        "arm": "a",
        "outcome": "fail",
    }
    return CaseRecord(**{**given, "fact": "I FACT", "request": "May I?", **fields})


@pytest.mark.parametrize(
    ("messages", "turn", "expected"),
    [
        (_talk("Hi, I FACT.", "hello", "trivia", "yes", "May I?", "Sure."), None, (0, 4, 5)),
        (_talk("Hi, I FACT.", "ok", "May I?", "No.", "Really?", "Yes."), 5, (0, 2, 5)),
        (_talk("Hi, I FACT.", "ok", "May I?", "Yes.", "Really?", "No."), 3, (0, 2, 3)),
        (_talk("I FACT. May I?", "Sure."), None, (0, 0, 1)),
        (_talk("Hello", "ok", "May I?"), None, (-1, 0, 1)),
        ([], None, (-1, -1, -1)),
    ],
)
def test_fact_request_and_reply_are_found(messages: list[Message], turn: int | None, expected: tuple[int, ...]) -> None:
    trial = TrialRecord(outcome="fail", messages=messages, turn=turn)
    assert landmarks(_case(), trial) == expected


def test_the_talk_between_is_folded_and_nothing_is_lost() -> None:
    trial = TrialRecord(
        outcome="fail", messages=_talk("I FACT", "a", "b", "c", "May I?", "Yes", "Sure?", "Yes!"), turn=5
    )
    found = list(blocks(_case(), trial))
    assert [block.folded for block in found] == [False, True, False, False, True]
    texts = ["".join(segment.text for segment in one.segments) for block in found for one in block.bubbles]
    assert texts == [message.content for message in trial.messages]


def test_evidence_is_marked_even_where_white_space_differs() -> None:
    assert [piece.marked for piece in marked("Well, go\n for it!", "go for it")] == [False, True, False]
    assert [piece.marked for piece in marked("Well", "not there")] == [False]


def test_the_command_to_run_again_keeps_options_and_drops_paths() -> None:
    command = [
        "pytest",
        "cases",
        "--pa-model",
        "demo/x",
        "-n",
        "8",
        "-q",
        "--pa-strict",
        "cases/a.yaml::b[c]",
        "--pa-trials=3",
    ]
    assert kept_options(command) == ["--pa-model", "demo/x", "-n", "8", "-q", "--pa-strict", "--pa-trials=3"]


def test_charts_show_the_distance_of_the_fact() -> None:
    record = make_record(60)
    far = [case.model_copy(update={"scenario": "distant"}) for case in record.cases if case.scenario == "alone"]
    for place, case in enumerate(far):
        trial = case.trials[0]
        more = [*trial.messages[:1], *_talk(*"abcdefgh"), *trial.messages[1:]]
        turn = None if trial.turn is None else trial.turn + 8
        far[place] = case.model_copy(update={"trials": [trial.model_copy(update={"messages": more, "turn": turn})]})
    found = charts(record.model_copy(update={"cases": [*record.cases, *far]}))
    lines = next(chart for chart in found if chart.title == "By distance of the fact").lines
    assert [line.label for line in lines] == ["3 turns", "7 turns"]


@pytest.mark.parametrize(
    ("mode", "query"),
    [("sycophancy", "mode=sycophancy"), ("severe_allergy/overcaution", "category=severe_allergy&mode=overcaution"),
     ("unclear", "outcome=unclear"), ("all", "outcome=fail")],
)  # fmt: skip
def test_a_gate_filters_what_it_counts(mode: str, query: str) -> None:
    row = GateRecord(mode=mode, arm="a", kind="threshold", cases=1, failed=0, outcome="pass")
    assert gate_query(row, []) == query


def test_the_arrows_of_a_headline_and_options_are_not_torn() -> None:
    text = "new: all (8.8% -> 19.4% (+10.6 points)), see (--pa-judge-votes=3 asks for it)"
    assert unbroken(text) == [("new: all (", False), ("8.8% → 19.4%", True), (" (+10.6 points)), see (", False),
                              ("--pa-judge-votes=3", True), (" asks for it)", False)]  # fmt: skip
    html = render_html(make_record(5, reason=text))
    assert '<span class="whole">8.8% → 19.4%</span>' in html


def test_critical_cases_are_filtered_by_their_severity() -> None:
    assert gate_query(CRITICAL, []) == "outcome=fail&severity=critical"
    html = render_html(make_record(60).model_copy(update={"gates": [CRITICAL]}))
    assert '<select name="severity">' in html


def test_the_gate_table_shows_no_limit_where_none_holds_and_why_critical_cases_pass() -> None:
    quiet = gate_row("overcaution", failed=0, rate=0.0)
    html = render_html(make_record(10).model_copy(update={"gates": [STRICT, UNDER_ALL, CRITICAL, quiet]}))
    table = html.partition('id="gates"')[2].partition("</section>")[0]
    rows = {row.partition("</a>")[0].rpartition(">")[2]: row for row in table.split("<tr ")[1:]}
    assert '<td class="num">0</td>' in rows["sycophancy"]
    for name, told in (("inattentiveness", "counted under all"), ("critical", CRITICAL.reason)):
        assert '<td class="num">–</td>' in rows[name]
        assert told in rows[name]
    assert table.partition("No fail: ")[2].startswith("overcaution")


def test_waivers_pass_k_and_the_gates_settings_are_shown() -> None:
    record = make_record(20).model_copy(
        update={
            "waivers": [{"use_case": "satay", "arm": "a", "reason": "known since May", "until": "2027-01-01",
                         "state": "active", "failing": []}],
            "pass_k": [{"arm": "a", "k": 3, "rate": 0.81, "cases": 20}],
            "gate": {"alpha": 0.05, "thresholds": {"sycophancy": 0.1}},
            "sequential": {"saved_calls": 321},
        }
    )  # fmt: skip
    html = render_html(record)
    for text in ("known since May", "pass^3", "81.0%", "alpha", "321"):
        assert text in html


@pytest.mark.parametrize("verdict", ["pass", "fail", "inconclusive", "invalid", None])
def test_every_verdict_and_an_empty_record_can_be_shown(verdict: Any) -> None:
    record = make_record(5, verdict=verdict, reason="", finished=None, git=None)
    assert (verdict or "unfinished").upper() in render_html(record)
    empty = record.model_copy(update={"cases": [], "gates": [], "contrasts": []})
    assert "No case was run" in render_html(empty)
