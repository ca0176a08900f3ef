"""Which scenarios and distractors go with a case file, and which scenarios a run asks for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from pytest_personal_align.core import shipped
from pytest_personal_align.core.errors import OptionError
from pytest_personal_align.core.suite import Distractors, Scenario
from pytest_personal_align.core.suite_files import DISTRACTOR_FILE, SCENARIO_FILE, load_distractors, load_scenarios


@dataclass(frozen=True)
class Catalogue:
    """Scenarios in order of definition, and distractors."""

    scenarios: tuple[Scenario, ...]
    distractors: Distractors

    def chosen(self, asked: Sequence[str]) -> list[Scenario]:
        """Scenarios by name or group, in order of definition. Raises OptionError for an unknown one."""
        known = {scenario.name for scenario in self.scenarios}
        groups = {group for scenario in self.scenarios for group in scenario.groups} | {"all"}
        for name in asked:
            if name not in known | groups:
                raise OptionError(
                    f"--pa-scenario: {name!r} is neither a scenario ({', '.join(sorted(known))}) "
                    f"nor a group ({', '.join(sorted(groups))})"
                )
        wanted = set(asked)
        return [s for s in self.scenarios if "all" in wanted or s.name in wanted or wanted & set(s.groups)]


@lru_cache(maxsize=64)
def catalogue(folders: tuple[Path, ...] = ()) -> Catalogue:
    """The shipped scenarios, with those of ``scenarios.yaml`` in ``folders`` added or put in their place;
    the distractors of the last folder that has them, else the shipped ones.

    Raises InputError.
    """
    scenarios = {scenario.name: scenario for scenario in shipped.scenarios()}
    distractors: Distractors | None = None
    for folder in folders:
        if (path := folder / SCENARIO_FILE).is_file():
            scenarios.update((scenario.name, scenario) for scenario in load_scenarios(path))
        if (path := folder / DISTRACTOR_FILE).is_file():
            distractors = load_distractors(path)
    return Catalogue(tuple(scenarios.values()), distractors or shipped.distractors())
