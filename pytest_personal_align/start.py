"""Before the first call: what can be known to be wrong is said now, and the court is set up."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from pytest_personal_align.core import baseline, record, shipped
from pytest_personal_align.core.errors import OptionError
from pytest_personal_align.core.limit import judge_accuracies
from pytest_personal_align.core.outline import Outline, outline, require_known_categories
from pytest_personal_align.core.referee import Rules
from pytest_personal_align.core.suite import case_files
from pytest_personal_align.court import Court
from pytest_personal_align.engine.assistant import Assistant
from pytest_personal_align.engine.bench import Bench
from pytest_personal_align.engine.check import check_options
from pytest_personal_align.engine.prefetch import prefetch
from pytest_personal_align.judging.build import check_judges, make_judge
from pytest_personal_align.judging.calibration import load_calibration
from pytest_personal_align.judging.canaries import canaries
from pytest_personal_align.judging.protocol import Judge
from pytest_personal_align.judging.rules import NAME as RULES
from pytest_personal_align.selection import Selection
from pytest_personal_align.settings import Settings


def check(settings: Settings, config: pytest.Config, *, live: bool) -> None:
    """Raises OptionError for an unknown assistant or judge, a missing key, an unreadable file."""
    assistants, judges = assistants_of(config), _judges(config)
    check_options(settings.engine, live=live, custom=assistants, custom_judge=judges)
    check_judges(settings.engine.judge, live=live, custom=judges)
    if live:
        prefetch(settings.engine)


def with_suite(settings: Settings, selection: Selection) -> tuple[Settings, Outline]:
    """Thresholds of the case files come after those of command line and ini. Raises OptionError, InputError."""
    files = dict.fromkeys(file for root in selection.roots for file in case_files(root))
    seen = outline(files, [placed for name in selection.builtin for placed in shipped.suite(name)])
    thresholds = {**seen.thresholds, **settings.gate.thresholds}
    require_known_categories(thresholds, seen.categories)
    return replace(settings, gate=replace(settings.gate, thresholds=thresholds)), seen


def start_court(settings: Settings, config: pytest.Config, suite: Outline) -> Court:
    """The court of this run. Its engine starts when the plans are there. Raises OptionError."""
    options = settings.engine
    make = partial(make_judge, options.judge, custom=_judges(config))

    bench = Bench(options, make, assistants_of(config), canaries=_with_canaries(settings, config))
    recorded = record.load(settings.regate, "--pa-regate") if settings.regate else None
    judge = recorded.judge if recorded else record.JudgeInfo(name=bench.judge.name, version=bench.judge.version)
    if options.judge.calibration is not None:
        calibration = load_calibration(Path(options.judge.calibration), "--pa-calibration")
        judge = judge.model_copy(update={"calibration": calibration})
    rules = _rules(settings, suite, judge)
    return Court(rules, bench, judge, options.limits.concurrency, options.seed, recorded)


def _with_canaries(settings: Settings, config: pytest.Config) -> bool:
    """Whether the judge is a model that is asked now: rules have a version, and whose judge is whose own matter."""
    judge, custom = settings.engine.judge, _judges(config)
    models = [name for name in judge.names if name != RULES and custom(name) is None]
    asked = not settings.regate and settings.engine.reuse.mode != "replay"
    if not (judge.canaries and models and asked):
        return False
    canaries()  # a broken installation shows now
    return True


def _rules(settings: Settings, suite: Outline, judge: record.JudgeInfo) -> Rules:
    """What the run is held against."""
    gate = settings.gate
    accuracy, doubt = judge_accuracies(judge.calibration, judge.version)
    kept = baseline.read(Path(gate.baseline), "--pa-baseline") if gate.baseline else None
    if kept is not None:
        baseline.require_shared(kept, set(suite.use_cases), "--pa-baseline")
    if gate.sequential and kept is None and len(settings.engine.arms) < 2:
        raise OptionError("--pa-sequential: there is nothing to compare with: give --pa-baseline FILE or a second arm")
    return Rules(
        options=gate,
        scope="shard" if settings.shard else "whole",
        baseline=kept,
        accuracy=accuracy,
        doubts=(doubt,) if doubt else (),
        models={arm.name: arm.model for arm in settings.engine.arms},
        today=datetime.date.today().isoformat(),
    )


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
