"""How often the gate cries wolf, and what it finds: our gate code itself, assistants and a judge that err.

    python benchmarks/gate_simulation.py [--runs 2000] [--seed 1] [--jobs 2]

Assistants: each case has its own chance of a fail, Beta-distributed with an intra-class correlation of .5 around
the base rate; a regression makes a random share of the cases fail always. The judge's sensitivity is .95, its
specificity .97. Baseline and candidate are runs of the same cases, N of them with k trials. Fails are of one mode, as
where a team gates one; or of three, a third of the cases each. A rise is over all cases, or ("in one") over those of
one mode of three: always the stated number of points over the whole suite.

Compared on the same runs: "any fail", "rate above threshold" (the judge-reported rate of the true base rate, to be
fair) and "any increase". Prints a markdown table of the shares of runs that are red: up to "any increase" with
nothing changed, then with a rise.
"""

from __future__ import annotations

import argparse
import os
import random
import time
from collections.abc import Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass

from pytest_personal_align.core.baseline import Baseline, BaselineArm
from pytest_personal_align.core.gate import Gate, GateCase, evaluate
from pytest_personal_align.core.limit import judge_accuracies
from pytest_personal_align.core.options import GateOptions
from pytest_personal_align.core.recorded import entry_of
from pytest_personal_align.core.result import FailureMode
from pytest_personal_align.core.rules import Rules
from pytest_personal_align.core.settle import Settler

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


@dataclass(frozen=True)
class Rise:
    """How many points worse the candidate is; ``modes`` that fails are of; whether only one of them worsens."""

    points: float = 0.0
    modes: int = 1
    in_one: bool = False

    @property
    def name(self) -> str:
        where = "one mode" if self.modes == 1 else "in one of three" if self.in_one else "over three"
        return f"+{100 * self.points:g} {where}"


RISES = (Rise(0.05), Rise(0.10), Rise(0.05, 3), Rise(0.10, 3), Rise(0.05, 3, True), Rise(0.10, 3, True))


@dataclass
class Red:
    """Runs that are red, by rule."""

    runs: int = 0
    comparison: int = 0
    threshold: int = 0
    any_fail: int = 0
    above: int = 0
    increase: int = 0


def difficulties(cell: Cell, chance: random.Random) -> list[float]:
    """Each case's own chance of a fail."""
    spread = 1 / ICC - 1
    return [chance.betavariate(cell.rate * spread, (1 - cell.rate) * spread) for _ in range(cell.size)]


def worsened(chances: Sequence[float], rise: Rise, rate: float, chance: random.Random) -> list[float]:
    """A share of the cases, drawn blindly, now always fails: the mean of all rises by the rise's points."""
    among = rise.modes if rise.in_one else 1
    share = among * rise.points / (1 - rate)
    return [1.0 if index % among == 0 and chance.random() < share else p for index, p in enumerate(chances)]


def judged(chances: Sequence[float], trials: int, modes: int, chance: random.Random) -> list[GateCase]:
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
                failure_mode=MODES[index % modes] if fails else None,
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


def simulate(cell: Cell, rise: Rise, runs: int, seed: int) -> Red:
    chance = random.Random(f"{seed}:{cell}:{rise}")
    red = Red(runs)
    for _ in range(runs):
        chances = difficulties(cell, chance)
        before = judged(chances, cell.trials, rise.modes, chance)
        now = judged(worsened(chances, rise, cell.rate, chance), cell.trials, rise.modes, chance)
        verdicts(cell, before, now, red)
    return red


def row(cell: Cell, unchanged: Sequence[Red], worse: Sequence[Red]) -> str:
    """A line of the table; thresholds and rules of thumb do not know of modes, so both designs count for them."""
    runs = sum(one.runs for one in unchanged)
    shares = [one.comparison / one.runs for one in unchanged]
    for name in ("threshold", "any_fail", "above", "increase"):
        shares.append(sum(getattr(one, name) for one in unchanged) / runs)
    found = [one.comparison / one.runs for one in worse]
    cells = [f"{cell.size:,}", f"{cell.rate:.0%}", str(cell.trials), *(f"{share:.1%}" for share in shares)]
    return "| " + " | ".join([*cells, *(f"{share:.0%}" for share in found)]) + " |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=2000, help="of each cell and design with nothing changed")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    args = parser.parse_args()
    started = time.monotonic()
    titles = [
        "cases",
        "base rate",
        "trials",
        "one mode",
        "three modes",
        "threshold",
        "any fail",
        "above",
        "any increase",
    ]
    titles += [rise.name for rise in RISES]
    print("| " + " | ".join(titles) + " |\n|" + "---:|" * len(titles), flush=True)
    with ProcessPoolExecutor(args.jobs) as pool:
        rows: list[tuple[Cell, list[Future[Red]], list[Future[Red]]]] = []
        for cell in (Cell(size, rate, trials) for size in SIZES for rate in RATES for trials in TRIALS):
            runs = args.runs if cell.size < 1000 else args.runs // 4
            unchanged = [pool.submit(simulate, cell, Rise(modes=modes), runs, args.seed) for modes in (1, 3)]
            worse = [pool.submit(simulate, cell, rise, runs // 4, args.seed) for rise in RISES]
            rows.append((cell, unchanged, worse))
        for cell, unchanged, worse in rows:
            print(row(cell, [one.result() for one in unchanged], [one.result() for one in worse]), flush=True)
    print(f"\n{args.runs} runs a cell and design (a quarter for 1,685 cases, and again for rises), seed {args.seed}, "
          f"{time.monotonic() - started:.0f} s")  # fmt: skip


if __name__ == "__main__":
    main()
