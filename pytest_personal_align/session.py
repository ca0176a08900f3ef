"""One object per active pytest session: what is collected, what is asked of the court, what is written at the end."""

from __future__ import annotations

import datetime
import signal
import threading
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Any

import pytest

from pytest_personal_align import finish
from pytest_personal_align.collection import (
    ALIGN,
    BuiltinSuite,
    CaseFile,
    CaseItem,
    duplicates,
)
from pytest_personal_align.core.errors import InputError, OptionError, Problem
from pytest_personal_align.core.outline import Outline
from pytest_personal_align.core.suite import Placed
from pytest_personal_align.court import Court, ItemOutcome
from pytest_personal_align.progress import Progress
from pytest_personal_align.selection import Selection
from pytest_personal_align.settings import Settings, read
from pytest_personal_align.start import assistants_of, check, start_court, with_suite
from pytest_personal_align.xdist import EngineClient, EngineServer

EXIT_INVALID = 10

_COLOURS: dict[str, dict[str, bool]] = {
    "PASS": {"green": True, "bold": True},
    "FAIL": {"red": True, "bold": True},
    "INVALID": {"red": True, "bold": True},
    "INCONCLUSIVE": {"yellow": True, "bold": True},
}


def activate(config: pytest.Config) -> None:
    """Called once, when ``--pa-model`` was given. Raises pytest.UsageError before anything has been spent."""
    try:
        settings = read(config)
        selection = Selection.of(config, settings)
        settings, suite = with_suite(settings, selection)
        live = not (config.option.collectonly or settings.plan_only or settings.regate)
        controls = not hasattr(config, "workerinput")
        if controls:
            check(settings, config, live=live)
        align = AlignSession(config, settings, selection, suite)
    except (OptionError, InputError) as error:
        raise pytest.UsageError(str(error)) from None
    config.stash[ALIGN] = align
    config.pluginmanager.register(align, "personal-align-session")


