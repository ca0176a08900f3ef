"""Bad input is told with file, line and field before any call is made: exit 2 for a case file, 4 for an option."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

# What is replaced in cases/allergy.yaml, by what, and what the message must say.
FILES = [
    (
        "    severity: critical\n",
        "    severty: critical\n",
        "allergy.yaml:6: use_cases[[]0[]].severty: *not a known field*",
    ),
    ("    fact: I have", "    # fact: I have", "allergy.yaml:3: use_cases[[]0[]].fact: is missing"),
    ("    severity: critical\n", "    severity: lethal\n", "allergy.yaml:6: use_cases[[]0[]].severity: *critical*"),
    ("[peanut, nut allerg,", "[no, nut allerg,", 'allergy.yaml:7: *plain word no*"no" in quotes*'),
    ("[peanut, nut allerg,", "[010, nut allerg,", 'allergy.yaml:7: *010*"010" in quotes*'),
    (
        "[peanut, nut allerg,",
        "[2024-05-01, nut allerg,",
        "allergy.yaml:7: use_cases[[]0[]].mentions[[]0[]]: *text*quotes*",
    ),
    (
        "    severity: critical\n",
        "    severity: critical\n    severity: serious\n",
        "allergy.yaml:7: *second time*line 6*",
    ),
    ("id: peanut-satay", "id: Peanut Satay", "allergy.yaml:3: use_cases[[]0[]].id: *lower-case*"),
    ("fact: I have a severe", "fact: I have a {{ severe }}", "allergy.yaml:4: use_cases[[]0[]].fact: *{{*templates*"),
    ("category: severe_allergy\n", "category: [severe_allergy]\n", "allergy.yaml:1: category: must be text*"),
    ("use_cases:\n", "use_cases: &x\n", "allergy.yaml:2: *anchors*"),
    (
        "use_cases:\n",
        "thresholds: {all: true}\nuse_cases:\n",
        "allergy.yaml:2: thresholds.all: must be a rate from 0 to 1 *, not true",
    ),
    (
        "use_cases:\n",
        "thresholds: {/all: 0.1}\nuse_cases:\n",
        "allergy.yaml:2: thresholds./all: names no category before the /; write all for all of them",
    ),
    *(
        (
            "    severity: critical\n",
            f"    severity: critical\n    waiver: {{reason: ticket 12, until: {day}}}\n",
            f"allergy.yaml:7: use_cases[[]0[]].waiver.until: {message}",
        )
        for day, message in [
            ("soon", "must be a date; write it as 2027-03-31, without quotes"),
            ("2027-3-1", "must be a date; write it as 2027-03-31, without quotes"),
            ("2027", "must be a date; write it as 2027-03-31, without quotes"),
            ("2027-02-30", "2027-02-30 is not a date of the calendar; correct it *"),
            ('"2027-02-30"', "2027-02-30 is not a date of the calendar"),
            ("2027-03-31 12:00:00", "2027-03-31 12:00:00 is a time; write a date as 2027-03-31 *"),
        ]
    ),
    ("id: peanut-satay", "id: glass-bridge", "*the id glass-bridge stands in *:3 already*"),
]


@pytest.mark.parametrize(("old", "new", "message"), FILES, ids=[new.strip()[-40:] for _, new, _ in FILES])
def test_case_file(
    project: pytest.Pytester, replace_in: Callable[[str, str, str], Any], old: str, new: str, message: str
) -> None:
    replace_in("cases/allergy.yaml", old, new)
    result = project.runpytest_subprocess("--pa-model=demo/attentive")
    assert result.ret == 2
    result.stdout.fnmatch_lines([f"*{message}"])
    result.stdout.no_fnmatch_line("*Traceback*")
    assert not (project.path / "reports").exists()


def test_case_file_under_xdist(project: pytest.Pytester, replace_in: Callable[[str, str, str], Any]) -> None:
    replace_in("cases/allergy.yaml", "id: peanut-satay", "id: glass-bridge")
    result = project.runpytest_subprocess("--pa-model=demo/attentive", "-n", "2")
    assert result.ret == 2
    result.stdout.fnmatch_lines(["*the id glass-bridge stands in *:3 already*"])
    assert not (project.path / "reports").exists()


def test_all_problems_of_a_file_at_once(project: pytest.Pytester, replace_in: Callable[[str, str, str], Any]) -> None:
    replace_in("cases/allergy.yaml", "    severity: critical\n", "    severity: lethal\n    colour: red\n")
    result = project.runpytest_subprocess("--pa-model=demo/attentive")
    result.stdout.fnmatch_lines(["*allergy.yaml:6: *severity*", "*allergy.yaml:7: *colour*"])


@pytest.mark.parametrize("text", ["use_cases: []\n", "", "category: x\n", "[" * 50_000, "use_cases: [" + "{a: " * 30])
def test_documents_that_are_no_suite(project: pytest.Pytester, text: str) -> None:
    project.path.joinpath("cases/allergy.yaml").write_text(text)
    assert project.runpytest_subprocess("--pa-model=demo/attentive").ret == 2


SCENARIO = """
scenarios:
  - name: mine
    summary: Mine.
    pass_means: Well.
    turns:
      - "{{ fact }}"
      - "TURN"
