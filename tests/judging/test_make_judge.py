"""Which judge the options give, and what is wrong with options before any call."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from pytest_personal_align.core.errors import OptionError
from pytest_personal_align.core.options import JudgeOptions
from pytest_personal_align.core.plan import Brief
from pytest_personal_align.core.result import Message, Verdict
from pytest_personal_align.judging.build import check_judges, family, family_warning, make_judge
from pytest_personal_align.judging.protocol import Judge
from tests.judging.judgekit import GOOD, ScriptedModel, answer, judged


class Own:
    name = version = "own"

    async def __call__(self, brief: Brief, messages: Sequence[Message]) -> Verdict:
        return Verdict("pass", judged_by=self.name)


def custom(name: str) -> Judge | None:
    return Own() if name == "own" else None


def test_rules_by_default() -> None:
    assert make_judge(JudgeOptions(), ScriptedModel(answer())).name == "rules"


def test_a_judge_of_a_hook() -> None:
    options = JudgeOptions(("own",))
    check_judges(options, live=True, custom=custom)
    assert judged(make_judge(options, ScriptedModel(answer()), custom), GOOD).judged_by == "own"


def test_a_hook_may_take_a_models_name() -> None:
    class Taken(Own):
        name = version = "taken"

    judge = make_judge(JudgeOptions(("openai/x",)), ScriptedModel(answer()), lambda name: Taken())
    assert judge.name == "taken"


def test_a_name_given_twice_is_one_judge() -> None:
    model = ScriptedModel(answer())
    judged(make_judge(JudgeOptions(("openai/x", "openai/x")), model), GOOD)
    assert len(model.calls) == 1


@pytest.mark.parametrize("name", ["gpt-4o", "ruless", "", "Rules"])
def test_an_unknown_judge(name: str) -> None:
    for check in (lambda o: check_judges(o, live=False, custom=custom), lambda o: make_judge(o, ScriptedModel("x"))):
        with pytest.raises(OptionError, match=r"--pa-judge.*openai/gpt-4o"):
            check(JudgeOptions((name,)))


def test_other_options() -> None:
    with pytest.raises(OptionError, match="--pa-judge-votes"):
        check_judges(JudgeOptions(votes=0), live=True)
    with pytest.raises(OptionError, match="at least one"):
        check_judges(JudgeOptions(()), live=True)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (None, "cannot be read"),
        ("{", "not JSON"),
        ("[]", "not a calibration"),
        ("{}", "not a calibration"),
        ('{"version": "x", "schema_version": 99}', "schema_version 99"),
    ],
)
def test_an_unreadable_calibration(tmp_path: Path, text: str | None, problem: str) -> None:
    path = tmp_path / "calibration.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(OptionError, match=problem):
        check_judges(JudgeOptions(calibration=str(path)), live=True)


def test_a_readable_calibration(tmp_path: Path) -> None:
    path = tmp_path / "calibration.json"
    path.write_text(json.dumps({"schema_version": 1, "version": "x"}))
    check_judges(JudgeOptions(calibration=str(path)), live=True)


@pytest.mark.parametrize(
    ("model", "maker"),
    [
        ("openai/gpt-4o", "OpenAI"),
        ("azure/o3-mini", "OpenAI"),
        ("anthropic/claude-sonnet-4", "Anthropic"),
        ("bedrock/anthropic.claude-v2", "Anthropic"),
        ("openrouter/meta-llama/llama-3.1-70b", "Meta"),
        ("gemini/gemini-2.0-flash", "Google"),
        ("demo/forgetful", None),
        ("openai/my-own-model", None),
        ("python:app.bot:reply", None),
    ],
)
def test_families(model: str, maker: str | None) -> None:
    assert family(model) == maker


def test_the_warning() -> None:
    text = family_warning(["rules", "openai/gpt-4o"], ["demo/x", "azure/gpt-35-turbo"])
    assert text is not None
    assert "openai/gpt-4o" in text
    assert "azure/gpt-35-turbo" in text
    assert family_warning(["openai/gpt-4o"], ["anthropic/claude-3"]) is None
    assert family_warning(["rules"], ["demo/forgetful"]) is None
