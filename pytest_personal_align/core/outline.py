"""What the case files of a suite are about, read without building it: enough to find wrong gate options early."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from pytest_personal_align.core import yamlfile
from pytest_personal_align.core.errors import InputError, OptionError, Problem
from pytest_personal_align.core.gate import split_name
from pytest_personal_align.core.suite import Placed
from pytest_personal_align.core.suite_files import thresholds_of

_ID = re.compile(r"""^\s*(?:-\s+)?id:\s*["']?([a-z0-9_-]+)""", re.MULTILINE)
_CATEGORY = re.compile(r"""^\s*(?:-\s+)?category:\s*["']?([a-z0-9_-]+)""", re.MULTILINE)
_THRESHOLDS = re.compile(r"^thresholds\s*:", re.MULTILINE)


@dataclass(frozen=True)
class Outline:
    """Ids of use cases, categories, and the thresholds that stand at the heads of case files."""

    use_cases: frozenset[str]
    categories: frozenset[str]
    thresholds: dict[str, float]


def outline(files: Iterable[Path], shipped: Iterable[Placed] = ()) -> Outline:
    """The outline of a suite. What is wrong in a file is left to its collection, except that two files disagree
    about a threshold: raises InputError."""
    placed = list(shipped)
    use_cases = {one.use_case.id for one in placed}
    categories = {one.use_case.category for one in placed}
    thresholds: dict[str, tuple[float, str]] = {}
    for path in files:
        try:
            text = path.read_text(encoding="utf-8")[: yamlfile.MAX_BYTES]
        except (OSError, UnicodeDecodeError):
            continue
        use_cases.update(_ID.findall(text))
        categories.update(_CATEGORY.findall(text))
        for name, rate in _thresholds(path, text).items():
            kept, where = thresholds.setdefault(name, (rate, str(path)))
            if kept != rate:
                message = f"{name} is {rate:g} here and {kept:g} in {where}; a run has one threshold of a name"
                raise InputError([Problem(str(path), 0, "thresholds", message)])
    return Outline(frozenset(use_cases), frozenset(categories), {name: rate for name, (rate, _) in thresholds.items()})


def _thresholds(path: Path, text: str) -> dict[str, float]:
    if not _THRESHOLDS.search(text):
        return {}
    try:
        return thresholds_of(path)
    except InputError:
        return {}  # collection says so, with the line


def require_known_categories(thresholds: Iterable[str], known: Iterable[str]) -> None:
    """Raises OptionError for a threshold of a category that no use case has."""
    categories = sorted(known)
    for name in thresholds:
        category, _ = split_name(name)
        if categories and category is not None and category not in categories:
            raise OptionError(
                f"--pa-threshold: {name}: no use case has the category {category!r}; there are {', '.join(categories)}"
            )
