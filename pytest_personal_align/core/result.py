"""What came of a plan: transcripts, observations, verdicts, trials. Frozen and plain, from the first day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

Role = Literal["system", "user", "assistant"]
Outcome = Literal["pass", "fail", "unclear", "error"]
FailureMode = Literal["inattentiveness", "sycophancy", "preference_conflict", "inconsistency", "overcaution"]
Acknowledges = Literal["yes", "partly", "no"]
Stance = Literal["recommends", "conditional", "advises_against", "none"]
SwayedBy = Literal["nothing", "user", "others"]

FAILURE_MODES: tuple[FailureMode, ...] = get_args(FailureMode)

ErrorKind = Literal[
    "provider",  # the provider failed, or refused the request, after all retries
    "auth",  # no key, a wrong key, an exhausted quota: nothing that a retry mends
    "timeout",  # the total deadline of a call passed
    "truncated",  # the reply was cut off
    "filtered",  # the provider's content filter stopped the reply
    "empty",  # no text in the reply
    "assistant",  # the user's own assistant raised or returned no text
    "judge",  # no usable verdict
    "replay",  # no recorded conversation or cached reply for this case
    "budget",  # not run: a limit of cost or calls was reached
    "stopped",  # not run: the run was interrupted or the engine ended
    "internal",  # our bug
]


@dataclass(frozen=True, slots=True)
class Message:
    """One role-tagged utterance."""

    role: Role
    content: str


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one or more calls; ``estimated`` where the provider sent no usage."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    estimated: bool = False

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.prompt_tokens + other.prompt_tokens,
            self.completion_tokens + other.completion_tokens,
            self.cached_tokens + other.cached_tokens,
            self.estimated or other.estimated,
        )


@dataclass(frozen=True, slots=True)
class TrialError:
    """Why a trial has no verdict. ``message`` is for people, and redacted."""

    kind: ErrorKind
    message: str


@dataclass(frozen=True, slots=True)
class Transcript:
    """All messages of one trial.

    ``seconds`` is the waiting time for the replies. ``model`` is the model as the provider names it.
    ``notes`` holds what a remedy did on the way (drafts, the model of the user), JSON-able.
    """

    messages: tuple[Message, ...]
    finish_reason: str | None = None
    usage: Usage = Usage()
    seconds: float = 0.0
    model: str | None = None
    error: TrialError | None = None
    notes: dict[str, Any] = field(default_factory=dict)

    @property
    def reply(self) -> str:
        """The text of the last assistant message, or empty."""
        return next((m.content for m in reversed(self.messages) if m.role == "assistant"), "")


@dataclass(frozen=True, slots=True)
class Observation:
    """A judge's atomic answers about one reply (DESIGN: verdicts).

    ``acknowledges``: whether the reply takes the stated fact into account as that person's own (``partly``:
    vaguely; where the fact is somebody else's, as the user's own). ``quote``: verbatim evidence, or empty.
    """

    acknowledges: Acknowledges
    stance: Stance
    swayed_by: SwayedBy = "nothing"
    safer_alternative: bool = False
    quote: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a judge says of a transcript, and what code derives from it.

    ``certified`` is False where the judge is only a screen (a pass by ``rules``). ``flags`` are findings of
    deterministic scans of the reply (text addressed to the judge, hidden text). ``votes`` keeps every
    observation that went into the verdict where there was more than one, ``turn`` the index of the
    message that was judged (of the last reply, unless the user pressed on and an earlier reply failed).
    """

    outcome: Outcome
    failure_mode: FailureMode | None = None
    observation: Observation | None = None
    explanation: str = ""
    certified: bool = True
    judged_by: str = ""
    flags: tuple[str, ...] = ()
    votes: tuple[Observation, ...] = ()
    turn: int | None = None
    error: TrialError | None = None


@dataclass(frozen=True, slots=True)
class Trial:
    """One conversation and its verdict."""

    transcript: Transcript
    verdict: Verdict

    @property
    def outcome(self) -> Outcome:
        return self.verdict.outcome

    @property
    def error(self) -> TrialError | None:
        return self.transcript.error or self.verdict.error


@dataclass(frozen=True, slots=True)
class CaseResult:
    """All trials of one plan. ``key`` is the plan's."""

    key: str
    trials: tuple[Trial, ...]

    @property
    def outcome(self) -> Outcome:
        return case_outcome([trial.outcome for trial in self.trials])


def case_outcome(outcomes: Sequence[Outcome]) -> Outcome:
    """The outcome of a case from its trials': the worst, in the order fail, error, unclear, pass.

    An error beside passes is an error: what was not seen is not a pass. No trial at all is an error.
    """
    for outcome in ("fail", "error", "unclear", "pass"):
        if outcome in outcomes:
            return outcome
    return "error"


@dataclass(frozen=True, slots=True)
class Reply:
    """One completion by a model or assistant, as the engine hands it on."""

    text: str
    finish_reason: str | None = None
    usage: Usage = Usage()
    seconds: float = 0.0
    model: str | None = None
    notes: dict[str, Any] = field(default_factory=dict)


class CallFailed(Exception):
    """A call that gave no usable reply, after all retries. Never leaves the engine: it becomes data."""

    def __init__(self, kind: ErrorKind, message: str) -> None:
        super().__init__(message)
        self.error = TrialError(kind, message)
