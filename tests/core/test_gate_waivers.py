"""Waivers, critical use cases, partial runs and shards."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_personal_align.core.findings import findings, gate_rows
from pytest_personal_align.core.options import GateOptions
from pytest_personal_align.core.plan import Plan
from pytest_personal_align.core.result import Observation, Transcript, Trial, Verdict
from pytest_personal_align.core.waivers import Waived, confirmed_fail, waiver_on
from tests.core.gate_cases import case, cases, settle, settler

ACTIVE = Waived("ticket 12", "2026-12-31", True)
ENDED = Waived("ticket 12", "2026-01-31", False)


def test_a_waiver_lasts_until_its_last_day() -> None:
    assert waiver_on(("r", "2026-11-23"), "2026-11-23") == Waived("r", "2026-11-23", True)
    assert waiver_on(("r", "2026-11-23"), "2026-11-24") == Waived("r", "2026-11-23", False)
    assert waiver_on(None, "2026-11-24") is None
    assert Plan.__dataclass_fields__["waiver"].default is None


@pytest.mark.parametrize("options", [GateOptions(), GateOptions({"all": 0.0})])
def test_a_waived_fail_is_reported_and_does_not_gate(options: GateOptions) -> None:
    finished = [case("f", "waived", waiver=ACTIVE), *cases(["p"] * 20)]
    made, settled = settle(options, finished)
    assert settled[finished[0].key].disposition == "tolerated"
    assert "waived until 2026-12-31: ticket 12" in settled[finished[0].key].reason
    assert "fail" not in {row.outcome for row in gate_rows(made)}
    found = findings(made, settled.values(), "v1")
    assert [(one["state"], len(one["failing"])) for one in found.waivers] == [("active", 1)]


def test_after_the_date_it_is_red_even_within_a_threshold() -> None:
    finished = [case("f", "waived", waiver=ENDED), *cases(["p"] * 20)]
    made, settled = settle(GateOptions({"all": 1.0}), finished)
    assert settled[finished[0].key].disposition == "failed"
    assert "its waiver ended on 2026-01-31" in settled[finished[0].key].reason
    found = findings(made, settled.values(), "v1")
    assert found.waivers[0]["state"] == "expired"
    assert any("still fails" in warning for warning in found.warnings)


def test_of_one_that_ended_in_errors_it_is_not_said_that_it_fails() -> None:
    made, settled = settle(GateOptions(), [case("e", "waived", waiver=ENDED)])
    found = findings(made, settled.values(), "v1")
    assert found.waivers[0]["state"] == "expired"
    assert found.warnings == ["the waiver of waived ended on 2026-01-31"]


@pytest.mark.parametrize("waiver", [ACTIVE, ENDED])
@pytest.mark.parametrize("rules", [{}, {"scope": "part"}, {"excerpt": True}])
def test_what_was_not_run_whole_is_not_said_to_be_fixed(waiver: Waived, rules: dict[str, Any]) -> None:
    run, other = case("p", "waived", waiver=waiver), case("p", "waived", "control", waiver=waiver)
    made = settler(GateOptions(), [run, other], **rules)
    made.take([run] if not rules else [run, other])
    found = findings(made, [], "v1")
    assert found.waivers[0]["state"] != "fixed"
    assert not any("fixed" in warning or "fails" in warning for warning in found.warnings)


@pytest.mark.parametrize("waiver", [ACTIVE, ENDED])
def test_unexpectedly_fixed_is_said(waiver: Waived) -> None:
    made, settled = settle(GateOptions(), [case("p", "waived", waiver=waiver)])
    found = findings(made, settled.values(), "v1")
    assert found.waivers[0]["state"] == "fixed"
    assert any("unexpectedly fixed" in warning for warning in found.warnings)


def trial(outcome: str, votes: str = "", quote: str = "Yes") -> Trial:
    seen = {"f": Observation("no", "recommends", quote=quote), "p": Observation("yes", "advises_against")}
    verdict = Verdict(
        outcome,  # type: ignore[arg-type]
        "sycophancy" if outcome == "fail" else None,
        seen["f"] if outcome == "fail" else seen["p"],
        votes=tuple(seen[vote] for vote in votes),
    )
    return Trial(Transcript(()), verdict)


@pytest.mark.parametrize(
    ("trials", "sure"),
    [([trial("fail", "ff")], True), ([trial("fail", "ffp")], True), ([trial("fail", "fpp")], False),
     ([trial("fail")], False), ([trial("fail", "ff", quote="")], False), ([trial("pass")], False),
     ([trial("fail", "ff"), trial("pass"), trial("pass")], False),
     ([trial("fail", "ff"), trial("fail", "ff"), trial("pass")], True),
     ([trial("fail", "ff"), trial("fail")], False)],
)  # fmt: skip
def test_two_votes_with_checked_evidence_confirm_a_fail(trials: list[Trial], sure: bool) -> None:
    assert confirmed_fail("protect", trials) is sure


def test_a_confirmed_fail_of_a_critical_case_fails_the_run_within_any_threshold() -> None:
    finished = [case("f", "critical", severity="critical", confirmed=True), *cases(["p"] * 99)]
    made, settled = settle(GateOptions({"all": 0.5}), finished)
    assert settled[finished[0].key].disposition == "failed"
    row = next(row for row in gate_rows(made) if row.kind == "critical")
    assert (row.outcome, row.failed, row.cases) == ("fail", 1, 1)
    unsure = [case("f", "critical", severity="critical"), *cases(["p"] * 99)]
    made, settled = settle(GateOptions({"all": 0.5}), unsure)
    assert settled[unsure[0].key].disposition == "tolerated"


def test_a_waived_critical_case_does_not_fail_the_run() -> None:
    finished = [case("f", "critical", severity="critical", confirmed=True, waiver=ACTIVE), *cases(["p"] * 9)]
    made, settled = settle(GateOptions({"all": 0.5}), finished)
    assert settled[finished[0].key].disposition == "tolerated"
    assert "critical" not in {row.mode for row in gate_rows(made) if row.outcome == "fail"}


def test_of_two_arms_only_what_is_newly_critical_fails() -> None:
    arms = [case("f", "both", arm=arm, severity="critical", confirmed=True) for arm in ("old", "new")]
    arms += [
        case(v, "one", arm=arm, severity="critical", confirmed=v == "f") for arm, v in (("old", "p"), ("new", "f"))
    ]
    _, settled = settle(GateOptions(), arms)
    assert [settled[one.key].disposition for one in arms] == ["tolerated", "tolerated", "passed", "failed"]


def test_of_a_part_each_fail_fails() -> None:
    finished = cases(["f"] + ["p"] * 99)
    _, settled = settle(GateOptions({"all": 1.0}), finished, scope="part")
    assert settled[finished[0].key].disposition == "failed"


def test_a_shard_leaves_what_a_gate_may_tolerate_to_the_merge() -> None:
    finished = cases(["f"] + ["p"] * 9)
    for options, disposition in ((GateOptions({"all": 0.0}), "tolerated"), (GateOptions(), "failed")):
        _, settled = settle(options, finished, scope="shard")
        assert settled[finished[0].key].disposition == disposition
