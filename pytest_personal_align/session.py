"""One object per active pytest session and process: what is collected, and what its items report.

Workers of xdist import this and little else: engine, judges and report are the controlling process's (controller.py).
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from functools import cached_property
from pathlib import Path

import pytest

from pytest_personal_align.collection import ALIGN, BuiltinSuite, CaseFile, CaseItem, duplicates
from pytest_personal_align.core.errors import InputError, OptionError, Problem
from pytest_personal_align.core.outcome import Collected, ItemOutcome, Seat
from pytest_personal_align.core.plan import Plan
from pytest_personal_align.core.suite import Placed
from pytest_personal_align.selection import Selection
from pytest_personal_align.settings import Settings, read
from pytest_personal_align.xdist import EngineClient


def activate(config: pytest.Config) -> None:
    """Called once, when ``--pa-model`` was given. Raises pytest.UsageError before anything has been spent."""
    try:
        settings = read(config)
        selection = Selection.of(config, settings)
        seat = _seat(config, settings, selection)
    except (OptionError, InputError) as error:
        raise pytest.UsageError(str(error)) from None
    align = AlignSession(settings, selection, seat, config)
    config.stash[ALIGN] = align
    config.pluginmanager.register(align, "personal-align-session")
    config.pluginmanager.register(seat, "personal-align-seat")


def _seat(config: pytest.Config, settings: Settings, selection: Selection) -> Seat:
    workerinput = getattr(config, "workerinput", None)
    if workerinput is not None:
        return EngineClient(workerinput)
    from pytest_personal_align.controller import Controller  # a third of a second, which workers do without

    return Controller(config, settings, selection)


class AlignSession:
    """Hooks and state of an active session, in the controller, in a worker, or in the only process."""

    def __init__(self, settings: Settings, selection: Selection, seat: Seat, config: pytest.Config) -> None:
        self.config = config
        self.settings = settings
        self.selection = selection
        self.not_applicable: dict[str, int] = {}
        self.made: dict[str, list[str]] = {}  # scenarios of each use case, whatever becomes of these cases
        self._seat = seat
        self._claimed: dict[str, Placed] = {}
        self._places: dict[str, int] = {}
        self._markers: set[str] = set()
        self._items: list[CaseItem] = []
        self._files: set[Path] = set()
        self._broken = False

    # -- collection

    def pytest_collect_file(self, file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
        if self.selection.takes(file_path, named=parent.session.isinitpath(file_path)):
            self._files.add(file_path)
            return CaseFile.from_parent(parent, path=file_path)
        return None

    @pytest.hookimpl(wrapper=True)
    def pytest_make_collect_report(
        self, collector: pytest.Collector
    ) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
        report = yield
        if isinstance(collector, pytest.Session) and report.passed:
            for name in self.selection.builtin:
                report.result.append(BuiltinSuite.from_parent(collector, name=name, nodeid=name))
        return report

    def claim(self, placed: Sequence[Placed]) -> list[Problem]:
        """Problems for ids that another file of this run has taken."""
        problems = duplicates(self._claimed, placed)
        for one in placed:
            self._places.setdefault(one.use_case.id, len(self._places))
        return problems

    def in_shard(self, use_case: str) -> bool:
        """Whether a claimed use case belongs to this shard: every K-th of N, in the order of collection."""
        shard = self.settings.shard
        return shard is None or self._places[use_case] % shard[1] == shard[0] - 1

    def case_root(self, path: Path) -> Path:
        """The case folder that ``path`` belongs to: the innermost one of the run, else its own folder."""
        return self.selection.root_of(path)

    def declare_marker(self, name: str) -> None:
        """Make a category, scenario or tag known to ``--strict-markers``."""
        if name not in self._markers:
            self._markers.add(name)
            self.config.addinivalue_line("markers", f"{name}: use cases, scenarios or tags of pytest-personal-align")

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items.sort(key=lambda item: isinstance(item, CaseItem))
        wanted = self.selection.node_ids
        if wanted:
            dropped = [item for item in items if isinstance(item.parent, BuiltinSuite) and item.nodeid not in wanted]
            if dropped:
                left_out = set(dropped)
                items[:] = [item for item in items if item not in left_out]
                self.config.hook.pytest_deselected(items=dropped)

    def pytest_report_collectionfinish(self) -> list[str]:
        return [
            f"personal-align: {scenario} does not apply to {count} use case{'s' if count > 1 else ''} "
            "(no control, or too few people)"
            for scenario, count in self.not_applicable.items()
        ]

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self._items = [item for item in session.items if isinstance(item, CaseItem)]
        self._broken = bool(session.testsfailed)  # a case file that could not be read

    # -- running

    @cached_property
    def collected(self) -> Collected:
        missing = sorted(map(str, self.selection.files - self._files))
        why = f"{missing[0]} was not collected" if missing else ""
        if len(missing) > 1:
            why = f"{missing[0]} and {len(missing) - 1:,} more case files were not collected"
        # Not all who drop items say so by pytest_deselected: --lf does not, where it looks into a file.
        made = sum(map(len, self.made.values())) * len(self.settings.engine.arms)
        dropped = made - len({item.nodeid for item in self._items})
        return Collected(
            cases=self.made,
            partial=bool(dropped or missing) or self._broken or self.selection.partial,
            why=why,
        )

    def check(self, item: CaseItem) -> None:
        """Wait until the item is settled. Where there is no verdict this fails, in setup: an ERROR."""
        outcome = self._settled(item)
        if outcome.disposition == "error":
            pytest.fail(self._text(item, outcome), pytrace=False)

    def report(self, item: CaseItem) -> None:
        """The item's outcome in pytest's terms."""
        outcome = self._settled(item)
        item.user_properties += [
            ("use_case", item.plan.brief.use_case),
            ("scenario", item.plan.brief.scenario),
            ("category", item.plan.brief.category),
            ("arm", item.plan.arm),
            ("failure_mode", outcome.failure_mode or ""),
        ]
        if outcome.disposition == "tolerated":
            # Not pytest.xfail(), which --runxfail makes do nothing: the fail would then be a pass.
            raise pytest.xfail.Exception(f"{outcome.failure_mode or 'unclear'}: {outcome.reason}")
        if outcome.disposition == "ignored":
            pytest.skip("the verdict is unclear, and --pa-unclear=ignore")
        if outcome.disposition == "unneeded":
            pytest.skip(outcome.reason)
        if outcome.disposition == "failed":
            pytest.fail(self._text(item, outcome), pytrace=False)

    def _settled(self, item: CaseItem) -> ItemOutcome:
        return self._seat.settled(item.plan.key, self._plans, self.collected)

    def _plans(self) -> list[Plan]:
        return [item.plan for item in self._items]

    def _text(self, item: CaseItem, outcome: ItemOutcome) -> str:
        extra = f"\ngate          {outcome.reason}" if outcome.reason else ""
        text, mode = outcome.text, outcome.failure_mode
        if mode == "inconsistency":  # seen only beside the other conversations of the use case
            text = f"{mode}: right elsewhere with this user, and here {text}"
        return f"{text}{extra}\nre-run        {self.selection.rerun(item.nodeid)}"
