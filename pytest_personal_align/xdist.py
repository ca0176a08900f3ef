"""Under xdist: one engine, in the controller. Workers ask it over a channel, as JSON text.

A worker says which plans it has collected; the controller asks the first one for them; each item then waits
for the outcome of its own plan. No port, no lock, and it works over ssh gateways too.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Generator, Sequence
from dataclasses import asdict
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import TypeAdapter

from pytest_personal_align.core.errors import OptionError
from pytest_personal_align.core.outcome import Collected, ItemOutcome
from pytest_personal_align.core.plan import Plan

if TYPE_CHECKING:
    from pytest_personal_align.court import Court

CHANNEL = "personal_align_channel"


@lru_cache(maxsize=1)
def _plans() -> TypeAdapter[list[Plan]]:
    return TypeAdapter(list[Plan])


class EngineClient:
    """In a worker: plans up, outcomes down."""

    def __init__(self, workerinput: dict[str, Any]) -> None:
        self._channel = workerinput[CHANNEL]
        self._sent = False
        self._outcomes: dict[str, ItemOutcome] = {}

    def settled(self, key: str, plans: Callable[[], Sequence[Plan]], collected: Collected) -> ItemOutcome:
        """See Seat. The answer comes from the controller."""
        if not self._sent:
            self._sent = True
            self._tell("collected")
            if self._hear()["op"] == "send":
                dumped = _plans().dump_python(list(plans()), mode="json")
                self._tell("plans", collected=asdict(collected), plans=dumped)
        if key not in self._outcomes:
            self._tell("want", key=key)
            outcome = ItemOutcome(**self._hear()["outcome"])
            self._outcomes[outcome.key] = outcome
        return self._outcomes[key]

    @pytest.hookimpl(wrapper=True)
    def pytest_runtestloop(self) -> Generator[None, object, object]:
        try:
            return (yield)
        finally:
            self._channel.close()

    def _tell(self, op: str, **content: Any) -> None:
        self._channel.send(json.dumps({"op": op, **content}))

    def _hear(self) -> Any:
        return json.loads(self._channel.receive())


class EngineServer:
    """In the controller: gives each worker a channel, and answers what comes up it.

    Messages of a worker arrive in the receiver thread of its gateway; outcomes go down from the engine's.
    """

    def __init__(self, court: Court, stop: Callable[[str], None]) -> None:
        """``stop`` ends the session with a message: the plans turned out to be of no use."""
        self._court = court
        self._stop = stop
        self.refused = ""
        self._lock = threading.Lock()
        self._sender: Any = None
        self._waiting: list[Any] = []

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        channel = node.gateway.newchannel()
        node.workerinput[CHANNEL] = channel
        channel.setcallback(lambda message: self._receive(channel, message), endmarker=None)

    def _receive(self, channel: Any, message: str | None) -> None:
        if message is None:
            self._gone(channel)
            return
        content = json.loads(message)
        if content["op"] == "collected":
            self._greet(channel)
        elif content["op"] == "plans":
            plans = _plans().validate_python(content["plans"], strict=False)
            collected = Collected(**content["collected"])
            try:
                self._court.check(plans, collected)
                self._court.open(plans, collected)
            except OptionError as error:
                self.refused = str(error)
                self._court.refuse(plans, self.refused)
                self._stop(self.refused)
            with self._lock:
                self._sender = None
                waiting, self._waiting = self._waiting, []
            for other in waiting:
                _send(other, {"op": "ready"})
        elif content["op"] == "want":
            self._court.watch(content["key"], lambda outcome: _send(channel, {"outcome": asdict(outcome)}))

    def _greet(self, channel: Any) -> None:
        with self._lock:
            if self._court.opened or self.refused:
                answer = "ready"
            elif self._sender is None:
                self._sender, answer = channel, "send"
            else:
                self._waiting.append(channel)
                return
        _send(channel, {"op": answer})

    def _gone(self, channel: Any) -> None:
        """A worker ended. If it was the one that should have sent the plans, the next one is asked."""
        with self._lock:
            self._waiting = [other for other in self._waiting if other is not channel]
            if self._sender is not channel or self._court.opened or self.refused:
                return
            self._sender = self._waiting.pop(0) if self._waiting else None
            heir = self._sender
        if heir is not None:
            _send(heir, {"op": "send"})


def _send(channel: Any, content: dict[str, Any]) -> None:
    try:
        channel.send(json.dumps(content))
    except OSError:
        pass  # the worker is gone; xdist reports that by itself
