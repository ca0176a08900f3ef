"""What a run is doing while its items wait: a line now and then, on a terminal or in a CI log."""

from __future__ import annotations

import threading
import time
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from pytest_personal_align.court import Court

EVERY_TERMINAL, EVERY_LOG = 10.0, 30.0
"""Seconds between two lines."""


class Progress:
    """Writes lines through pytest's terminal reporter. Silent with ``-q`` and before the first call."""

    def __init__(self, court: Court, reporter: Any, *, isatty: bool) -> None:
        self._court = court
        self._reporter = reporter
        self._every = EVERY_TERMINAL if isatty else EVERY_LOG
        self._began = time.monotonic()
        self._last = self._began
        self._ended = threading.Event()

    def watch(self) -> None:
        """Tick from a thread of its own: under xdist nobody waits for an item in this process."""
        threading.Thread(target=self._loop, name="personal-align-progress", daemon=True).start()

    def tick(self) -> None:
        """Write a line if it is time for one."""
        now = time.monotonic()
        if now - self._last < self._every or not self._court.opened:
            return
        self._last = now
        with self._shown():
            self._reporter.ensure_newline()
            self._reporter.write_line(progress_line(self._court, now - self._began))

    def _shown(self) -> AbstractContextManager[Any]:
        """While an item waits pytest captures what is written; under xdist, where a thread ticks, no item runs here."""
        capture = self._reporter.config.pluginmanager.getplugin("capturemanager")
        if capture is None or threading.current_thread() is not threading.main_thread():
            return nullcontext()
        found: AbstractContextManager[Any] = capture.global_and_fixture_disabled()
        return found

    def end(self) -> None:
        self._ended.set()

    def _loop(self) -> None:
        while not self._ended.wait(1.0):
            self.tick()


def progress_line(court: Court, seconds: float) -> str:
    """Conversations done and under way, fails, calls, cost and the time that is left at this pace."""
    seen, calls = court.progress(), court.calls()
    failed = sum(case.outcome == "fail" for case in list(court.cases().values()))
    parts = [
        f"{seen.done:,}/{seen.planned:,} conversations",
        f"{seen.talking + seen.judging:,} under way",
        f"{failed:,} fail{'' if failed == 1 else 's'}",
    ]
    spared = {"cached": calls.assistant.cached + calls.judge.cached, "shared": calls.assistant.shared}
    beside = ", ".join(f"{count:,} {how}" for how, count in spared.items() if count)
    parts.append(f"{calls.assistant.sent + calls.judge.sent:,} calls" + (f" ({beside})" if beside else ""))
    if calls.cost_usd:
        parts.append(f"${calls.cost_usd:.2f}")
    if 0 < seen.done < seen.planned:
        left = seconds / seen.done * (seen.planned - seen.done)
        parts.append(f"about {left / 60:.0f} min left" if left >= 90 else f"about {left:.0f} s left")
    return "personal-align: " + ", ".join(parts)
