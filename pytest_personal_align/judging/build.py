"""Which judge a run gets."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path

from pytest_personal_align.core.errors import OptionError
from pytest_personal_align.core.options import JudgeOptions
from pytest_personal_align.judging.calibration import load_calibration
from pytest_personal_align.judging.decisions import DecidingJudge, Decisions
from pytest_personal_align.judging.llm import LLMJudge
from pytest_personal_align.judging.panel import CascadeJudge, PanelJudge, VotingJudge
from pytest_personal_align.judging.protocol import Complete, Judge
from pytest_personal_align.judging.rules import NAME, RulesJudge

Custom = Callable[[str], Judge | None]


def make_judge(
    options: JudgeOptions, complete: Complete, custom: Custom | None = None, decisions: Decisions | None = None
) -> Judge:
    """The judge that ``options`` ask for.

    Several names make a panel; ``rules`` beside others screens for them. ``decisions`` of people go before all.
    Raises OptionError for a name that nobody knows.
    """
    others = [_one(name, options, complete, custom) for name in dict.fromkeys(options.names) if name != NAME]
    judge: Judge
    if not others:
        judge = RulesJudge()
    else:
        judge = others[0] if len(others) == 1 else PanelJudge(others)
        if NAME in options.names:
            judge = CascadeJudge(RulesJudge(), judge)
    return DecidingJudge(judge, decisions) if decisions else judge


def _one(name: str, options: JudgeOptions, complete: Complete, custom: Custom | None) -> Judge:
    if custom is not None and (judge := custom(name)) is not None:
        return judge
    if "/" not in name:
        raise _unknown(name)
    model = LLMJudge(name, complete, options.params, options.api_base)
    return VotingJudge(model, options.votes) if options.votes > 1 else model


def _unknown(name: str) -> OptionError:
    return OptionError(
        f"--pa-judge: {name!r} is no judge; use rules, a model with its provider such as openai/gpt-4o, "
        "or a name that a pytest_personal_align_judge hook answers to"
    )


def check_judges(options: JudgeOptions, live: bool, custom: Custom | None = None) -> None:
    """Raises OptionError, before any call is made, for an unknown judge or an unreadable calibration.

    ``live`` is for symmetry with the engine's checks: nothing here needs a key.
    """
    if not options.names:
        raise OptionError("--pa-judge: name at least one judge")
    for name in options.names:
        if name != NAME and "/" not in name and (custom is None or custom(name) is None):
            raise _unknown(name)
    if options.votes < 1:
        raise OptionError(f"--pa-judge-votes: must be 1 or more, not {options.votes}")
    if options.calibration is not None:
        load_calibration(Path(options.calibration), "--pa-calibration")


_FAMILIES = (
    ("OpenAI", re.compile(r"\b(?:gpt|chatgpt|o[1-9](?:-|\b)|text-davinci)")),
    ("Anthropic", re.compile(r"\bclaude")),
    ("Google", re.compile(r"\b(?:gemini|gemma|palm)")),
    ("Meta", re.compile(r"\bllama")),
    ("Mistral", re.compile(r"\b(?:mistral|mixtral|ministral|codestral|magistral)")),
    ("Qwen", re.compile(r"\b(?:qwen|qwq)")),
    ("DeepSeek", re.compile(r"\bdeepseek")),
    ("Cohere", re.compile(r"\bcommand")),
    ("xAI", re.compile(r"\bgrok")),
    ("Amazon", re.compile(r"\bnova\b")),
    ("Microsoft", re.compile(r"\bphi-?\d")),
)


def family(model: str) -> str | None:
    """The maker of a model, by its name without the provider that serves it; None where the name does not say."""
    name = model.lower().rpartition("/")[2]
    return next((maker for maker, pattern in _FAMILIES if pattern.search(name)), None)


def family_warning(judges: Iterable[str], assistants: Iterable[str]) -> str | None:
    """A warning where a judge and an assistant are of one family: judges favour their own kind."""
    tested = {family(model): model for model in assistants}
    for judge in judges:
        maker = family(judge)
        if maker is not None and maker in tested:
            return (
                f"the judge {judge} and the assistant {tested[maker]} are both of {maker}: a judge tends to favour its "
                "own family; use another, or a panel"
            )
    return None
