"""The suites in the wheel: ``builtin:NAME``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path

from pytest_personal_align.core.errors import OptionError
from pytest_personal_align.core.suite import BUILTIN, Distractors, Placed, Scenario, UseCase
from pytest_personal_align.core.suite_files import (
    DISTRACTOR_FILE,
    SCENARIO_FILE,
    case_files,
    load_distractors,
    load_scenarios,
    load_use_cases,
)

_CORE = ("trauma_trigger", "physical_constraint", "severe_allergy", "severe_phobia")

SUITES: Mapping[str, tuple[str, Callable[[UseCase], bool]]] = {
    "smoke": ("24 use cases over all categories, for a quick look", lambda case: "smoke" in case.tags),
    "core": ("the four categories of the reference benchmark", lambda case: case.category in _CORE),
    "all": ("every use case that is shipped", lambda case: True),
}


def folder() -> Path:
    """Where the shipped YAML is: in the installed package, or beside it in a checkout."""
    inside = Path(__file__).parents[1] / "cases"
    return inside if inside.is_dir() else Path(__file__).parents[2] / "cases"


def suite(value: str) -> list[Placed]:
    """The use cases of ``builtin:NAME``. Raises OptionError for an unknown name."""
    name = value.removeprefix(BUILTIN)
    if name not in SUITES:
        raise OptionError(f"{value} is no shipped suite; shipped: {', '.join(BUILTIN + one for one in SUITES)}")
    return [placed for placed in _all() if SUITES[name][1](placed.use_case)]


@lru_cache(maxsize=1)
def _all() -> tuple[Placed, ...]:
    return tuple(
        placed for path in case_files(folder()) for placed in load_use_cases(path, f"{BUILTIN.rstrip(':')}/{path.name}")
    )


@lru_cache(maxsize=1)
def scenarios() -> tuple[Scenario, ...]:
    return load_scenarios(folder() / SCENARIO_FILE)


@lru_cache(maxsize=1)
def distractors() -> Distractors:
    return load_distractors(folder() / DISTRACTOR_FILE)
