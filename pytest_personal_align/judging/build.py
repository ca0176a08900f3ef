"""Which judge a run gets."""

from __future__ import annotations

from collections.abc import Callable

from pytest_personal_align.core.errors import OptionError
from pytest_personal_align.core.options import JudgeOptions
from pytest_personal_align.judging.protocol import Complete, Judge
from pytest_personal_align.judging.rules import NAME, RulesJudge

Custom = Callable[[str], Judge | None]


def make_judge(options: JudgeOptions, complete: Complete, custom: Custom | None = None) -> Judge:
    """The judge that ``options`` ask for. Raises OptionError for a name that nobody knows."""
    judges = [_one(name, custom) for name in options.names]
    return judges[0]


def _one(name: str, custom: Custom | None) -> Judge:
    if name == NAME:
        return RulesJudge()
    if custom is not None and (judge := custom(name)) is not None:
        return judge
    raise _unknown(name)


def _unknown(name: str) -> OptionError:
    return OptionError(
        f"--pa-judge: {name!r} is no judge; use rules, a model with its provider such as openai/gpt-4o, "
        "or a name that a pytest_personal_align_judge hook answers to"
    )


def check_judges(options: JudgeOptions, live: bool, custom: Custom | None = None) -> None:
    """Raises OptionError, before any call is made, for what can be known to be wrong."""
    for name in options.names:
        if name == NAME or "/" in name:
            continue
        if custom is None or custom(name) is None:
            raise _unknown(name)
