"""Asking a model: cache, budget, pace, retries and accounting around one of the two ways."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Protocol

from pytest_personal_align.core.options import EngineOptions
from pytest_personal_align.core.result import CallFailed, Message, Reply, TrialError, Usage
from pytest_personal_align.engine.clean import environment_keys, estimated_tokens, told
from pytest_personal_align.engine.completion import MOST_TOKENS, chat_messages, read_reply, sound, structured
from pytest_personal_align.engine.endpoint import Endpoint, Line
from pytest_personal_align.engine.fault import Fault
from pytest_personal_align.engine.journal import Journal, Warn, key
from pytest_personal_align.engine.ledger import Ledger, Role
from pytest_personal_align.engine.limits import Budget, Slots
from pytest_personal_align.engine.prices import model_info
from pytest_personal_align.engine.route import Route

_LONGEST_BACKOFF = 30.0
_CROWDED = 4
"""After "too many requests" without a time to wait, the backoff is so many times longer."""


class Way(Protocol):
    """How a request gets to a model. Returns the completion as parsed JSON; raises Fault.

    ``sent`` are the parameters in ``body`` that the model might refuse.
    """

    async def send(self, route: Route, body: dict[str, Any], sent: Mapping[str, Any]) -> Any: ...

    async def close(self) -> None: ...


class Client:
    """Everything between a list of messages and a usable reply, for assistants and judges alike."""

    def __init__(self, options: EngineOptions, ledger: Ledger, warn: Warn, *, backoff: float = 0.5) -> None:
        """``backoff`` is the longest waiting time in seconds before the first retry."""
        self._limits = options.limits
        self._reuse = options.reuse
        self._ledger = ledger
        self._warn = warn
        self._backoff = backoff
        self._budget = Budget(self._limits.max_calls, self._limits.max_cost)
        self._judges = Slots(self._limits.concurrency)
        self._endpoints: dict[str, Endpoint] = {}
        self._lines: dict[Route, Line] = {}
        self._ways: dict[str, Way] = {}
        self._open: dict[bytes, asyncio.Future[Reply]] = {}
        self._journal: Journal | None = None
        self._keys: list[str] = []
        self.pointless: TrialError | None = None
        """Set where no verdict can come any more, and why: from then on no assistant is asked."""
        # Its own, so that a test's seed for the global one stays what the test made it.
        self._random = random.Random()

    async def __aenter__(self) -> Client:
        self._keys = environment_keys()
        if self._reuse.mode != "off" and self._reuse.cache_dir is not None:
            self._journal = Journal(self._reuse.cache_dir, self._reuse.mode, self._warn)
            await self._journal.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for way in self._ways.values():
            await way.close()
        if self._journal is not None:
            await self._journal.close()

    def broken(self, route: Route) -> TrialError | None:
        """Why no call to this model can succeed any more, or None."""
        return self._lines[route].broken if route in self._lines else None

    async def book(self) -> None:
        """Take one of the run's calls for an assistant that is asked elsewhere. Raises CallFailed (``budget``)."""
        await self._budget.reserve(0.0)

    async def ask(
        self,
        role: Role,
        route: Route,
        messages: Sequence[Message],
        params: Mapping[str, Any],
        *,
        place: Sequence[Any],
        schema: Mapping[str, Any] | None = None,
    ) -> Reply:
        """One reply. ``place`` tells calls with the same messages apart. Raises CallFailed."""
        name = key(route, params, messages, place if schema is None else [*place, schema])
        if self._reuse.share and (under_way := self._open.get(name)) is not None:
            self._ledger.of(role).shared += 1
            return await asyncio.shield(under_way)
        if (kept := self._kept(name, role, messages)) is not None:
            return kept
        future: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self._open[name] = future
        try:
            reply = await self._send(role, route, messages, params, schema)
            if self._journal is not None:
                await self._journal.put(name, route.name, reply)
        except BaseException as error:
            if isinstance(error, asyncio.CancelledError):
                future.cancel()
            else:
                future.set_exception(error)
                future.exception()  # seen: nobody else may be waiting
            raise
        else:
            future.set_result(reply)
        finally:
            if self._open.get(name) is future:
                del self._open[name]
        return reply

    def _kept(self, name: bytes, role: Role, messages: Sequence[Message]) -> Reply | None:
        if self._journal is not None and (reply := self._journal.get(name)) is not None:
            self._ledger.of(role).cached += 1
            return sound(reply, messages, self._keys)
        if self._reuse.mode == "replay":
            where = self._journal.path if self._journal is not None else "none"
            raise CallFailed(
                "replay", f"no reply to these messages is in the cache ({where}), and --pa-cache=replay makes none"
            )
        return None

    async def _send(
        self, role: Role, route: Route, messages: Sequence[Message], params: Mapping[str, Any], schema: Any
    ) -> Reply:
        if role == "assistant":
            return await self._persist(role, route, messages, params, schema)
        await self._judges.take()
        try:
            return await self._persist(role, route, messages, params, schema)
        finally:
            self._judges.give()

    async def _persist(
        self, role: Role, route: Route, messages: Sequence[Message], params: Mapping[str, Any], schema: Any
    ) -> Reply:
        """Attempts until one succeeds or none can."""
        line = self._line(route)
        wanted = dict(params)
        if schema is not None:
            wanted.setdefault("response_format", structured(schema))
        retried = bounded = 0
        while True:
            sent = line.accepted(wanted)
            try:
                reply = await self._attempt(role, route, line, messages, sent)
            except Fault as fault:
                if fault.refused is not None and fault.refused in sent:
                    line.leave_out(fault.refused, fault.message)
                    continue
                if self._given_up(fault, line, retried, bounded):
                    line.failed(fault)
                    attempts = f" (after {retried + 1} attempts)" if retried else ""
                    raise CallFailed(fault.kind, fault.message + attempts) from None
                await asyncio.sleep(self._pause(fault, retried))
                retried += 1
                bounded += fault.retries is not None
            else:
                line.replied()
                return reply

    def _given_up(self, fault: Fault, line: Line, retried: int, bounded: int) -> bool:
        """After ``retried`` retries, ``bounded`` of them for faults that are tried again a few times only: a dropped
        connection before one of those takes nothing from it."""
        if fault.fatal and not line.answered:
            return True
        if fault.retries is not None and bounded >= fault.retries:
            return True
        return retried >= self._limits.retries

    def _pause(self, fault: Fault, retried: int) -> float:
        """Full jitter: anything from nothing to twice as much each time. What the endpoint asked for comes on top."""
        longest = self._backoff * 2**retried * (_CROWDED if fault.slow_down and fault.after is None else 1)
        return self._random.uniform(0, min(longest, _LONGEST_BACKOFF))

    async def _attempt(
        self, role: Role, route: Route, line: Line, messages: Sequence[Message], sent: dict[str, Any]
    ) -> Reply:
        loop = asyncio.get_running_loop()
        endpoint = line.endpoint
        estimated = estimated_tokens(message.content for message in messages)
        way = await self._way(route)
        await endpoint.slots.take()
        try:
            self._check(role, line)
            prompt, completion = line.likely(estimated, _room(sent))
            likely = line.cost(prompt, completion) or 0.0
            await endpoint.requests.spend(1)
            entry = await endpoint.tokens.spend(prompt + completion)
            await endpoint.calm(route.endpoint)
            self._check(role, line)
            await self._budget.reserve(likely)
            spent, started = 0.0, loop.time()
            self._ledger.of(role).sent += 1
            try:
                data = await way.send(route, {"messages": chat_messages(messages), **sent}, sent)
                reply = read_reply(data, messages, sent, self._keys, route.endpoint)
                line.learn(estimated, reply.usage)
                spent = self._pay(line, reply.usage)
                endpoint.tokens.correct(entry, reply.usage.prompt_tokens + reply.usage.completion_tokens)
            except Fault as fault:
                fault.message = told(fault.message, 400)  # the last look before anybody reads or keeps it
                endpoint.slow(fault, started)
                if fault.usage is not None:
                    line.learn(estimated, fault.usage)
                if (usage := _paid_in_vain(fault, prompt, completion)) is not None:
                    spent = self._pay(line, usage)
                    endpoint.tokens.correct(entry, usage.prompt_tokens + usage.completion_tokens)
                raise
            finally:
                self._budget.settle(likely, spent)
        finally:
            endpoint.slots.give()
        seconds = loop.time() - started
        return Reply(reply.text, reply.finish_reason, reply.usage, seconds, reply.model, reply.notes)

    def _check(self, role: Role, line: Line) -> None:
        """Raises CallFailed where this call cannot succeed, or would be for nothing."""
        line.check()
        if role == "assistant" and self.pointless is not None:
            raise CallFailed(self.pointless.kind, self.pointless.message)

    def _pay(self, line: Line, usage: Usage) -> float:
        cost = line.cost(usage.prompt_tokens, usage.completion_tokens, usage.cached_tokens)
        self._ledger.pay(usage, cost)
        return cost or 0.0

    def _line(self, route: Route) -> Line:
        if route not in self._lines:
            endpoint = self._endpoints.get(route.endpoint)
            if endpoint is None:
                # Conversations and judges have slots of their own; here both meet.
                limits = self._limits
                endpoint = Endpoint(2 * limits.concurrency, limits.rpm, limits.tpm, self._warn)
                self._endpoints[route.endpoint] = endpoint
            self._lines[route] = Line(route.name, endpoint, model_info(route.name), self._warn)
        return self._lines[route]

    async def _way(self, route: Route) -> Way:
        if route.way not in self._ways:
            self._ways[route.way] = await _open_way(route.way, self._limits.timeout)
        return self._ways[route.way]


async def _open_way(way: str, timeout: float) -> Way:
    # Each only where it is needed: aiohttp takes 0.2 s to import, litellm some seconds.
    if way == "wire":
        from pytest_personal_align.engine.wire import Wire  # noqa: PLC0415

        return Wire(timeout)
    from pytest_personal_align.engine.litellm_way import LitellmWay  # noqa: PLC0415

    return await LitellmWay.start(timeout)


def _paid_in_vain(fault: Fault, prompt: int, completion: int) -> Usage | None:
    """What an attempt has used although no reply came of it; ``prompt`` and ``completion`` were reserved for it."""
    if fault.usage is not None:
        return fault.usage
    received = -(-fault.received // 4)
    if fault.kind == "timeout":  # it may have been answered, and billed, all the same
        return Usage(prompt, max(completion, received), estimated=True)
    return Usage(prompt, received, estimated=True) if received else None


def _room(sent: Mapping[str, Any]) -> int | None:
    for name in ("max_completion_tokens", "max_tokens"):
        value = sent.get(name)
        if isinstance(value, int) and value > 0:
            return min(value, MOST_TOKENS)
    return None
