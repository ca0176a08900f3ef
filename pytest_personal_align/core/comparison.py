"""Paired comparison with a base: a kept baseline, or the first arm of the same run (STATISTICS: rule 4)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction

from pytest_personal_align.core.gate import Gate, GateCase, GateRow, count, covers, split_name
from pytest_personal_align.core.limit import GateOutcome
from pytest_personal_align.core.options import GateOptions
from pytest_personal_align.core.paired import holm_adjust, sign_flip_test, whole_differences
from pytest_personal_align.core.power import smallest_detectable_effect
from pytest_personal_align.core.rates import CaseCount
from pytest_personal_align.core.result import FAILURE_MODES
from pytest_personal_align.core.text import number_of

ENOUGH_OVERLAP = 0.9
_NONE = Fraction(0)
Place = tuple[str, str]  # use case and scenario: the same case, whatever the arm, the file or the run


@dataclass(frozen=True)
class Base:
    """What an arm is compared with. ``doubt`` says why no conclusion may be drawn, or is empty."""

    name: str
    cases: Mapping[Place, GateCase]
    doubt: str = ""


def base_of(name: str, cases: Iterable[GateCase], doubt: str = "") -> Base:
    return Base(name, {place(case): case for case in cases}, doubt)


def place(case: GateCase) -> Place:
    return case.use_case, case.scenario


@dataclass(frozen=True)
class Matched:
    """The cases of one arm beside those of its base. ``pairs`` are (base, now)."""

    arm: str
    base: Base
    pairs: Sequence[tuple[GateCase, GateCase]]
    added: Sequence[GateCase]
    removed: Sequence[GateCase]
    incomparable: Sequence[tuple[GateCase, str]]

    @property
    def overlap(self) -> float:
        """Share of the cases of both runs that can be compared."""
        shared, apart = len(self.pairs), len(self.incomparable)
        every = shared + apart + len(self.added) + len(self.removed)
        return shared / every if every else 0.0

    @property
    def doubt(self) -> str:
        if self.base.doubt:
            return self.base.doubt
        if self.overlap < ENOUGH_OVERLAP:
            return f"only {self.overlap:.0%} of the cases are comparable with {self.base.name}; 90 % are needed"
        return ""


def match(arm: str, cases: Iterable[GateCase], base: Base, *, whole: bool = True) -> Matched:
    """Pair the cases of ``arm`` with the base's. ``whole`` False (a sequential run): nothing counts as removed."""
    pairs, added, incomparable, seen = [], [], [], set()
    for now in cases:
        if now.arm != arm:
            continue
        seen.add(place(now))
        before = base.cases.get(place(now))
        if before is None:
            added.append(now)
        elif why := incomparable_because(before, now, base.name):
            incomparable.append((now, why))
        else:
            pairs.append((before, now))
    removed = [case for key, case in sorted(base.cases.items()) if key not in seen] if whole else []
    return Matched(arm, base, pairs, added, removed, incomparable)


def incomparable_because(before: GateCase, now: GateCase, base: str) -> str:
    """Why the same case of two runs cannot be compared, or empty."""
    if before.content and now.content and before.content != now.content:
        return f"its text is not the one that {base} was run with"
    if before.outcome == "error" or now.outcome == "error":
        return f"it ended in an error in {base if before.outcome == 'error' else 'this run'}"
    return ""


@dataclass(frozen=True)
class PairedTest:
    """One mode of one arm against its base. ``p`` and ``p_better`` are one-sided and Holm-adjusted.

    ``moved`` are the cases that differ, with their differences.
    """

    mode: str
    arm: str
    base: str
    cases: int
    base_rate: float
    rate: float
    differences: tuple[Fraction, ...] = field(repr=False)
    moved: tuple[tuple[Place, Fraction], ...] = field(repr=False)
    p: float = 0.5
    p_better: float = 0.5
    outcome: GateOutcome = "pass"
    reason: str = ""
    detectable: float | None = None

    @property
    def difference(self) -> float:
        changed = sum((difference for difference in self.differences if difference), _NONE)
        return float(changed / len(self.differences)) if self.differences else 0.0


def paired_modes(options: GateOptions) -> tuple[str, ...]:
    """Names of what is tested: all modes, unclear where it counts, every fail together, and what has a threshold.

    A threshold of 1 takes its mode out: everything is tolerated there. ``inconsistency`` is no test of its own but
    counts as inattentiveness: a case has that label because of what *other* cases did, so an assistant that
    mends half of its fails would turn the rest into new inconsistencies.
    """
    names = [*FAILURE_MODES, *(["unclear"] if options.unclear == "fail" else []), "all", *options.thresholds]
    return tuple(
        name
        for name in dict.fromkeys(names)
        if options.thresholds.get(name, 0) < 1 and split_name(name)[1] != "inconsistency"
    )


def counts_of(name: str, pair: tuple[GateCase, GateCase], options: GateOptions) -> tuple[CaseCount, CaseCount] | None:
    """Failed and judged trials before and now, over the same number of trials: the sign-flip test needs that.
    None where the mode does not concern the case, or a side has nothing judged."""
    before, now = pair
    category, mode = split_name(name)
    if not covers(Gate(mode, now.arm, None, category), now):
        return None
    trials = min(len(before.verdicts), len(now.verdicts))
    first = count(mode, own(before).first(trials), options.unclear)
    second = count(mode, own(now).first(trials), options.unclear)
    return (first, second) if first is not None and second is not None else None


