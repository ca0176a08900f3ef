"""`personal-align merge RECORD ...`: join the records of parallel jobs and apply the gate to the whole.

The jobs are shards (pytest --pa-shard=K/N), or parts of a suite that were run by file. Exit code as pytest's:
0, 1 for a failed gate, 4 for a wrong option or records that do not fit, 10 for an invalid run.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_personal_align.commands import Subparsers
    from pytest_personal_align.core.baseline import Baseline
    from pytest_personal_align.core.record import RunRecord


def add_parser(subparsers: Subparsers) -> None:
    parser = subparsers.add_parser("merge", help="join the records of parallel jobs, then gate", description=__doc__)
    parser.add_argument("records", type=Path, nargs="+", metavar="RECORD", help="one from each job")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write the joined record")
    parser.add_argument(
        "--expect", type=int, metavar="N", help="how many cases the whole suite has, instead of what the records say"
    )
    parser.add_argument("--threshold", action="append", metavar="MODE=RATE", help="instead of the jobs' thresholds")
    parser.add_argument("--baseline", type=Path, metavar="FILE", help="instead of the jobs' baseline")
    parser.add_argument("--strict", action="store_true", help="an inconclusive gate ends with exit code 10")


def run(args: argparse.Namespace) -> int:
    from dataclasses import replace

    from pytest_personal_align.commands._gating import show, thresholds
    from pytest_personal_align.core import baseline, comparable, record
    from pytest_personal_align.core.errors import OptionError
    from pytest_personal_align.core.merge import merge
    from pytest_personal_align.core.regate import exit_code, options_of, regate

    named = [(str(path), record.load(path, "merge")) for path in args.records]
    joined = merge(named, whole=args.expect is None, same_baseline=args.baseline is None)
    if args.expect is not None and args.expect != len(joined.cases):
        raise OptionError(f"merge: the records hold {len(joined.cases):,} cases, --expect says {args.expect:,}")
    options = options_of(joined)
    options = replace(
        options,
        thresholds=thresholds(args.threshold, joined) if args.threshold else options.thresholds,
        baseline=str(args.baseline) if args.baseline else options.baseline,
        strict=args.strict or options.strict,
    )
    kept = baseline.read(args.baseline, "merge") if args.baseline else _of_the_jobs(joined, options.baseline)
    if kept is not None:
        kept = comparable.fitted(kept, {arm.name: arm.model for arm in joined.arms}, "merge")
        comparable.require_comparable(kept, comparable.of_cases(joined), "merge")
    whole = regate(joined, options, baseline=kept).record
    show(whole, args.out)
    return exit_code(whole, strict=options.strict)


def _of_the_jobs(joined: RunRecord, path: str | None) -> Baseline | None:
    """The baseline that the jobs compared with. Raises OptionError where it is not at hand."""
    from pytest_personal_align.core import baseline
    from pytest_personal_align.core.errors import OptionError

    if path is None:
        return None
    if not Path(path).is_file():
        raise OptionError(f"merge: the jobs compared with {path}, which is not here; say where it is: --baseline FILE")
    kept = baseline.read(Path(path), "merge")
    if kept.digest != joined.run.baseline:
        raise OptionError(f"merge: {path} is not what the jobs compared with; say where that is: --baseline FILE")
    return kept
