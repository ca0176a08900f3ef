"""Options and ini values of pytest as one frozen record. The only reader of pytest's config."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args

import pytest

from pytest_personal_align.core import options as o
from pytest_personal_align.core.errors import OptionError
from pytest_personal_align.core.limit import parse_threshold
from pytest_personal_align.core.parameters import parse_params
from pytest_personal_align.core.suite import BUILTIN

T = TypeVar("T")
DEFAULT_CASES = "cases"
DEFAULT_SCENARIOS = ("default",)


@dataclass(frozen=True)
class Settings:
    """All that a run was asked to do. Paths are absolute; ``cases`` are paths or ``builtin:NAME``, and
    ``cases_given`` says that they stand on the command line."""

    cases: tuple[str, ...]
    cases_given: bool
    scenarios: tuple[str, ...]
    trials: int
    engine: o.EngineOptions
    gate: o.GateOptions
    record: Path
    report: Path
    summary: Path | None
    report_passing: Literal["full", "summary", "none"]
    plan_only: bool
    rejudge: Path | None
    regate: Path | None
    shard: tuple[int, int] | None = None


def read(config: pytest.Config) -> Settings:
    """Settings of this run. Raises OptionError."""
    ask = _Asker(config)
    seed = ask.number("pa_seed", 0, int, low=None)
    engine = o.EngineOptions(
        arms=_arms(ask),
        judge=o.JudgeOptions(
            names=tuple(dict.fromkeys(ask.many("pa_judge") or ["rules"])),
            votes=ask.number("pa_judge_votes", 1, int, low=1, high=25),
            params=_params(ask, "pa_judge_param"),
            api_base=ask.text("pa_api_base"),
            calibration=_text_path(ask.path("pa_calibration", must_exist=True)),
            canaries=not ask.flag("pa_no_canaries"),
            attribute=ask.flag("pa_attribute"),
        ),
        limits=o.Limits(
            concurrency=ask.number("pa_concurrency", 16, int, low=1, high=10_000),
            rpm=ask.optional("pa_rpm", int, low=1),
            tpm=ask.optional("pa_tpm", int, low=1),
            timeout=ask.number("pa_timeout", 120.0, float, low=0.001, high=86_400),
            retries=ask.number("pa_retries", 5, int, low=0, high=100),
            max_cost=ask.optional("pa_max_cost", float, low=0),
            max_calls=ask.optional("pa_max_calls", int, low=0),
        ),
        reuse=o.Reuse(
            mode=ask.choice("pa_cache", "use", get_args(o.CacheMode)),  # type: ignore[arg-type]
            cache_dir=str(ask.path("pa_cache_dir", default=".personal-align")),
            share=not ask.flag("pa_no_share"),
        ),
        seed=seed,
    )
    cases = ask.many("pa_cases")
    return Settings(
        cases=tuple(_case_root(ask, value) for value in cases or [DEFAULT_CASES]),
        cases_given=ask.typed("pa_cases"),
        scenarios=tuple(ask.many("pa_scenario") or DEFAULT_SCENARIOS),
        trials=ask.number("pa_trials", 1, int, low=1, high=1000),
        engine=engine,
        gate=o.GateOptions(
            thresholds=_thresholds(ask),
            baseline=_text_path(ask.path("pa_baseline", must_exist=True, hint=_MAKE_A_BASELINE)),
            unclear=ask.choice("pa_unclear", "fail", get_args(o.UnclearPolicy)),  # type: ignore[arg-type]
            max_errors=ask.number("pa_max_errors", 0.02, float, low=0, high=1),
            alpha=ask.number("pa_alpha", 0.05, float, low=1e-9, high=0.49),
            min_effect=ask.number("pa_min_effect", 0.02, float, low=0, high=1),
            sequential=ask.flag("pa_sequential"),
            strict=ask.flag("pa_strict"),
        ),
        record=_record(ask),
        report=ask.output("pa_report", "reports/report.html"),
        summary=ask.output("pa_summary", None) if ask.given("pa_summary") else None,
        report_passing=ask.choice("pa_report_passing", "full", ("full", "summary", "none")),  # type: ignore[arg-type]
        plan_only=ask.flag("pa_plan"),
        rejudge=ask.path("pa_rejudge", must_exist=True, hint=_NAME_A_RECORD),
        regate=ask.path("pa_regate", must_exist=True, hint=_NAME_A_RECORD),
        shard=_shard(ask),
    )


_NAME_A_RECORD = "; name a run record: the file that pytest --pa-record writes (reports/run.json)"
_MAKE_A_BASELINE = "; make one of a run: personal-align baseline save reports/run.json --out FILE"


class _Asker:
    """Command line before ini before default, with messages that name the one that is wrong."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self.invocation = config.invocation_params.dir
        inipath = config.inipath
        self.inidir = inipath.parent if inipath else config.rootpath

    def _found(self, name: str) -> tuple[Any, str, Path]:
        """(value or None, what to call it, folder that relative paths are relative to)."""
        option = _option(name)
        value = getattr(self._config.option, name, None)  # pa_thresholds is an ini value only
        if value is not None and value is not False:
            return value, option, self.invocation
        try:
            value = self._config.getini(name)
        except (KeyError, ValueError):
            value = None
        return (None if value in (None, "", []) else value), f"{name} in {self._config.inipath or 'ini'}", self.inidir

    def typed(self, name: str) -> bool:
        """Whether it stands on the command line."""
        return bool(getattr(self._config.option, name, None))

    def given(self, name: str) -> bool:
        return self._found(name)[0] is not None

    def text(self, name: str) -> str | None:
        value = self._found(name)[0]
        return str(value).strip() if value is not None else None

    def many(self, name: str) -> list[str]:
        value = self._found(name)[0]
        return [text for text in (str(one).strip() for one in value or []) if text]

    def many_from(self, name: str) -> tuple[list[str], str, Path]:
        value, called, base = self._found(name)
        return [str(one).strip() for one in value or [] if str(one).strip()], called, base

    def flag(self, name: str) -> bool:
        return bool(self._found(name)[0])

    def choice(self, name: str, default: str, known: Sequence[str]) -> str:
        value, called, _ = self._found(name)
        if value is None:
            return default
        if value not in known:
            raise OptionError(f"{called}: {value!r} is not one of {', '.join(known)}")
        return str(value)

    def optional(self, name: str, kind: Callable[[str], T], low: float | None = None) -> T | None:
        return self.number(name, None, kind, low=low)

    def number(
        self, name: str, default: T, kind: Callable[[str], T], low: float | None = None, high: float | None = None
    ) -> T:
        value, called, _ = self._found(name)
        if value is None:
            return default
        what = "a whole number" if kind is int else "a number"
        try:
            number: Any = kind(value)
        except ValueError:
            raise OptionError(f"{called}: {value!r} is not {what}") from None
        within = (low is None or number >= low) and (high is None or number <= high)
        if not within or not math.isfinite(number):
            bounds = f"at least {low:g}" if high is None else f"from {low:g} to {high:g}"
            raise OptionError(f"{called}: {value} is out of range; it must be {bounds}")
        return number  # type: ignore[no-any-return]

    def path(self, name: str, default: str | None = None, must_exist: bool = False, hint: str = "") -> Any:
        value, called, base = self._found(name)
        if value is None:
            return self._config.rootpath / default if default else None
        path = Path(os.path.abspath(base / os.path.expanduser(str(value))))
        if must_exist:
            try:
                path.open("rb").close()
            except OSError as error:
                raise OptionError(f"{called}: {value} cannot be read: {error.strerror}{hint}") from None
        return path

    def output(self, name: str, default: str | None) -> Path:
        """A file to write at the end; whether that can work is found out now, before it has cost anything."""
        called = self._found(name)[1]
        path: Path = self.path(name, default)
        if path.is_dir():
            raise OptionError(f"{called}: {path} is a folder; name a file")
        parent = path.parent
        while not parent.exists() and parent != parent.parent:
            parent = parent.parent
        if not parent.is_dir() or not os.access(parent, os.W_OK) or (path.exists() and not os.access(path, os.W_OK)):
            raise OptionError(f"{called}: {path} cannot be written: {parent} is not a folder that you may write to")
        return path


