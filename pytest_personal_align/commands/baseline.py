"""`personal-align baseline save RECORD --out FILE`: keep a run to compare later runs with (pytest --pa-baseline)."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_personal_align.commands import Subparsers


def add_parser(subparsers: Subparsers) -> None:
    parser = subparsers.add_parser("baseline", help="keep a run to compare later runs with", description=__doc__)
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    save = actions.add_parser(
        "save",
        help="write a record's verdicts to a small file for git",
        description="Ids, hashes and verdicts of the trials, a line a case: no replies, so that its diff can be read.",
    )
    save.add_argument("record", type=Path, help="a run record, such as reports/run.json")
    save.add_argument("--out", type=Path, required=True, metavar="FILE", help="such as cases/baseline.json")
    save.add_argument("--arm", metavar="NAME", help="keep this arm only")


def run(args: argparse.Namespace) -> int:
    from pytest_personal_align.core import baseline, record

    kept = record.load(args.record, "baseline save")
    text = baseline.compact(kept, str(args.record), args.arm)
    record.atomically(args.out, lambda file: file.write(text.encode()))
    cases = sum(args.arm in (None, case.arm) for case in kept.cases)
    print(f"wrote {args.out}: {cases:,} cases; use it with pytest --pa-baseline={args.out}")
    return 0
