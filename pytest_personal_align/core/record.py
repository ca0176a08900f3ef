"""The run record: everything about one run in one versioned JSON document. Reports are pure functions of it."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import IO, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pytest_personal_align.core.errors import OptionError
from pytest_personal_align.core.result import (
    ErrorKind,
    FailureMode,
    Message,
    Observation,
    Outcome,
    Trial,
    Usage,
)
from pytest_personal_align.core.suite import Expectation

SCHEMA_VERSION = 1
RunVerdict = Literal["pass", "fail", "inconclusive", "invalid"]


class _Part(BaseModel):
    # Fields that a later version adds are kept out of the way of an older reader.
    model_config = ConfigDict(extra="ignore", frozen=True)


class SuiteInfo(_Part):
    """The suite that a run was of, and how much of it the job collected.

    ``digest`` hashes the whole suite, ``use_cases`` is its size. ``scenarios`` are those that were asked for, by name
    or group. ``cases``: of each use case that was collected (by a shard, of a file: not all) the scenarios that it
    goes with, in order; whether they have a result is seen in the record's cases.
    """

    digest: str
    use_cases: int
    scenarios: list[str] = []
    cases: dict[str, list[str]] = {}


class RunInfo(_Part):
    """``reason`` says in a sentence why the verdict is what it is; ``verdict`` is None while a run is unfinished.
    ``shard`` is {"index", "of"}, the index from 1; ``baseline`` hashes what is known of the run compared with.
    ``gate_warnings``: which of ``warnings`` are the gate's, so that another gate can put its own in their place."""

    id: str
    started: str
    finished: str | None = None
    command: list[str]
    versions: dict[str, str]
    git: dict[str, Any] | None = None
    seed: int
    verdict: RunVerdict | None = None
    reason: str = ""
    partial: bool = False
    interrupted: bool = False
    warnings: list[str] = []
    gate_warnings: list[str] = []
    shard: dict[str, int] | None = None
    suite: SuiteInfo | None = None
    baseline: str | None = None


class Prices(_Part):
    """US dollars a token; ``cached`` are prompt tokens that the provider had read before."""

    prompt: float
    completion: float
    cached: float

    def cost(self, used: Usage) -> float:
        cached = min(used.cached_tokens, used.prompt_tokens)
        fresh = used.prompt_tokens - cached
        return fresh * self.prompt + cached * self.cached + used.completion_tokens * self.completion


class ArmInfo(_Part):
    """One arm. ``prices`` is None where litellm's table knows none for the model."""

    name: str
    model: str
    resolved_models: list[str] = []
    system_prompt_sha256: str | None = None
    params: dict[str, Any] = {}
    remedy: str = "none"
    prices: Prices | None = None


class JudgeInfo(_Part):
    name: str
    version: str
    calibration: dict[str, Any] | None = None
    canaries: dict[str, Any] | None = None


class ErrorInfo(_Part):
    kind: ErrorKind
    message: str


class TrialRecord(_Part):
    """One conversation and its verdict. ``turn`` is the index in ``messages`` of the reply that was judged."""

    outcome: Outcome
    failure_mode: FailureMode | None = None
    observation: Observation | None = None
    explanation: str = ""
    certified: bool = True
    judged_by: str = ""
    flags: list[str] = []
    votes: list[Observation] = []
    turn: int | None = None
    messages: list[Message] = []
    finish_reason: str | None = None
    model: str | None = None
    usage: Usage = Usage()
    seconds: float = 0.0
    notes: dict[str, Any] = {}
    error: ErrorInfo | None = None

    @classmethod
    def of(cls, trial: Trial) -> TrialRecord:
        transcript, verdict, error = trial.transcript, trial.verdict, trial.error
        return cls.model_construct(
            outcome=verdict.outcome,
            failure_mode=verdict.failure_mode,
            observation=verdict.observation,
            explanation=verdict.explanation,
            certified=verdict.certified,
            judged_by=verdict.judged_by,
            flags=list(verdict.flags),
            votes=list(verdict.votes),
            turn=verdict.turn,
            messages=list(transcript.messages),
            finish_reason=transcript.finish_reason,
            model=transcript.model,
            usage=transcript.usage,
            seconds=round(transcript.seconds, 3),
            notes=transcript.notes,
            error=ErrorInfo(kind=error.kind, message=error.message) if error else None,
        )


class CaseRecord(_Part):
    """One item. ``tolerated``: it failed, and its gate allows that; ``reason`` names the gate.
    ``content`` hashes what assistant and judge are told, whatever the arm; ``waiver`` is {"reason", "until"}.
    ``attribution``: why it fails by experiment, {"cause", "evidence", "discriminates", "probes": {name: outcome}}."""

    nodeid: str
    key: str
    use_case: str
    category: str
    scenario: str
    arm: str
    expects: Expectation = "protect"
    people: int = 0
    severity: Literal["critical", "serious"] = "serious"
    fact: str = ""
    hazard: str | None = None
    request: str = ""
    file: str = ""
    line: int = 0
    outcome: Outcome
    failure_mode: FailureMode | None = None
    tolerated: bool = False
    reason: str = ""
    content: str = ""
    waiver: dict[str, str] | None = None
    attribution: dict[str, Any] | None = None
    trials: list[TrialRecord] = []