def _record(ask: _Asker) -> Path:
    """Where the record goes. One that this run reads is kept as it is: what was paid for is in it, and a baseline
    that each run replaces by its own record would call the second of two bad runs unchanged."""
    record = ask.output("pa_record", "reports/run.json")
    read = {name: ask.path(name) for name in ("pa_baseline", "pa_regate", "pa_rejudge")}
    for name, path in read.items():
        for written in ("pa_record", "pa_report", "pa_summary"):
            if path and ask.typed(written) and _same(ask.path(written), path):
                raise OptionError(f"{_option(written)}: {path} is read by {_option(name)}; name another file to write")
        if path and _same(record, path):
            return record.with_suffix(".new.json")
    return record


def _same(one: Path, other: Path) -> bool:
    return os.path.realpath(one) == os.path.realpath(other)


def _option(name: str) -> str:
    return "--" + name.replace("_", "-")


def _text_path(path: Path | None) -> str | None:
    return str(path) if path else None


def _case_root(ask: _Asker, value: str) -> str:
    if value.startswith(BUILTIN):
        return value
    _, _, base = ask.many_from("pa_cases")
    return os.path.abspath(base / os.path.expanduser(value))


def _thresholds(ask: _Asker) -> dict[str, float]:
    found: dict[str, float] = {}
    for name, called in (("pa_thresholds", "pa_thresholds"), ("pa_threshold", "--pa-threshold")):
        values = ask.many_from(name)[0] if name == "pa_thresholds" else ask.many_from("pa_threshold")[0]
        found.update(parse_threshold(value, called) for line in values for value in line.split())
    return found


