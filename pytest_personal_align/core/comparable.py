"""Whether a suite has anything in common with a baseline: known before a call is paid for."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace

from pytest_personal_align.core import record as r
from pytest_personal_align.core.baseline import Baseline
from pytest_personal_align.core.comparison import Place
from pytest_personal_align.core.errors import OptionError
from pytest_personal_align.core.plan import Plan
from pytest_personal_align.core.waivers import content_of

Known = tuple[str, Place, str]
"""What is known of a case before it is judged: its arm, its place, and the hash of what is said in it."""


def fitted(baseline: Baseline, models: Mapping[str, str], called: str) -> Baseline:
    """The baseline with a kept arm for each arm of this run, whose ``models`` are given by name.

    That is the only one, the one of the same name or, since an arm is called otherwise where it runs alone, the only
    one of the same model. Raises OptionError where it keeps several, and which one is meant would be a guess.
    """
    renamed = {}
    for arm, model in models.items():
        if baseline.arm_for(arm) is None:
            same = [kept.name for kept in baseline.arms if kept.model == model]
            if len(same) != 1:
                names = ", ".join(kept.name for kept in baseline.arms)
                raise OptionError(
                    f"{called}: {baseline.name} keeps {len(baseline.arms)} arms ({names}), and none is called {arm}: "
                    "keep the one to compare with, by `personal-align baseline save RECORD --arm NAME --out FILE`"
                )
            renamed[arm] = same[0]
    return replace(baseline, renamed=renamed)


def require_comparable(baseline: Baseline, cases: Collection[Known], called: str) -> None:
    """Raises OptionError where not one of these cases can be compared: known before a call is paid for."""
    kept = [(before, content) for arm, where, content in cases if (before := baseline.of_arm(arm).get(where))]
    same = [before for before, content in kept if before.content in ("", content)]
    if cases and all(before.outcome == "error" for before in same):
        why = "it has none of these scenarios and use cases"
        if same:
            why = "there they ended in errors"
        elif kept:
            why = "their texts differ (another --pa-seed?)"
        raise OptionError(
            f"{called}: not one case of this run can be compared with {baseline.name}: {why}; run what it was made of, "
            "or save a new one with `personal-align baseline save`"
        )


def of_plans(plans: Iterable[Plan]) -> list[Known]:
    return [(plan.arm, (plan.brief.use_case, plan.brief.scenario), content_of(plan)) for plan in plans]


def of_cases(record: r.RunRecord) -> list[Known]:
    return [(case.arm, (case.use_case, case.scenario), case.content) for case in record.cases]


def require_shared(baseline: Baseline, ids: set[str], called: str) -> None:
    """Raises OptionError where a suite with these use cases has nothing in common with the baseline."""
    if ids and not any(case.use_case in ids for case in baseline.cases):
        raise OptionError(
            f"{called}: {baseline.name} shares no use case with this suite: there is nothing to compare; "
            "is it of another project? Save a new one with `personal-align baseline save`"
        )
