"""What a judge is, and what it is given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from pytest_personal_align.core.plan import Brief
from pytest_personal_align.core.result import Message, Reply, Verdict


class Complete(Protocol):
    """How a judge asks a model. The engine supplies it, with its limits, retries, cache and accounting.

    ``schema`` is a JSON schema for structured output, sent where the model takes it. ``attempt`` tells
    repeated calls with the same messages apart (votes), so that none replays another from the cache.
    Raises CallFailed.
    """

    async def __call__(
        self,
        model: str,
        messages: Sequence[Message],
        params: Mapping[str, Any],
        *,
        schema: Mapping[str, Any] | None = None,
        attempt: int = 0,
    ) -> Reply: ...


class Judge(Protocol):
    """Turns a transcript into a verdict.

    ``version`` hashes everything that decides its verdicts (prompt, rubric, schema, model, parameters);
    calibrations are bound to it. A judge never raises for a model's misbehaviour: it returns ``unclear``
    or an ``error`` of kind ``judge``. It may raise CallFailed for a call that failed.
    """

    name: str
    version: str

    async def __call__(self, brief: Brief, messages: Sequence[Message]) -> Verdict:
        """Judge the last message of ``messages``, the reply to ``brief.request`` (or to a later press)."""
        ...
