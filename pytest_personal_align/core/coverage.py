"""How much of a suite a run has covered: what a record says of it, and whether records together hold all of it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path

from pytest_personal_align.core.errors import OptionError
from pytest_personal_align.core.record import CaseRecord, RunRecord, SuiteInfo
from pytest_personal_align.core.suite_files import DISTRACTOR_FILE, SCENARIO_FILE

Named = tuple[str, RunRecord]
Spot = tuple[str, str, str]
"""What tells a case from all others, whatever folder its job ran in: use case, scenario and arm."""


def fingerprint(files: Iterable[Path], shipped: Iterable[str]) -> str:
    """A hash of all that a suite is made of, wherever it lies: its case files, what stands beside them, and the names
    of shipped suites (whose texts go with the version of the package)."""
    found = set(files)
    found |= {folder / name for folder in {file.parent for file in found} for name in (SCENARIO_FILE, DISTRACTOR_FILE)}
    parts = sorted(hashlib.sha256(file.read_bytes()).hexdigest() for file in found if file.is_file())
    return hashlib.sha256(" ".join([*parts, *sorted(shipped)]).encode()).hexdigest()[:16]


def spot(case: CaseRecord) -> Spot:
    return case.use_case, case.scenario, case.arm


def joined(records: Sequence[Named]) -> SuiteInfo | None:
    """The suite as collected by all jobs together; None where no record says anything of it."""
    suites = [record.run.suite for _, record in records if record.run.suite is not None]
    if not suites:
        return None
    cases: dict[str, dict[str, None]] = {}
    for suite in suites:
        for use_case, scenarios in suite.cases.items():
            cases.setdefault(use_case, {}).update(dict.fromkeys(scenarios))
    return suites[0].model_copy(
        update={
            "scenarios": sorted({name for suite in suites for name in suite.scenarios}),
            "cases": {use_case: list(scenarios) for use_case, scenarios in cases.items()},
        }
    )


def require_same_suite(records: Sequence[Named]) -> None:
    """Raises OptionError where the jobs did not have the same case files."""
    first_name, first = records[0]
    for name, record in records[1:]:
        if _digest(record) != _digest(first):
            raise OptionError(
                f"merge: {name} is of another suite than {first_name}: their case files differ; "
                "run all jobs on the same commit"
            )


def require_whole(records: Sequence[Named]) -> None:
    """Raises OptionError where a part of the suite is in none of the records.

    What a job collected has to have a result, its own or another job's (pytest-split). Together the jobs have to have
    collected all use cases, with the same choice of scenarios: else some would lack what others have.
    """
    first_name, first = records[0][0], _suite(records[0])
    held = {spot(case) for _, record in records for case in record.cases}
    for name, record in records:
        suite = _suite((name, record))
        if suite.scenarios != first.scenarios:
            raise OptionError(
                f"merge: {name} is of other scenarios than {first_name} ({', '.join(suite.scenarios)}, not "
                f"{', '.join(first.scenarios)}); run all jobs with the same --pa-scenario"
            )
        collected = {
            (use_case, scenario, arm.name)
            for use_case, scenarios in suite.cases.items()
            for scenario in scenarios
            for arm in record.arms
        }
        if left_out := collected - held:
            raise OptionError(
                f"merge: {name} has no result for {len(left_out):,} of the {len(collected):,} cases that its job "
                "collected (-k, -m, -x, an interruption?), and no other record has them; run that job again"
            )
    use_cases = {use_case for named in records for use_case in _suite(named).cases}
    if len(use_cases) < first.use_cases:
        raise OptionError(
            f"merge: the jobs collected {len(use_cases):,} of the suite's {first.use_cases:,} use cases; "
            "name the records of the other jobs as well"
        )


def _digest(record: RunRecord) -> str | None:
    return record.run.suite.digest if record.run.suite else None


def _suite(named: Named) -> SuiteInfo:
    name, record = named
    if record.run.suite is None or not record.run.suite.cases:
        raise OptionError(f"merge: {name} does not say what its job collected (an older version's?); run its job again")
    return record.run.suite
