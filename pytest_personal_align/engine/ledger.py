"""What a run has sent, spared and spent; written in the loop's thread, read from any."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from pytest_personal_align.core.record import Calls, RoleCalls
from pytest_personal_align.core.result import Usage

Role = Literal["assistant", "judge"]


@dataclass
class _Counts:
    sent: int = 0
    cached: int = 0
    shared: int = 0


@dataclass
class Ledger:
    """``sent`` counts requests, retries included."""

    assistant: _Counts = field(default_factory=_Counts)
    judge: _Counts = field(default_factory=_Counts)
    _prompt: int = 0
    _completion: int = 0
    _cached: int = 0
    _estimated: int = 0
    _cost: float = 0.0
    _unpriced: int = 0

    def of(self, role: Role) -> _Counts:
        return self.assistant if role == "assistant" else self.judge

    def pay(self, usage: Usage, cost: float | None) -> None:
        """Book what a reply has cost; ``cost`` None where no price is known."""
        self._prompt += usage.prompt_tokens
        self._completion += usage.completion_tokens
        self._cached += usage.cached_tokens
        if usage.estimated:
            self._estimated += usage.prompt_tokens + usage.completion_tokens
        if cost is None:
            self._unpriced += 1
        else:
            self._cost += cost

    def calls(self) -> Calls:
        """A snapshot. ``tokens`` are those of this run's own requests; ``estimated`` those that nobody counted."""
        return Calls(
            assistant=RoleCalls(**vars(self.assistant)),
            judge=RoleCalls(**vars(self.judge)),
            tokens={
                "prompt": self._prompt,
                "completion": self._completion,
                "cached": self._cached,
                "estimated": self._estimated,
            },
            cost_usd=None if self._unpriced else round(self._cost, 6),
        )
