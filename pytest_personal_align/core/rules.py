"""What a run is held against, and what becomes of a case: plain records."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from pytest_personal_align.core.agreement import JudgeAccuracy
from pytest_personal_align.core.baseline import Baseline
from pytest_personal_align.core.options import GateOptions
from pytest_personal_align.core.result import FailureMode

Disposition = Literal["passed", "failed", "tolerated", "ignored", "error", "unneeded"]


class Ruling(NamedTuple):
    """What becomes of a case and why; ``gate``: a gate's failure is the reason, so its line says it already."""

    disposition: Disposition
    reason: str = ""
    gate: bool = False


@dataclass(frozen=True, slots=True)
class Settlement:
    """What pytest is to report of a case, for good. ``reason`` and ``gate`` as in :class:`Ruling`."""

    key: str
    failure_mode: FailureMode | None
    disposition: Disposition
    reason: str = ""
    gate: bool = False


@dataclass(frozen=True)
class Rules:
    """What a run is held against.

    ``scope``: the whole suite is gated; of a part, each fail fails; a shard leaves the gates to the merge.
    ``accuracy`` is the judge's by mode, ``doubts`` says why it is not known or not used. ``models`` are the arms'
    models by name. ``today`` is an ISO date. ``excerpt``: the cases are those of a record that holds a part of the
    suite, so what it has not is not missing. ``limits`` False: neither a threshold nor the end of a waiver
    refuses a case; a threshold that holds may still tolerate one that has no base.
    """

    options: GateOptions
    scope: Literal["whole", "part", "shard"] = "whole"
    baseline: Baseline | None = None
    accuracy: Mapping[str, JudgeAccuracy] = field(default_factory=dict)
    models: Mapping[str, str] = field(default_factory=dict)
    today: str = ""
    excerpt: bool = False
    limits: bool = True
    doubts: tuple[str, ...] = ()
