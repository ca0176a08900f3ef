"""Records and baselines that cannot be used where they are named: exit code 4, and a line that says what to do."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.report.synthetic_record import make_record

Run = Callable[..., Any]

NAME_A_RECORD = "name a run record: the file that pytest --pa-record writes (reports/run.json)"
MAKE_A_BASELINE = "make a baseline of one: personal-align baseline save reports/run.json --out FILE"
COMPACT = (
    "kept.json is a compact baseline, made by `personal-align baseline save`; what is needed here is the whole record"
)


@pytest.fixture
def files(personal_align: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a good record and a compact baseline of it, and with files that are neither."""
    monkeypatch.chdir(tmp_path)
    text = make_record(20, fail_rate=0.1, seed=1).model_dump_json()
    Path("run.json").write_text(text)
    assert personal_align("baseline", "save", "run.json", "--out", "kept.json").code == 0
    document = json.loads(text)
    Path("newer.json").write_text(json.dumps({**document, "schema_version": 2}))
    Path("damaged.json").write_text(json.dumps({**document, "run": 3}))
    Path("cut.json").write_text(text[:200])
    Path("foreign.json").write_text('{"results":[]}')
    Path("list.json").write_text("[]")
    Path("folder").mkdir()
    return tmp_path


WRONG = [
    ("gone.json", "cannot be read: No such file or directory"),
    ("folder", "cannot be read: Is a directory"),
    ("cut.json", "is not JSON"),
    ("foreign.json", "no schema_version"),
    ("list.json", "no schema_version"),
    ("newer.json", "has schema_version 2; this pytest-personal-align reads 1: upgrade it"),
    ("damaged.json", "is not a whole run record: run: "),
]


@pytest.mark.parametrize(("name", "said"), WRONG, ids=[name for name, _ in WRONG])
@pytest.mark.parametrize(
    "command",
    [
        ["report", "{}"],
        ["report", "run.json", "--baseline", "{}"],
        ["merge", "run.json", "{}"],
        ["compare", "run.json", "{}"],
        ["baseline", "save", "{}", "--out", "new.json"],
    ],
    ids=" ".join,
)
def test_not_a_record(personal_align: Run, files: Path, command: list[str], name: str, said: str) -> None:
    ran = personal_align(*(word.format(name) for word in command))

    assert (ran.code, ran.out) == (4, "")
    assert said in ran.err
    assert name == "newer.json" or NAME_A_RECORD in ran.err
    assert ran.err.count("\n") == 1
    assert not (files / "new.json").exists()


@pytest.mark.parametrize(("name", "said"), WRONG, ids=[name for name, _ in WRONG])
def test_neither_a_record_nor_a_baseline(personal_align: Run, files: Path, name: str, said: str) -> None:
    ran = personal_align("compare", name, "run.json")

    assert (ran.code, ran.out) == (4, "")
    assert said in ran.err
    assert name in ("newer.json", "damaged.json") or MAKE_A_BASELINE in ran.err


@pytest.mark.parametrize(
    "command",
    [
        ["report", "kept.json"],
        ["merge", "kept.json", "run.json"],
        ["compare", "run.json", "kept.json"],
        ["baseline", "save", "kept.json", "--out", "new.json"],
    ],
    ids=" ".join,
)
def test_a_compact_baseline_where_the_record_is_needed(personal_align: Run, files: Path, command: list[str]) -> None:
    ran = personal_align(*command)

    assert ran.code == 4
    assert COMPACT in ran.err
    assert "reports/run.json" in ran.err


def test_compare_takes_a_compact_baseline_as_the_first(personal_align: Run, files: Path) -> None:
    ran = personal_align("compare", "kept.json", "run.json")
    assert ran.code in (0, 1), ran.err


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--threshold", "/all=0.1"], "--threshold: '/all=0.1' names no category before the /; write all=0.1"),
        (["--threshold", "nocat/all=0.1"], "--threshold: nocat/all: no use case has the category 'nocat'; there are "),
        (["--threshold", "all=high"], "--threshold: all=high: 'high' is not a number"),
        (["--expect", "many"], "argument --expect: invalid int value: 'many' (see personal-align merge --help)"),
    ],
)
def test_wrong_option_values(personal_align: Run, files: Path, options: list[str], said: str) -> None:
    cases = len(json.loads((files / "run.json").read_text())["cases"])
    ran = personal_align("merge", "run.json", "--expect", cases, *options)

    assert ran.code == 4
    assert f"personal-align: error: {said}" in ran.err
