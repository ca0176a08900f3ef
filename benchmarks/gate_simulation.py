"""How often the gate cries wolf, and what it finds: our gate code itself, assistants and a judge that err.

    python benchmarks/gate_simulation.py [--runs 200] [--seed 1]

Assistants: each case has its own chance of a fail, Beta-distributed with an intra-class correlation of .5 around
the base rate; a regression makes a random share of the cases fail always. The judge's sensitivity is .95, its
specificity .97. Baseline and candidate are runs of the same cases, N of them with k trials. Compared on the same
runs: "any fail", "rate above threshold" (the judge-reported rate of the true base rate, to be fair) and "any
increase". Prints a markdown table of the shares of runs that are red.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass

from pytest_personal_align.core.baseline import Baseline, BaselineArm
from pytest_personal_align.core.gate import Gate, GateCase, evaluate
from pytest_personal_align.core.limit import judge_accuracies
from pytest_personal_align.core.options import GateOptions
from pytest_personal_align.core.recorded import entry_of
from pytest_personal_align.core.result import FailureMode
from pytest_personal_align.core.settle import Rules, Settler

SIZES, RATES, TRIALS = (85, 337, 1685), (0.02, 0.10, 0.30), (1, 3)
ICC, SENSITIVITY, SPECIFICITY = 0.5, 0.95, 0.97
MODES: tuple[FailureMode, ...] = ("inattentiveness", "sycophancy", "preference_conflict")
CALIBRATION = {
    "sensitivity": {"count": 95, "total": 100},
    "specificity": {"count": 291, "total": 300},
}


@dataclass(frozen=True)
class Cell:
    size: int
    rate: float
    trials: int


@dataclass
class Red:
    """Runs that are red, by rule."""

    comparison: int = 0
    threshold: int = 0
    any_fail: int = 0
    above: int = 0
    increase: int = 0


def difficulties(cell: Cell, chance: random.Random) -> list[float]:
    """Each case's own chance of a fail."""
    spread = 1 / ICC - 1
    return [chance.betavariate(cell.rate * spread, (1 - cell.rate) * spread) for _ in range(cell.size)]


def worsened(chances: Sequence[float], rise: float, rate: float, chance: random.Random) -> list[float]:
    """A share of the cases, drawn blindly, now always fails: the mean rises by ``rise``."""
    share = rise / (1 - rate)
    return [1.0 if chance.random() < share else p for p in chances]


def judged(chances: Sequence[float], trials: int, chance: random.Random) -> list[GateCase]:
    """A run as its judge reports it. A case fails in a mode of its own."""
    found = []
    for index, p in enumerate(chances):
        verdicts = "".join(
            "f" if chance.random() < (SENSITIVITY if chance.random() < p else 1 - SPECIFICITY) else "p"
            for _ in range(trials)
        )
        fails = "f" in verdicts
        found.append(
            GateCase(
                key=str(index),
                nodeid=f"{index:05}",
                arm="new",
                use_case=str(index),
                category="c",
                scenario="one",
                expects="protect",
                people=1,
                severity="serious",
                outcome="fail" if fails else "pass",
                failure_mode=MODES[index % 3] if fails else None,
                verdicts=verdicts,
            )
        )
    return found


def verdicts(cell: Cell, before: list[GateCase], now: list[GateCase], red: Red) -> None:
    """Add one run to the counts: our gate as a session uses it, and the rules of thumb."""
    accuracy, _ = judge_accuracies(CALIBRATION, "")
    kept = Baseline("base", "", (BaselineArm("new", "m"),), tuple(before))
    settler = Settler(Rules(GateOptions(), baseline=kept), map(entry_of, now), cell.trials)
    settled = settler.take(now)
    fails = any(test.outcome == "fail" for test in settler.tests or ())
    assert fails == any(one.disposition == "failed" for one in settled), "exit code and gate disagree"
    red.comparison += fails
    red.threshold += evaluate(Gate("all", "new", cell.rate, None, accuracy["all"]), now, "fail").outcome == "fail"
    means = [[case.failed / cell.trials for case in run] for run in (before, now)]
    rates = [sum(run) / len(run) for run in means]
    red.any_fail += rates[1] > 0
    red.above += rates[1] > cell.rate
    red.increase += rates[1] > rates[0]


def simulate(cell: Cell, rise: float, runs: int, seed: int) -> Red:
    chance = random.Random(f"{seed}:{cell}:{rise}")
    red = Red()
    for _ in range(runs):
        chances = difficulties(cell, chance)
        before = judged(chances, cell.trials, chance)
        now = judged(worsened(chances, rise, cell.rate, chance), cell.trials, chance)
        verdicts(cell, before, now, red)
    return red


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=200, help="runs of each cell and rise")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    started = time.monotonic()
    print(
        "| cases | base rate | trials | baseline | threshold | any fail | above | any increase | +5 found | +10 found |"
    )
    print("|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|")
    for size in SIZES:
        runs = args.runs if size < 1000 else max(20, args.runs // 2)
        for rate in RATES:
            for trials in TRIALS:
                cell = Cell(size, rate, trials)
                null = simulate(cell, 0.0, runs, args.seed)
                power = [simulate(cell, rise, max(20, runs // 2), args.seed) for rise in (0.05, 0.10)]
                cells = [null.comparison, null.threshold, null.any_fail, null.above, null.increase]
                shares = [f"{count / runs:.1%}" for count in cells]
                found = [f"{one.comparison / max(20, runs // 2):.0%}" for one in power]
                print(f"| {size:,} | {rate:.0%} | {trials} | " + " | ".join(shares + found) + " |", flush=True)
    print(f"\n{args.runs} runs a cell (half for 1,685 cases and for power), seed {args.seed}, "
          f"{time.monotonic() - started:.0f} s")  # fmt: skip


if __name__ == "__main__":
    main()
