"""Damage inside the cache's file: a warning, what can be read is kept, and the next run is clean."""

from __future__ import annotations

import random
import sqlite3
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_personal_align.core.options import Limits
from pytest_personal_align.engine.replyfile import FILE
from tests.engine.enginekit import Ran, reference_plans, run
from tests.engine.test_reply_cache import child, options
from tests.engine.test_shared_prefixes import echo
from tests.fakeserver import FakeServer

PAGE = 4096
PLANS = reference_plans(6)
CALLS = 6 * 13
SLOW = Limits(concurrency=2)


def filled(server: FakeServer, folder: Path) -> tuple[bytes, dict[str, list[str]]]:
    """A cache of all that PLANS ask: the file, and the replies."""
    replies = run(options(server, folder), PLANS).replies
    return (folder / FILE).read_bytes(), replies


def again(server: FakeServer, folder: Path, mode: str = "use") -> tuple[Ran, int]:
    before = len(server.requests)
    ran = run(options(server, folder, mode), PLANS)
    return ran, len(server.requests) - before


def test_whichever_page_is_overwritten(tmp_path: Path) -> None:
    with FakeServer(echo) as server:
        whole, replies = filled(server, tmp_path)
        pages = len(whole) // PAGE
        assert pages > 8
        for page in range(1, pages):
            content = bytearray(whole)
            content[page * PAGE : (page + 1) * PAGE] = b"Z" * PAGE
            (tmp_path / FILE).write_bytes(content)
            first, sent = again(server, tmp_path)
            assert first.replies == replies
            assert sent < CALLS or page in (1, 2)  # the roots of table and index
            (warning,) = first.bench.warnings
            assert "is damaged (database disk image is malformed); it was set aside as" in warning
            second, sent = again(server, tmp_path)
            assert (second.replies, second.bench.warnings, sent) == (replies, [], 0)
            for aside in tmp_path.glob("*.set-aside-*"):
                assert aside.read_bytes() == content
                aside.unlink()


@pytest.mark.parametrize("seed", range(6))
def test_whatever_bytes_are_changed_no_answer_is_wrong(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    with FakeServer(echo) as server:
        whole, replies = filled(server, tmp_path)
        for count in (1, 8, 40, 400):
            content = bytearray(whole)
            for _ in range(count):
                content[chance.randrange(len(content))] = chance.randrange(256)
            (tmp_path / FILE).write_bytes(content)
            for _ in range(3):
                ran, _ = again(server, tmp_path)
                assert (ran.replies, ran.errors) == (replies, [])
            for left in tmp_path.glob(f"{FILE}*"):
                left.unlink()


@pytest.mark.parametrize("changed", [b"xodel text", b"mo\xfeel text", b"model\xfe(ext", b"model \xff\x00xt"])
def test_a_damaged_description_of_the_table(tmp_path: Path, changed: bytes) -> None:
    with FakeServer(echo) as server:
        whole, replies = filled(server, tmp_path)
        (tmp_path / FILE).write_bytes(whole.replace(b"model text", changed, 1))
        first, sent = again(server, tmp_path)
        assert (first.replies, first.errors, sent) == (replies, [], CALLS)
        (warning,) = first.bench.warnings
        assert "it was set aside as" in warning
        second, sent = again(server, tmp_path)
    assert (second.replies, second.bench.warnings, sent) == (replies, [], 0)


def test_a_file_that_lost_its_end(tmp_path: Path) -> None:
    with FakeServer(echo) as server:
        whole, replies = filled(server, tmp_path)
        (tmp_path / FILE).write_bytes(whole[: len(whole) // 2])
        assert again(server, tmp_path)[0].replies == replies
        second, sent = again(server, tmp_path)
    assert (second.replies, second.bench.warnings, sent) == (replies, [], 0)


def damaged(server: FakeServer, folder: Path) -> dict[str, list[str]]:
    """A cache of all that PLANS ask, with one page of replies overwritten."""
    whole, replies = filled(server, folder)
    content = bytearray(whole)
    content[4 * PAGE : 5 * PAGE] = b"Z" * PAGE
    (folder / FILE).write_bytes(content)
    return replies


def test_a_replay_changes_nothing(tmp_path: Path) -> None:
    with FakeServer(echo) as server:
        damaged(server, tmp_path)
        before = (tmp_path / FILE).read_bytes()
        ran, sent = again(server, tmp_path, "replay")
        assert sent == 0
        assert ran.kinds == {"replay"}
        (warning,) = ran.bench.warnings
        assert warning.endswith("is damaged (database disk image is malformed)")
    assert (tmp_path / FILE).read_bytes() == before
    assert not list(tmp_path.glob("*.set-aside-*"))


def test_a_refresh_mends_it_too(tmp_path: Path) -> None:
    with FakeServer(echo) as server:
        replies = damaged(server, tmp_path)
        again(server, tmp_path, "refresh")
        second, sent = again(server, tmp_path)
    assert (second.replies, second.bench.warnings, sent) == (replies, [], 0)


def test_two_runs_at_once(tmp_path: Path) -> None:
    with FakeServer(echo, latency=0.005) as server:
        replies = damaged(server, tmp_path)
        both = [child(server, tmp_path) for _ in range(2)]
        assert [process.wait(300) for process in both] == [0, 0]
        third, _ = again(server, tmp_path)
        fourth, sent = again(server, tmp_path)
    assert third.replies == fourth.replies == replies
    assert (third.bench.warnings, fourth.bench.warnings, sent) == ([], [], 0)


def during(server: FakeServer, folder: Path, act: Callable[[], None]) -> Ran:
    """A run in the midst of which something happens to the file."""
    before = len(server.requests)

    def meddle() -> None:
        while len(server.requests) < before + 10:
            time.sleep(0.002)
        act()

    thread = threading.Thread(target=meddle)
    thread.start()
    ran = run(options(server, folder, "refresh", limits=SLOW), PLANS)
    thread.join()
    return ran


def test_a_file_that_another_run_sets_aside(tmp_path: Path) -> None:
    def rename() -> None:
        for part in sorted(tmp_path.glob(f"{FILE}*")):
            part.replace(part.with_name(part.name.replace(FILE, f"{FILE}.set-aside")))

    with FakeServer(echo, latency=0.005) as server:
        _, replies = filled(server, tmp_path)
        assert during(server, tmp_path, rename).replies == replies
        assert again(server, tmp_path)[0].replies == replies
        second, sent = again(server, tmp_path)
    assert (second.replies, second.bench.warnings, sent) == (replies, [], 0)


def test_a_file_that_is_damaged_during_the_run(tmp_path: Path) -> None:
    def overwrite() -> None:
        with (tmp_path / FILE).open("r+b") as file:
            file.seek(2 * PAGE)
            file.write(b"Z" * 6 * PAGE)

    with FakeServer(echo, latency=0.005) as server:
        _, replies = filled(server, tmp_path)
        assert during(server, tmp_path, overwrite).replies == replies
        assert again(server, tmp_path)[0].replies == replies
        second, sent = again(server, tmp_path)
    assert (second.replies, second.bench.warnings, sent) == (replies, [], 0)


def test_rows_behind_the_damage_are_kept(tmp_path: Path) -> None:
    with FakeServer(echo) as server:
        damaged(server, tmp_path)
        ran, sent = again(server, tmp_path)
    assert 0 < sent <= 20
    assert "replies could be read and are kept" in ran.bench.warnings[0]
    database = sqlite3.connect(tmp_path / FILE)
    assert database.execute("pragma integrity_check").fetchall() == [("ok",)]
    assert database.execute("select count(*) from reply").fetchone() == (CALLS,)
    database.close()
