"""Probe conversations of failing cases in a run: which to hold, and what they show when the last one is judged."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from pytest_personal_align.core.plan import Plan, content_hash
from pytest_personal_align.core.result import CaseResult, FailureMode, Outcome
from pytest_personal_align.core.suite import Request
from pytest_personal_align.judging.attribution import Probe, ProbeName, attribute, probes

MOST = 40
"""So many failing cases are looked into."""


class Experiments:
    """Not thread-safe: the caller has the lock. ``left_out`` counts the failing cases beyond the first ``most``."""

    def __init__(self, requests: Callable[[str], Request | None], most: int = MOST) -> None:
        """``requests`` finds the wordings of a use case's request."""
        self._requests = requests
        self._most = most
        self._begun: set[str] = set()
        self._cases: dict[str, tuple[str, ProbeName]] = {}
        self._open: dict[str, set[str]] = {}
        self._outcomes: dict[str, dict[ProbeName, Outcome]] = {}
        self.left_out = 0

    def begin(self, plan: Plan) -> list[Plan]:
        """The probes to run for a failing case; none for one that cannot be probed, and none beyond the limit."""
        if plan.key in self._begun:
            return []
        found = probes(plan, self._requests(plan.brief.use_case))
        if found and len(self._begun) >= self._most:
            self.left_out += 1
            return []
        plans = [_plan(probe) for probe in found]
        if plans:
            self._begun.add(plan.key)
            self._open[plan.key] = {one.key for one in plans}
            self._outcomes[plan.key] = {}
            self._cases.update((one.key, (plan.key, probe.name)) for one, probe in zip(plans, found, strict=True))
        return plans

    def owns(self, key: str) -> bool:
        """Whether a result is a probe's."""
        return key in self._cases

    def receive(self, result: CaseResult) -> str:
        """Take a probe's result; the key of the case that it belongs to."""
        key, name = self._cases[result.key]
        self._open[key].discard(result.key)
        self._outcomes[key][name] = result.outcome
        return key

    def pending(self, key: str) -> bool:
        """Whether probes of this case are under way."""
        return bool(self._open.get(key))

    def shown(self, key: str, label: FailureMode | None) -> dict[str, Any] | None:
        """What the probes of a case showed, for the record; None where nothing came of them."""
        outcomes: Mapping[ProbeName, Outcome] = self._outcomes.get(key, {})
        if self.pending(key) or all(outcome == "error" for outcome in outcomes.values()):
            return None
        found = attribute(outcomes, label)
        return {
            "cause": found.cause,
            "evidence": found.evidence,
            "discriminates": found.discriminates,
            "probes": dict(outcomes),
        }


def _plan(probe: Probe) -> Plan:
    key = content_hash(["probe", probe.name, probe.plan.key, probe.trial])
    nodeid = f"{probe.plan.nodeid.partition('~')[0]}~{probe.name}"
    return replace(probe.plan, key=key, nodeid=nodeid, trials=1, first_trial=probe.trial)
