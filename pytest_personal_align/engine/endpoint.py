"""What is known of who answers: an endpoint's pace, and whether a model can be reached at all."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from pytest_personal_align.core.result import CallFailed, TrialError, Usage
from pytest_personal_align.engine.fault import Fault
from pytest_personal_align.engine.limits import Rate, Slots
from pytest_personal_align.engine.prices import ModelInfo

LONGEST_WAIT = 60.0
"""Seconds. An endpoint that asks for more than this is not waited for."""
_SCOUTS = 4
_LIKELY_TOKENS = 1_000
"""Reserved for a reply where nothing is known; later twice the longest reply until then."""
_OTHER_NAMES = {"max_tokens": "max_completion_tokens"}
_FAILED_FIRST, _FAILED_LATER = 5, 20


class Endpoint:
    """One address: its slots, its rates, and how long it asked to be left alone.

    Until the first reply only a few requests are under way, so that a wrong key or address costs a handful of
    requests. After "too many requests" half as many go at a time; with replies the number grows again.
    """

    def __init__(
        self,
        concurrency: int,
        rpm: int | None,
        tpm: int | None,
        warn: Callable[[str], None] = lambda message: None,
    ) -> None:
        self.requests = Rate(rpm)
        self.tokens = Rate(tpm)
        self.answered = False
        self._most = concurrency
        self._warn = warn
        self._warned = False
        self.slots = Slots(min(_SCOUTS, concurrency))
        self._replies = 0
        self._slowed = float("-inf")
        self._quiet_until = float("-inf")

    async def calm(self, whose: str) -> None:
        """Wait as long as the endpoint asked for. Raises CallFailed where that is too long, and says so once."""
        loop = asyncio.get_running_loop()
        while (left := self._quiet_until - loop.time()) > 0:
            if left > LONGEST_WAIT:
                asked = f"{whose} asks to wait {left:.0f} s (Retry-After)"
                too_long = f"{asked}, longer than the {LONGEST_WAIT:.0f} s that are waited at most"
                if not self._warned:
                    self._warned = True
                    self._warn(f"{too_long}; until then calls to it end in an error")
                raise CallFailed("provider", too_long)
            await asyncio.sleep(left)

    def replied(self) -> None:
        if not self.answered:
            self.answered = True
            self.slots.size = self._most
            return
        self._replies += 1
        if self.slots.size < self._most and self._replies >= self.slots.size:
            self._replies = 0
            self.slots.size = min(self._most, self.slots.size + max(1, self.slots.size // 8))

    def slow(self, fault: Fault, started: float) -> None:
        """Slow down after a fault of an attempt that began at ``started`` (loop time)."""
        now = asyncio.get_running_loop().time()
        if fault.after is not None:
            self._quiet_until = max(self._quiet_until, now + fault.after)
        # Once for all that were under way together: they found the same crowd.
        if fault.slow_down and started > self._slowed:
            self._slowed = now
            self._replies = 0
            self.slots.size = max(1, min(self.slots.size, self.slots.taken) // 2)


class Line:
    """One model at one endpoint: what it refuses, and the circuit breaker."""

    def __init__(self, model: str, endpoint: Endpoint, info: ModelInfo | None, warn: Callable[[str], None]) -> None:
        self.endpoint = endpoint
        self.answered = False
        self._likely_reply = _LIKELY_TOKENS
        self._prompt_factor = 1.0
        self._model = model
        self._info = info
        self._warn = warn
        self._renamed: dict[str, str | None] = {}
        self._failed = 0
        self._broken: TrialError | None = None

    def cost(self, prompt: int, completion: int, cached: int = 0) -> float | None:
        """Dollars, or None where no price is known."""
        return self._info.cost(prompt, completion, cached) if self._info is not None else None

    def likely(self, prompt: int, room: int | None) -> tuple[int, int]:
        """Tokens to reserve: of a prompt estimated at ``prompt``, and of its reply, for which there may be ``room``."""
        return round(prompt * self._prompt_factor), room or self._likely_reply

    def learn(self, estimated: int, usage: Usage) -> None:
        """Reserve more in future where a prompt was larger than estimated, or a reply long."""
        if not usage.estimated:
            self._prompt_factor = max(self._prompt_factor, usage.prompt_tokens / max(1, estimated))
        self._likely_reply = max(self._likely_reply, 2 * usage.completion_tokens)

    def accepted(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """The parameters as this model takes them, by what it has refused until now."""
        taken = dict(params)
        for name, other in self._renamed.items():
            if name in taken:
                value = taken.pop(name)
                if other is not None:
                    taken.setdefault(other, value)
        return taken

    def leave_out(self, name: str, message: str) -> None:
        """Remember that the model refuses a parameter, as reasoning models do with some."""
        if name in self._renamed:
            return
        other = _OTHER_NAMES.get(name)
        self._renamed[name] = other if other is not None and other in message else None
        done = f"it is sent as {other}" if self._renamed[name] else "it is left out"
        self._warn(f"{self._model} refuses the parameter {name}: {done}")

    @property
    def broken(self) -> TrialError | None:
        """Why no call can succeed any more, or None."""
        return self._broken

    def check(self) -> None:
        """Raises CallFailed where no call can succeed any more."""
        if self._broken is not None:
            raise CallFailed(self._broken.kind, self._broken.message)

    def replied(self) -> None:
        self.answered = True
        self._failed = 0
        self.endpoint.replied()

    def failed(self, fault: Fault) -> None:
        """A call has failed for good: end the run's calls to this model where that is what others must expect."""
        if fault.blameless:
            self.replied()
            return
        if self._broken is not None:
            return
        self._failed += 1
        if fault.fatal and (fault.kind == "auth" or not self.answered):
            self._open(fault, "no further call is made")
        elif self._failed >= (_FAILED_LATER if self.answered else _FAILED_FIRST):
            self._open(fault, f"{self._failed} calls in a row have failed, no further one is made")

    def _open(self, fault: Fault, consequence: str) -> None:
        self._broken = TrialError(fault.kind, f"{fault.message}; {consequence}")
        self._warn(self._broken.message)
