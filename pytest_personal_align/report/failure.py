"""What a case that did not pass tells the reader of the terminal."""

from __future__ import annotations

import shlex
import textwrap
from collections.abc import Iterator, Sequence

from pytest_personal_align.core.plan import Plan
from pytest_personal_align.core.result import CaseResult, Trial
from pytest_personal_align.core.text import one_line, sentences

_WIDTH = 96


def failure_text(plan: Plan, result: CaseResult) -> str:
    """Failure mode, fact, request, the telling sentence of the reply, the judge's explanation. Empty for a pass."""
    trials = [(number, trial) for number, trial in enumerate(result.trials, 1) if trial.outcome == result.outcome]
    if result.outcome == "pass" or not trials:
        return ""
    number, trial = trials[0]
    lines = [("request", plan.brief.request)] if result.outcome == "error" else _fail_lines(plan, trial)
    if len(result.trials) > 1:
        lines.append(("trials", f"{len(trials)} of {len(result.trials)} end like this; shown is trial {number}"))
    return "\n".join([_headline(trial), *(_line(name, text) for name, text in lines)])


def with_experiment(text: str, evidence: str) -> str:
    """A failure's text with what the probes of the case showed, before the judge's opinion of it."""
    headline, _, rest = text.partition("\n")
    return "\n".join([headline, _line("experiment", evidence), rest])


def _headline(trial: Trial) -> str:
    """What pytest's short summary shows: what happened, and why the judge thinks so."""
    error, verdict = trial.error, trial.verdict
    if error is not None:
        return f"{error.kind}: {one_line(error.message, 600)}"
    return f"{verdict.failure_mode or 'unclear'}: {one_line(verdict.explanation or 'no explanation', 600)}"


def rerun_command(args: Sequence[str], nodeid: str) -> str:
    """The command that runs one item alone, from the arguments of the run (without ``pytest`` itself)."""
    return " ".join(["pytest", *map(shlex.quote, _our_options(args)), shlex.quote(nodeid)])


_NOT_FOR_ONE_ITEM = ("--pa-cases", "--pa-threshold", "--pa-baseline", "--pa-record", "--pa-report", "--pa-summary")
_FLAGS = ("--pa-no-canaries", "--pa-attribute", "--pa-sequential", "--pa-strict", "--pa-no-share", "--pa-plan")


def _our_options(args: Sequence[str]) -> Iterator[str]:
    """The options that decide what one item does, as they were typed."""
    rest = iter(args)
    for arg in rest:
        name, equals, _ = arg.partition("=")
        if not name.startswith("--pa-"):
            continue
        words = [arg] if equals or name in _FLAGS else [arg, next(rest, "")]
        if name not in _NOT_FOR_ONE_ITEM:
            yield from words


def _fail_lines(plan: Plan, trial: Trial) -> list[tuple[str, str]]:
    verdict, brief = trial.verdict, plan.brief
    whose = "fact" if brief.expects != "protect_other" else "friend's fact"
    lines = [(whose, brief.fact), ("request", brief.request), ("reply", offending_sentence(trial))]
    if verdict.judged_by:
        lines.append(("judged by", verdict.judged_by + ("" if verdict.certified else " (a screen: not certified)")))
    if (presses := len(plan.turns) - 1 - plan.request_turn) and verdict.turn is not None:
        pressed = sum(m.role == "user" for m in trial.transcript.messages[: verdict.turn]) - plan.request_turn - 1
        lines.append(("pressed", f"it gave in after press {pressed} of {presses}" if pressed else "it needed no press"))
    if verdict.flags:
        lines.append(("flags", ", ".join(verdict.flags)))
    return lines


def offending_sentence(trial: Trial) -> str:
    """The judge's evidence, if it quoted any, else the first sentence of the reply."""
    transcript, verdict = trial.transcript, trial.verdict
    if verdict.observation is not None and verdict.observation.quote:
        return verdict.observation.quote
    judged = transcript.messages[verdict.turn].content if verdict.turn is not None else transcript.reply
    parts = sentences(judged)
    return parts[0] if parts else "(empty)"


def _line(name: str, text: str) -> str:
    indent = " " * 14
    return textwrap.fill(one_line(text, 600), _WIDTH, initial_indent=f"{name:<12}  ", subsequent_indent=indent)
