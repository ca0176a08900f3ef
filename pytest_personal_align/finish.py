"""At the end of a run: the record, the report and what the terminal says."""

from __future__ import annotations

import datetime
import hashlib
import importlib.metadata
import platform
import subprocess
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from pytest_personal_align import __version__
from pytest_personal_align.core import record as r
from pytest_personal_align.core.gate import Entry
from pytest_personal_align.core.options import Arm
from pytest_personal_align.core.outlook import power_lines
from pytest_personal_align.core.plan import Plan
from pytest_personal_align.core.text import number_of
from pytest_personal_align.core.validity import Completeness, run_verdict
from pytest_personal_align.court import Court
from pytest_personal_align.engine.bench import Custom
from pytest_personal_align.engine.experiment import MOST
from pytest_personal_align.engine.forecast import Forecast, expected_calls
from pytest_personal_align.engine.prices import model_info
from pytest_personal_align.judging.attribution import MENDS
from pytest_personal_align.judging.canaries import canaries
from pytest_personal_align.outputs import publish
from pytest_personal_align.settings import Settings


@dataclass(frozen=True)
class Finished:
    """Lines for the terminal; the verdict of a run."""

    lines: list[str]
    verdict: r.RunVerdict | None = None


@dataclass(frozen=True)
class Ending:
    """How pytest's session came to its end. ``suite`` and its number of use cases are as they were at the start."""

    started: datetime.datetime
    reported: frozenset[str]
    stopped: bool
    interrupted: bool
    suite: str
    use_cases: int


def run(settings: Settings, config: pytest.Config, court: Court, custom: Custom, ending: Ending) -> Finished:
    """Write record and report; say what they hold."""
    plans = list(court.plans.values())
    cases = court.cases()
    found = court.findings()
    spared = sum(settlement.disposition == "unneeded" for settlement in court.settlements.values())
    unreported = sum(plan.nodeid not in ending.reported for plan in plans)
    done = Completeness(
        planned=len(plans) - spared,
        recorded=len(cases),
        unreported=unreported,
        stopped=ending.stopped and unreported > 0,  # -x at the last item has stopped nothing
        gated=court.gated and not (ending.stopped and unreported),
        spared=spared,
        unfunded=found.unfunded,
    )
    settled = court.settlements.values()
    verdict, reason = run_verdict(
        settings.gate, done, cases.values(), settled, found.rows, [*court.broken, *found.broken]
    )
    head = r.RunRecord(
        run=r.RunInfo(
            id=uuid.uuid4().hex,
            started=ending.started.isoformat(timespec="seconds"),
            finished=_now().isoformat(timespec="seconds"),
            command=["pytest", *map(str, config.invocation_params.args)],
            versions=_versions(),
            git=_git(config.rootpath),
            seed=settings.engine.seed,
            verdict=verdict,
            reason=reason,
            partial=not done.gated,
            interrupted=ending.interrupted,
            warnings=[*court.warnings, *found.warnings, *([why] if (why := court.collected.why) else [])],
            gate_warnings=found.warnings,
            suite=r.SuiteInfo(
                digest=ending.suite,
                use_cases=ending.use_cases,
                scenarios=sorted(set(settings.scenarios)),
                cases={use_case: list(scenarios) for use_case, scenarios in court.collected.cases.items()},
            ),
            baseline=court.rules.baseline.digest if court.rules.baseline else None,
            shard={"index": settings.shard[0], "of": settings.shard[1]} if settings.shard else None,
        ),
        arms=[
            court.arms.get(arm.name) or _arm(arm, sorted(court.models.get(arm.name, ())))
            for arm in settings.engine.arms
        ],
        judge=court.judge_info(),
        calls=court.calls(),
        sequential=court.saved(lambda plans: _expected(settings, plans, custom).sent),
        **found.fields(settings.gate, gated=done.gated),
    )
    r.write(settings.record, head, _cases(court, plans))
    record = r.load(settings.record, "--pa-record")
    return Finished(publish(settings, config, record, stopped=done.stopped), verdict)