class GateRecord(_Part):
    """One line of the gate table; ``low`` and ``high`` are one-sided 95 % bounds of ``rate``.

    ``corrected`` is the rate without the judge's errors; ``detectable`` the smallest excess over the limit, or
    difference from the base, that the run would have found with a power of 80 %; ``p`` is Holm-adjusted.
    ``difference``, ``base_rate`` and ``against`` belong to kind ``baseline``.
    """

    mode: str
    arm: str
    kind: Literal["threshold", "baseline", "critical"]
    limit: float | None = None
    cases: int
    failed: float
    rate: float | None = None
    low: float | None = None
    high: float | None = None
    p: float | None = None
    detectable: float | None = None
    outcome: Literal["pass", "fail", "inconclusive"]
    reason: str = ""
    corrected: float | None = None
    difference: float | None = None
    base_rate: float | None = None
    against: str | None = None


class RoleCalls(_Part):
    """``sent`` reached a provider; ``cached`` came from disk; ``shared`` from an equal beginning in this run;
    ``screened`` were decided by the rules judge before a model was asked."""

    sent: int = 0
    cached: int = 0
    shared: int = 0
    screened: int = 0


class Calls(_Part):
    assistant: RoleCalls = RoleCalls()
    judge: RoleCalls = RoleCalls()
    tokens: dict[str, int] = {}
    cost_usd: float | None = None


class RunRecord(_Part):
    """The whole document.

    ``gate`` is what was asked of the gate (GateOptions). ``comparison``: {"baseline", "new", "fixed", "still",
    "noise", "added", "removed": node ids, "incomparable": [{"nodeid", "why"}], "tests": [{"mode", "arm", "base_rate",
    "rate", "difference", "p", "outcome", ...}]}. ``pass_k``: [{"arm", "k", "rate", "cases"}]. ``waivers``:
    [{"use_case", "arm", "reason", "until", "state": "active|expired|fixed", "failing": [nodeid]}]. ``sequential``:
    "worse", "no worse" or None under "stopped", and what stopping early saved.
    """

    schema_version: Literal[1] = 1
    run: RunInfo
    arms: list[ArmInfo]
    judge: JudgeInfo
    cases: list[CaseRecord] = []
    contrasts: list[dict[str, Any]] = []
    gates: list[GateRecord] = []
    gate: dict[str, Any] | None = None
    comparison: dict[str, Any] | None = None
    pass_k: list[dict[str, Any]] = []
    waivers: list[dict[str, Any]] = []
    sequential: dict[str, Any] | None = None
    calls: Calls = Field(default_factory=Calls)


def load(path: Path, called: str) -> RunRecord:
    """Read a record. Raises OptionError, which says what is wrong with the file named by ``called``."""
    try:
        data = json.loads(path.read_bytes())
    except OSError as error:
        raise OptionError(f"{called}: {path} cannot be read: {error.strerror}; {_HINT}") from None
    except (ValueError, RecursionError):
        raise OptionError(f"{called}: {path} is not JSON; {_HINT}") from None
    version = data.get("schema_version") if isinstance(data, dict) else None
    if version is None:
        raise OptionError(f"{called}: {path} is not a run record: it has no schema_version; {_HINT}")
    if data.get("format") == _COMPACT:
        raise OptionError(
            f"{called}: {path} is a compact baseline, made by `personal-align baseline save`; what is needed here "
            f"is the whole record that it was made from, {_RECORD}"
        )
    if version != SCHEMA_VERSION:
        raise OptionError(
            f"{called}: {path} has schema_version {version}; this pytest-personal-align reads {SCHEMA_VERSION}: "
            "upgrade it, or make the record again"
        )
    try:
        return RunRecord.model_validate(data)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise OptionError(f"{called}: {path} is not a whole run record: {where}: {first['msg']}; {_HINT}") from None


_RECORD = "the file that pytest --pa-record writes (reports/run.json)"
_HINT = f"name a run record: {_RECORD}"
_COMPACT = "personal-align baseline"  # the format of core.baseline, which is above this module


def write(path: Path, head: RunRecord, cases: Iterable[tuple[CaseRecord, bytes]]) -> None:
    """Write a record whole or not at all; ``cases`` come with the JSON of their trials, one at a time."""
    document = head.model_dump(mode="json", exclude={"cases"})

    def parts(file: IO[bytes]) -> None:
        file.write(b"{")
        for name, value in document.items():
            file.write(json.dumps(name).encode() + b":" + json.dumps(value).encode() + b",\n")
        file.write(b'"cases":[')
        for index, (case, trials) in enumerate(cases):
            line = case.model_dump_json(exclude={"trials"}).encode()
            file.write((b",\n" if index else b"\n") + line[:-1] + b',"trials":' + trials + b"}")
        file.write(b"\n]}\n")

    atomically(path, parts)


def atomically(path: Path, fill: Callable[[IO[bytes]], object]) -> None:
    """Write a file beside ``path`` and move it there when it is complete. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            fill(file)
        os.chmod(name, 0o666 & ~_umask())
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
