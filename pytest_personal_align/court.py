"""The controlling process's side of a run: engine, referee, what came of it, and who waits for what."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pytest_personal_align.core.gate import GateCase, GateRow
from pytest_personal_align.core.options import GateOptions
from pytest_personal_align.core.plan import Plan
from pytest_personal_align.core.record import Calls, Spool, TrialRecord
from pytest_personal_align.core.referee import Referee, Settlement
from pytest_personal_align.core.result import CaseResult
from pytest_personal_align.engine.bench import Bench
from pytest_personal_align.engine.engine import Engine
from pytest_personal_align.judging.protocol import Judge
from pytest_personal_align.report.failure import failure_text


@dataclass(frozen=True, slots=True)
class ItemOutcome:
    """What an item reports: plain, so that it goes over a channel. ``text`` is what the terminal shows."""

    key: str
    disposition: str
    failure_mode: str | None
    reason: str
    text: str


class Court:
    """Takes plans once, hands them to the engine, and settles each case for good.

    Thread-safe: results come in the engine's thread, questions from pytest's or from channels'.
    """

    def __init__(self, gate: GateOptions, bench: Bench, concurrency: int) -> None:
        self._gate = gate
        self._bench = bench
        self._concurrency = concurrency
        self._lock = threading.Condition()
        self._referee: Referee | None = None
        self._outcomes: dict[str, ItemOutcome] = {}
        self._texts: dict[str, str] = {}
        self._watchers: dict[str, list[Callable[[ItemOutcome], None]]] = {}
        self._spool = Spool()
        self.engine: Engine | None = None
        self.plans: dict[str, Plan] = {}
        self.settlements: dict[str, Settlement] = {}
        self.gated = True

    @property
    def opened(self) -> bool:
        return self._referee is not None

    def open(self, plans: Sequence[Plan], *, gated: bool) -> None:
        """Submit all plans of the run. A second call changes nothing."""
        with self._lock:
            if self._referee is not None:
                return
            self.plans = {plan.key: plan for plan in plans}
            self.gated = gated
            self._referee = Referee(self._gate, self.plans.values(), gated=gated)
            self.engine = Engine(lambda: self._bench, concurrency=self._concurrency, done=self._receive)
            self.engine.submit(list(self.plans.values()))

    def wait(self, key: str) -> ItemOutcome:
        """Block until the case is settled. Interruptible by signals."""
        with self._lock:
            while key not in self._outcomes:
                self._lock.wait(0.5)
            return self._outcomes[key]

    def watch(self, key: str, tell: Callable[[ItemOutcome], None]) -> None:
        """Call ``tell`` with the outcome when it is there; perhaps at once, perhaps in another thread."""
        with self._lock:
            outcome = self._outcomes.get(key)
            if outcome is None:
                self._watchers.setdefault(key, []).append(tell)
                return
        tell(outcome)

    def close(self) -> None:
        """Stop the engine; what is outstanding is not settled any more."""
        if self.engine is not None:
            self.engine.stop()

    def calls(self) -> Calls:
        """What was sent, cached, shared and spent until now."""
        return self._bench.calls()

    @property
    def judge(self) -> Judge:
        return self._bench.judge

    def rows(self) -> list[GateRow]:
        return self._referee.rows() if self._referee else []

    def cases(self) -> dict[str, GateCase]:
        """Finished cases by plan key."""
        return self._referee.cases if self._referee else {}

    def trials(self, key: str) -> bytes:
        """The trials of a finished case as JSON."""
        return self._spool.get(key)

    def _receive(self, result: CaseResult) -> None:
        told: list[tuple[Callable[[ItemOutcome], None], ItemOutcome]] = []
        with self._lock:
            assert self._referee is not None
            plan = self.plans[result.key]
            self._spool.put(result.key, [TrialRecord.of(trial) for trial in result.trials])
            self._texts[result.key] = failure_text(plan, result)
            for settlement in self._referee.receive(result):
                self.settlements[settlement.key] = settlement
                outcome = ItemOutcome(
                    settlement.key,
                    settlement.disposition,
                    settlement.label.failure_mode,
                    settlement.reason,
                    self._texts.pop(settlement.key),
                )
                self._outcomes[settlement.key] = outcome
                told += [(tell, outcome) for tell in self._watchers.pop(settlement.key, [])]
            self._lock.notify_all()
        for tell, outcome in told:
            tell(outcome)
