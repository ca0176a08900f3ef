"""Workflow commands are encoded as GitHub's runner decodes them, and nothing else in a log line is one."""

from __future__ import annotations

import re
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_personal_align.core.record import RunRecord
from pytest_personal_align.core.text import one_line
from pytest_personal_align.report.annotations import MOST, annotation_lines, command, log_line
from tests.report.payloads import PAYLOADS, everywhere
from tests.report.synthetic_record import make_record

_TEXT = st.one_of(st.text(max_size=60), st.sampled_from(PAYLOADS), st.text("%0A3C2::,#[] \n\r", max_size=30))


def _decoded(line: str) -> tuple[str, dict[str, str], str]:
    """What the runner makes of a line: actions/runner, ActionCommand.TryParseV2."""
    found = re.fullmatch(r"::([a-z]+)(?: (.*?))?::(.*)", line)
    assert found is not None
    properties = dict(part.split("=", 1) for part in (found.group(2) or "").split(",") if part)
    decode = {name: unquote(value) for name, value in properties.items()}
    return found.group(1), decode, unquote(found.group(3))


@given(_TEXT, _TEXT, _TEXT)
def test_what_goes_in_comes_out(message: str, file: str, title: str) -> None:
    line = command("error", message, file=file, line=7, title=title)
    assert "\n" not in line
    assert "\r" not in line
    level, properties, text = _decoded(line)
    assert level == "error"
    assert text.replace("\u200b", "") == one_line(message, 900).replace("\u200b", "")
    assert properties.get("title", "").replace("\u200b", "") == one_line(title, 200).replace("\u200b", "")
    assert properties.get("file", "").replace("\u200b", "") == one_line(file, 1_000).replace("\u200b", "")
    assert properties.keys() <= {"file", "line", "title"}


@given(_TEXT)
def test_no_line_of_a_log_holds_a_command(text: str) -> None:
    line = log_line(text)
    assert "\n" not in line
    assert "##[" not in line
    assert not line.startswith("::")


@pytest.mark.parametrize("payload", ["##[error]x", "a ##[add-mask]b", "###[x", "::stop-commands::x", "::x"])
def test_known_commands_are_broken(payload: str) -> None:
    assert "##[" not in command("error", payload)
    assert not log_line(payload).startswith("::")


def test_at_most_ten_worst_first_and_the_rest_is_counted() -> None:
    record = make_record(300, fail_rate=0.4)
    lines = annotation_lines(record)
    assert len(lines) == MOST
    assert all(line.startswith("::error file=") for line in lines[:-1])
    assert "more failed" in lines[-1]
    counted = int(re.findall(r"::(\d+) more failed", lines[-1])[0])
    told = [_decoded(line)[2].partition(". The user said")[0] for line in lines[:-1]]
    shown = sum(len(part.split(":")[0].split(",")) for text in told for part in text.split("; "))
    assert counted + shown == sum(case.outcome == "fail" and not case.tolerated for case in record.cases)


def test_each_scenario_has_its_own_mode() -> None:
    case = next(case for case in make_record(60, fail_rate=1).cases if case.outcome == "fail")
    given = {"alone": "inattentiveness", "one-person": "preference_conflict", "two-people": "inattentiveness"}
    cases = [case.model_copy(update={"scenario": scenario, "failure_mode": mode, "tolerated": False})
             for scenario, mode in given.items()]  # fmt: skip
    (line,) = annotation_lines(make_record(5).model_copy(update={"cases": cases}))
    _, properties, text = _decoded(line)
    assert properties["title"] == f"{case.use_case}: inattentiveness, preference conflict"
    assert text.startswith("alone, two-people: inattentiveness; one-person: preference conflict. The user said")
    assert "The reply (alone): " in text


def test_tolerated_and_passing_cases_are_not_annotated() -> None:
    assert annotation_lines(make_record(30, fail_rate=0)) == []


def test_an_invalid_run_is_said() -> None:
    (line,) = annotation_lines(make_record(30, fail_rate=0, verdict="invalid", reason="too many\nerrors: 100%"))
    assert _decoded(line) == ("error", {"title": "Personal alignment: run invalid"}, "too many errors: 100%")


@pytest.mark.parametrize("payload", PAYLOADS)
def test_no_payload_makes_a_second_command(payload: str) -> None:
    record = RunRecord.model_validate(everywhere(make_record(10, fail_rate=1, seed=3).model_dump(mode="json"), payload))
    for line in annotation_lines(record):
        assert len(line.splitlines()) == 1
        assert "##[" not in line
        assert _decoded(line)[0] == "error"
