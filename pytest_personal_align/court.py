"""The controlling process's side of a run: engine, referee, what came of it, and who waits for what."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from pytest_personal_align.core.comparable import of_plans, require_comparable
from pytest_personal_align.core.findings import Findings, findings
from pytest_personal_align.core.gate import GateCase
from pytest_personal_align.core.outcome import Collected, ItemOutcome
from pytest_personal_align.core.plan import Plan
from pytest_personal_align.core.record import ArmInfo, Calls, JudgeInfo, RunRecord, TrialRecord
from pytest_personal_align.core.recorded import results_of, trials_of
from pytest_personal_align.core.referee import Referee
from pytest_personal_align.core.result import CaseResult
from pytest_personal_align.core.rules import Rules, Settlement
from pytest_personal_align.core.spool import Spool
from pytest_personal_align.core.validity import judge_broken
from pytest_personal_align.engine.bench import Bench, Progress
from pytest_personal_align.engine.engine import Engine
from pytest_personal_align.engine.experiment import Experiments
from pytest_personal_align.report.failure import failure_text, with_experiment


class Court:
    """Takes plans once, hands them to the engine, and settles each case for good.

    Thread-safe: results come in the engine's thread, questions from pytest's or from channels'.
    """

    def __init__(
        self,
        rules: Rules,
        bench: Bench,
        judge: JudgeInfo,
        concurrency: int,
        seed: int = 0,
        recorded: RunRecord | None = None,
        experiments: Experiments | None = None,
    ) -> None:
        self.rules = rules
        self.judge = judge
        self._recorded = recorded
        self.recorded_trials = trials_of(recorded) if recorded is not None else None
        self._attributions = {case.nodeid: case.attribution for case in recorded.cases} if recorded else {}
        self._experiments = experiments
        self._bench = bench
        self._concurrency = concurrency
        self._seed = seed
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
        self.collected = Collected({})
        self.models: dict[str, dict[str, None]] = {}
        self.arms: dict[str, ArmInfo] = {}

    @property
    def opened(self) -> bool:
        return self._referee is not None

    def check(self, plans: Sequence[Plan], collected: Collected) -> None:
        """Raises OptionError, before any call, where the baseline has nothing to compare these plans with."""
        if self.rules.baseline is not None and not collected.partial:
            require_comparable(self.rules.baseline, of_plans(plans), "--pa-baseline")

    def open(self, plans: Sequence[Plan], collected: Collected) -> None:
        """Submit all plans of the run. A second call changes nothing."""
        with self._lock:
            if self._referee is not None:
                return
            self.plans = {plan.key: plan for plan in plans}
            self.collected = collected
            scope = "part" if collected.partial else self.rules.scope
            self.gated = scope == "whole"
            rules = replace(self.rules, scope=scope)
            self._referee = Referee(rules, self.plans.values(), seed=self._seed, trials=self.recorded_trials)
            if self._recorded is not None:
                for result in results_of(self._recorded, self.plans.values()):
                    self._receive(result)
                return
            self.engine = Engine(lambda: self._bench, concurrency=self._concurrency, done=self._take)
            self.engine.submit(self._referee.more(2 * self._concurrency))

    def refuse(self, plans: Sequence[Plan], text: str) -> None:
        """Settle all cases as errors, without a call: the run is not to be."""
        with self._lock:
            told = [one for plan in plans for one in self._tell(ItemOutcome(plan.key, "error", None, "", text))]
            self._lock.notify_all()
        for tell, outcome in told:
            tell(outcome)

    def wait(self, key: str, idle: Callable[[], None]) -> ItemOutcome:
        """Block until the case is settled, calling ``idle`` about twice a second. Interruptible by signals."""
        while True:
            with self._lock:
                if key in self._outcomes or self._lock.wait_for(lambda: key in self._outcomes, 0.5):
                    return self._outcomes[key]
            idle()

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

    def release(self) -> None:
        """Let go of what was kept on disk: nothing is asked of this court any more."""
        self._spool.close()

    def calls(self) -> Calls:
        """What was sent, cached, shared, screened and spent until now."""
        calls = self._bench.calls()
        judge = calls.judge.model_copy(update={"screened": int(getattr(self._bench.judge, "screened", 0))})
        return calls.model_copy(update={"judge": judge})

    def progress(self) -> Progress:
        return self._bench.progress()

    @property
    def warnings(self) -> list[str]:
        further = self._experiments.left_out if self._experiments is not None else 0
        left_out = [f"--pa-attribute: {further:,} further failing cases were not looked into"] if further else []
        return [*self._bench.warnings, *left_out, *self._failures()]

    @property
    def broken(self) -> list[str]:
        """Why the run is not to be believed, whatever its cases show."""
        return [*judge_broken(self.judge_info().canaries), *self._failures()]

    def _failures(self) -> list[str]:
        return self.engine.failures if self.engine is not None else []

    @property
    def checks_judge(self) -> bool:
        """Whether canaries are judged."""
        return self._bench.checks_judge

    def judge_info(self) -> JudgeInfo:
        """The judge as the record shows it."""
        canaries = self._bench.canaries
        return self.judge.model_copy(update={"canaries": canaries}) if canaries is not None else self.judge

    def findings(self) -> Findings:
        """What the run found, beside its cases."""
        assert self._referee is not None
        return findings(self._referee.settler, self.settlements.values(), self.judge.version)

    def settled(self, key: str) -> Settlement | None:
        """What became of a case, with its reasons as they are by now."""
        settlement = self.settlements.get(key)
        return self._referee.settler.final(settlement) if self._referee and settlement else None

    def saved(self, calls: Callable[[Sequence[Plan]], int]) -> dict[str, object] | None:
        """What a sequential run did not need; ``calls`` says how many assistant calls plans take together."""
        return self._referee.saved(calls) if self._referee else None

    def cases(self) -> dict[str, GateCase]:
        """Finished cases by plan key."""
        return self._referee.cases if self._referee else {}

    def trials(self, key: str) -> bytes:
        """The trials of a finished case as JSON."""
        return self._spool.get(key)

    def attribution(self, plan: Plan) -> dict[str, Any] | None:
        """Why a case fails, by experiment; None where that was not tried."""
        if self._recorded is not None:
            return self._attributions.get(plan.nodeid)
        settlement = self.settlements.get(plan.key)
        if self._experiments is None or settlement is None:
            return None
        return self._experiments.shown(plan.key, settlement.failure_mode)

    def _take(self, result: CaseResult) -> None:
        """Receive a result; a bug of ours on the way must not leave items waiting for ever."""
        try:
            self._receive(result)
        except Exception as error:
            text = f"internal: a bug in pytest-personal-align: {type(error).__name__}"
            with self._lock:
                left = [key for key in self.plans if key not in self._outcomes]
                told = [one for key in left for one in self._tell(ItemOutcome(key, "error", None, "", text))]
                self._lock.notify_all()
            for tell, outcome in told:
                tell(outcome)
            raise

    def _receive(self, result: CaseResult) -> None:
        with self._lock:
            if self._experiments is not None and self._experiments.owns(result.key):
                settled = self._settled(self._experiments.receive(result))
            else:
                settled = self._settle(result)
            told = [one for settlement in settled for one in self._tell(self._outcome(settlement))]
            self._lock.notify_all()
        for tell, outcome in told:
            tell(outcome)

    def _settle(self, result: CaseResult) -> list[Settlement]:
        """What a case's result makes final and may be told."""
        assert self._referee is not None
        plan = self.plans[result.key]
        models = self.models.setdefault(plan.arm, {})
        models.update((trial.transcript.model, None) for trial in result.trials if trial.transcript.model)
        self._spool.put(result.key, [TrialRecord.of(trial) for trial in result.trials])
        self._texts[result.key] = failure_text(plan, result)
        more = list(self._experiments.begin(plan)) if self._experiments and result.outcome == "fail" else []
        settled = self._referee.receive(result)
        self.settlements.update((settlement.key, settlement) for settlement in settled)
        more += self._referee.more(2 * self._concurrency)
        if more and self.engine is not None:
            self.engine.submit(more)
        return [one for settlement in settled for one in self._settled(settlement.key)]

    def _settled(self, key: str) -> list[Settlement]:
        """The settlement of a case, once it is there and no probe of it is under way."""
        settlement = self.settlements.get(key)
        waits = self._experiments is not None and self._experiments.pending(key)
        return [settlement] if settlement is not None and not waits else []

    def _outcome(self, settlement: Settlement) -> ItemOutcome:
        text = self._texts.pop(settlement.key, "")
        found = self.attribution(self.plans[settlement.key])
        if found is not None and text:
            text = with_experiment(text, found["evidence"])
        return ItemOutcome(settlement.key, settlement.disposition, settlement.failure_mode, settlement.reason, text)

    def _tell(self, outcome: ItemOutcome) -> list[tuple[Callable[[ItemOutcome], None], ItemOutcome]]:
        """Keep an outcome; who waits for it."""
        if outcome.key in self._outcomes:
            return []
        self._outcomes[outcome.key] = outcome
        return [(tell, outcome) for tell in self._watchers.pop(outcome.key, [])]
