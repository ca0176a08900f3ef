"""Case files and cases as pytest collectors and items."""

from __future__ import annotations

import abc
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_personal_align.core import shipped
from pytest_personal_align.core.catalogue import Catalogue, catalogue
from pytest_personal_align.core.errors import InputError, OptionError, Problem
from pytest_personal_align.core.plan import Draw, Plan, applies, build
from pytest_personal_align.core.render import TemplateError
from pytest_personal_align.core.suite import Placed, Scenario
from pytest_personal_align.core.suite_files import load_use_cases, unique_ids

if TYPE_CHECKING:
    from pytest_personal_align.core.options import Arm
    from pytest_personal_align.session import AlignSession


ALIGN = pytest.StashKey["AlignSession"]()


class CaseProblem(Exception):
    """Something wrong in a case file, shown without a traceback."""


class _CaseCollector(pytest.Collector):
    """Makes items of use cases; where they come from is the subclasses' business."""

    @property
    def align(self) -> AlignSession:
        return self.config.stash[ALIGN]

    @abc.abstractmethod
    def _placed(self) -> list[Placed]:
        """The use cases, in order. Raises InputError or OptionError."""

    @abc.abstractmethod
    def _catalogue(self) -> Catalogue:
        """Their scenarios and distractors. Raises InputError."""

    def collect(self) -> Iterator[pytest.Item]:
        try:
            placed = self._placed()
            found = self._catalogue()
            scenarios = found.chosen(self.align.settings.scenarios)
            problems = self.align.claim(placed)
            if problems:
                raise InputError(problems)
            yield from self._items(placed, found, scenarios)
        except (InputError, OptionError) as error:
            raise CaseProblem(str(error)) from None

    def _items(
        self, placed: Sequence[Placed], found: Catalogue, scenarios: Sequence[Scenario]
    ) -> Iterator[pytest.Item]:
        settings = self.align.settings
        arms = settings.engine.arms
        for one in placed:
            if not self.align.in_shard(one.use_case.id):
                continue
            made = self.align.made[one.use_case.id] = []
            draw = Draw(one.use_case, found.distractors, settings.engine.seed)
            for scenario in scenarios:
                if not applies(scenario, one.use_case):
                    self.align.not_applicable[scenario.name] = self.align.not_applicable.get(scenario.name, 0) + 1
                    continue
                made.append(scenario.name)
                for arm in arms:
                    variant = scenario.name if len(arms) == 1 else f"{scenario.name}-{arm.name}"
                    name = f"{one.use_case.id}[{variant}]"
                    # pytest 9.2 splits ids at the bracket when it reads them back (--lf), but not when it
                    # joins parent and name: only an id that is given as text compares equal to itself.
                    nodeid = f"{self.nodeid}::{name}"
                    yield CaseItem.from_parent(
                        self, name=name, nodeid=nodeid, placed=one, scenario=scenario, arm=arm, draw=draw
                    )

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        if isinstance(excinfo.value, CaseProblem):
            return str(excinfo.value)
        return super().repr_failure(excinfo)


class CaseFile(_CaseCollector, pytest.File):
    """A YAML file of use cases."""

    def _placed(self) -> list[Placed]:
        return load_use_cases(self.path, _shown(self.path, self.config.rootpath))

    def _catalogue(self) -> Catalogue:
        root = self.align.case_root(self.path)
        return catalogue(tuple(dict.fromkeys((root, self.path.parent))))


class BuiltinSuite(_CaseCollector):
    """A suite that is shipped: its node id has no path in it, so that it is the same on every machine."""

    def _placed(self) -> list[Placed]:
        return shipped.suite(self.name)

    def _catalogue(self) -> Catalogue:
        return catalogue()


class CaseItem(pytest.Item):
    """One case in one arm.

    ``setup`` waits for the result, so that an error of the run is an ERROR in pytest's sense; ``runtest``
    then reports pass, fail or a tolerated fail.
    """

    def __init__(self, *, placed: Placed, scenario: Scenario, arm: Arm, draw: Draw, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.placed = placed
        self.scenario = scenario
        self.arm = arm
        use_case = placed.use_case
        for name in (use_case.category, scenario.name, *use_case.tags):
            self.align.declare_marker(name)
            self.add_marker(name)
        self.plan = self._build(draw)

    @property
    def align(self) -> AlignSession:
        return self.config.stash[ALIGN]

    def _build(self, draw: Draw) -> Plan:
        try:
            return build(
                self.placed.use_case,
                self.scenario,
                draw,
                arm=self.arm,
                trials=self.align.settings.trials,
                nodeid=self.nodeid,
                file=self.placed.file,
                line=self.placed.line,
            )
        except TemplateError as error:
            placed = self.placed
            raise InputError([Problem(placed.file, placed.line, placed.use_case.id, str(error))]) from None

    def setup(self) -> None:
        self.align.check(self)

    def runtest(self) -> None:
        self.align.report(self)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        # pytest would parse the source of every frame below an xfail, at 0.1 s each, and then show none of it
        if isinstance(excinfo.value, pytest.xfail.Exception):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int, str]:
        return self.path, self.placed.line - 1, self.name


def duplicates(seen: dict[str, Placed], placed: Sequence[Placed]) -> list[Problem]:
    """Problems for use cases whose id another file of this run has; remembers the new ones in ``seen``."""
    problems = []
    for one in placed:
        other = seen.setdefault(one.use_case.id, one)
        if (other.file, other.line) != (one.file, one.line):
            problems += unique_ids([other, one])
    return problems


def _shown(path: Path, root: Path) -> str:
    try:
        return path.relative_to(root).as_posix()
    except ValueError:
        return str(path)