"""


@pytest.mark.parametrize(
    ("turn", "message"),
    [
        ("{{ facts }}", "*scenarios.yaml:8: *turns[[]1[]]: undefined template variable facts; known: fact,*"),
        ("{{ fact", "*scenarios.yaml:8: *template error*"),
        ("{{ 'a' * 2000000000 }}", "*scenarios.yaml:8: *Mul is not allowed*"),
        ("{{ fact.__class__ }}", "*mine, turn 2: *"),
        ("{{ people[7].who }}", "*mine, turn 2: undefined*"),
        ("{% for a in trivia %}{% for b in trivia %}{{ a }}{% endfor %}{% endfor %}", "*for inside a for*"),
        ("{{ request }}{% include 'x' %}", "*Include is not allowed*"),
        ("{{ trivia | tojson }}", "*template error*tojson*"),
    ],
)
def test_scenario_file(project: pytest.Pytester, turn: str, message: str) -> None:
    project.path.joinpath("cases/scenarios.yaml").write_text(SCENARIO.replace("TURN", turn))
    result = project.runpytest_subprocess("--pa-model=demo/attentive", "--pa-scenario=mine")
    assert result.ret == 2
    result.stdout.fnmatch_lines([message])


OPTIONS = [
    (["--pa-model=demo/nobody"], "*nobody*attentive*"),
    (["--pa-model=replay:nowhere.jsonl"], "*nowhere.jsonl*"),
    (["--pa-model=python:nowhere:reply"], "*nowhere*"),
    (["--pa-model="], "*--pa-model*empty*"),
    (["--pa-model=openai/gpt-4o"], "*OPENAI_API_KEY*"),
    (["--pa-judge=nobody"], "*nobody*"),
    (["--pa-scenario=nowhere"], "*nowhere*alone*reference*"),
    (["--pa-cases=builtin:nothing"], "*builtin:nothing*builtin:smoke*"),
    (["--pa-cases=nowhere"], "*nowhere*does not exist*"),
    (["--pa-threshold=kindness=0.1"], "*kindness*inattentiveness*"),
    (["--pa-threshold=all=7"], "*all=7*0 to 1*"),
    (["--pa-threshold=all=high"], "*high*not a number*"),
    (["--pa-threshold=all"], "*MODE=RATE*"),
    (["--pa-threshold=/all=0.1"], "*/all=0.1*no category before the /; write all=0.1*"),
    (["--pa-system-prompt=nowhere.md"], "*nowhere.md*cannot be read*"),
    (["--pa-trials=0"], "*--pa-trials*"),
    (["--pa-trials=some"], "*some*whole number*"),
    (["--pa-timeout=nan"], "*--pa-timeout*"),
    (["--pa-max-cost=inf"], "*--pa-max-cost*"),
    (["--pa-param=temperature"], "*KEY=VALUE*"),
    (["--pa-param=api_key=sk-1"], "*api_key*environment*"),
    (["--pa-cache=sometimes"], "*sometimes*use, refresh, replay, off*"),
    (["--pa-unclear=maybe"], "*maybe*fail, pass, ignore*"),
    (["--pa-baseline=nowhere.json"], "*nowhere.json*cannot be read*"),
    (["--pa-record=cases/allergy.yaml/run.json"], "*cannot be written*"),
    (["--pa-report=cases"], "*is a folder*"),
    (["--pa-remedy=prayer"], "*prayer*"),
    (["--pa-alpha=0.5"], "*--pa-alpha: 0.5 is out of range*from 1e-09 to 0.49*"),
]


@pytest.mark.parametrize(("options", "message"), OPTIONS, ids=[" ".join(options) for options, _ in OPTIONS])
def test_option(project: pytest.Pytester, options: list[str], message: str) -> None:
    first = [] if options[0].startswith("--pa-model") else ["--pa-model=demo/attentive"]
    result = project.runpytest_subprocess(*first, *options)
    assert result.ret in (4, 2) if "--pa-scenario=nowhere" in options else result.ret == 4
    (result.stdout if result.ret == 2 else result.stderr).fnmatch_lines([message])
    assert "Traceback" not in result.stderr.str()
    assert not (project.path / "reports").exists()


def test_no_cases_at_all(pytester: pytest.Pytester) -> None:
    result = pytester.runpytest_subprocess("--pa-model=demo/attentive")
    assert result.ret == 4
    result.stderr.fnmatch_lines(["*no cases*builtin:smoke*"])


def test_an_ini_value_is_named_as_such(project: pytest.Pytester) -> None:
    project.makeini("[pytest]\npa_trials = many\n")
    result = project.runpytest_subprocess("--pa-model=demo/attentive")
    assert result.ret == 4
    result.stderr.fnmatch_lines(["*pa_trials in *tox.ini*many*"])


def test_command_line_goes_before_ini(project: pytest.Pytester) -> None:
    project.makeini("[pytest]\npa_trials = many\n")
    assert project.runpytest_subprocess("--pa-model=demo/attentive", "--pa-trials=1").ret == 0
