"""What the engine's loop works with: the arms' assistants and the judge, used and closed inside the loop."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pytest_personal_align.core.options import Arm, EngineOptions
from pytest_personal_align.core.plan import Plan
from pytest_personal_align.core.record import Calls
from pytest_personal_align.core.result import CallFailed, Message, Reply, Transcript, Verdict
from pytest_personal_align.engine.assistant import Assistant
from pytest_personal_align.engine.conversation import assess, converse
from pytest_personal_align.engine.demo import DemoAssistant
from pytest_personal_align.judging.protocol import Complete, Judge

Custom = Callable[[str], Assistant | None]


class Bench:
    """Assistants by arm, and the judge."""

    def __init__(
        self, options: EngineOptions, make_judge: Callable[[Complete], Judge], custom: Custom | None = None
    ) -> None:
        self._options = options
        self.judge = make_judge(self.complete)
        self.warnings: list[str] = []
        self._arms: Mapping[str, Arm] = {arm.name: arm for arm in options.arms}
        self._assistants: dict[str, Assistant] = {
            arm.name: (custom(arm.model) if custom else None)
            or DemoAssistant(arm.model.partition("/")[2], options.seed)
            for arm in options.arms
        }

    async def __aenter__(self) -> Bench:
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        return None

    async def talk(self, plan: Plan, trial: int) -> Transcript:
        return await converse(plan, trial, self._assistants[plan.arm], self._arms[plan.arm].system_prompt)

    async def assess(self, plan: Plan, transcript: Transcript) -> Verdict:
        return await assess(plan, transcript, self.judge)

    async def complete(
        self,
        model: str,
        messages: Sequence[Message],
        params: Mapping[str, Any],
        *,
        schema: Mapping[str, Any] | None = None,
        attempt: int = 0,
    ) -> Reply:
        raise CallFailed("judge", "no model can be asked yet")

    def calls(self) -> Calls:
        return Calls()
