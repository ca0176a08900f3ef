"""How far two raters agree (confusion matrix, kappa, AC1), how often a judge is right (sensitivity, specificity)."""

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from pytest_personal_align.core.arguments import require_between, require_count
from pytest_personal_align.core.intervals import Interval, normal_quantile, wilson_interval


@dataclass(frozen=True, slots=True)
class ConfusionMatrix:
    """How two raters labelled the same items.

    ``counts[i][j]``: items that the first rater (the truth, if there is one) called ``labels[i]`` and the second
    ``labels[j]``.

    Raises ValueError for fewer than two labels, a label given twice, a table that is not square or has another size
    than the labels, a count that is not a whole number, or no item at all.
    """

    labels: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]

    def __post_init__(self) -> None:
        if len(self.labels) < 2 or len(set(self.labels)) != len(self.labels):
            raise ValueError(f"labels must be two or more different ones, not {self.labels!r}")
        if len(self.counts) != len(self.labels) or any(len(row) != len(self.labels) for row in self.counts):
            raise ValueError(f"counts must have {len(self.labels)} rows and columns, one of each per label")
        for row in self.counts:
            for count in row:
                require_count("each count", count)
        if not self.items:
            raise ValueError("there must be at least one item that both raters labelled")

    @property
    def items(self) -> int:
        """Number of items that both rated."""
        return sum(map(sum, self.counts))

    @property
    def agreed(self) -> int:
        """Number of items on which both gave the same label."""
        return sum(row[index] for index, row in enumerate(self.counts))


def confusion_matrix(first: Sequence[str], second: Sequence[str], *, labels: Sequence[str]) -> ConfusionMatrix:
    """Cross two raters' labels of the same items, in the same order.

    ``labels`` are all that the raters could have given, used or not: AC1 depends on their number.
    Raises ValueError if the lengths differ, a label is not among ``labels``, or as ``ConfusionMatrix`` does.
    """
    if len(first) != len(second):
        raise ValueError(f"both raters must have labelled the same items, not {len(first)} and {len(second)}")
    unknown = sorted(set(first).union(second).difference(labels))
    if unknown:
        raise ValueError(f"labels must be among {', '.join(labels)}; found {', '.join(unknown)}")
    place = {label: index for index, label in enumerate(labels)}
    counts = [[0] * len(labels) for _ in labels]
    for one, other in zip(first, second, strict=True):
        counts[place[one]][place[other]] += 1
    return ConfusionMatrix(tuple(labels), tuple(map(tuple, counts)))


@dataclass(frozen=True, slots=True)
class Agreement:
    """A chance-corrected agreement coefficient (observed - expected)/(1 - expected): 1 is perfect, 0 what chance gives.

    ``observed`` and ``expected`` are the shares of items agreed on, in fact and by chance.
    """

    coefficient: float
    standard_error: float
    interval: Interval
    observed: float
    expected: float
    items: int


def _shares(matrix: ConfusionMatrix) -> tuple[list[list[float]], list[float], list[float]]:
    n = matrix.items
    cells = [[count / n for count in row] for row in matrix.counts]
    rows = [sum(row) / n for row in matrix.counts]
    columns = [sum(column) / n for column in zip(*matrix.counts, strict=True)]
    return cells, rows, columns


def _agreement(matrix: ConfusionMatrix, expected: float, variance: float, confidence: float) -> Agreement:
    n = matrix.items
    observed = matrix.agreed / n
    coefficient = (observed - expected) / (1 - expected)
    standard_error = math.sqrt(max(0.0, variance))
    if matrix.agreed == n:
        # The large-sample error is 0, as if ten items proved perfection: carry over the Wilson bound of the
        # observed agreement.
        standard_error = 0.0
        low = (wilson_interval(observed, n, confidence=confidence).low - expected) / (1 - expected)
        return Agreement(1.0, standard_error, Interval(max(-1.0, low), 1.0, confidence), observed, expected, n)
    half_width = normal_quantile((1 + confidence) / 2) * standard_error
    interval = Interval(max(-1.0, coefficient - half_width), min(1.0, coefficient + half_width), confidence)
    return Agreement(coefficient, standard_error, interval, observed, expected, n)