def _shard(ask: _Asker) -> tuple[int, int] | None:
    text = ask.text("pa_shard")
    if text is None:
        return None
    found = re.fullmatch(r"([1-9][0-9]{0,3})/([1-9][0-9]{0,3})", text)
    if found is None or int(found[1]) > int(found[2]):
        raise OptionError(f"--pa-shard: {text!r} is not K/N with K from 1 to N, such as 2/4")
    return int(found[1]), int(found[2])


def _params(ask: _Asker, name: str) -> dict[str, Any]:
    values, called, _ = ask.many_from(name)
    return parse_params(values, called)


def _arms(ask: _Asker) -> tuple[o.Arm, ...]:
    models = list(dict.fromkeys(ask.many("pa_model")))
    if not models:
        raise OptionError("--pa-model: is empty; name a model, such as openai/gpt-4o or demo/forgetful")
    files, called, base = ask.many_from("pa_system_prompt")
    prompts: list[tuple[str, str | None]]
    prompts = [(file, _prompt(base / os.path.expanduser(file), file, called)) for file in files] or [("", None)]
    remedies = list(dict.fromkeys(ask.many("pa_remedy"))) or ["none"]
    params, api_base = _params(ask, "pa_param"), ask.text("pa_api_base")
    names: dict[str, int] = {}
    arms = []
    for model, (file, prompt), remedy in product(models, prompts, remedies):
        parts = [_short(model, models)] if len(models) > 1 else []
        parts += (
            [Path(file).name if len({Path(f).name for f in files}) == len(files) else file] if len(files) > 1 else []
        )
        parts += [remedy] if len(remedies) > 1 else []
        name = "+".join(parts) or model
        names[name] = names.get(name, 0) + 1
        if names[name] > 1:
            raise OptionError(f"two arms are called {name}: the same model, system prompt and remedy twice")
        arms.append(o.Arm(name, model, prompt, params, api_base, remedy))
    return tuple(arms)


def _short(model: str, models: Sequence[str]) -> str:
    tails = [one.rpartition("/")[2] for one in models]
    tail = model.rpartition("/")[2]
    return tail if tails.count(tail) == 1 else model


def _prompt(path: Path, shown: str, called: str) -> str:
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise OptionError(f"{called}: {shown} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise OptionError(f"{called}: {shown} is not UTF-8") from None
    if not text.strip():
        raise OptionError(f"{called}: {shown} is empty")
    return text.strip()
