"""A kept run to compare with: a whole run record, or the compact file that `personal-align baseline save` writes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from pytest_personal_align.core import record as r
from pytest_personal_align.core.comparison import Base, Place, place
from pytest_personal_align.core.errors import OptionError
from pytest_personal_align.core.gate import GateCase
from pytest_personal_align.core.recorded import cases_of, ended_early
from pytest_personal_align.core.result import FailureMode, Outcome, case_outcome
from pytest_personal_align.core.suite import Expectation

FORMAT = "personal-align baseline"
VERSION = 1
_OUTCOMES: Mapping[str, Outcome] = {"p": "pass", "f": "fail", "u": "unclear", "e": "error"}


@dataclass(frozen=True)
class BaselineArm:
    name: str
    model: str
    resolved_models: tuple[str, ...] = ()


@dataclass(frozen=True)
class Baseline:
    """``name`` is what messages call it; ``saved`` is the time of the run that was kept. ``renamed``: the kept arm that
    an arm of another name is compared with (see :func:`comparable.fitted`)."""

    name: str
    judge_version: str
    arms: tuple[BaselineArm, ...]
    cases: tuple[GateCase, ...]
    saved: str = ""
    renamed: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def digest(self) -> str:
        """A hash of what decides in a comparison; that of a whole record and of its compact file are the same."""
        cases = sorted(
            (case.arm, *place(case), case.content, case.verdicts, repr(case.trial_modes)) for case in self.cases
        )
        text = repr((self.judge_version, self.arms, cases))
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def judge_changed(self, version: str) -> str:
        """Why its verdicts cannot be compared with this judge's, or empty (STATISTICS: rule 1)."""
        if version == self.judge_version:
            return ""
        return (
            f"the judge's version is {version}, that of {self.name} is {self.judge_version}: their verdicts cannot be "
            "compared; judge the kept record again (--pa-rejudge) or save a new baseline"
        )

    def arm_for(self, arm: str) -> BaselineArm | None:
        """The kept arm that ``arm`` is compared with: the only one, or that of its name; else none."""
        if len(self.arms) == 1:
            return self.arms[0]
        return next((kept for kept in self.arms if kept.name == self.renamed.get(arm, arm)), None)

    def of_arm(self, arm: str) -> Mapping[Place, GateCase]:
        """The kept cases that an arm is compared with."""
        kept = self.arm_for(arm)
        return self._by_arm[kept.name] if kept else {}

    @cached_property
    def _by_arm(self) -> dict[str, dict[Place, GateCase]]:
        found: dict[str, dict[Place, GateCase]] = {arm.name: {} for arm in self.arms}
        for case in self.cases:
            found[case.arm][place(case)] = case
        return found

    def base(self, arm: str, model: str, resolved: set[str]) -> Base:
        """What an arm is compared with; in doubt where the same alias has meant another model since, if only once."""
        kept = self.arm_for(arm)
        if kept is None:
            return Base(self.name, {})
        doubt = ""
        if kept.model == model and kept.resolved_models and not resolved <= set(kept.resolved_models):
            was, now = ", ".join(kept.resolved_models), ", ".join(sorted(resolved))
            doubt = (
                f"{model} was {was} when {self.name} was made and is {now} now: a difference need not come from your "
                "change; run the old prompt as the first arm, or save a new baseline"
            )
        name = f"{self.name} ({kept.name})" if len(self.arms) > 1 else self.name
        return Base(name, self.of_arm(arm), doubt)


