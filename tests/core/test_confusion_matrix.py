"""Two raters' labels of the same items, crossed."""

import pytest

from pytest_personal_align.core.agreement import ConfusionMatrix, confusion_matrix


def test_rows_are_the_first_rater_and_unused_labels_stay() -> None:
    matrix = confusion_matrix(
        ["pass", "fail", "fail", "pass"], ["pass", "pass", "fail", "pass"], labels=["fail", "unclear", "pass"]
    )
    assert matrix == ConfusionMatrix(("fail", "unclear", "pass"), ((1, 0, 1), (0, 0, 0), (0, 0, 2)))
    assert (matrix.items, matrix.agreed) == (4, 3)


@pytest.mark.parametrize(
    ("first", "second", "labels", "named"),
    [
        (["a"], ["a", "b"], ["a", "b"], "not 1 and 2"),
        (["a"], ["c"], ["a", "b"], "found c"),
        (["a"], ["a"], ["a"], "two or more"),
        (["a"], ["a"], ["a", "a", "b"], "two or more"),
        ([], [], ["a", "b"], "at least one item"),
    ],
)
def test_refuses_labels_that_do_not_fit(first: list[str], second: list[str], labels: list[str], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        confusion_matrix(first, second, labels=labels)


@pytest.mark.parametrize("counts", [((1, 2),), ((1, 2), (3,)), ((1, -1), (0, 0)), ((1, 0.5), (0, 0))])
def test_refuses_tables_that_are_not_square_counts(counts: tuple[tuple[int, ...], ...]) -> None:
    with pytest.raises(ValueError, match="count"):
        ConfusionMatrix(("a", "b"), counts)
