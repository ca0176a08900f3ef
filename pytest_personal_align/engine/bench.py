"""What the engine's loop works with: the arms' assistants and the judge, used and closed inside the loop."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from types import TracebackType
from typing import Any

from pytest_personal_align.core.errors import OptionError
from pytest_personal_align.core.options import Arm, EngineOptions
from pytest_personal_align.core.plan import Plan
from pytest_personal_align.core.record import Calls
from pytest_personal_align.core.result import CallFailed, Message, Reply, Transcript, TrialError, Usage, Verdict
from pytest_personal_align.engine.assistant import Assistant, Call
from pytest_personal_align.engine.canary_run import CanaryRun
from pytest_personal_align.engine.client import Client
from pytest_personal_align.engine.conversation import assess, converse, judged_ends, last_request
from pytest_personal_align.engine.demo import DemoAssistant
from pytest_personal_align.engine.ledger import Ledger
from pytest_personal_align.engine.limits import Seat, Slots
from pytest_personal_align.engine.model_assistant import ModelAssistant
from pytest_personal_align.engine.python_assistant import PythonAssistant
from pytest_personal_align.engine.remedied import Remedied
from pytest_personal_align.engine.replay import Replay
from pytest_personal_align.engine.route import resolve
from pytest_personal_align.engine.sharing import Tree, paths
from pytest_personal_align.judging.protocol import Complete, Judge

Custom = Callable[[str], Assistant | None]


@dataclass(frozen=True, slots=True)
class Progress:
    """Conversations (trials): announced, talking or waiting for a shared reply, being judged, done."""

    planned: int = 0
    talking: int = 0
    judging: int = 0
    done: int = 0


class Bench:
    """Assistants by arm, and the judge.

    Made in any thread, used inside ``async with`` in one loop. ``calls``, ``progress`` and ``warnings`` may be read
    from any thread at any time.
    """

    def __init__(
        self,
        options: EngineOptions,
        make_judge: Callable[[Complete], Judge],
        custom: Custom | None = None,
        *,
        canaries: bool = False,
        said: Callable[[Plan, int], Transcript] | None = None,
    ) -> None:
        """``canaries``: check the judge before it is trusted. ``said``: judge these conversations again and hold none.

        Raises OptionError for what :func:`check_options` refuses in assistants.
        """
        self.warnings: list[str] = []
        self._options = options
        self._ledger = Ledger()
        self._client = Client(options, self._ledger, self._warn)
        self._tree = Tree(self._count_shared)
        self._planned = self._talking = self._judging = self._done = 0
        self._arms: Mapping[str, Arm] = {arm.name: arm for arm in options.arms}
        self._assistants: dict[str, Assistant] = {}
        self._replays: dict[str, Replay] = {}
        self._sharing: set[str] = set()
        self._said = said
        self._refused: set[str] = set()
        for arm in options.arms if said is None else ():
            self._add(arm, custom(arm.model) if custom else None)
            if arm.remedy != "none" and arm.name in self._assistants:
                bare = self._assistants[arm.name]
                self._assistants[arm.name] = Remedied(arm, bare, options.reuse.share, options.limits.timeout)
        self.judge = make_judge(self.complete)
        self._canaries = CanaryRun(self.judge, options.limits.concurrency) if canaries else None

    def _add(self, arm: Arm, custom: Assistant | None) -> None:
        if custom is not None:
            self._assistants[arm.name] = partial(self._booked, custom, None)
            return
        route = resolve(arm.model, arm.api_base)
        if route.way == "replay":
            self._replays[arm.name] = Replay(os.path.abspath(os.path.expanduser(route.name)), shown_as=route.name)
            return
        if route.way == "demo":
            # Told the scenario, it may answer equal messages differently: nothing to share.
            demo = DemoAssistant(route.name, self._options.seed)
            self._assistants[arm.name] = partial(self._booked, demo, 0.0)
            return
        share = self._options.reuse.share
        if share:
            self._sharing.add(arm.name)
        if route.way == "python":
            bot = PythonAssistant(route.name, self._options.limits.timeout)
            self._assistants[arm.name] = partial(self._booked, bot, None)
        else:
            self._assistants[arm.name] = ModelAssistant(arm, route, self._client, share)

    async def __aenter__(self) -> Bench:
        await self._client.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._canaries is not None:
            await self._canaries.close()
        for replay in self._replays.values():
            replay.close()
        await self._client.__aexit__(kind, error, trace)

    def expect(self, plans: Iterable[Plan]) -> None:
        """Announce plans that will be talked: what they have in common is kept until the last has used it."""
        for plan in plans:
            self._planned += plan.trials
            if plan.arm in self._sharing:
                for trial in range(plan.trials):
                    self._tree.join(paths(plan, plan.first_trial + trial))

    async def talk(self, plan: Plan, trial: int, seat: Seat | None = None) -> Transcript:
        """Hold the conversation of one trial. ``seat`` is left while another's equal call is waited for."""
        self._talking += 1
        trial += plan.first_trial
        try:
            if self._canaries is not None and (refused := await self._canaries.first()) is not None:
                return Transcript((), error=refused)
            if self._said is not None:
                return self._said(plan, trial)
            if (replay := self._replays.get(plan.arm)) is not None:
                return _recorded(replay, plan, trial)
            assistant, prompt = self._assistants[plan.arm], self._arms[plan.arm].system_prompt
            route = paths(plan, trial) if plan.arm in self._sharing else []
            seat = seat or Seat(Slots(1))

            async def seated(messages: Sequence[Message], call: Call) -> Reply:
                if route:
                    reply = await self._tree.reply(route[call.turn], lambda: assistant(messages, call), seat)
                else:
                    reply = await assistant(messages, call)
                await seat.next_turn()
                return reply

            try:
                return await converse(plan, trial, seated, prompt)
            finally:
                self._tree.leave(route)
        finally:
            self._talking -= 1

    async def assess(self, plan: Plan, transcript: Transcript) -> Verdict:
        """The judge's verdict on a trial."""
        self._judging += 1
        try:
            if self._canaries is not None:
                await self._canaries.all()
            if plan.arm not in self._replays:
                return await assess(plan.brief, transcript, self.judge, judged_ends(plan, transcript.messages))
            # A recording is judged by its own last reply, whatever turns the plan has.
            brief = replace(plan.brief, request=last_request(transcript.messages) or plan.brief.request)
            return await assess(brief, transcript, self.judge, [len(transcript.messages)])
        finally:
            self._judging -= 1
            self._done += 1

    async def complete(
        self,
        model: str,
        messages: Sequence[Message],
        params: Mapping[str, Any],
        *,
        schema: Mapping[str, Any] | None = None,
        attempt: int = 0,
    ) -> Reply:
        """How judges ask a model (see :class:`Complete`)."""
        try:
            route = resolve(model, self._options.judge.api_base)
        except OptionError as error:
            raise CallFailed("judge", str(error)) from None
        if not route.calls_a_model:
            raise CallFailed("judge", f"{model} is an assistant, not a model that can judge")
        try:
            return await self._client.ask("judge", route, messages, params, place=["attempt", attempt], schema=schema)
        except CallFailed:
            if (broken := self._client.broken(route)) is not None:
                self._refuse(model, broken)
            raise

    def _refuse(self, model: str, why: TrialError) -> None:
        """A judge's model can be asked no more. Where no other judge is left, no assistant is asked any more either.

        ``rules`` and judges that ask no model of ours are never refused.
        """
        self._refused.add(model)
        if self._client.pointless is None and self._refused.issuperset(self._options.judge.names):
            judges = " + ".join(self._options.judge.names)
            reason = f"not run: no verdict can come any more from the judge {judges}: {why.message}"
            self._client.pointless = TrialError(why.kind, reason)

    def calls(self) -> Calls:
        """What was sent, reused and spent until now."""
        return self._ledger.calls()

    @property
    def checks_judge(self) -> bool:
        return self._canaries is not None

    @property
    def canaries(self) -> dict[str, Any] | None:
        """What the canaries showed, for the record; None until they are judged, and where there are none."""
        return self._canaries.document if self._canaries is not None else None

    def progress(self) -> Progress:
        return Progress(self._planned, self._talking, self._judging, self._done)

    def _warn(self, message: str) -> None:
        if message not in self.warnings:
            self.warnings.append(message)

    def _count_shared(self) -> None:
        self._ledger.assistant.shared += 1

    async def _booked(self, assistant: Assistant, cost: float | None, messages: Sequence[Message], call: Call) -> Reply:
        """A call to an assistant that is no model of ours: counted, and ``cost`` is what is known of its price."""
        if (pointless := self._client.pointless) is not None:
            raise CallFailed(pointless.kind, pointless.message)
        await self._client.book()
        self._ledger.assistant.sent += 1
        usage = Usage()
        try:
            reply = await assistant(messages, call)
            usage = reply.usage
            return reply
        finally:
            self._ledger.pay(usage, cost)


def _recorded(replay: Replay, plan: Plan, trial: int) -> Transcript:
    try:
        return replay.transcript(plan, trial)
    except CallFailed as failure:
        return Transcript((), error=failure.error)
