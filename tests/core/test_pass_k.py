"""pass^k and pass@k are shares of all draws of k trials."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from pytest_personal_align.core.rates import pass_at_k, pass_hat_k


@given(st.integers(1, 9), st.data())
@settings(deadline=None)
def test_agree_with_all_draws(trials: int, data: st.DataObject) -> None:
    passed, k = data.draw(st.integers(0, trials)), data.draw(st.integers(1, trials))
    draws = list(itertools.combinations([True] * passed + [False] * (trials - passed), k))
    assert pass_hat_k(passed, trials, k) == pytest.approx(sum(map(all, draws)) / len(draws), abs=1e-15)
    assert pass_at_k(passed, trials, k) == pytest.approx(sum(map(any, draws)) / len(draws), abs=1e-15)


@pytest.mark.parametrize("k", [1, 3, 8])
def test_are_unbiased_for_the_powers_of_the_pass_rate(k: int) -> None:
    trials, p = 8, 0.7
    chances = [stats.binom.pmf(passed, trials, p) for passed in range(trials + 1)]
    assert sum(c * pass_hat_k(x, trials, k) for x, c in enumerate(chances)) == pytest.approx(p**k)
    assert sum(c * pass_at_k(x, trials, k) for x, c in enumerate(chances)) == pytest.approx(1 - (1 - p) ** k)


@pytest.mark.parametrize(("passed", "trials", "k"), [(1, 0, 1), (-1, 3, 1), (4, 3, 1), (1, 3, 0), (1, 3, 4)])
def test_refuse_draws_that_do_not_exist(passed: int, trials: int, k: int) -> None:
    for function in (pass_hat_k, pass_at_k):
        with pytest.raises(ValueError, match=r"trials|passed|k must"):
            function(passed, trials, k)
