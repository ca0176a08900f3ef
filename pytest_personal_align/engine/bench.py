"""What the engine's loop works with: the arms' assistants and the judge, made and closed inside the loop."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pytest_personal_align.core.options import Arm, EngineOptions
from pytest_personal_align.core.plan import Plan
from pytest_personal_align.core.record import Calls
from pytest_personal_align.core.result import Transcript, Verdict
from pytest_personal_align.engine.assistant import Assistant
from pytest_personal_align.engine.conversation import assess, converse
from pytest_personal_align.engine.demo import DemoAssistant
from pytest_personal_align.judging.protocol import Judge

Custom = Callable[[str], Assistant | None]


class Bench:
    """Assistants by arm, and the judge."""

    def __init__(self, options: EngineOptions, judge: Judge) -> None:
        self._options = options
        self._judge = judge
        self._arms: Mapping[str, Arm] = {arm.name: arm for arm in options.arms}
        self._assistants: dict[str, Assistant] = {
            arm.name: DemoAssistant(arm.model.partition("/")[2], options.seed) for arm in options.arms
        }

    async def __aenter__(self) -> Bench:
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        return None

    async def talk(self, plan: Plan, trial: int) -> Transcript:
        return await converse(plan, trial, self._assistants[plan.arm], self._arms[plan.arm].system_prompt)

    async def judge(self, plan: Plan, transcript: Transcript) -> Verdict:
        return await assess(plan, transcript, self._judge)

    def calls(self) -> Calls:
        return Calls()