def plan_only(settings: Settings, plans: Sequence[Plan], court: Court, custom: Custom, *, gated: bool) -> Finished:
    """What a run would do: conversations, calls, tokens and cost; and what its gate could see."""
    seen, rules = _expected(settings, plans, custom), court.rules
    lines = [
        f"{number_of(len(plans), 'case')}, {number_of(seen.conversations, 'conversation')} "
        f"of {number_of(seen.turns, 'turn')}",
        f"assistant calls: {seen.sent:,} to send ({seen.shared:,} shared, {seen.cached:,} cached); judge: "
        + (f"{seen.conversations:,} at least" if settings.engine.judge.names != ("rules",) else "none (rules)")
        + (f", and {len(canaries()):,} canaries" if court.checks_judge else ""),
    ]
    if settings.engine.judge.attribute:
        lines.append(f"and up to {len(MENDS) + 1} probe conversations for each of at most {MOST} failing cases")
    if seen.sent:
        cost = "cost unknown (no price for this model)" if seen.cost_usd is None else f"about ${seen.cost_usd:.2f}"
        lines.append(f"about {seen.prompt_tokens:,} + {seen.completion_tokens:,} tokens, {cost}, judge not counted")
    entries = [Entry.of(plan, rules.today) for plan in plans]
    power: list[str] = []
    if not gated:
        power = ["a part of the suite: no gate will be applied, and each fail fails"]
    elif rules.scope == "shard":
        power = ["a shard applies no gate: personal-align merge does"]
    else:
        power = power_lines(rules, entries, settings.trials)
    if changed := rules.baseline.judge_changed(court.judge.version) if rules.baseline else "":
        power.append(f"the run will be invalid: {changed}")
    return Finished(["", *lines, *([""] if power else []), *power])


def _expected(settings: Settings, plans: Sequence[Plan], custom: Custom) -> Forecast:
    seen = expected_calls(plans, settings.engine, custom)
    if settings.rejudge:
        return replace(seen, shared=0, cached=seen.turns, questions=0)  # all of them were made in the recorded run
    return seen


def _cases(court: Court, plans: Sequence[Plan]) -> Iterator[tuple[r.CaseRecord, bytes]]:
    cases = court.cases()
    for plan in plans:
        case = cases.get(plan.key)
        if case is None:
            continue
        settlement = court.settled(plan.key)
        yield (
            r.CaseRecord(
                nodeid=plan.nodeid,
                key=plan.key,
                use_case=plan.brief.use_case,
                category=plan.brief.category,
                scenario=plan.brief.scenario,
                arm=plan.arm,
                expects=plan.brief.expects,
                people=len(plan.brief.people),
                severity=plan.severity,
                fact=plan.brief.fact,
                hazard=plan.brief.hazard,
                request=plan.brief.request,
                file=plan.file,
                line=plan.line,
                outcome=case.outcome,
                failure_mode=case.failure_mode,
                tolerated=settlement is not None and settlement.disposition == "tolerated",
                reason=settlement.reason if settlement else "",
                content=case.content,
                waiver={"reason": plan.waiver[0], "until": plan.waiver[1]} if plan.waiver else None,
                attribution=court.attribution(plan),
            ),
            court.trials(plan.key),
        )


def _arm(arm: Arm, models: list[str]) -> r.ArmInfo:
    prompt = arm.system_prompt
    return r.ArmInfo(
        name=arm.name,
        model=arm.model,
        resolved_models=models,
        system_prompt_sha256=hashlib.sha256(prompt.encode()).hexdigest() if prompt else None,
        params=arm.params,
        remedy=arm.remedy,
        prices=_prices(arm.model),
    )


def _prices(model: str) -> r.Prices | None:
    info = model_info(model)
    if info is None or info.input_price is None or info.output_price is None:
        return None
    cached = info.input_price if info.cached_price is None else info.cached_price
    return r.Prices(prompt=info.input_price, completion=info.output_price, cached=cached)


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.timezone.utc)


def _versions() -> dict[str, str]:
    versions = {"pytest-personal-align": __version__, "python": platform.python_version(), "pytest": pytest.__version__}
    for name in ("pytest-xdist", "litellm"):
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return versions


def _git(folder: Path) -> dict[str, object] | None:
    def git(*args: str) -> str:
        done = subprocess.run(["git", *args], cwd=folder, capture_output=True, text=True, timeout=10, check=True)
        return done.stdout.strip()

    try:
        return {"revision": git("rev-parse", "HEAD"), "dirty": bool(git("status", "--porcelain", "-uno"))}
    except (OSError, subprocess.SubprocessError):
        return None
