"""One record from those of parallel jobs, with the gate applied to the whole."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pytest_personal_align.core import record as r
from pytest_personal_align.core.coverage import Named, Spot, joined, require_same_suite, require_whole, spot
from pytest_personal_align.core.errors import OptionError


def merge(records: Sequence[Named], *, whole: bool = True, same_baseline: bool = True) -> r.RunRecord:
    """Join records, each with what to call it; verdict and gates are not set yet (see :mod:`regate`).

    Raises OptionError where they are not parts of one run: another suite or judge, other arms, seeds or trials, the
    same case twice, a shard that is missing; unless ``whole`` is False also where a part of the suite is in none, and
    unless ``same_baseline`` is False (another will be used) where the jobs compared with different ones.
    The order of the records changes nothing but the names in ``command``.
    """
    if not records:
        raise OptionError("merge: name the records to merge")
    first_name, first = records[0]
    for name, record in records[1:]:
        _require_same(first_name, first, name, record, baseline=same_baseline)
    require_same_suite(records)
    _require_all_shards(records)
    _require_distinct(records)
    if whole:
        require_whole(records)
    suite = joined(records)
    place = _places(suite, first)
    records = sorted(records, key=lambda named: [place(case) for case in named[1].cases[:1]])
    first = records[0][1]
    runs = [record.run for _, record in records]
    run = first.run.model_copy(
        update={
            "started": min(run.started for run in runs),
            "finished": max((run.finished for run in runs if run.finished), default=None),
            "command": ["personal-align", "merge", *(name for name, _ in records)],
            "warnings": list(dict.fromkeys(warning for run in runs for warning in run.warnings)),
            "gate_warnings": [warning for run in runs for warning in run.gate_warnings],
            "interrupted": any(run.interrupted for run in runs),
            "shard": None,
            "suite": suite,
            "partial": False,
        }
    )
    return first.model_copy(
        update={
            "run": run,
            "arms": [_arm(arm.name, records) for arm in first.arms],
            "judge": _judge([record.judge for _, record in records]),
            "cases": sorted((case for _, record in records for case in record.cases), key=place),
            "calls": _calls([record.calls for _, record in records]),
            "sequential": None,
        }
    )


def _places(suite: r.SuiteInfo | None, record: r.RunRecord) -> Callable[[r.CaseRecord], tuple[Any, ...]]:
    """Where a case stands in one run: folders and files by name, then as in the file, then scenarios and arms."""
    known = suite.cases if suite else {}
    scenarios = {(use_case, name): place for use_case, names in known.items() for place, name in enumerate(names)}
    arms = {arm.name: place for place, arm in enumerate(record.arms)}
    return lambda case: (
        case.file.split("/"),
        case.line,
        scenarios.get((case.use_case, case.scenario), 0),
        arms.get(case.arm, 0),
    )


def _require_same(first_name: str, first: r.RunRecord, name: str, record: r.RunRecord, *, baseline: bool) -> None:
    pairs: list[tuple[str, Any, Any]] = [
        ("judge", (first.judge.name, first.judge.version), (record.judge.name, record.judge.version)),
        ("calibration of the judge", first.judge.calibration, record.judge.calibration),
        ("arms", _arms(first), _arms(record)),
        ("seed", first.run.seed, record.run.seed),
        ("gate options", _shared_options(first), _shared_options(record)),
        ("number of trials", _trials(first), _trials(record)),
        ("plugin version", _version(first), _version(record)),
        *([("baseline", first.run.baseline, record.run.baseline)] if baseline else []),
    ]
    for what, one, other in pairs:
        if one != other:
            raise OptionError(
                f"merge: {name} does not belong to {first_name}: another {what} ({_shown(_differing(other, one))}, "
                f"not {_shown(_differing(one, other))}); run all parts with the same options"
            )


def _differing(value: Any, other: Any) -> str:
    """What of a value is not so in the other, by name where it has names."""
    if not isinstance(value, Mapping) or not isinstance(other, Mapping):
        return "none" if value is None else str(value)
    missing = object()
    names = [n for n in {**value, **other} if value.get(n, missing) != other.get(n, missing)]
    return ", ".join(f"{n} {_differing(value.get(n), other.get(n))}" for n in names)


def _require_all_shards(records: Sequence[Named]) -> None:
    shards = [(name, record.run.shard) for name, record in records]
    if all(shard is None for _, shard in shards):
        return
    places: dict[int, str] = {}
    of = next(shard["of"] for _, shard in shards if shard)
    for name, shard in shards:
        if shard is None:
            raise OptionError(f"merge: {name} is of no shard, the others are; merge the records of one matrix")
        if shard["of"] != of:
            raise OptionError(f"merge: {name} is shard {shard['index']}/{shard['of']}, others are of {of}")
        if shard["index"] in places:
            raise OptionError(f"merge: {name} and {places[shard['index']]} are both shard {shard['index']}/{of}")
        places[shard["index"]] = name
    missing = [f"{index}/{of}" for index in range(1, of + 1) if index not in places]
    if missing:
        raise OptionError(f"merge: shard {', '.join(missing)} is missing; without it the rates are not the suite's")


def _require_distinct(records: Sequence[Named]) -> None:
    seen: dict[Spot, str] = {}
    for name, record in records:
        for case in record.cases:
            here = spot(case)
            if here in seen:
                raise OptionError(f"merge: {case.nodeid} stands in {seen[here]} and in {name}: give each record once")
            seen[here] = name


def _arms(record: r.RunRecord) -> Mapping[str, Any]:
    fields = {"model", "system_prompt_sha256", "params", "remedy"}
    return {
        str(place): {"name": arm.name, **arm.model_dump(include=fields)} for place, arm in enumerate(record.arms, 1)
    }


def _shared_options(record: r.RunRecord) -> Mapping[str, Any]:
    return {name: value for name, value in (record.gate or {}).items() if name != "baseline"}


def _trials(record: r.RunRecord) -> int:
    return max((len(case.trials) for case in record.cases), default=0)


def _version(record: r.RunRecord) -> str | None:
    return record.run.versions.get("pytest-personal-align")


def _shown(text: str) -> str:
    return text if len(text) <= 120 else text[:117] + "..."


def _arm(name: str, records: Sequence[Named]) -> r.ArmInfo:
    mine = [arm for _, record in records for arm in record.arms if arm.name == name]
    resolved = sorted({model for arm in mine for model in arm.resolved_models})
    return mine[0].model_copy(update={"resolved_models": resolved})


def _judge(judges: Sequence[r.JudgeInfo]) -> r.JudgeInfo:
    """The judge with the worst of its canaries: one job in which it drifted spoils the whole."""
    known = [judge.canaries for judge in judges if judge.canaries is not None]
    worst = next((canaries for canaries in known if canaries.get("problem")), known[0] if known else None)
    return judges[0].model_copy(update={"canaries": worst})


def _calls(calls: Sequence[r.Calls]) -> r.Calls:
    def add(roles: Sequence[r.RoleCalls]) -> r.RoleCalls:
        return r.RoleCalls(**{name: sum(getattr(role, name) for role in roles) for name in r.RoleCalls.model_fields})

    tokens: dict[str, int] = {}
    for one in calls:
        for name, number in one.tokens.items():
            tokens[name] = tokens.get(name, 0) + number
    costs = [one.cost_usd for one in calls if one.cost_usd is not None]
    return calls[0].model_copy(
        update={
            "assistant": add([one.assistant for one in calls]),
            "judge": add([one.judge for one in calls]),
            "tokens": tokens,
            "cost_usd": sum(costs) if costs else None,
        }
    )
