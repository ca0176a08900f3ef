"""Early stopping that stays honest however often one looks: two betting e-processes on paired case differences.

A gambler bets against a null at fair odds; if the null is true the wealth has an expectation of at most 1 at any
stopping time, so it ever reaches E with probability at most 1/E (Ville's inequality). Great wealth is therefore
evidence, at whatever case one stops.
Source: Waudby-Smith and Ramdas 2024, J R Stat Soc B 86:1-27 (arXiv 2010.09686), section 4.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Literal

from pytest_personal_align.core.arguments import require_between, require_within

Decision = Literal["continue", "fail", "pass"]

# Shares of the largest admissible stake. The best one depends on a variance that nobody knows beforehand, so the
# wealth is divided evenly among them (a mixture of martingales is one), at a cost of at most log(3) in log wealth.
_STAKES = (0.2, 0.45, 0.95)
_EVEN = (0.0,) * len(_STAKES)


def _mixed(log_wealths: tuple[float, ...]) -> float:
    """Logarithm of the mean wealth."""
    highest = max(log_wealths)
    return highest + math.log(math.fsum(math.exp(wealth - highest) for wealth in log_wealths) / len(log_wealths))


@dataclass(frozen=True, slots=True)
class SequentialTest:
    """State of a sequential comparison; ``update`` it with one case at a time, in the seeded random order.

    Stops as "fail" when the evidence against "no worse" reaches ``fail_at`` (chance of doing so wrongly, ever:
    1/fail_at), as "pass" when the evidence against "at least ``margin`` worse" reaches ``pass_at`` (1/pass_at).
    Nulls are on the expected difference of the next case given those before: E d <= 0 and E d >= margin. In a suite
    without replacement, where the mean of what is left drifts, simulated errors are smaller still.
    Nothing but the seed may decide the order: a case must not be fed sooner because it was quicker.
    Both wealths are kept per stake, as logarithms.

    ``margin`` is a difference of failure rates between 0 and 1. Raises ValueError for it or for limits not above 1.
    """

    margin: float = 0.05
    fail_at: float = 100.0
    pass_at: float = 20.0
    cases: int = 0
    decision: Decision = "continue"
    log_wealth_against_no_worse: tuple[float, ...] = _EVEN
    log_wealth_against_worse: tuple[float, ...] = _EVEN

    def __post_init__(self) -> None:
        require_between("margin", self.margin, 0, 1)
        require_between("fail_at", self.fail_at, 1, math.inf)
        require_between("pass_at", self.pass_at, 1, math.inf)

    @property
    def evidence_against_no_worse(self) -> float:
        """E-value against "the candidate is no worse"; 1 at the start."""
        return math.exp(_mixed(self.log_wealth_against_no_worse))

    @property
    def evidence_against_worse(self) -> float:
        """E-value against "the candidate is at least ``margin`` worse"; 1 at the start."""
        return math.exp(_mixed(self.log_wealth_against_worse))

    def update(self, difference: float | Fraction) -> SequentialTest:
        """The state after one more case; ``difference`` is its failed share in the candidate minus in the baseline.

        Once decided, the state stays as it is: cases that were still under way do not count any more.
        Wealth on stake b grows by 1 + b d against "no worse" and by 1 + b (margin - d)/(1 - margin) against "at
        least margin worse"; both factors are positive and have an expectation of at most 1 under their null.
        Raises ValueError for a difference outside [-1, 1].
        """
        require_within("difference", difference, -1, 1)
        if self.decision != "continue":
            return self
        worse = float(difference)
        better = (self.margin - worse) / (1 - self.margin)
        against_no_worse = _bet(self.log_wealth_against_no_worse, worse)
        against_worse = _bet(self.log_wealth_against_worse, better)
        decision: Decision = "continue"
        if _mixed(against_no_worse) >= math.log(self.fail_at):
            decision = "fail"
        elif _mixed(against_worse) >= math.log(self.pass_at):
            decision = "pass"
        return replace(
            self,
            cases=self.cases + 1,
            decision=decision,
            log_wealth_against_no_worse=against_no_worse,
            log_wealth_against_worse=against_worse,
        )


def _bet(log_wealths: tuple[float, ...], gain: float) -> tuple[float, ...]:
    return tuple(wealth + math.log1p(stake * gain) for wealth, stake in zip(log_wealths, _STAKES, strict=True))
