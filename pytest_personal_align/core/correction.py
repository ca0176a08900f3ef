"""What a judge that errs does to a failure rate, and how to see through it.

Sensitivity (Se) is the share of true fails that the judge flags, specificity (Sp) the share of true passes that it
does not flag.
"""

import math
from dataclasses import dataclass

from pytest_personal_align.core.agreement import JudgeAccuracy
from pytest_personal_align.core.arguments import require_within
from pytest_personal_align.core.intervals import wilson_lower_bound, wilson_upper_bound


@dataclass(frozen=True, slots=True)
class CorrectedRate:
    """A rate as it would be without the judge's errors.

    ``raw_rate`` is the plain estimate, which chance can push below 0 or above 1; ``rate`` is that clipped
    to [0, 1].
    """

    rate: float
    raw_rate: float
    variance: float

    @property
    def standard_error(self) -> float:
        """Square root of the variance."""
        return math.sqrt(self.variance)


def _informedness(sensitivity: float, specificity: float) -> float:
    require_within("sensitivity", sensitivity, 0, 1)
    require_within("specificity", specificity, 0, 1)
    informedness = sensitivity + specificity - 1
    if informedness <= 0:
        raise ValueError(
            f"sensitivity + specificity must be above 1, not {sensitivity!r} + {specificity!r}: it tells nothing"
        )
    return informedness


def correct_rate(
    rate: float,
    variance: float,
    *,
    sensitivity: float,
    specificity: float,
    sensitivity_variance: float = 0.0,
    specificity_variance: float = 0.0,
) -> CorrectedRate:
    """Rogan-Gladen correction of an observed failure rate q for a judge's known errors.

    p = (q + Sp - 1)/J; Var p = (Var q + (1 - p)^2 Var Sp + p^2 Var Se)/J^2, J = Se + Sp - 1; by the delta method,
    with the raw p.
    ``sensitivity`` is the share of true fails the judge flags, ``specificity`` the share of true passes it does not
    flag; both from a calibration that is independent of this run.
    Raises ValueError for arguments outside their range, a negative variance or a judge with J <= 0.
    Source: Rogan and Gladen 1978, Am J Epidemiol 107:71-76.
    """
    require_within("rate", rate, 0, 1)
    require_within("variance", variance, 0, math.inf)
    require_within("sensitivity_variance", sensitivity_variance, 0, math.inf)
    require_within("specificity_variance", specificity_variance, 0, math.inf)
    informedness = _informedness(sensitivity, specificity)
    raw = (rate + specificity - 1) / informedness
    total = variance + (1 - raw) ** 2 * specificity_variance + raw**2 * sensitivity_variance
    return CorrectedRate(min(max(raw, 0.0), 1.0), raw, total / informedness**2)


def observed_threshold(threshold: float, *, sensitivity: float, specificity: float) -> float:
    """The rate that this judge should report if the true one is ``threshold``: T_obs = Se T + (1 - Sp)(1 - T).

    Compare observed rates with it; the inverse of ``correct_rate``. It takes Se and Sp as known: their own
    uncertainty is not in it.
    Raises ValueError for arguments outside [0, 1] or a judge with Se + Sp <= 1.
    """
    require_within("threshold", threshold, 0, 1)
    _informedness(sensitivity, specificity)
    return sensitivity * threshold + (1 - specificity) * (1 - threshold)


def excess_lower_bound(
    rate: float, n: float, threshold: float, accuracy: JudgeAccuracy, *, confidence: float = 0.95
) -> float:
    """One-sided lower bound of the observed rate minus T_obs, with the uncertainty of the calibration in it.

    ``rate`` is the observed failure rate q on ``n`` (effective) trials. Above 0 the true rate is above
    ``threshold`` with this confidence.
    With q_L, Se_U and Sp_L the one-sided Wilson bounds of q, Se and Sp:
    q - T_obs - sqrt((q - q_L)^2 + T^2 (Se_U - Se)^2 + (1 - T)^2 (Sp - Sp_L)^2).

    With a judge known for certain this is q_L - T_obs, the plain comparison. That comparison takes an estimated Sp
    for the true one: in simulation (Se .95, Sp .97, true rate exactly T, 85 to 1,685 trials), once the judge has
    passed its calibration on 40 to 100 labels a side, it is above 0 in 8 to 100 % of runs, this bound in at most 7 %.
    Raises ValueError for a rate or threshold outside [0, 1], n that is not positive and finite, a confidence
    outside (.5, 1) or a judge with Se + Sp <= 1.
    Source: method of variance estimates recovery (MOVER), Zou and Donner 2008, Stat Med 27:1693-1702.
    """
    sensitivity, specificity = accuracy.sensitivity, accuracy.specificity
    limit = observed_threshold(threshold, sensitivity=sensitivity.rate, specificity=specificity.rate)
    below = rate - wilson_lower_bound(rate, n, confidence=confidence)
    missed = wilson_upper_bound(sensitivity.rate, sensitivity.total, confidence=confidence) - sensitivity.rate
    spurious = specificity.rate - wilson_lower_bound(specificity.rate, specificity.total, confidence=confidence)
    return rate - limit - math.hypot(below, threshold * missed, (1 - threshold) * spurious)
