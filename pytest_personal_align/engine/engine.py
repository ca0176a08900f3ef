"""The engine: one asyncio loop in one daemon thread, which runs all plans side by side."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from typing import Protocol

from pytest_personal_align.core.plan import Plan
from pytest_personal_align.core.result import CaseResult, Transcript, Trial, TrialError, Verdict

Done = Callable[[CaseResult], None]


class Bench(Protocol):
    """What the loop works with: made, used and closed inside the loop's thread."""

    async def __aenter__(self) -> Bench: ...
    async def __aexit__(self, *exc_info: object) -> None: ...

    async def talk(self, plan: Plan, trial: int) -> Transcript: ...
    async def assess(self, plan: Plan, transcript: Transcript) -> Verdict: ...


class Engine:
    """Runs plans and hands each result to ``done``, in the loop's thread, when its last trial is judged.

    Conversations take slots first in, first out; judging does not hold a slot. Nothing here raises into
    the caller's thread: what goes wrong becomes an ``error`` trial.
    """

    def __init__(self, bench: Callable[[], Bench], *, concurrency: int, done: Done) -> None:
        self._make_bench = bench
        self._concurrency = concurrency
        self._done = done
        self._waiting: deque[tuple[Plan, int]] = deque()
        self._trials: dict[str, list[Trial | None]] = {}
        self._loop = asyncio.new_event_loop()
        self._stopped = False
        self._wake = asyncio.Event()
        self._main: asyncio.Task[None] | None = None
        self._thread = threading.Thread(target=self._run, name="personal-align", daemon=True)
        self._thread.start()

    def submit(self, plans: Iterable[Plan]) -> None:
        """Queue plans, in order. From any thread."""
        batch = list(plans)
        self._loop.call_soon_threadsafe(self._enqueue, batch)

    def stop(self, timeout: float = 5.0) -> None:
        """End at once: no new call starts, open ones are cancelled, connections are closed. Idempotent."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._halt)
            self._thread.join(timeout)

    def _halt(self) -> None:
        self._stopped = True
        if self._main is not None:
            self._main.cancel()

    def _enqueue(self, plans: list[Plan]) -> None:
        for plan in plans:
            self._trials[plan.key] = [None] * plan.trials
            self._waiting.extend((plan, trial) for trial in range(plan.trials))
        self._wake.set()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._main = self._loop.create_task(self._serve())
        try:
            self._loop.run_until_complete(self._main)
        except asyncio.CancelledError:
            pass
        finally:
            self._loop.run_until_complete(self._loop.shutdown_asyncgens())
            self._loop.close()

    async def _serve(self) -> None:
        async with self._make_bench() as bench:
            async with _Group() as group:
                slots = asyncio.Semaphore(self._concurrency)
                while True:
                    await self._wake.wait()
                    self._wake.clear()
                    while self._waiting:
                        await slots.acquire()
                        plan, trial = self._waiting.popleft()
                        group.start(self._trial(bench, group, slots, plan, trial))

    async def _trial(self, bench: Bench, group: _Group, slots: asyncio.Semaphore, plan: Plan, trial: int) -> None:
        try:
            transcript = await bench.talk(plan, trial)
        except Exception as error:  # noqa: BLE001 - our bug must become data: an item waits for this result
            transcript = Transcript((), error=_internal(error))
        finally:
            slots.release()
        try:
            verdict = await bench.assess(plan, transcript)
        except Exception as error:  # noqa: BLE001 - as above
            verdict = Verdict("error", error=_internal(error))
        trials = self._trials[plan.key]
        trials[trial] = Trial(transcript, verdict)
        if all(one is not None for one in trials):
            del self._trials[plan.key]
            self._done(CaseResult(plan.key, tuple(one for one in trials if one is not None)))


def _internal(error: Exception) -> TrialError:
    return TrialError("internal", f"a bug in pytest-personal-align: {type(error).__name__}: {error}")


class _Group:
    """Tasks that are all cancelled and awaited on the way out (asyncio.TaskGroup needs Python 3.11)."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def __aenter__(self) -> _Group:
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
