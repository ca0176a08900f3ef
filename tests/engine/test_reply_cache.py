"""Every reply is kept when it arrives; a re-run sends what is missing; a wrong answer is never read."""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from pytest_personal_align.core.options import EngineOptions, JudgeOptions, Limits, Reuse
from pytest_personal_align.engine.forecast import expected_calls
from tests.engine.enginekit import ModelJudge, arm, plan, reference_plans, run
from tests.engine.test_shared_prefixes import echo
from tests.fakeserver import FAULTS, FakeServer

PLANS = reference_plans(3)
CALLS = 3 * 13


def options(server: FakeServer, folder: Path, mode: Any = "use", **fields: Any) -> EngineOptions:
    fields.setdefault("arms", (arm("openai/x", server.url),))
    return EngineOptions(reuse=Reuse(mode, str(folder), fields.pop("share", True)), **fields)


def test_an_unchanged_rerun_makes_no_call(tmp_path: Path) -> None:
    with FakeServer(echo) as server:
        first = run(options(server, tmp_path), PLANS)
        assert expected_calls(PLANS, options(server, tmp_path)).sent == 0
        second = run(options(server, tmp_path), PLANS)
    assert len(server.requests) == CALLS
    calls = second.bench.calls()
    assert (calls.assistant.sent, calls.assistant.cached, calls.assistant.shared) == (0, CALLS, 48)
    assert (calls.cost_usd, calls.tokens["prompt"]) == (0.0, 0)
    assert second.replies == first.replies
    assert first.results[0].trials[0].transcript.usage == second.results[0].trials[0].transcript.usage


def test_what_changes_the_reply_changes_the_key(tmp_path: Path) -> None:
    with FakeServer(echo) as server, FakeServer(echo) as other:
        run(options(server, tmp_path), PLANS[:1])
        sent = len(server.requests)
        for changed in (
            arm("openai/y", server.url),
            arm("openai/x", server.url, params={"temperature": 0}),
            arm("openai/x", server.url, system_prompt="Be kind."),
            arm("openai/x", other.url),
        ):
            before = len(server.requests) + len(other.requests)
            run(options(server, tmp_path, arms=(changed,)), PLANS[:1])
            assert len(server.requests) + len(other.requests) == before + sent


def test_a_trial_never_replays_another(tmp_path: Path) -> None:
    one, three = plan("Hi", "May I?"), plan("Hi", "May I?", trials=3)
    with FakeServer() as server:
        run(options(server, tmp_path), [one])
        ran = run(options(server, tmp_path), [three])
    assert len(server.requests) == 3 * 2
    assert len(set(ran.replies[three.key])) == 3
    assert ran.bench.calls().assistant.cached == 2


def test_refresh_sends_again_and_keeps_the_new(tmp_path: Path) -> None:
    asked = plan("Hi", "May I?")
    with FakeServer() as server:
        old = run(options(server, tmp_path), [asked]).replies
        new = run(options(server, tmp_path, "refresh"), [asked]).replies
        kept = run(options(server, tmp_path), [asked]).replies
    assert len(server.requests) == 4
    assert old != new == kept


def test_replay_never_calls(tmp_path: Path) -> None:
    known, unknown = plan("Hi", "May I?"), plan("Hi", "Must I?", scenario="other")
    with FakeServer() as server:
        run(options(server, tmp_path), [known])
        before = (tmp_path / "replies.sqlite").read_bytes()
        ran = run(options(server, tmp_path, "replay"), [known, unknown])
        empty = run(options(server, tmp_path / "nowhere", "replay"), [known])
    assert len(server.requests) == 2
    assert [error.kind for error in ran.errors] == ["replay"]
    assert "--pa-cache=replay" in ran.errors[0].message
    assert empty.kinds == {"replay"}
    assert not (tmp_path / "nowhere").exists()
    assert (tmp_path / "replies.sqlite").read_bytes() == before


def test_off_keeps_nothing(tmp_path: Path) -> None:
    with FakeServer() as server:
        run(options(server, tmp_path, "off"), [plan("Hi")])
        run(options(server, tmp_path, "off"), [plan("Hi")])
    assert len(server.requests) == 2
    assert not list(tmp_path.iterdir())


def test_errors_and_cut_or_filtered_replies_are_not_kept(tmp_path: Path) -> None:
    for name in ("length", "content filter", "null content", "bad request"):
        with FakeServer(FAULTS[name]) as server:
            asked = options(server, tmp_path, limits=Limits(retries=0))
            assert run(asked, [plan("Hi")]).errors
            server.script = "Well."
            assert not run(asked, [plan("Hi")]).errors


def test_without_sharing_nothing_is_shared_over_the_cache_either(tmp_path: Path) -> None:
    with FakeServer(echo) as server:
        run(options(server, tmp_path, share=False), PLANS)
        assert len(server.requests) == 3 * 29
        again = run(options(server, tmp_path, share=False), PLANS).bench.calls().assistant
        assert (again.sent, again.cached, again.shared) == (0, 3 * 29, 0)


