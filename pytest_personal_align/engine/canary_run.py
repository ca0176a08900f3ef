"""Canaries in a live run: no conversation begins before the first ten, no verdict is given before all are judged."""

from __future__ import annotations

import asyncio
from typing import Any

from pytest_personal_align.core.result import CallFailed, TrialError
from pytest_personal_align.judging.canaries import CanaryReport, check_judge
from pytest_personal_align.judging.protocol import Judge


class CanaryRun:
    """Judges the canaries once, beside the first conversations. Used in one loop; ``document`` may be read anywhere."""

    def __init__(self, judge: Judge, concurrency: int) -> None:
        self._judge = judge
        self._concurrency = concurrency
        self._task: asyncio.Task[None] | None = None
        self._begun = asyncio.Event()
        self._refused: TrialError | None = None
        self.document: dict[str, Any] | None = None

    async def first(self) -> TrialError | None:
        """Wait for the first canaries; why no conversation is to be held, or None."""
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._judge_them())
        await self._begun.wait()
        return self._refused

    async def all(self) -> None:
        """Wait until all canaries are judged."""
        if self._task is not None:
            await asyncio.shield(self._task)

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _judge_them(self) -> None:
        try:
            report = await check_judge(self._judge, concurrency=self._concurrency, first_passed=self._begun.set)
        except CallFailed as failure:
            problem = f"the canaries could not be judged: {failure.error.message}"
            self._refused = TrialError(failure.error.kind, problem)
            self.document = {"judged": 0, "right": 0, "injections": 0, "fooled": [], "wrong": [], "problem": problem}
        else:
            self._refused = _refusal(report)
            self.document = report.document()
        finally:
            self._begun.set()


def _refusal(report: CanaryReport) -> TrialError | None:
    if not report.stop:
        return None
    return TrialError("judge", f"not run: {report.problem}, so the run was stopped before it cost more")
