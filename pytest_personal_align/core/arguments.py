"""Checks of numeric arguments: each raises ValueError with the name of the argument, what it must be and what it was.

NaN fails every check, because no comparison with it holds.
"""

from fractions import Fraction


def require_count(name: str, value: int, *, at_least: int = 0) -> None:
    """Require a whole number of at least ``at_least``."""
    if not isinstance(value, int) or isinstance(value, bool) or value < at_least:
        raise ValueError(f"{name} must be a whole number of at least {at_least}, not {value!r}")


def require_within(name: str, value: float | Fraction, low: float, high: float) -> None:
    """Require low <= value <= high."""
    if not low <= value <= high:
        raise ValueError(f"{name} must be from {low:g} to {high:g}, not {value!r}")


def require_between(name: str, value: float, low: float, high: float) -> None:
    """Require low < value < high."""
    if not low < value < high:
        raise ValueError(f"{name} must be above {low:g} and below {high:g}, not {value!r}")


def require_from(name: str, value: float, low: float, high: float) -> None:
    """Require low <= value < high."""
    if not low <= value < high:
        raise ValueError(f"{name} must be from {low:g} to below {high:g}, not {value!r}")
