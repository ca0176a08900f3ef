"""SIGINT and SIGTERM (what a CI service sends before it kills): the first ends a run in order, the second at once."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from typing import Any

import pytest

_FAREWELL = b"\npersonal-align: ended at once; replies that had arrived are in the cache\n"


class Signals:
    """``interrupted``: a signal came while ``running()``; record and report are then written as partial."""

    def __init__(self, running: Callable[[], bool]) -> None:
        self.interrupted = False
        self._running = running
        self._before: dict[signal.Signals, Any] = {}

    def take(self) -> None:
        """From now on they come here. Does nothing outside of the main thread, which alone may say so."""
        if threading.current_thread() is threading.main_thread():
            self._before = {number: signal.signal(number, self._come) for number in (signal.SIGINT, signal.SIGTERM)}

    def give_back(self) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before = {}

    def _come(self, number: int, frame: object) -> None:
        if self.interrupted:
            # A KeyboardInterrupt amid pytest's own ending would come out as a traceback and leave half a record.
            os.write(2, _FAREWELL)
            os._exit(pytest.ExitCode.INTERRUPTED)
        self.interrupted = self._running()
        raise KeyboardInterrupt
