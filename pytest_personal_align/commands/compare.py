"""`personal-align compare A B`: what changed from one run to another, by the rules of `pytest --pa-baseline`.

Exit code 0: no worse; 1: worse, or a case fails that A has not and no threshold tolerates; 4: a wrong option or file;
10: the runs cannot be compared (B is of a part of its suite, or invalid) or, with --strict, too little to say.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_personal_align.commands import Subparsers


def add_parser(subparsers: Subparsers) -> None:
    parser = subparsers.add_parser("compare", help="what changed from one run to another", description=__doc__)
    parser.add_argument("base", type=Path, metavar="A", help="run record or kept baseline of before")
    parser.add_argument("record", type=Path, metavar="B", help="run record of now")
    parser.add_argument("--alpha", type=float, metavar="P", help="level of the tests (default: as in B)")
    parser.add_argument("--min-effect", type=float, metavar="RATE", help="smallest difference that counts as worse")
    parser.add_argument("--strict", action="store_true", help="an inconclusive comparison ends with exit code 10")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write B's record with the comparison in it")


def run(args: argparse.Namespace) -> int:
    from dataclasses import replace

    from pytest_personal_align.commands._gating import checked, show
    from pytest_personal_align.core import baseline, comparable, record
    from pytest_personal_align.core.errors import OptionError
    from pytest_personal_align.core.regate import compared, exit_code, options_of

    base = baseline.read(args.base, "compare")
    now = record.load(args.record, "compare")
    if not now.cases:
        raise OptionError(f"compare: {args.record} holds no case: there is nothing to compare; run it again")
    comparable.require_shared(base, {case.use_case for case in now.cases}, "compare")
    base = comparable.fitted(base, {arm.name: arm.model for arm in now.arms}, "compare")
    comparable.require_comparable(base, comparable.of_cases(now), "compare")
    kept = options_of(now)
    options = replace(
        kept,
        baseline=str(args.base),
        alpha=kept.alpha if args.alpha is None else checked("--alpha", args.alpha, 1e-9, 0.49),
        min_effect=kept.min_effect if args.min_effect is None else checked("--min-effect", args.min_effect, 0, 1),
        strict=args.strict,
    )
    changed = compared(now, options, base, args.record.name)
    show(changed, args.out)
    return exit_code(changed, strict=args.strict)
