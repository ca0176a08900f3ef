"""What a run is asked to do, as frozen plain records that every layer may read and that go over a channel as JSON."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

UnclearPolicy = Literal["fail", "pass", "ignore"]
CacheMode = Literal["use", "refresh", "replay", "off"]


@dataclass(frozen=True)
class Arm:
    """One assistant configuration under test.

    ``params`` are request parameters (temperature, max_tokens, ...). ``remedy`` is ``none`` or the names of
    wrappers joined by ``+``. Keys never stand here: the providers' environment variables hold them.
    """

    name: str
    model: str
    system_prompt: str | None = None
    params: dict[str, Any] = field(default_factory=dict)
    api_base: str | None = None
    remedy: str = "none"


@dataclass(frozen=True)
class JudgeOptions:
    """``names``: ``rules`` or model strings; several make a panel, ``rules`` and a model a cascade."""

    names: tuple[str, ...] = ("rules",)
    votes: int = 1
    params: dict[str, Any] = field(default_factory=dict)
    api_base: str | None = None
    calibration: str | None = None
    canaries: bool = True
    attribute: bool = False


@dataclass(frozen=True)
class Limits:
    """``timeout`` is a total deadline of one call in seconds; ``max_cost`` is in US dollars."""

    concurrency: int = 16
    rpm: int | None = None
    tpm: int | None = None
    timeout: float = 120.0
    retries: int = 5
    max_cost: float | None = None
    max_calls: int | None = None


@dataclass(frozen=True)
class Reuse:
    """``cache_dir`` None means that nothing is kept (mode ``off``)."""

    mode: CacheMode = "off"
    cache_dir: str | None = None
    share: bool = True


@dataclass(frozen=True)
class EngineOptions:
    """All that the engine and the judges need to know."""

    arms: tuple[Arm, ...]
    judge: JudgeOptions = JudgeOptions()
    limits: Limits = Limits()
    reuse: Reuse = Reuse()
    seed: int = 0


@dataclass(frozen=True)
class GateOptions:
    """``thresholds`` maps a failure mode, ``unclear`` or ``all`` (perhaps behind ``category/``) to a rate 0..1."""

    thresholds: dict[str, float] = field(default_factory=dict)
    baseline: str | None = None
    unclear: UnclearPolicy = "fail"
    max_errors: float = 0.02
    alpha: float = 0.05
    min_effect: float = 0.02
    sequential: bool = False
    strict: bool = False
