"""Before the first call: what can be known to be wrong is said now, and the court is set up."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from pytest_personal_align.core import baseline, comparable, record, shipped
from pytest_personal_align.core.errors import OptionError
from pytest_personal_align.core.limit import judge_accuracies
from pytest_personal_align.core.options import GateOptions
from pytest_personal_align.core.outline import Outline, outline, require_known_categories
from pytest_personal_align.core.recorded import transcripts_of
from pytest_personal_align.core.rules import Rules
from pytest_personal_align.core.suite import Request
from pytest_personal_align.core.suite_files import case_files, load_use_cases
from pytest_personal_align.court import Court
from pytest_personal_align.engine.assistant import Assistant
from pytest_personal_align.engine.bench import Bench
from pytest_personal_align.engine.check import check_options
from pytest_personal_align.engine.experiment import Experiments
from pytest_personal_align.engine.prefetch import prefetch
from pytest_personal_align.judgement import judge_info, judgement, require_arms, require_same_arms
from pytest_personal_align.judging.build import check_judges
from pytest_personal_align.judging.protocol import Judge
from pytest_personal_align.selection import Selection
from pytest_personal_align.settings import Settings


def check(settings: Settings, config: pytest.Config, *, live: bool) -> None:
    """Raises OptionError for an unknown assistant or judge, a missing key, an unreadable file."""
    assistants, judges, engine = assistants_of(config), _judges(config), settings.engine
    silent = [arm.model for arm in engine.arms if arm.model.startswith("replay:")]
    if engine.judge.attribute and (settings.rejudge is not None or silent):
        raise OptionError("--pa-attribute: probes need an assistant to talk to, and a recording is none")
    if settings.rejudge is not None:
        if settings.regate is not None:
            raise OptionError("--pa-rejudge and --pa-regate: give one of them")
        check_options(engine, live=False, custom=assistants, custom_judge=judges)
        engine = replace(engine, arms=())  # of the assistants nothing is needed, not even a key
    check_options(engine, live=live, custom=assistants, custom_judge=judges)
    check_judges(engine.judge, live=live, custom=judges)
    if live:
        prefetch(engine)


def with_suite(settings: Settings, selection: Selection) -> tuple[Settings, Outline]:
    """Thresholds of the case files come after those of command line and ini. Raises OptionError, InputError."""
    files = dict.fromkeys(file for root in selection.roots for file in case_files(root))
    seen = outline(files, [placed for name in selection.builtin for placed in shipped.suite(name)])
    thresholds = {**seen.thresholds, **settings.gate.thresholds}
    require_known_categories(thresholds, seen.categories)
    return replace(settings, gate=replace(settings.gate, thresholds=thresholds)), seen


def start_court(settings: Settings, config: pytest.Config, suite: Outline, selection: Selection) -> Court:
    """The court of this run. Its engine starts when the plans are there. Raises OptionError, InputError."""
    options = settings.engine
    rejudged = record.load(settings.rejudge, "--pa-rejudge") if settings.rejudge else None
    if rejudged is not None:
        require_arms(settings, rejudged)
    judging = judgement(settings, selection.roots, _judges(config), rejudged)
    said = transcripts_of(rejudged) if rejudged is not None else None
    bench = Bench(options, judging.make, assistants_of(config), canaries=judging.canaries, said=said)
    recorded = record.load(settings.regate, "--pa-regate") if settings.regate else None
    if recorded is not None:
        require_same_arms(settings, recorded)
    judge, doubts = judge_info(settings, bench.judge, recorded)
    bench.warnings += [*judging.warnings, *doubts]
    rules = _rules(settings, suite, judge)
    experiments = Experiments(requests_of(selection)) if options.judge.attribute and recorded is None else None
    court = Court(rules, bench, judge, options.limits.concurrency, options.seed, recorded, experiments)
    court.arms = {arm.name: arm for known in (rejudged, recorded) if known is not None for arm in known.arms}
    return court


def requests_of(selection: Selection) -> Callable[[str], Request | None]:
    """Finds the wordings of a use case's request. The files are read when the first is asked for."""
    found: dict[str, Request] = {}

    def request(use_case: str) -> Request | None:
        if not found:
            placed = [one for name in selection.builtin for one in shipped.suite(name)]
            placed += [one for root in selection.roots for file in case_files(root) for one in load_use_cases(file)]
            found.update((one.use_case.id, one.use_case.request) for one in placed)
        return found.get(use_case)

    return request


def _rules(settings: Settings, suite: Outline, judge: record.JudgeInfo) -> Rules:
    """What the run is held against."""
    gate = settings.gate
    if settings.shard:
        _require_shard(settings.shard[1], suite, gate)
    accuracy, doubt = judge_accuracies(judge.calibration, judge.version, gate.unclear, gate.thresholds)
    kept = baseline.read(Path(gate.baseline), "--pa-baseline") if gate.baseline else None
    models = {arm.name: arm.model for arm in settings.engine.arms}
    if kept is not None:
        comparable.require_shared(kept, set(suite.use_cases), "--pa-baseline")
        kept = comparable.fitted(kept, models, "--pa-baseline")
    if gate.sequential and kept is None and len(settings.engine.arms) < 2:
        raise OptionError("--pa-sequential: there is nothing to compare with: give --pa-baseline FILE or a second arm")
    return Rules(
        options=gate,
        scope="shard" if settings.shard else "whole",
        baseline=kept,
        accuracy=accuracy,
        doubts=(doubt,) if doubt else (),
        models=models,
        today=datetime.date.today().isoformat(),
    )


def _require_shard(shards: int, suite: Outline, gate: GateOptions) -> None:
    """Raises OptionError for a shard that could not be merged: it would be empty, or end where it ought not to."""
    if gate.sequential:
        raise OptionError(
            "--pa-shard and --pa-sequential: a shard has not seen what the others found, and cannot know when to stop; "
            "give one of them"
        )
    most = len(suite.use_cases)
    if shards > most:
        raise OptionError(f"--pa-shard: {most:,} use cases make at most {most:,} shards, not {shards:,}")


def assistants_of(config: pytest.Config) -> Callable[[str], Assistant | None]:
    def find(model: str) -> Assistant | None:
        hook = getattr(config.hook, "pytest_personal_align_assistant", None)
        return hook(model=model) if hook is not None else None

    return find


def _judges(config: pytest.Config) -> Callable[[str], Judge | None]:
    def find(name: str) -> Judge | None:
        hook = getattr(config.hook, "pytest_personal_align_judge", None)
        return hook(name=name) if hook is not None else None

    return find
