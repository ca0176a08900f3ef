"""Stopping ends calls at once; drained, every plan gets a result; nothing that goes wrong inside makes an item wait."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from pytest_personal_align.core.options import EngineOptions, Limits, Reuse
from pytest_personal_align.core.plan import Brief
from pytest_personal_align.core.result import CaseResult, Message, Verdict
from pytest_personal_align.engine.bench import Bench
from pytest_personal_align.engine.engine import Engine
from tests.engine.enginekit import Lenient, arm, plan, run
from tests.fakeserver import FAULTS, FakeServer

PLANS = [plan(f"Hi from {n}", "May I?", use_case=f"case-{n}", trials=1 + n % 2) for n in range(40)]


class Started:
    """An engine at work, its results, and a way to wait for some."""

    def __init__(self, options: EngineOptions, done: Callable[[CaseResult], None] | None = None) -> None:
        self.results: list[CaseResult] = []
        self._some = threading.Condition()
        self._also = done
        self.bench = Bench(options, Lenient)
        self.engine = Engine(lambda: self.bench, concurrency=options.limits.concurrency, done=self._done)

    def _done(self, result: CaseResult) -> None:
        with self._some:
            self.results.append(result)
            self._some.notify_all()
        if self._also is not None:
            self._also(result)

    def wait(self, count: int) -> None:
        with self._some:
            assert self._some.wait_for(lambda: len(self.results) >= count, 300)

    @property
    def outcomes(self) -> dict[str, set[str]]:
        return {one.key: {trial.error.kind if trial.error else "ok" for trial in one.trials} for one in self.results}


def options(server: FakeServer, **fields: Any) -> EngineOptions:
    return EngineOptions((arm("openai/x", server.url),), limits=Limits(concurrency=4), **fields)


def test_drained_every_plan_has_one_result_and_no_further_request_is_sent() -> None:
    with FakeServer(["Hello."] * 40 + [FAULTS["hang"]]) as server:
        running = Started(options(server))
        running.engine.submit(PLANS)
        while len(server.requests) < 44:
            threading.Event().wait(0.005)
        running.engine.stop(drain=True)
        sent = len(server.requests)
        assert sorted(one.key for one in running.results) == sorted(one.key for one in PLANS)
        assert all(len(one.trials) == p.trials for one in running.results for p in PLANS if p.key == one.key)
        kinds = set.union(*running.outcomes.values())
        assert kinds == {"ok", "stopped"}
        running.engine.stop(drain=True)
        assert len(running.results) == len(PLANS)
        late = plan("Too late")
        running.engine.submit([late])
        assert running.outcomes[late.key] == {"stopped"}
        assert len(server.requests) == sent


def test_trials_that_were_over_are_kept() -> None:
    script: list[Any] = ["Hello.", FAULTS["hang"]]
    with FakeServer(script) as server:
        two = plan("Hi", trials=2)
        running = Started(EngineOptions((arm("openai/x", server.url),), limits=Limits(concurrency=1)))
        running.engine.submit([two])
        while len(server.requests) < 2:
            threading.Event().wait(0.005)
        running.engine.stop(drain=True)
    (result,) = running.results
    assert [trial.outcome for trial in result.trials] == ["pass", "error"]


def test_a_plain_stop_is_silent_and_idempotent() -> None:
    with FakeServer(FAULTS["hang"]) as server:
        running = Started(options(server))
        running.engine.submit(PLANS)
        while not server.requests:
            threading.Event().wait(0.005)
        running.engine.stop()
        running.engine.stop()
        running.engine.submit(PLANS)
    assert running.results == []


def test_stopping_before_anything_was_submitted() -> None:
    with FakeServer() as server:
        running = Started(options(server))
        running.engine.stop(drain=True)
    assert running.results == []


def test_stopping_from_within_a_result() -> None:
    with FakeServer(latency=0.005) as server:
        running = Started(options(server), lambda result: running.engine.stop(drain=True))
        running.engine.submit(PLANS)
        running.wait(len(PLANS))
    assert len(running.results) == len(PLANS)


def test_what_a_stopped_run_has_heard_is_in_the_cache(tmp_path: Path) -> None:
    with FakeServer(latency=0.005) as server:
        asked = options(server, reuse=Reuse("use", str(tmp_path)))
        running = Started(asked)
        running.engine.submit(PLANS)
        running.wait(10)
        running.engine.stop(drain=True)
        ran = run(asked, PLANS)
        assert not ran.errors
        assert len(server.requests) <= 2 * 60 + 4


def test_a_receiver_that_raises_stops_no_other_conversation() -> None:
    def fail(result: CaseResult) -> None:
        raise RuntimeError("receiver")

    with FakeServer() as server:
        running = Started(options(server), fail)
        running.engine.submit(PLANS)
        running.wait(len(PLANS))
        running.engine.stop()
    assert len(running.engine.failures) == len(PLANS)
    assert "receiver" in running.engine.failures[0]


def test_a_bench_that_cannot_start_is_an_error_of_every_plan() -> None:
    results: list[CaseResult] = []

    def broken() -> Any:
        raise OSError("no bench today")

    engine = Engine(broken, concurrency=2, done=results.append)
    engine.submit(PLANS)
    while len(results) < len(PLANS):
        threading.Event().wait(0.005)
    engine.stop(drain=True)
    assert {trial.error.kind for one in results for trial in one.trials if trial.error} == {"internal"}
    assert len(results) == len(PLANS)
    engine.submit([plan("Later")])
    assert len(results) == len(PLANS) + 1


@pytest.mark.parametrize("what", [RuntimeError("a bug"), __import__("asyncio").CancelledError()])
def test_a_judge_with_a_bug_is_an_error_of_that_trial(what: BaseException) -> None:
    class Buggy(Lenient):
        async def __call__(self, brief: Brief, messages: Sequence[Message]) -> Verdict:
            if brief.use_case == "case-3":
                raise what
            return await super().__call__(brief, messages)

    with FakeServer() as server:
        ran = run(options(server), PLANS, Buggy)
    assert [error.kind for error in ran.errors] == ["internal"] * 2
    assert [result.outcome for result in ran.results].count("pass") == len(PLANS) - 1


def test_counts_may_be_read_from_any_thread_at_any_time() -> None:
    read = threading.Event()

    def script(request: dict[str, Any]) -> str:
        assert len(server.requests) <= 40 or read.wait(300)
        return "Hello."

    with FakeServer(script) as server:
        running = Started(options(server))
        assert running.bench.progress().planned == 0
        running.engine.submit(PLANS)
        running.wait(5)
        progress = running.bench.progress()
        assert progress.planned == 60
        assert 5 <= progress.done < 60
        assert progress.talking <= 4
        assert running.bench.calls().assistant.sent > 0
        read.set()
        running.wait(len(PLANS))
        running.engine.stop()
    assert running.bench.progress().done == 60
    assert running.bench.calls().assistant.sent == 120
