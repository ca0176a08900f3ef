"""What remedies change, and what they cost: one row an arm, each against the arm without a remedy."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from pytest_personal_align.core.paired import PairedContrast, holm_adjust, paired_contrast
from pytest_personal_align.core.rates import CaseCount
from pytest_personal_align.core.record import ArmInfo, CaseRecord, RunRecord, TrialRecord
from pytest_personal_align.core.result import FAILURE_MODES, FailureMode, Outcome, Usage
from pytest_personal_align.report import wording as w
from pytest_personal_align.report.tally import Rate, failure_rate

Price = Callable[[str, Usage], "float | None"]
"""US dollars for what an arm, by its name, has used; None where no price is known."""

NONE = "none"
_HAZARDS, _HARMLESS = ("protect", "protect_other"), ("allow",)


@dataclass(frozen=True, slots=True)
class Change:
    """A paired difference of rates to the arm without a remedy, over the trials judged in both.

    The pairs are use cases with all their scenarios; ``p`` is adjusted by Holm's method over all changes of the table.
    """

    difference: float
    low: float
    high: float
    p: float
    use_cases: int
    discordant: int


@dataclass(frozen=True, slots=True)
class RemedyRow:
    """One arm. Rates are None where nothing of the kind was judged, changes where there is no arm to compare with.

    ``fails`` is over the cases that hold a hazard, ``modes`` its parts; ``overcaution`` is over the harmless ones,
    ``unclear`` over all. ``calls``, ``tokens``, ``seconds`` (waiting for replies) and ``cost`` (US dollars) are means
    of one conversation by itself: what conversations shared or found in the cache is counted in each.
    ``aside`` counts the conversations in which a remedy stepped aside at least once.
    """

    arm: str
    model: str
    remedy: str
    conversations: int
    fails: Rate | None
    modes: Mapping[FailureMode, float]
    overcaution: Rate | None
    unclear: float | None
    errors: int
    calls: float | None
    tokens: float | None
    seconds: float | None
    cost: float | None
    aside: int
    fails_change: Change | None = None
    overcaution_change: Change | None = None


def remedy_rows(record: RunRecord, price: Price | None = None) -> list[RemedyRow]:
    """A row for each arm, if any has a remedy; else none."""
    if all(arm.remedy == NONE for arm in record.arms):
        return []
    cases: dict[str, list[CaseRecord]] = {arm.name: [] for arm in record.arms}
    for case in record.cases:
        cases.setdefault(case.arm, []).append(case)
    rows = [_row(arm, cases[arm.name], price or _recorded_price(record)) for arm in record.arms]
    bases = [_base(arm, record.arms) for arm in record.arms]
    contrasts = [
        _contrast(cases[base.name], cases[arm.name], kind) if base is not None else None
        for arm, base in zip(record.arms, bases, strict=True)
        for kind in (_HAZARDS, _HARMLESS)
    ]
    adjusted = iter(holm_adjust([one.p_value for one in contrasts if one is not None]))
    changes = [None if one is None else _change(one, next(adjusted)) for one in contrasts]
    return [
        replace(row, fails_change=fails, overcaution_change=caution)
        for row, fails, caution in zip(rows, changes[::2], changes[1::2], strict=True)
    ]


def remedy_tables(rows: Sequence[RemedyRow]) -> list[tuple[list[str], list[list[str]]]]:
    """Tables of a heading and rows, every column but the first to the right: what changes; why it fails; the cost."""
    if not rows:
        return []
    several = len({row.model for row in rows}) > 1
    names = [row.arm if several else row.remedy for row in rows]
    effect = [
        [name, _rate(row.fails), *_changed(row.fails_change), _rate(row.overcaution), *_changed(row.overcaution_change),
         w.percent(row.unclear)]
        for name, row in zip(names, rows, strict=True)
    ]  # fmt: skip
    seen = [mode for mode in FAILURE_MODES if any(row.modes.get(mode) for row in rows)]
    modes = [[name, *(w.percent(row.modes.get(mode, 0.0)) for mode in seen)]
             for name, row in zip(names, rows, strict=True)]  # fmt: skip
    priced = any(row.cost is not None for row in rows)
    costs = [
        [name, _mean(row.calls, ".1f"), _mean(row.tokens, ",.0f"), _mean(row.seconds, ".2f"),
         *([w.money(row.cost) if row.cost is None or row.cost >= 0.01 else f"${row.cost:.5f}"] if priced else []),
         w.number(row.aside), w.number(row.errors)]
        for name, row in zip(names, rows, strict=True)
    ]  # fmt: skip
    cost = ["cost"] if priced else []
    return [
        (["remedy", "fails", "change", "p", "overcaution", "change", "p", "unclear"], effect),
        *([(["fails by mode", *(w.mode_name(mode) for mode in seen)], modes)] if seen else []),
        (["a conversation", "calls", "tokens", "seconds", *cost, "stepped aside", "errors"], costs),
    ]


def remedy_markdown(rows: Sequence[RemedyRow], escape: Callable[[str], str]) -> str:
    """The tables as GitHub markdown. ``escape`` makes a name harmless (see report.markdown.inline)."""
    parts = []
    for head, body in remedy_tables(rows):
        lines = ["| " + " | ".join(head) + " |", "|---|" + "---:|" * (len(head) - 1)]
        lines += ["| " + " | ".join([escape(cells[0]), *cells[1:]]) + " |" for cells in body]
        parts.append("\n".join(lines))
    return "\n\n".join(parts) + "\n" if parts else ""


def _recorded_price(record: RunRecord) -> Price:
    prices = {arm.name: arm.prices for arm in record.arms}

    def price(arm: str, used: Usage) -> float | None:
        known = prices[arm]
        return known.cost(used) if known else None

    return price


def _row(arm: ArmInfo, cases: Sequence[CaseRecord], price: Price) -> RemedyRow:
    hazards = [case for case in cases if case.expects in _HAZARDS]
    trials = [trial for case in cases for trial in case.trials]
    whole = [trial for trial in trials if trial.error is None and trial.messages]
    total = sum((trial.usage for trial in whole), Usage())
    cost = price(arm.name, total) if whole else None

    def mean(amount: float) -> float | None:
        return amount / len(whole) if whole else None

    return RemedyRow(
        arm=arm.name,
        model=arm.model,
        remedy=arm.remedy,
        conversations=len(whole),
        fails=failure_rate("fails", hazards),
        modes=_modes(hazards),
        overcaution=failure_rate("overcaution", (case for case in cases if case.expects in _HARMLESS)),
        unclear=_unclear(cases),
        errors=sum(trial.outcome == "error" for trial in trials),
        calls=mean(sum(_calls(trial) for trial in whole)),
        tokens=mean(total.prompt_tokens + total.completion_tokens),
        seconds=mean(sum(trial.seconds for trial in whole)),
        cost=None if cost is None else mean(cost),
        aside=sum(_stepped_aside(trial) for trial in whole),
    )


def _calls(trial: TrialRecord) -> int:
    turns = sum(message.role == "assistant" for message in trial.messages)
    return sum(calls if isinstance(calls := _noted(trial, turn).get("calls"), int) else 1 for turn in range(turns))


def _stepped_aside(trial: TrialRecord) -> bool:
    return any(
        isinstance(part, dict) and "stepped_aside" in part
        for turn in trial.notes
        for part in _noted(trial, turn).values()
    )


def _noted(trial: TrialRecord, turn: int | str) -> Mapping[str, object]:
    notes = trial.notes.get(str(turn))
    return notes if isinstance(notes, dict) and "remedy" in notes else {}


def _judged(case: CaseRecord) -> list[tuple[Outcome, FailureMode | None]]:
    return [(trial.outcome, trial.failure_mode) for trial in case.trials if trial.outcome != "error"]


def _modes(cases: Iterable[CaseRecord]) -> dict[FailureMode, float]:
    """The failed share of each mode, each case with the same weight; they add up to the rate of fails."""
    shares: dict[FailureMode, float] = {}
    judged = [(case, seen) for case in cases if (seen := _judged(case))]
    for case, seen in judged:
        for outcome, mode in seen:
            # A case is called inconsistent only beside others; its trials do not know.
            found = case.failure_mode if case.failure_mode == "inconsistency" else mode
            if outcome == "fail" and found is not None:
                shares[found] = shares.get(found, 0.0) + 1 / len(seen) / len(judged)
    return shares


def _unclear(cases: Iterable[CaseRecord]) -> float | None:
    shares = [sum(outcome == "unclear" for outcome, _ in seen) / len(seen) for case in cases if (seen := _judged(case))]
    return sum(shares) / len(shares) if shares else None


def _base(arm: ArmInfo, arms: Sequence[ArmInfo]) -> ArmInfo | None:
    """The arm that differs in nothing but that it has no remedy."""
    if arm.remedy == NONE:
        return None
    same = (arm.model, arm.system_prompt_sha256, arm.params)
    return next(
        (one for one in arms if one.remedy == NONE and (one.model, one.system_prompt_sha256, one.params) == same), None
    )


def _contrast(base: Sequence[CaseRecord], arm: Sequence[CaseRecord], kind: Sequence[str]) -> PairedContrast | None:
    before = {(case.use_case, case.scenario): case for case in base if case.expects in kind}
    seen: dict[str, list[tuple[Outcome, Outcome]]] = {}
    for case in arm:
        other = before.get((case.use_case, case.scenario))
        if other is not None:
            both = [(one.outcome, two.outcome) for one, two in zip(other.trials, case.trials, strict=False)]
            seen.setdefault(case.use_case, []).extend(pair for pair in both if "error" not in pair)
    # The scenarios of a use case stand and fall together: the use case is the unit, or p would be too small.
    units = [pairs for pairs in seen.values() if pairs]
    if not units:
        return None
    return paired_contrast(
        [CaseCount(sum(one == "fail" for one, _ in pairs), len(pairs)) for pairs in units],
        [CaseCount(sum(two == "fail" for _, two in pairs), len(pairs)) for pairs in units],
    )


def _change(seen: PairedContrast, p: float) -> Change:
    return Change(seen.mean, seen.interval.low, seen.interval.high, p, seen.cases, seen.discordant)


def _rate(rate: Rate | None) -> str:
    return w.percent(None if rate is None else rate.rate)


def _changed(change: Change | None) -> list[str]:
    if change is None:
        return ["", ""]
    return [w.points(change.difference), w.p_value(change.p).removeprefix("p").removeprefix("=")]


def _mean(value: float | None, form: str) -> str:
    return "–" if value is None else format(value, form)
