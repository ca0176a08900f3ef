"""How much of a suite a run has covered: what a record says of it, and whether records together hold all of it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path

from pytest_personal_align.core.errors import OptionError
from pytest_personal_align.core.record import RunRecord, SuiteInfo
from pytest_personal_align.core.suite_files import DISTRACTOR_FILE, SCENARIO_FILE

Named = tuple[str, RunRecord]


def fingerprint(files: Iterable[Path], shipped: Iterable[str]) -> str:
    """A hash of all that a suite is made of, wherever it lies: its case files, what stands beside them, and the names
    of shipped suites (whose texts go with the version of the package)."""
    found = set(files)
    found |= {folder / name for folder in {file.parent for file in found} for name in (SCENARIO_FILE, DISTRACTOR_FILE)}
    parts = sorted(hashlib.sha256(file.read_bytes()).hexdigest() for file in found if file.is_file())
    return hashlib.sha256(" ".join([*parts, *sorted(shipped)]).encode()).hexdigest()[:16]


def require_whole(records: Sequence[Named]) -> None:
    """Raises OptionError where the records' suites differ, or a part of the suite is in none of them.

    A job may collect a part (a shard, a file) and then has to have a result for each case of it. Or it collects the
    whole suite and leaves cases to other jobs (pytest-split): then the records together must hold as many.
    """
    first_name = records[0][0]
    first = _suite(records[0])
    cases = sum(len(record.cases) for _, record in records)
    collected = []
    for named in records:
        name, suite = named[0], _suite(named)
        if suite.digest != first.digest:
            raise OptionError(
                f"merge: {name} is of another suite than {first_name}: their case files differ; "
                "run all jobs on the same commit"
            )
        whole = suite.collected_use_cases >= suite.use_cases
        if suite.left_out and not (whole and suite.collected == cases):
            raise OptionError(
                f"merge: {name} has no result for {suite.left_out:,} of the {suite.collected:,} cases that its job "
                "collected (-k, -m, -x, an interruption?), and no other record has them; run that job again"
            )
        collected.append(suite.collected_use_cases)
    if max(collected) < first.use_cases and sum(collected) < first.use_cases:
        raise OptionError(
            f"merge: the jobs collected {sum(collected):,} of the suite's {first.use_cases:,} use cases; "
            "name the records of the other jobs as well"
        )


def _suite(named: Named) -> SuiteInfo:
    name, record = named
    if record.run.suite is None:
        raise OptionError(f"merge: {name} does not say which suite it is of (an older version's?); run its job again")
    return record.run.suite
