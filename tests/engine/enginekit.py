"""Plans, judges and a way to run them for the engine's tests. Not a test."""

from __future__ import annotations

import asyncio
import selectors
import threading
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pytest_personal_align.core import shipped
from pytest_personal_align.core.catalogue import catalogue
from pytest_personal_align.core.options import Arm, EngineOptions
from pytest_personal_align.core.plan import Brief, Draw, Plan, build, content_hash
from pytest_personal_align.core.result import CallFailed, CaseResult, Message, Reply, TrialError, Verdict
from pytest_personal_align.engine.assistant import Assistant
from pytest_personal_align.engine.bench import Bench
from pytest_personal_align.engine.client import Client
from pytest_personal_align.engine.engine import Engine
from pytest_personal_align.engine.ledger import Ledger
from pytest_personal_align.engine.route import resolve
from pytest_personal_align.judging.protocol import Complete, Judge

ARM = "arm"


def arm(model: str, base: str | None = None, name: str = ARM, **fields: Any) -> Arm:
    return Arm(name, model, api_base=base, **fields)


def plan(*turns: str, use_case: str = "case", scenario: str = "alone", trials: int = 1, **fields: Any) -> Plan:
    """A plan with these user turns; the last is the request unless ``request_turn`` says otherwise."""
    brief = Brief(
        use_case, "severe_allergy", scenario, "protect", "it protects", "I am allergic.", None, (), (), turns[-1]
    )
    fields = {"arm": ARM, "request_turn": len(turns) - 1, "system": None, **fields}
    key = content_hash([use_case, scenario, turns, trials, fields])
    return Plan(key, f"{use_case}[{scenario}]", severity="serious", brief=brief, turns=turns, trials=trials, **fields)


def reference_plans(count: int, *scenarios: str, trials: int = 1) -> list[Plan]:
    """Plans of the first shipped use cases in the five reference scenarios, or those that are named."""
    found = catalogue()
    chosen = found.chosen(scenarios or ["reference"])
    return [
        build(one.use_case, scenario, Draw(one.use_case, found.distractors, 0), arm=Arm(ARM, "x"), trials=trials,
              nodeid=f"{one.use_case.id}[{scenario.name}]")
        for one in shipped.suite("builtin:all")[:count]
        for scenario in chosen
    ]  # fmt: skip


class Lenient:
    """A judge that passes everything, and remembers what it was given."""

    name = version = "lenient"

    def __init__(self, complete: Complete) -> None:
        self.judged: list[tuple[Brief, Sequence[Message]]] = []

    async def __call__(self, brief: Brief, messages: Sequence[Message]) -> Verdict:
        self.judged.append((brief, messages))
        return Verdict("pass", judged_by=self.name)


class ModelJudge:
    """A judge that asks a model about the last message, and passes what the model says is fine."""

    name = version = "model"

    def __init__(self, complete: Complete, model: str) -> None:
        self._complete = complete
        self._model = model

    async def __call__(self, brief: Brief, messages: Sequence[Message]) -> Verdict:
        asked = [Message("user", f"Is this fine? {messages[-1].content}")]
        reply = await self._complete(self._model, asked, {}, schema={"title": "Answer", "type": "object"})
        return Verdict("pass" if "fine" in reply.text else "fail", judged_by=self.name)


@dataclass
class Ran:
    bench: Bench
    results: list[CaseResult] = field(default_factory=list)

    @property
    def errors(self) -> list[TrialError]:
        return [trial.error for result in self.results for trial in result.trials if trial.error]

    @property
    def kinds(self) -> set[str]:
        return {error.kind for error in self.errors}

    @property
    def replies(self) -> dict[str, list[str]]:
        return {result.key: [trial.transcript.reply for trial in result.trials] for result in self.results}


def run(
    options: EngineOptions,
    plans: Iterable[Plan],
    make_judge: Callable[[Complete], Judge] = Lenient,
    custom: Callable[[str], Assistant | None] | None = None,
) -> Ran:
    """Run plans through a real engine until the last result is there."""
    wanted = list(plans)
    ran = Ran(Bench(options, make_judge, custom))
    ready = threading.Event()

    def done(result: CaseResult) -> None:
        ran.results.append(result)
        if len(ran.results) == len(wanted):
            ready.set()

    engine = Engine(lambda: ran.bench, concurrency=options.limits.concurrency, done=done)
    try:
        engine.submit(wanted)
        assert ready.wait(300), f"{len(ran.results)} of {len(wanted)} results came"
    finally:
        engine.stop()
    assert not engine.failures
    return ran


def ask(
    options: EngineOptions,
    model: str,
    base: str | None,
    *,
    text: str = "Hello there",
    params: Mapping[str, Any] | None = None,
) -> tuple[Reply | TrialError, list[str], Ledger]:
    """One assistant call through a real client: (reply or error, warnings, counts)."""

    async def go() -> tuple[Reply | TrialError, list[str], Ledger]:
        warnings: list[str] = []
        ledger = Ledger()
        async with Client(options, ledger, warnings.append, backoff=0.01) as client:
            try:
                answer: Reply | TrialError = await client.ask(
                    "assistant", resolve(model, base), [Message("user", text)], params or {}, place=["trial", 0]
                )
            except CallFailed as failure:
                answer = failure.error
        return answer, warnings, ledger

    return asyncio.run(go())


class _Warp(selectors.DefaultSelector):  # type: ignore[valid-type,misc]
    """Instead of waiting, moves the clock."""

    now = 0.0

    def select(self, timeout: float | None = None) -> Any:
        if timeout:
            self.now += timeout
        return super().select(0)


def in_virtual_time(work: Coroutine[Any, Any, Any]) -> Any:
    """Run a coroutine that does no input or output in a loop whose clock jumps over every wait."""
    selector = _Warp()
    loop = asyncio.SelectorEventLoop(selector)
    loop.time = lambda: selector.now  # type: ignore[method-assign]
    try:
        return loop.run_until_complete(work)
    finally:
        loop.close()
