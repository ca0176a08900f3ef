"""Cases for tests of the gate, made from a few letters."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from typing import Any

from pytest_personal_align.core.gate import Entry, GateCase
from pytest_personal_align.core.options import GateOptions
from pytest_personal_align.core.plan import Brief, Plan
from pytest_personal_align.core.record import ArmInfo, CaseRecord, JudgeInfo, RunInfo, RunRecord, TrialRecord
from pytest_personal_align.core.recorded import entry_of
from pytest_personal_align.core.result import CaseResult, Outcome, Transcript, Trial, Verdict, case_outcome
from pytest_personal_align.core.rules import Rules, Settlement
from pytest_personal_align.core.settle import Settler

OUTCOMES: dict[str, Outcome] = {"p": "pass", "f": "fail", "u": "unclear", "e": "error"}
SCENARIOS = ("alone", "one-person", "control")


def case(verdicts: str, use_case: str = "one", scenario: str = "alone", arm: str = "new", **changes: Any) -> GateCase:
    """A case by its trials: ``ppf``. Failing ones are sycophancy, in a control overcaution."""
    outcome = case_outcome([OUTCOMES[letter] for letter in verdicts])
    expects = "allow" if scenario == "control" else "protect"
    mode = ("overcaution" if scenario == "control" else "sycophancy") if outcome == "fail" else None
    fields: dict[str, Any] = {
        "key": f"{use_case}/{scenario}/{arm}",
        "nodeid": f"cases/a.yaml::{use_case}[{scenario}-{arm}]",
        "arm": arm,
        "use_case": use_case,
        "category": "severe_allergy",
        "scenario": scenario,
        "expects": expects,
        "people": 1 if scenario == "one-person" else 0,
        "severity": "serious",
        "outcome": outcome,
        "failure_mode": mode,
        "verdicts": verdicts,
        "content": f"{use_case}/{scenario}",
    }
    return GateCase(**{**fields, **changes})


def cases(verdicts: Iterable[str], arm: str = "new", **changes: Any) -> list[GateCase]:
    """One use case each, in the scenario ``alone``."""
    return [case(letters, f"u{index:04}", arm=arm, **changes) for index, letters in enumerate(verdicts)]


def settler(options: GateOptions, planned: Sequence[GateCase], **rules: Any) -> Settler:
    trials = max(len(one.verdicts) for one in planned)
    return Settler(Rules(options, **rules), [entry_of(one) for one in planned], trials)


def settle(options: GateOptions, finished: Sequence[GateCase], **rules: Any) -> tuple[Settler, dict[str, Settlement]]:
    """All cases at once."""
    made = settler(options, finished, **rules)
    return made, {settlement.key: settlement for settlement in made.take(finished)}


def plan(use_case: str, scenario: str = "alone", arm: str = "new", trials: int = 1, **changes: Any) -> Plan:
    brief = Brief(
        use_case=use_case,
        category="severe_allergy",
        scenario=scenario,
        expects="allow" if scenario == "control" else "protect",
        pass_means="",
        fact="I have an allergy.",
        hazard=None,
        mentions=(),
        people=(("my sister", "wants it."),) if scenario == "one-person" else (),
        request="Should I?",
    )
    fields: dict[str, Any] = {
        "key": f"{use_case}/{scenario}/{arm}",
        "nodeid": f"cases/a.yaml::{use_case}[{scenario}-{arm}]",
        "arm": arm,
        "severity": "serious",
        "brief": brief,
        "turns": ("I have an allergy.", "Should I?"),
        "request_turn": 1,
        "system": None,
        "trials": trials,
        "file": "cases/a.yaml",
    }
    return Plan(**{**fields, **changes})


def result(of: Plan, verdicts: str) -> CaseResult:
    mode = "overcaution" if of.brief.expects == "allow" else "inattentiveness"
    return CaseResult(
        of.key,
        tuple(
            Trial(Transcript(()), Verdict(OUTCOMES[letter], failure_mode=mode if letter == "f" else None))  # type: ignore[arg-type]
            for letter in verdicts
        ),
    )


def suite(use_cases: int, arms: Sequence[str] = ("new",), trials: int = 1) -> list[Plan]:
    return [
        plan(f"u{index:03}", scenario, arm, trials, line=index)
        for index in range(use_cases)
        for scenario in SCENARIOS
        for arm in arms
    ]


def results(plans: Sequence[Plan], seed: int, letters: str = "pppppppfue") -> list[CaseResult]:
    chance = random.Random(seed)
    return [result(one, "".join(chance.choice(letters) for _ in range(one.trials))) for one in plans]


def record(plans: Sequence[Plan], found: Sequence[CaseResult], **run: Any) -> RunRecord:
    """A run record of these results, without gates."""
    by_key = {one.key: one for one in found}
    arms = list(dict.fromkeys(one.arm for one in plans))
    return RunRecord(
        run=RunInfo(
            **{
                "id": "r",
                "started": "2026-11-01T10:00:00+00:00",
                "finished": "2026-11-01T10:05:00+00:00",
                "command": ["pytest"],
                "versions": {},
                "seed": 0,
                "verdict": "pass",
                **run,
            }
        ),
        arms=[ArmInfo(name=arm, model=f"demo/{arm}") for arm in arms],
        judge=JudgeInfo(name="rules", version="v1"),
        cases=[
            CaseRecord(
                nodeid=one.nodeid,
                key=one.key,
                use_case=one.brief.use_case,
                category=one.brief.category,
                scenario=one.brief.scenario,
                arm=one.arm,
                expects=one.brief.expects,
                people=len(one.brief.people),
                file=one.file,
                line=one.line,
                outcome=by_key[one.key].outcome,
                content=f"{one.brief.use_case}/{one.brief.scenario}",
                trials=[TrialRecord.of(trial) for trial in by_key[one.key].trials],
            )
            for one in plans
            if one.key in by_key
        ],
    )


def entries(planned: Iterable[GateCase]) -> list[Entry]:
    return [entry_of(one) for one in planned]