def cohen_kappa(matrix: ConfusionMatrix, *, confidence: float = 0.95) -> Agreement | None:
    """Cohen's kappa of two raters with its large-sample interval; None where both used the same one label only.

    Expected agreement: sum over labels of the product of both raters' shares. Standard error: Fleiss, Cohen and
    Everitt 1969 (Psychol Bull 72:323-327, eq. 13), the one that is valid for any true kappa. If all items agree it
    is 0; the lower end then comes from the Wilson bound of the observed agreement. Kappa is low for good raters
    where one label is rare, and 0 without error where one rater used one label only: read it beside AC1.
    Raises ValueError for a confidence outside (0, 1). Source: Cohen 1960, Educ Psychol Meas 20:37-46.
    """
    require_between("confidence", confidence, 0, 1)
    cells, rows, columns = _shares(matrix)
    if any(row[index] == matrix.items for index, row in enumerate(matrix.counts)):
        return None
    expected = sum(row * column for row, column in zip(rows, columns, strict=True))
    kappa = (matrix.agreed / matrix.items - expected) / (1 - expected)
    indices = range(len(rows))
    diagonal = sum(cells[i][i] * (1 - (rows[i] + columns[i]) * (1 - kappa)) ** 2 for i in indices)
    beside = sum(cells[i][j] * (columns[i] + rows[j]) ** 2 for i in indices for j in indices if i != j)
    spread = diagonal + (1 - kappa) ** 2 * beside - (kappa - expected * (1 - kappa)) ** 2
    return _agreement(matrix, expected, spread / (matrix.items * (1 - expected) ** 2), confidence)


def gwet_ac1(matrix: ConfusionMatrix, *, confidence: float = 0.95) -> Agreement:
    """Gwet's AC1 of two raters with its large-sample interval; unlike kappa it keeps its meaning with a rare label.

    Expected agreement: sum of pi_k (1 - pi_k)/(Q - 1) over the Q labels, pi_k the mean of both raters' shares of
    label k.
    Variance: Gwet 2008 (Br J Math Stat Psychol 61:29-48), two raters, items a sample from a population without end.
    If all items agree it is 0; the lower end then comes from the Wilson bound of the observed agreement.
    Raises ValueError for a confidence outside (0, 1).
    """
    require_between("confidence", confidence, 0, 1)
    cells, rows, columns = _shares(matrix)
    means = [(row + column) / 2 for row, column in zip(rows, columns, strict=True)]
    others = len(means) - 1
    observed = matrix.agreed / matrix.items
    expected = sum(mean * (1 - mean) for mean in means) / others
    ac1 = (observed - expected) / (1 - expected)
    indices = range(len(means))
    diagonal = sum(cells[k][k] * (1 - means[k]) for k in indices) / others
    full = sum(cells[k][m] * (1 - (means[k] + means[m]) / 2) ** 2 for k in indices for m in indices) / others**2
    spread = (
        observed * (1 - observed)
        - 4 * (1 - ac1) * (diagonal - observed * expected)
        + 4 * (1 - ac1) ** 2 * (full - expected**2)
    )
    return _agreement(matrix, expected, spread / (matrix.items * (1 - expected) ** 2), confidence)


@dataclass(frozen=True, slots=True)
class Proportion:
    """``count`` of ``total`` items, with a two-sided Wilson interval."""

    count: int
    total: int
    interval: Interval

    @property
    def rate(self) -> float:
        """The share, count/total."""
        return self.count / self.total

    @property
    def variance(self) -> float:
        """Variance of the rate for ``correct_rate``, from (count + 1)/(total + 2): never 0, however perfect the judge.

        Source: Lang and Reiczigel 2014, Prev Vet Med 113:13-22.
        """
        share = (self.count + 1) / (self.total + 2)
        return share * (1 - share) / (self.total + 2)


@dataclass(frozen=True, slots=True)
class JudgeAccuracy:
    """Sensitivity: the share of true fails that the judge flags. Specificity: the share of others that it does not."""

    sensitivity: Proportion
    specificity: Proportion


def judge_accuracy(
    matrix: ConfusionMatrix, *, positive: Collection[str] = ("fail",), confidence: float = 0.95
) -> JudgeAccuracy:
    """Sensitivity and specificity of the second rater (the judge) against the first (the truth), with Wilson intervals.

    ``positive`` are the labels that count as flagged; any other, ``unclear`` too unless it is named, counts as not
    flagged.
    Raises ValueError if ``positive`` has a label that the matrix lacks or is a bare string, if no item is truly
    positive or none is truly negative, or for a confidence outside (0, 1).
    """
    if isinstance(positive, str):
        raise ValueError(f"positive must be a collection of labels, not the string {positive!r}")
    unknown = sorted(set(positive).difference(matrix.labels))
    if unknown:
        raise ValueError(f"positive labels must be among {', '.join(matrix.labels)}; found {', '.join(unknown)}")
    flagged = [label in positive for label in matrix.labels]
    right = {True: 0, False: 0}
    total = {True: 0, False: 0}
    for truth, row in zip(flagged, matrix.counts, strict=True):
        total[truth] += sum(row)
        right[truth] += sum(count for judged, count in zip(flagged, row, strict=True) if judged == truth)
    if not total[True]:
        raise ValueError(f"no item is truly {' or '.join(positive)}: sensitivity is unknown")
    if not total[False]:
        raise ValueError(f"every item is truly {' or '.join(positive)}: specificity is unknown")
    return JudgeAccuracy(
        sensitivity=_proportion(right[True], total[True], confidence),
        specificity=_proportion(right[False], total[False], confidence),
    )


def _proportion(count: int, total: int, confidence: float) -> Proportion:
    return Proportion(count, total, wilson_interval(count / total, total, confidence=confidence))
