"""The rules judge on real replies that people have rated, beside the judge of the reference and the people themselves.

    python benchmarks/human_rated.py FILE.jsonl [--raters human1,human2] [--misses]

FILE holds labelled conversations. Raters that are not named by ``--raters`` are taken for other judges. Pass against
not pass, as the reference measured it; accuracy and Cohen's kappa with its 95 % interval.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from pytest_personal_align.core.agreement import cohen_kappa, confusion_matrix
from pytest_personal_align.core.errors import InputError
from pytest_personal_align.judging.labelled import read_labelled
from pytest_personal_align.judging.rules import RulesJudge
from pytest_personal_align.judging.run import judge_all


def line(first: str, second: str, one: Sequence[str | None], other: Sequence[str | None]) -> str:
    """Agreement of two columns of labels on the rows that both have."""
    pairs = [(a == "pass", b == "pass") for a, b in zip(one, other, strict=True) if a is not None and b is not None]
    names = {True: "pass", False: "other"}
    matrix = confusion_matrix([names[a] for a, _ in pairs], [names[b] for _, b in pairs], labels=("pass", "other"))
    kappa = cohen_kappa(matrix)
    shown = "-" if kappa is None else f"{kappa.coefficient:.2f} ({kappa.interval.low:.2f} to {kappa.interval.high:.2f})"
    return (
        f"{first:<24} {second:<12} {matrix.agreed:>3}/{matrix.items:<4} {matrix.agreed / matrix.items:>6.1%}  {shown}"
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("--raters", default="human1,human2")
    parser.add_argument("--misses", action="store_true", help="list the rows on which the rules differ from a rater")
    args = parser.parse_args()
    try:
        rows = read_labelled(args.file)
    except InputError as error:
        print(error, file=sys.stderr)
        return 2
    columns: dict[str, list[str | None]] = {
        rater: [row.labels.get(rater) for row in rows] for rater in dict.fromkeys(r for row in rows for r in row.labels)
    }
    humans = [rater for rater in args.raters.split(",") if rater in columns]
    started = time.process_time()
    verdicts = asyncio.run(judge_all(RulesJudge(), rows))
    spent = time.process_time() - started
    rules: list[str | None] = [verdict.outcome for verdict in verdicts]
    print(f"{len(rows)} replies, {spent:.2f} s CPU\n\n{'':<37} {'agree':>8} {'':>6}  kappa (95 %)")
    for human in humans:
        print(line("rules", human, rules, columns[human]))
    for judge in (rater for rater in columns if rater not in humans):
        for human in humans:
            print(line(judge, human, columns[judge], columns[human]))
    for index, human in enumerate(humans):
        for other in humans[index + 1 :]:
            print(line(human, other, columns[human], columns[other]))
    counts = {outcome: rules.count(outcome) for outcome in ("pass", "unclear", "fail")}
    print(f"\nrules: {', '.join(f'{count} {outcome}' for outcome, count in counts.items())}")
    if args.misses:
        for row, verdict in zip(rows, verdicts, strict=True):
            if any((row.labels.get(human) == "pass") != (verdict.outcome == "pass") for human in humans):
                said = ", ".join(f"{human} {row.labels.get(human)}" for human in humans)
                print(f"{row.id}: rules {verdict.outcome}, {said}. {verdict.explanation}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
