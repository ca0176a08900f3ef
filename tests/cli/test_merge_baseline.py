"""`personal-align merge` compares with what the jobs compared with, or with what it is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_personal_align.cli import main
from pytest_personal_align.core import baseline
from pytest_personal_align.core.options import GateOptions
from pytest_personal_align.core.record import RunRecord, SuiteInfo
from pytest_personal_align.core.regate import regate
from tests.core.gate_cases import SCENARIOS, record, results, suite


def written(path: Path, made: RunRecord) -> RunRecord:
    path.write_text(made.model_dump_json(), encoding="utf-8")
    return made


@pytest.fixture
def jobs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two shards that were compared with base.json."""
    monkeypatch.chdir(tmp_path)
    plans = suite(40)
    base = baseline.of_record(written(Path("base.json"), record(plans, results(plans, 1, "p"))), "base.json")
    found = results(plans, 2, "p")
    for index in (1, 2):
        mine = [one for one in plans if int(one.brief.use_case[1:]) % 2 == index - 1]
        known = SuiteInfo(
            digest="d",
            use_cases=40,
            scenarios=["default"],
            cases={one.brief.use_case: list(SCENARIOS) for one in mine},
        )
        shard = record(mine, found, shard={"index": index, "of": 2}, suite=known)
        gated = regate(shard, GateOptions(baseline=str(tmp_path / "base.json")), baseline=base)
        written(Path(f"s{index}.json"), gated.record)
    return tmp_path


def test_the_compact_file_is_the_same_baseline_as_its_record(jobs: Path) -> None:
    assert main(["baseline", "save", "base.json", "--out", "small.json"]) == 0
    whole, small = (baseline.read(Path(name), "test") for name in ("base.json", "small.json"))
    assert whole.digest == small.digest
    other = record(suite(40), results(suite(40), 1, "f"))
    assert baseline.of_record(other, "other.json").digest != whole.digest


def test_that_of_the_jobs_is_used(jobs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["merge", "s1.json", "s2.json", "--out", "merged.json"]) == 0
    assert "new failures" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("change", "words"), [("gone", "which is not here"), ("other", "is not what the jobs compared")]
)
def test_another_is_used_only_where_it_is_named(
    jobs: Path, capsys: pytest.CaptureFixture[str], change: str, words: str
) -> None:
    plans = suite(40)
    Path("base.json").rename("kept.json")
    if change == "other":
        written(Path("base.json"), record(plans, results(plans, 3, "pf")))
    assert main(["merge", "s1.json", "s2.json"]) == 4
    told = capsys.readouterr().err
    assert words in told
    assert "--baseline FILE" in told
    assert main(["merge", "s1.json", "s2.json", "--baseline", "kept.json"]) == 0


def test_jobs_with_different_ones_are_merged_where_one_is_named(jobs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plans = suite(40)
    other = baseline.of_record(record(plans, results(plans, 3, "pf")), "other.json")
    second = RunRecord.model_validate_json(Path("s2.json").read_bytes())
    written(Path("s2.json"), regate(second, GateOptions(baseline="other.json"), baseline=other).record)
    for order in (["s1.json", "s2.json"], ["s2.json", "s1.json"]):
        assert main(["merge", *order]) == 4
        assert "another baseline" in capsys.readouterr().err
        assert main(["merge", *order, "--baseline", "base.json"]) == 0
