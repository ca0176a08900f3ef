"""The engine: one asyncio loop in one daemon thread, which runs all plans side by side."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Coroutine, Iterable
from typing import Any, Protocol

from pytest_personal_align.core.plan import Plan
from pytest_personal_align.core.result import CaseResult, Transcript, Trial, TrialError, Verdict
from pytest_personal_align.core.text import one_line
from pytest_personal_align.engine.clean import redacted
from pytest_personal_align.engine.limits import Seat, Slots
from pytest_personal_align.engine.workers import Workers

Done = Callable[[CaseResult], None]

_STOPPED = TrialError("stopped", "not run: the run was stopped before this conversation ended")
_UNJUDGED = 4
"""So many conversations per slot may wait to be judged before no further one is begun: they take memory."""


class Bench(Protocol):
    """What the loop works with: entered, used and left inside the loop's thread."""

    async def __aenter__(self) -> Bench: ...
    async def __aexit__(self, *exc_info: Any) -> None: ...

    def expect(self, plans: Iterable[Plan]) -> None: ...
    async def talk(self, plan: Plan, trial: int, seat: Seat) -> Transcript: ...
    async def assess(self, plan: Plan, transcript: Transcript) -> Verdict: ...


class Engine:
    """Runs plans and hands each result to ``done``, in the loop's thread, when its last trial is judged.

    Conversations take slots first in, first out, the last of a run excepted (see Seat.next_turn); judging holds no
    slot. Nothing here raises into
    the caller's thread: what goes wrong becomes an ``error`` trial, and what ``done`` raises a line in ``failures``.
    """

    def __init__(self, bench: Callable[[], Bench], *, concurrency: int, done: Done) -> None:
        self._make_bench = bench
        self._concurrency = concurrency
        self._done = done
        self._lock = threading.Lock()
        self._inbox: deque[list[Plan]] = deque()
        self._trials: dict[str, list[Trial | None]] = {}
        self._ending: TrialError | None = None
        self._ended = False
        self._stopping = False
        self._untold = 0  # conversations that are not over
        self.failures: list[str] = []
        self._loop = asyncio.new_event_loop()
        # Neither of PYTHONASYNCIODEBUG nor of a failing callback shall anything be logged into a user's test.
        self._loop.set_debug(False)
        self._loop.set_exception_handler(lambda loop, context: None)
        self._loop.set_default_executor(Workers())
        self._wake = asyncio.Event()
        self._main: asyncio.Task[None] | None = None
        self._thread = threading.Thread(target=self._run, name="personal-align", daemon=True)
        self._thread.start()

    def submit(self, plans: Iterable[Plan]) -> None:
        """Queue plans, in order. From any thread. After a drained stop, their results come at once."""
        batch = list(plans)
        with self._lock:
            for plan in batch:
                self._trials[plan.key] = [None] * plan.trials
            ended = self._ended
            if not ended:
                self._inbox.append(batch)
                self._loop.call_soon_threadsafe(self._wake.set)
        if ended:
            self._settle()

    def stop(self, timeout: float = 5.0, *, drain: bool = False) -> None:
        """End at once: no new call starts, open ones are cancelled, connections are closed. Idempotent.

        With ``drain``, ``done`` is called before the return for each plan that has no result yet: its trials that
        are not over become errors of kind ``stopped``. Waits at most ``timeout`` seconds for the loop's thread.
        """
        with self._lock:
            if drain and self._ending is None:
                self._ending = _STOPPED
            running = not self._ended and self._thread is not threading.current_thread()
            if not self._ended:
                self._loop.call_soon_threadsafe(self._halt)
        if running:
            self._thread.join(timeout)
        if drain:
            self._end()

    def _halt(self) -> None:
        self._stopping = True
        if self._main is not None:
            self._main.cancel()

    def _run(self) -> None:
        self._main = self._loop.create_task(self._serve())
        try:
            self._loop.run_until_complete(self._main)
        except asyncio.CancelledError:
            pass
        except BaseException as error:  # noqa: BLE001 - items wait for results: they get this one
            with self._lock:
                self._ending = self._ending or _internal(error)
        finally:
            self._stopping = True
            self._end()
            self._loop.run_until_complete(self._loop.shutdown_asyncgens())
            self._loop.close()

    def _end(self) -> None:
        with self._lock:
            self._ended = True
        self._settle()

    def _settle(self) -> None:
        """Hand out an error for each plan that will get no result of its own, if it is known which."""
        with self._lock:
            if self._ending is None:
                return
            error, left, self._trials = self._ending, self._trials, {}
        for key, trials in left.items():
            self._tell(CaseResult(key, tuple(one or _errored(error) for one in trials)))

    async def _serve(self) -> None:
        async with self._make_bench() as bench, _Group() as group:
            slots = Slots(self._concurrency)
            open_ones = asyncio.Semaphore(self._concurrency * (1 + _UNJUDGED))
            order = 0
            while True:
                await self._wake.wait()
                self._wake.clear()
                while self._inbox:
                    batch = self._inbox.popleft()
                    bench.expect(batch)
                    self._untold += sum(plan.trials for plan in batch)
                    slots.evening = self._untold < 2 * self._concurrency
                    for plan in batch:
                        for trial in range(plan.trials):
                            order += 1
                            seat = Seat(slots, order, len(plan.turns))
                            await open_ones.acquire()
                            group.start(self._trial(bench, plan, trial, seat, slots), open_ones.release)

    async def _trial(self, bench: Bench, plan: Plan, trial: int, seat: Seat, slots: Slots) -> None:
        transcript, verdict = Transcript(()), None
        try:
            await seat.take()
            try:
                transcript = await bench.talk(plan, trial, seat)
            finally:
                seat.give()
                self._untold -= 1
                slots.evening = self._untold < 2 * self._concurrency
            verdict = await bench.assess(plan, transcript)
        except asyncio.CancelledError:
            if self._stopping:
                raise
            verdict = Verdict("error", error=TrialError("internal", "the conversation was cancelled from within"))
        except Exception as error:  # noqa: BLE001 - our bug must become data: an item waits for this result
            verdict = Verdict("error", error=_internal(error))
        with self._lock:
            trials = self._trials.get(plan.key)
            if trials is None:
                return
            trials[trial] = Trial(transcript, verdict)
            if any(one is None for one in trials):
                return
            del self._trials[plan.key]
        self._tell(CaseResult(plan.key, tuple(one for one in trials if one is not None)))

    def _tell(self, result: CaseResult) -> None:
        try:
            self._done(result)
        except Exception as error:  # noqa: BLE001 - what the receiver does wrong must not end the other conversations
            self.failures.append(_internal(error).message)


def _errored(error: TrialError) -> Trial:
    return Trial(Transcript((), error=error), Verdict("error", error=error))


def _internal(error: BaseException) -> TrialError:
    what = one_line(redacted(f"{type(error).__name__}: {error}"))
    return TrialError("internal", f"a bug in pytest-personal-align: {what}")


class _Group:
    """Tasks that are all cancelled and awaited on the way out (asyncio.TaskGroup needs Python 3.11)."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, work: Coroutine[Any, Any, None], after: Callable[[], None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        task.add_done_callback(lambda _: after())

    async def __aenter__(self) -> _Group:
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