class AlignSession:
    """Hooks and state of an active session, in the controller, in a worker, or in the only process."""

    def __init__(self, config: pytest.Config, settings: Settings, selection: Selection, suite: Outline) -> None:
        self.config = config
        self.settings = settings
        self.selection = selection
        self.not_applicable: dict[str, int] = {}
        self._ids: dict[str, Placed] = {}
        self._markers: set[str] = set()
        self._items: list[CaseItem] = []
        self._deselected = 0
        self._reported: set[str] = set()
        self._started = datetime.datetime.now(datetime.timezone.utc)
        self._finished: finish.Finished | None = None
        self._on_sigterm: Any = None
        self._progress: Progress | None = None
        workerinput = getattr(config, "workerinput", None)
        self.court: Court | None = None
        self._client: EngineClient | None = None
        self._server: EngineServer | None = None
        if workerinput is not None:
            self._client = EngineClient(workerinput)
        else:
            self.court = start_court(settings, config, suite, selection)
            if config.pluginmanager.hasplugin("dsession"):
                self._server = EngineServer(self.court)
                config.pluginmanager.register(self._server, "personal-align-server")

    def pytest_sessionstart(self) -> None:
        """SIGTERM, what a CI service sends before it kills, ends the run as Ctrl-C does: with record and report."""
        if self.court is not None and threading.current_thread() is threading.main_thread():
            self._on_sigterm = signal.signal(signal.SIGTERM, _interrupt)
        reporter = self.config.pluginmanager.getplugin("terminalreporter")
        if self.court is not None and reporter is not None and reporter.verbosity >= 0:
            self._progress = Progress(self.court, reporter, isatty=reporter.isatty)
            if self._server is not None:
                self._progress.watch()

    def pytest_unconfigure(self) -> None:
        if self.court is not None:
            self.court.release()
        if self._on_sigterm is not None:
            signal.signal(signal.SIGTERM, self._on_sigterm)

    # -- collection

    def pytest_collect_file(self, file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
        if self.selection.takes(file_path, named=parent.session.isinitpath(file_path)):
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
        return duplicates(self._ids, placed)

    def in_shard(self, use_case: str) -> bool:
        """Whether a claimed use case belongs to this shard: every K-th of N, in the order of collection."""
        shard = self.settings.shard
        return shard is None or list(self._ids).index(use_case) % shard[1] == shard[0] - 1

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
            kept = [item for item in items if not isinstance(item.parent, BuiltinSuite) or item.nodeid in wanted]
            dropped = [item for item in items if item not in kept]
            if dropped:
                items[:] = kept
                self.config.hook.pytest_deselected(items=dropped)

    def pytest_report_collectionfinish(self) -> list[str]:
        return [
            f"personal-align: {scenario} does not apply to {count} use case{'s' if count > 1 else ''} "
            "(no control, or too few people)"
            for scenario, count in self.not_applicable.items()
        ]

    def pytest_deselected(self, items: Sequence[pytest.Item]) -> None:
        self._deselected += sum(isinstance(item, CaseItem) for item in items)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self._items = [item for item in session.items if isinstance(item, CaseItem)]
        if session.testsfailed:
            self._deselected += 1  # a case file that could not be read makes the selection partial
        elif self.settings.plan_only and self.court is not None:
            plans = [item.plan for item in self._items]
            custom = assistants_of(self.config)
            self._finished = finish.plan_only(self.settings, plans, self.court, custom)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Under xdist a collection error would be noted and the rest run: a bad case file must not cost a call."""
        dsession = self.config.pluginmanager.getplugin("dsession")
        path = report.nodeid.partition("::")[0]
        if dsession is None or not report.failed or self.config.option.continue_on_collection_errors:
            return
        if path.endswith((".yaml", ".yml")) or path in self.selection.builtin:
            dsession.shouldstop = "a case file could not be read"

    # -- running

    @property
    def gated(self) -> bool:
        """Whether the whole selection runs, so that its rates may be gated."""
        return not self._deselected and not self.selection.partial

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
            pytest.xfail(f"{outcome.failure_mode or 'unclear'}: {outcome.reason}")
        if outcome.disposition == "ignored":
            pytest.skip("the verdict is unclear, and --pa-unclear=ignore")
        if outcome.disposition == "unneeded":
            pytest.skip(outcome.reason)
        if outcome.disposition == "failed":
            pytest.fail(self._text(item, outcome), pytrace=False)

    def _settled(self, item: CaseItem) -> ItemOutcome:
        plans = [one.plan for one in self._items]
        if self._client is not None:
            return self._client.settled(item.plan.key, plans, gated=self.gated)
        assert self.court is not None
        self.court.open(plans, gated=self.gated)
        return self.court.wait(item.plan.key, self._progress.tick if self._progress else _nothing)

    def _text(self, item: CaseItem, outcome: ItemOutcome) -> str:
        extra = f"\ngate          {outcome.reason}" if outcome.reason else ""
        text, mode = outcome.text, outcome.failure_mode
        if mode == "inconsistency":  # seen only beside the other conversations of the use case
            text = f"{mode}: right elsewhere with this user, and here {text}"
        return f"{text}{extra}\nre-run        {self.selection.rerun(item.nodeid)}"

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when in ("teardown", "???"):  # xdist reports the item of a dead worker as "???"
            self._reported.add(report.nodeid)

    # -- the end

    def _ending(self, session: pytest.Session, exitstatus: int) -> finish.Ending:
        interrupted = exitstatus == pytest.ExitCode.INTERRUPTED
        stopped = interrupted or bool(session.shouldfail or session.shouldstop)
        return finish.Ending(self._started, frozenset(self._reported), stopped, interrupted)

    def pytest_report_header(self) -> str:
        settings = self.settings
        arms = ", ".join(arm.name if len(settings.engine.arms) > 1 else arm.model for arm in settings.engine.arms)
        return (
            f"personal-align: {arms}, judge {' + '.join(settings.engine.judge.names)}, "
            f"{settings.trials} trial{'s' if settings.trials > 1 else ''}, seed {settings.engine.seed}"
        )

    @pytest.hookimpl(wrapper=True)
    def pytest_runtestloop(self, session: pytest.Session) -> Generator[None, object, object]:
        try:
            return (yield)
        finally:
            if self._progress is not None:
                self._progress.end()
            if self.court is not None:
                self.court.close()
            if self._client is not None:
                self._client.close()

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> Generator[None, object, object]:
        if self.court is not None and self.court.opened:
            self._finished = finish.run(self.settings, self.config, self.court, self._ending(session, int(exitstatus)))
            if self._finished.invalid and int(exitstatus) in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
                session.exitstatus = EXIT_INVALID
        return (yield)

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        if self._finished is not None:
            for line in self._finished.lines:
                colour = _COLOURS.get(line.partition(" ")[0], {})
                terminalreporter.write_line(line, **colour)


def _interrupt(signum: int, frame: object) -> None:
    raise KeyboardInterrupt


def _nothing() -> None:
    """What to do while waiting in silence."""