def own(case: GateCase) -> GateCase:
    """The case with the labels that it has without a look at others."""
    if "inconsistency" not in case.trial_modes:
        return case
    return replace(case, modes=tuple("inattentiveness" if m == "inconsistency" else m for m in case.trial_modes))


def compare(matches: Sequence[Matched], options: GateOptions) -> list[PairedTest]:
    """Rule 4 for every arm that has a base; Holm over all modes and arms of the run.

    Modes whose differing cases are so few that no test of them could reject do not count in the family: which
    cases differ says nothing of the direction, so the error rate is kept. Modes that differ in the same cases by as
    much (such as ``all`` beside the only mode that fails) are one test under two names, and count once.
    """
    tests = [test for matched in matches for test in _raw_tests(matched, options)]
    tests = _adjusted(tests, options)
    doubts = {matched.arm: matched.doubt or _too_small(matched, tests) for matched in matches}
    return [_decided(test, options, doubts[test.arm]) for test in tests]


def _too_small(matched: Matched, tests: Sequence[PairedTest]) -> str:
    """Why an arm's comparison could not have found anything; empty where it could."""
    mine = [test for test in tests if test.arm == matched.arm]
    if any(test.detectable is not None for test in mine):
        return ""
    pairs = len(matched.pairs)
    return f"{number_of(pairs, 'case')} {'is' if pairs == 1 else 'are'} too few to find any difference"


def _raw_tests(matched: Matched, options: GateOptions) -> list[PairedTest]:
    """The tests of an arm; where no case can be compared one of no case, which is never a pass."""
    names = paired_modes(options)
    tests = [test for name in names if (test := _raw(matched, name, options))]
    if tests or not names:
        return tests
    return [PairedTest("all", matched.arm, matched.base.name, 0, 0.0, 0.0, differences=(), moved=())]


def _raw(matched: Matched, name: str, options: GateOptions) -> PairedTest | None:
    paired = [(pair[1], both) for pair in matched.pairs if (both := counts_of(name, pair, options)) is not None]
    if not paired:
        return None
    size = len(paired)
    counted = [both for _, both in paired]
    differences = tuple(_difference(before, now) for before, now in counted)
    flip = sign_flip_test(whole_differences(differences))
    return PairedTest(
        mode=name,
        arm=matched.arm,
        base=matched.base.name,
        cases=size,
        base_rate=float(sum((before.mean for before, _ in counted if before.failed), _NONE) / size),
        rate=float(sum((now.mean for _, now in counted if now.failed), _NONE) / size),
        differences=differences,
        moved=tuple((place(case), by) for (case, _), by in zip(paired, differences, strict=True) if by),
        p=flip.p_greater,
        p_better=flip.p_less,
    )


def _difference(before: CaseCount, now: CaseCount) -> Fraction:
    if before.trials != now.trials:
        return now.mean - before.mean
    changed = now.failed - before.failed
    return Fraction(changed, now.trials) if changed else _NONE


def _adjusted(tests: Sequence[PairedTest], options: GateOptions) -> list[PairedTest]:
    family = {(test.arm, test.moved): test for test in tests if _could_reject(test, options.alpha)}
    worse = dict(zip(family, holm_adjust([test.p for test in family.values()]), strict=True))
    better = dict(zip(family, holm_adjust([test.p_better for test in family.values()]), strict=True))
    level = options.alpha / max(1, len(family))
    return [
        replace(
            test,
            p=worse.get((test.arm, test.moved), test.p),
            p_better=better.get((test.arm, test.moved), test.p_better),
            detectable=_detectable(test, level, options),
        )
        for test in tests
    ]


def _detectable(test: PairedTest, level: float, options: GateOptions) -> float | None:
    if not test.cases:
        return None
    return smallest_detectable_effect(test.differences, alpha=level, minimum_effect=options.min_effect)


def _could_reject(test: PairedTest, alpha: float) -> bool:
    return bool(test.moved) and 2.0 ** -(len(test.moved) + 1) <= alpha


def _decided(test: PairedTest, options: GateOptions, doubt: str) -> PairedTest:
    change = f"{test.base_rate:.1%} -> {test.rate:.1%} ({100 * test.difference:+.1f} points, {_p(test)})"
    if doubt:
        return replace(test, outcome="inconclusive", reason=f"{change}; {doubt}" if test.cases else doubt)
    if test.p > options.alpha:
        return replace(test, outcome="pass", reason=change)
    if test.difference < options.min_effect:
        return replace(test, outcome="pass", reason=f"{change}: less than {100 * options.min_effect:g} points")
    return replace(test, outcome="fail", reason=change)


def _p(test: PairedTest) -> str:
    p = test.p if test.difference >= 0 else test.p_better
    return "p<.001" if p < 0.001 else f"p={p:.3f}".replace("0.", ".", 1) if p < 1 else "p=1"


def row_of(test: PairedTest) -> GateRow:
    """The gate table's line of a paired test."""
    p = test.p if test.difference >= 0 else test.p_better
    return GateRow(
        test.mode, test.arm, "baseline", None, test.cases, round(test.rate * test.cases, 9), test.rate, None, None, p,
        test.detectable, test.outcome, test.reason, None, test.difference, test.base_rate, test.base,
    )  # fmt: skip
