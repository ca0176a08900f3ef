"""What is in a cache can be seen, and what is old can be thrown away."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from pytest_personal_align.core.errors import OptionError
from pytest_personal_align.engine.upkeep import cache_usage, prune_cache
from tests.engine.enginekit import plan, run
from tests.engine.test_reply_cache import options
from tests.fakeserver import FakeServer


def test_usage_and_pruning(tmp_path: Path) -> None:
    with FakeServer("The same.") as server:
        run(options(server, tmp_path), [plan("Hi", "May I?"), plan("Ho")])
        usage = cache_usage(str(tmp_path))
        assert (usage.replies, usage.models) == (3, {"x": 3})
        assert usage.bytes > 0
        assert usage.oldest is not None
        with sqlite3.connect(tmp_path / "replies.sqlite") as database:
            database.execute("update reply set stored = stored - 86400 * 10 where rowid = 1")
        database.close()
        assert prune_cache(str(tmp_path), older_than_days=30) == 0
        assert prune_cache(str(tmp_path), older_than_days=7) == 1
        assert cache_usage(str(tmp_path)).replies == 2
        run(options(server, tmp_path), [plan("Hi", "May I?"), plan("Ho")])
    assert len(server.requests) == 4


def test_nothing_is_younger_than_no_days(tmp_path: Path) -> None:
    with FakeServer("The same.") as server:
        run(options(server, tmp_path), [plan("Hi", "May I?"), plan("Ho")])
    with sqlite3.connect(tmp_path / "replies.sqlite") as database:  # as a clock that is set back would see it
        database.execute("update reply set stored = stored + 86400 where rowid = 1")
    database.close()
    assert prune_cache(str(tmp_path), older_than_days=0) == 3
    assert cache_usage(str(tmp_path)).replies == 0


def test_no_cache_or_none_of_ours(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="there is no cache at"):
        cache_usage(str(tmp_path))
    assert not list(tmp_path.iterdir())
    (tmp_path / "replies.sqlite").write_bytes(b"something else" * 100)
    for act in (lambda: cache_usage(str(tmp_path)), lambda: prune_cache(str(tmp_path), 1)):
        with pytest.raises(OptionError, match=r"cannot be used: .*; delete that file"):
            act()
