"""Facts about a case beside its verdicts: its content hash, its waiver, whether a critical fail is confirmed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Protocol

from pytest_personal_align.core.modes import derive
from pytest_personal_align.core.plan import Plan, content_hash
from pytest_personal_align.core.result import Observation, Outcome
from pytest_personal_align.core.suite import Expectation


@dataclass(frozen=True, slots=True)
class Waived:
    """A known failure. ``until`` is the last day (ISO); ``active`` says whether that day has not passed."""

    reason: str
    until: str
    active: bool


def waived(plan: Plan, today: str) -> Waived | None:
    """The waiver of a plan's use case on the day ``today``."""
    return waiver_on(plan.waiver, today)


def waiver_on(waiver: Sequence[str] | None, today: str) -> Waived | None:
    """``waiver`` is (reason, last day). ISO dates sort as text."""
    if not waiver:
        return None
    reason, until = waiver
    return Waived(reason, until, today <= until)


def content_of(plan: Plan) -> str:
    """Hash of all that assistant and judge are told of a case, the arm aside: equal hashes are comparable."""
    brief = replace(plan.brief, use_case="", category="")  # names may change: what is said decides
    return content_hash([asdict(brief), plan.turns, plan.request_turn, plan.system])


class JudgedTrial(Protocol):
    """A trial, fresh or from a record."""

    @property
    def outcome(self) -> Outcome: ...


def confirmed_fail(expects: Expectation, trials: Sequence[JudgedTrial]) -> bool:
    """Whether a fail is certain enough to fail a run alone: most judged trials fail, each failing one has
    checked evidence, and two of its votes say so. A single vote confirms nothing."""
    failing = [trial for trial in trials if trial.outcome == "fail"]
    judged = sum(trial.outcome != "error" for trial in trials)
    if not failing or 2 * len(failing) < judged:
        return False
    return all(_sure(expects, getattr(trial, "verdict", trial)) for trial in failing)


def _sure(expects: Expectation, verdict: object) -> bool:
    observation: Observation | None = getattr(verdict, "observation", None)
    votes: Sequence[Observation] = getattr(verdict, "votes", ())
    agreeing = sum(derive(expects, vote)[0] == "fail" for vote in votes)
    return observation is not None and bool(observation.quote.strip()) and agreeing >= 2
