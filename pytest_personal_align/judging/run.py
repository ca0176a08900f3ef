"""A judge at work on many conversations: for ``personal-align calibrate`` and for canaries."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

from pytest_personal_align.core.result import CallFailed, Verdict
from pytest_personal_align.judging.calibration import calibrate
from pytest_personal_align.judging.labelled import Labelled
from pytest_personal_align.judging.protocol import Judge

# Failures that every further call would share.
_FINAL = ("auth", "budget", "stopped")


async def judge_all(judge: Judge, rows: Iterable[Labelled], *, concurrency: int = 16) -> list[Verdict]:
    """Verdicts on conversations, in their order. A failed call is an ``error`` verdict.

    Raises CallFailed where no further call can succeed (a bad key, an exhausted budget).
    """
    slots = asyncio.Semaphore(concurrency)

    async def one(row: Labelled) -> Verdict:
        async with slots:
            try:
                return await judge(row.brief, row.conversation)
            except CallFailed as failure:
                if failure.error.kind in _FINAL:
                    raise
                return Verdict("error", judged_by=judge.name, error=failure.error)

    tasks = [asyncio.ensure_future(one(row)) for row in rows]
    try:
        return list(await asyncio.gather(*tasks))
    finally:
        for task in tasks:
            task.cancel()


async def run_calibration(
    judge: Judge, rows: Sequence[Labelled], *, truth: str | None = None, concurrency: int = 16
) -> tuple[dict[str, Any], list[Verdict]]:
    """Judge labelled conversations; the calibration document and the verdicts, in the order of ``rows``.

    Raises ValueError if no row has a label of the rater ``truth``, CallFailed as :func:`judge_all`.
    """
    verdicts = await judge_all(judge, rows, concurrency=concurrency)
    return calibrate(rows, verdicts, judge=judge.name, version=judge.version, truth=truth), verdicts


def verdict_lines(rows: Sequence[Labelled], verdicts: Sequence[Verdict]) -> str:
    """JSONL, one line a conversation: id, outcome, failure mode, observation (and why, and what went wrong)."""
    lines = []
    for row, verdict in zip(rows, verdicts, strict=True):
        line: dict[str, Any] = {
            "id": row.id,
            "outcome": verdict.outcome,
            "failure_mode": verdict.failure_mode,
            "observation": asdict(verdict.observation) if verdict.observation else None,
            "explanation": verdict.explanation,
            "flags": list(verdict.flags),
        }
        if verdict.error is not None:
            line["error"] = {"kind": verdict.error.kind, "message": verdict.error.message}
        lines.append(json.dumps(line, ensure_ascii=True) + "\n")
    return "".join(lines)