class _Line(BaseModel):
    """One case of the compact file. ``verdicts``: a letter for each trial; ``modes``: the failure mode of each, where
    several fail."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    use_case: str
    scenario: str
    arm: str | None = None
    category: str
    expects: Expectation = "protect"
    people: int = 0
    hash: str = ""
    verdicts: str = Field(pattern="^[pfue]+$")
    mode: FailureMode | None = None
    modes: tuple[FailureMode | None, ...] = ()

    @model_validator(mode="after")
    def _as_many(self) -> _Line:
        if len(self.modes) != (len(self.verdicts) if self.modes or self.verdicts.count("f") > 1 else 0):
            raise ValueError(f"{len(self.modes)} modes for {len(self.verdicts)} verdicts")
        return self


class _Arm(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)
    name: str
    model: str
    resolved_models: list[str] = []


class _Judge(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)
    name: str
    version: str


class _Document(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    run: str = ""
    saved: str = ""
    judge: _Judge
    arms: list[_Arm] = Field(min_length=1)
    cases: list[_Line] = Field(min_length=1)


def read(path: Path, called: str) -> Baseline:
    """A baseline from either kind of file. Raises OptionError, which says what is wrong and what to do."""
    try:
        data = json.loads(path.read_bytes())
    except OSError as error:
        raise OptionError(f"{called}: {path} cannot be read: {error.strerror}; {_HINT}") from None
    except (ValueError, RecursionError):
        raise OptionError(f"{called}: {path} is not JSON; {_HINT}") from None
    if isinstance(data, dict) and data.get("format") == FORMAT:
        return _compact(data, path, called)
    if not isinstance(data, dict) or data.get("schema_version") is None:
        raise OptionError(f"{called}: {path} is neither a run record nor a baseline: no schema_version; {_HINT}")
    return of_record(r.load(path, called), path.name, called)


_HINT = (
    "name a run record (reports/run.json), or make a baseline of one: "
    "personal-align baseline save reports/run.json --out FILE"
)


def of_record(record: r.RunRecord, name: str, called: str = "baseline") -> Baseline:
    """A whole run record as a baseline. Raises OptionError for a run that cannot be one."""
    if record.run.verdict == "invalid":
        raise OptionError(f"{called}: {name} is of a run that was invalid ({record.run.reason}); keep a valid one")
    if record.run.verdict is None or record.run.interrupted:
        raise OptionError(f"{called}: {name} is of a run that did not come to its end; keep a whole one")
    if ended_early(record):
        raise OptionError(
            f"{called}: {name} is of a sequential run that ended early: it holds a part of the suite; "
            "keep a run without --pa-sequential"
        )
    if not record.cases:
        raise OptionError(f"{called}: {name} holds no case: there is nothing to compare with; {_HINT}")
    arms = tuple(BaselineArm(arm.name, arm.model, tuple(arm.resolved_models)) for arm in record.arms)
    cases = tuple(cases_of(record))
    _require_sound(arms, cases, f"{called}: {name} is damaged")
    saved = record.run.finished or record.run.started
    return Baseline(name, record.judge.version, arms, cases, saved)


def _require_sound(arms: Sequence[BaselineArm], cases: Iterable[GateCase], damaged: str) -> None:
    """Raises OptionError for a case of no arm, or one that is there twice: in git a merge may leave both versions."""
    known = {arm.name for arm in arms}
    seen: set[tuple[str, Place]] = set()
    for case in cases:
        if case.arm not in known:
            raise OptionError(f"{damaged}: {case.use_case} has the unknown arm {case.arm}")
        if (case.arm, place(case)) in seen:
            raise OptionError(
                f"{damaged}: {case.use_case}[{case.scenario}] is in it twice for the arm {case.arm} "
                "(left by a merge in git?); save it again"
            )
        seen.add((case.arm, place(case)))


def _compact(data: dict[str, Any], path: Path, called: str) -> Baseline:
    version = data.get("schema_version")
    if version != VERSION:
        raise OptionError(
            f"{called}: {path} has schema_version {version}; this pytest-personal-align reads {VERSION}: "
            "upgrade it, or save the baseline again"
        )
    try:
        document = _Document.model_validate(data)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise OptionError(f"{called}: {path} is damaged: {where}: {first['msg']}; save it again") from None
    arms = tuple(BaselineArm(arm.name, arm.model, tuple(arm.resolved_models)) for arm in document.arms)
    cases = tuple(
        GateCase(
            key="",
            nodeid=f"{line.use_case}[{line.scenario}{f'-{line.arm}' if line.arm else ''}]",
            arm=line.arm or arms[0].name,
            use_case=line.use_case,
            category=line.category,
            scenario=line.scenario,
            expects=line.expects,
            people=line.people,
            severity="serious",
            outcome=case_outcome([_OUTCOMES[letter] for letter in line.verdicts]),
            failure_mode=line.mode,
            verdicts=line.verdicts,
            content=line.hash,
            modes=line.modes,
        )
        for line in document.cases
    )
    _require_sound(arms, cases, f"{called}: {path} is damaged")
    return Baseline(path.name, document.judge.version, arms, cases, document.saved)


def compact(record: r.RunRecord, called: str, arm: str | None = None) -> str:
    """The compact file's text: sorted, one line a case, no replies, so that its diff in git can be read.

    ``arm`` keeps one arm only. Raises OptionError for a run that cannot be a baseline.
    """
    kept = of_record(record, called, "baseline save")
    if record.run.partial:
        raise OptionError(f"baseline save: {called} is of a part of the suite; run the whole suite first")
    arms = [one for one in kept.arms if arm in (None, one.name)]
    if not arms:
        names = ", ".join(one.name for one in kept.arms)
        raise OptionError(f"baseline save: {called} has no arm {arm!r}; it has {names}")
    several = len(arms) > 1
    wanted = {one.name for one in arms}
    cases = sorted((case for case in kept.cases if case.arm in wanted), key=lambda case: (*place(case), case.arm))
    head = {
        "format": FORMAT,
        "schema_version": VERSION,
        "run": record.run.id,
        "saved": kept.saved,
        "seed": record.run.seed,
        "judge": {"name": record.judge.name, "version": record.judge.version},
        "arms": [{"name": a.name, "model": a.model, "resolved_models": list(a.resolved_models)} for a in arms],
    }
    lines = [f"{json.dumps(name)}: {json.dumps(value, ensure_ascii=False)}," for name, value in head.items()]
    body = ",\n".join(json.dumps(_line(case, several), ensure_ascii=False) for case in cases)
    return "{\n" + "\n".join(lines) + f'\n"cases": [\n{body}\n]\n}}\n'


def _line(case: GateCase, several: bool) -> dict[str, Any]:
    line: dict[str, Any] = {"use_case": case.use_case, "scenario": case.scenario}
    if several:
        line["arm"] = case.arm
    line["category"] = case.category
    if case.expects != "protect":
        line["expects"] = case.expects
    if case.people:
        line["people"] = case.people
    line |= {"hash": case.content, "verdicts": case.verdicts}
    if case.failure_mode:
        line["mode"] = case.failure_mode
    if case.failed > 1:
        line["modes"] = list(case.trial_modes)
    return line
