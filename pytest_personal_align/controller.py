"""The process that controls a run, alone or above xdist's workers: it asks the court, and writes what came of it."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Generator, Sequence
from typing import Any

import pytest

from pytest_personal_align import finish
from pytest_personal_align.collection import ALIGN, CaseItem
from pytest_personal_align.core.coverage import fingerprint
from pytest_personal_align.core.errors import OptionError
from pytest_personal_align.core.outcome import Collected, ItemOutcome
from pytest_personal_align.core.plan import Plan
from pytest_personal_align.progress import Progress
from pytest_personal_align.selection import Selection
from pytest_personal_align.settings import Settings
from pytest_personal_align.signals import Signals
from pytest_personal_align.start import assistants_of, check, start_court, with_suite
from pytest_personal_align.xdist import EngineServer

OK, TESTS_FAILED, INTERRUPTED = (int(pytest.ExitCode[name]) for name in ("OK", "TESTS_FAILED", "INTERRUPTED"))
EXIT_INVALID = 10

_COLOURS: dict[str, dict[str, bool]] = {
    "PASS": {"green": True, "bold": True},
    "FAIL": {"red": True, "bold": True},
    "INVALID": {"red": True, "bold": True},
    "INCONCLUSIVE": {"yellow": True, "bold": True},
}


class Controller:
    """Hooks of the controlling process. Raises OptionError or InputError, before anything has been spent."""

    def __init__(self, config: pytest.Config, settings: Settings, selection: Selection) -> None:
        self.config = config
        self.selection = selection
        self.settings, suite = with_suite(settings, selection)
        self._suite = fingerprint(selection.suite, selection.builtin), len(suite.use_cases)
        check(self.settings, config, live=not (config.option.collectonly or settings.plan_only or settings.regate))
        self.court = start_court(self.settings, config, suite, selection)
        self._reported: set[str] = set()
        self._started = datetime.datetime.now(datetime.timezone.utc)
        self._finished: finish.Finished | None = None
        self._signals = Signals(lambda: self.court.opened)
        self._progress: Progress | None = None
        self._server: EngineServer | None = None
        if config.pluginmanager.hasplugin("dsession"):
            self._server = EngineServer(self.court, self._stop)
            config.pluginmanager.register(self._server, "personal-align-server")

    def pytest_sessionstart(self) -> None:
        self._signals.take()
        reporter = self.config.pluginmanager.getplugin("terminalreporter")
        if reporter is not None and reporter.verbosity >= 0:
            self._progress = Progress(self.court, reporter, isatty=reporter.isatty)
            if self._server is not None:
                self._progress.watch()

    def pytest_unconfigure(self) -> None:
        self.court.release()
        self._signals.give_back()

    def pytest_report_header(self) -> list[str]:
        settings, kept = self.settings, self.court.rules.baseline
        arms = ", ".join(arm.name if len(settings.engine.arms) > 1 else arm.model for arm in settings.engine.arms)
        trials = self.court.recorded_trials or settings.trials
        about = (
            f"personal-align: {arms}, judge {' + '.join(settings.engine.judge.names)}, "
            f"{trials} trial{'s' if trials > 1 else ''}, seed {settings.engine.seed}"
        )
        changed = kept.judge_changed(self.court.judge.version) if kept is not None else ""
        return [about, *([f"personal-align: this run will be invalid: {changed}"] if changed else [])]

    # -- collection

    @pytest.hookimpl(trylast=True)
    def pytest_collection_finish(self, session: pytest.Session) -> None:
        plans = [item.plan for item in session.items if isinstance(item, CaseItem)]
        collected = self.config.stash[ALIGN].collected
        if session.testsfailed or not plans:
            return
        try:
            self.court.check(plans, collected)
        except OptionError as error:
            raise pytest.UsageError(str(error)) from None
        if self.settings.plan_only:
            self._finished = finish.plan_only(
                self.settings, plans, self.court, assistants_of(self.config), gated=not collected.partial
            )

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Under xdist a collection error would be noted and the rest run: a bad case file must not cost a call."""
        dsession = self.config.pluginmanager.getplugin("dsession")
        path = report.nodeid.partition("::")[0]
        if dsession is None or not report.failed or self.config.option.continue_on_collection_errors:
            return
        if path.endswith((".yaml", ".yml")) or path in self.selection.builtin:
            dsession.shouldstop = "a case file could not be read"

    # -- running

    def settled(self, key: str, plans: Callable[[], Sequence[Plan]], collected: Collected) -> ItemOutcome:
        """See Seat; where nothing is distributed, the items ask here."""
        if not self.court.opened:
            self.court.open(plans(), collected)
        return self.court.wait(key, self._progress.tick if self._progress else _nothing)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when in ("teardown", "???"):  # xdist reports the item of a dead worker as "???"
            self._reported.add(report.nodeid)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtestloop(self, session: pytest.Session) -> Generator[None, object, object]:
        try:
            return (yield)
        finally:
            if self._progress is not None:
                self._progress.end()
            self.court.close()

    # -- the end

    def _stop(self, text: str) -> None:
        """End a distributed session."""
        self.config.pluginmanager.getplugin("dsession").shouldstop = text

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> Generator[None, object, object]:
        if self._server is not None and self._server.refused:
            self._finished = finish.Finished(["", f"ERROR: {self._server.refused}"])
            session.exitstatus = pytest.ExitCode.USAGE_ERROR
        if self.court.opened:
            ending = self._ending(session, int(exitstatus))
            custom = assistants_of(self.config)
            self._finished = finish.run(self.settings, self.config, self.court, custom, ending)
            session.exitstatus = self._exit_code(self._finished.verdict, int(exitstatus), ending)
        return (yield)

    def _ending(self, session: pytest.Session, exitstatus: int) -> finish.Ending:
        # -x under xdist, and --stepwise, end in pytest's terms with an interrupt, but nobody has interrupted the run.
        dsession = self.config.pluginmanager.getplugin("dsession")
        enough = bool(session.shouldfail or session.shouldstop or getattr(dsession, "shouldstop", False))
        interrupted = self._signals.interrupted or (exitstatus == pytest.ExitCode.INTERRUPTED and not enough)
        return finish.Ending(self._started, frozenset(self._reported), interrupted or enough, interrupted, *self._suite)

    def _exit_code(self, verdict: str | None, pytests: int, ending: finish.Ending) -> int:
        """pytest's own, but 10 for a run that is invalid or, if strict, inconclusive; and a gate that fails is red."""
        if ending.interrupted or pytests not in (OK, TESTS_FAILED, INTERRUPTED):
            return pytests
        if verdict == "invalid" or (verdict == "inconclusive" and self.settings.gate.strict):
            return EXIT_INVALID
        return TESTS_FAILED if verdict == "fail" and pytests == OK else pytests

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        if self._finished is not None:
            for line in self._finished.lines:
                colour = _COLOURS.get(line.partition(" ")[0], {})
                terminalreporter.write_line(line, **colour)


def _nothing() -> None:
    """What to do while waiting in silence."""