def test_what_a_judge_was_told_is_kept_too(tmp_path: Path) -> None:
    with FakeServer("It is fine.") as server:
        asked = options(server, tmp_path, judge=JudgeOptions(("openai/j",), api_base=server.url))
        ran = [run(asked, [plan("Hi", trials=2)], lambda complete: ModelJudge(complete, "openai/j")) for _ in range(2)]
    assert [one.results[0].outcome for one in ran] == ["pass", "pass"]
    # Both trials got the same reply, so the judge is asked once.
    assert len([one for one in server.requests if one.body["model"] == "j"]) == 1
    judge = ran[1].bench.calls().judge
    assert (judge.sent, judge.cached + judge.shared) == (0, 2)


def test_python_and_demo_assistants_are_not_kept(tmp_path: Path) -> None:
    ran = run(EngineOptions((arm("demo/attentive"),), reuse=Reuse("use", str(tmp_path))), PLANS)
    assert ran.bench.calls().assistant.cached == 0
    database = sqlite3.connect(tmp_path / "replies.sqlite")
    assert database.execute("select count(*) from reply").fetchone() == (0,)
    database.close()


@pytest.mark.parametrize("content", [b"not a database at all" * 100, b"SQLite format 3\0" + b"\xff" * 5000])
def test_a_corrupt_file_is_set_aside(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "replies.sqlite").write_bytes(content)
    with FakeServer() as server:
        ran = run(options(server, tmp_path), [plan("Hi")])
        assert not ran.errors
        assert "set aside" in ran.bench.warnings[0]
        assert run(options(server, tmp_path), [plan("Hi")]).bench.warnings == []
    assert len(server.requests) == 1
    (aside,) = tmp_path.glob("*.set-aside-*")
    assert aside.read_bytes() == content


def test_somebody_elses_database_is_set_aside_untouched(tmp_path: Path) -> None:
    path = tmp_path / "replies.sqlite"
    database = sqlite3.connect(path)
    database.execute("create table reply (mine)")
    database.commit()
    database.close()
    before = path.read_bytes()
    with FakeServer() as server:
        ran = run(options(server, tmp_path), [plan("Hi")])
    assert "not a cache of pytest-personal-align" in ran.bench.warnings[0]
    assert next(tmp_path.glob("*.set-aside-*")).read_bytes() == before


def test_a_damaged_row_is_a_miss_not_a_wrong_answer(tmp_path: Path) -> None:
    with FakeServer("Never do that.") as server:
        run(options(server, tmp_path), [plan("Hi")])
        database = sqlite3.connect(tmp_path / "replies.sqlite")
        (payload,) = database.execute("select payload from reply").fetchone()
        database.execute("update reply set payload = ?", (payload.replace(b"Never", b"Gladly"),))
        database.commit()
        database.close()
        ran = run(options(server, tmp_path), [plan("Hi")])
    assert list(ran.replies.values()) == [["Never do that."]]
    assert len(server.requests) == 2
    assert "checksum" in ran.bench.warnings[0]


def test_a_folder_that_cannot_be_written_costs_the_cache_not_the_run(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with FakeServer() as server:
        ran = run(options(server, tmp_path / "file"), [plan("Hi")])
    assert not ran.errors
    assert "nothing is reused or kept" in ran.bench.warnings[0]


def test_the_folder_keeps_itself_out_of_git(tmp_path: Path) -> None:
    with FakeServer() as server:
        run(options(server, tmp_path / "cache"), [plan("Hi")])
    assert (tmp_path / "cache" / ".gitignore").read_text() == "*\n"


CHILD = """
import sys
sys.path[:0] = {paths!r}
from tests.engine.enginekit import reference_plans, run, arm
from pytest_personal_align.core.options import EngineOptions, Limits, Reuse
run(EngineOptions((arm("openai/x", {url!r}),), limits=Limits(concurrency=8), reuse=Reuse("use", {folder!r})),
    reference_plans(6))
"""


def child(server: FakeServer, folder: Path) -> subprocess.Popen[bytes]:
    code = CHILD.format(paths=[str(Path(__file__).parents[2])], url=server.url, folder=str(folder))
    return subprocess.Popen([sys.executable, "-c", code])


def test_a_killed_run_pays_again_for_at_most_what_was_in_flight(tmp_path: Path) -> None:
    for moment in (3, 20, 45, 70):
        folder = tmp_path / str(moment)
        with FakeServer(echo, latency=0.03) as server:
            process = child(server, folder)
            while len(server.requests) < moment:
                assert process.poll() is None
                time.sleep(0.002)
            process.send_signal(signal.SIGKILL)
            process.wait()
            ran = run(options(server, folder, limits=Limits(concurrency=8)), reference_plans(6))
            assert not ran.errors
            assert not ran.bench.warnings
            assert len(server.requests) <= 6 * 13 + 8


def test_two_runs_may_share_one_cache(tmp_path: Path) -> None:
    with FakeServer(echo, latency=0.005) as server:
        both = [child(server, tmp_path) for _ in range(2)]
        assert [process.wait(300) for process in both] == [0, 0]
        sent = len(server.requests)
        ran = run(options(server, tmp_path), reference_plans(6))
        assert len(server.requests) == sent <= 2 * 6 * 13
    assert not ran.errors
    assert not ran.bench.warnings


def test_the_file_holds_json_and_no_pickle(tmp_path: Path) -> None:
    with FakeServer("A reply.") as server:
        run(options(server, tmp_path), [plan("Hi")])
    database = sqlite3.connect(tmp_path / "replies.sqlite")
    (payload,) = database.execute("select payload from reply").fetchone()
    database.close()
    assert json.loads(payload)["text"] == "A reply."
