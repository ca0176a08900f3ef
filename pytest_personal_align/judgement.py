"""Who judges a run, and what is known of that before the first verdict: decisions, calibration, canaries, family."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from pytest_personal_align.core.errors import OptionError
from pytest_personal_align.core.record import JudgeInfo, RunRecord
from pytest_personal_align.core.recorded import ended_early
from pytest_personal_align.judging.build import family_warning, make_judge
from pytest_personal_align.judging.calibration import load_calibration, stale
from pytest_personal_align.judging.canaries import canaries
from pytest_personal_align.judging.decisions import Decisions
from pytest_personal_align.judging.protocol import Complete, Judge
from pytest_personal_align.judging.rules import NAME as RULES
from pytest_personal_align.settings import Settings

LABELS = "labels.jsonl"
"""People's decisions, in a folder of cases."""

Custom = Callable[[str], Judge | None]


@dataclass(frozen=True)
class Judgement:
    """``canaries``: whether the judge is checked with them. ``warnings`` are for the record."""

    make: Callable[[Complete], Judge]
    canaries: bool
    warnings: list[str]


def judgement(settings: Settings, roots: Iterable[Path], custom: Custom, rejudged: RunRecord | None) -> Judgement:
    """The judge of this run, behind people's decisions in the case folders ``roots``. Raises InputError."""
    options = settings.engine.judge
    models = [name for name in options.names if name != RULES and custom(name) is None]
    decisions = _decisions(roots)
    warnings = list(decisions.warnings)
    assistants = [arm.model for arm in settings.engine.arms]
    if rejudged is not None:
        assistants += [model for arm in rejudged.arms for model in arm.resolved_models]
    if warning := family_warning(models, assistants):
        warnings.append(warning)
    # Rules are fixed by their version, and whose judge it is whose own matter.
    asked = bool(models) and not settings.regate and settings.engine.reuse.mode != "replay"
    if options.canaries and asked:
        canaries()  # a broken installation shows now
    make = partial(make_judge, options, custom=custom, decisions=decisions)
    return Judgement(make, options.canaries and asked, warnings)


def _decisions(roots: Iterable[Path]) -> Decisions:
    folders = dict.fromkeys(root if root.is_dir() else root.parent for root in roots)
    found = [Decisions.read(path) for folder in folders if (path := folder / LABELS).is_file()]
    known = {key: decision for one in found for key, decision in one.known.items()}
    return Decisions(known, tuple(f"{LABELS}: {warning}" for one in found for warning in one.warnings))


def judge_info(settings: Settings, judge: Judge, recorded: RunRecord | None) -> tuple[JudgeInfo, list[str]]:
    """The judge as the record shows it, and why its calibration is not used, if so. Raises OptionError.

    ``recorded`` holds the verdicts that the run has, where it makes none of its own.
    """
    info = recorded.judge if recorded else JudgeInfo(name=judge.name, version=judge.version)
    path = settings.engine.judge.calibration
    if path is None:
        return info, []
    calibration = load_calibration(Path(path), "--pa-calibration")
    if doubt := stale(calibration, info.version):
        return info, [doubt]
    return info.model_copy(update={"calibration": calibration}), []


def require_same_arms(settings: Settings, record: RunRecord) -> None:
    """Raises OptionError where an arm of this run is not what the record, to which a gate is applied again, is of, or
    the record has not what this run asks for."""
    if ended_early(record) and not settings.gate.sequential:
        raise OptionError(
            f"--pa-regate: {settings.regate} is of a sequential run that ended early, and has no result for the rest; "
            "add --pa-sequential"
        )
    recorded = {arm.name: arm for arm in record.arms}
    for arm in settings.engine.arms:
        kept = recorded.get(arm.name)
        prompt = hashlib.sha256(arm.system_prompt.encode()).hexdigest() if arm.system_prompt else None
        asked = {"model": arm.model, "system prompt": prompt, "parameters": arm.params, "remedy": arm.remedy}
        if kept is None:
            names = ", ".join(recorded)
            raise OptionError(f"--pa-regate: {settings.regate} is of {names}, not of {arm.name}: name the same")
        held = (kept.model, kept.system_prompt_sha256, kept.params, kept.remedy)
        other = [what for (what, value), had in zip(asked.items(), held, strict=True) if value != had]
        if other:
            raise OptionError(
                f"--pa-regate: {settings.regate} was made with other {' and '.join(other)} of {arm.name}; "
                "give the same options as for the run"
            )
    trials = max((len(case.trials) for case in record.cases), default=0)
    if settings.trials > trials:
        raise OptionError(f"--pa-regate: {settings.regate} has {trials} of {settings.trials} trials; run it anew")


def require_arms(settings: Settings, record: RunRecord) -> None:
    """Raises OptionError where an arm of this run did not say anything in the record that is judged again."""
    names = [arm.name for arm in record.arms]
    for arm in settings.engine.arms:
        if arm.name not in names:
            raise OptionError(
                f"--pa-rejudge: {arm.name} is not in {settings.rejudge}, which is of {', '.join(names)}: name the same "
                "with --pa-model"
            )
