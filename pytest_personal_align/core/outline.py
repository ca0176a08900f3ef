"""What the case files of a suite are about, read without building it: enough to find wrong gate options early."""

from __future__ import annotations

import re
from collections.abc import Iterable, Set
from dataclasses import dataclass
from pathlib import Path

from pytest_personal_align.core import yamlfile
from pytest_personal_align.core.errors import InputError, OptionError
from pytest_personal_align.core.gate import split_name
from pytest_personal_align.core.suite import Placed
from pytest_personal_align.core.suite_files import HeadThreshold, thresholds_of

_ID = re.compile(r"""^\s*(?:-\s+)?(?:\{\s*)?["']?id["']?:\s*["']?([a-z0-9_-]+)""", re.MULTILINE)
_CATEGORY = re.compile(r"""^\s*(?:-\s+)?category:\s*["']?([a-z0-9_-]+)""", re.MULTILINE)


@dataclass(frozen=True)
class Outline:
    """Ids of use cases, categories, and the thresholds that stand at the heads of case files."""

    use_cases: frozenset[str]
    categories: frozenset[str]
    thresholds: dict[str, float]


def outline(files: Iterable[Path], shipped: Iterable[Placed] = ()) -> Outline:
    """The outline of a suite. What is wrong in a file is left to its collection, except that two files disagree
    about a threshold, or that one is for a category which no use case has: raises InputError."""
    placed = list(shipped)
    use_cases = {one.use_case.id for one in placed}
    categories = {one.use_case.category for one in placed}
    thresholds: dict[str, HeadThreshold] = {}
    for path in files:
        try:
            text = path.read_text(encoding="utf-8")[: yamlfile.MAX_BYTES]
        except (OSError, UnicodeDecodeError):
            continue
        use_cases.update(_ID.findall(text))
        categories.update(_CATEGORY.findall(text))
        for name, here in _thresholds(path, text).items():
            kept = thresholds.setdefault(name, here)
            if kept.rate != here.rate:
                message = f"{name} is {here.rate:g} here and {kept.rate:g} in {kept.file}:{kept.line}"
                raise InputError([here.problem(f"{message}; a run has one threshold of a name")])
    unknown = {name: _unknown_category(name, categories) for name in thresholds}
    if problems := [thresholds[name].problem(why) for name, why in unknown.items() if why]:
        raise InputError(problems)
    return Outline(frozenset(use_cases), frozenset(categories), {name: one.rate for name, one in thresholds.items()})


def _thresholds(path: Path, text: str) -> dict[str, HeadThreshold]:
    if "thresholds" not in text:  # however it is quoted or indented: to read the whole file takes its time
        return {}
    try:
        return thresholds_of(path)
    except InputError:
        return {}  # collection says so, with the line


def require_known_categories(
    thresholds: Iterable[str], known: Iterable[str], called: str = "--pa-threshold or pa_thresholds"
) -> None:
    """Raises OptionError for a threshold of a category that no use case has; ``called`` is where it was given."""
    categories = set(known)
    for name in thresholds:
        if why := _unknown_category(name, categories):
            raise OptionError(f"{called}: {why}")


def _unknown_category(name: str, known: Set[str]) -> str:
    """What is wrong with the category of a threshold, or empty. Where none are known, none is wrong."""
    category, _ = split_name(name)
    if not known or category is None or category in known:
        return ""
    return f"{name}: no use case has the category {category!r}; there are {', '.join(sorted(known))}"
