"""What is in a cache, and how it gets smaller: for ``personal-align cache``."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from pytest_personal_align.core.errors import OptionError
from pytest_personal_align.engine.journal import FILE, Damaged, connect


@dataclass(frozen=True, slots=True)
class CacheUsage:
    """``models`` are replies by model, the most first; ``oldest`` and ``newest`` seconds since 1970, None if empty."""

    path: Path
    bytes: int
    replies: int
    oldest: int | None
    newest: int | None
    models: dict[str, int]


def cache_usage(folder: str) -> CacheUsage:
    """Raises OptionError where there is no cache that can be read."""
    path = Path(folder) / FILE
    with closing(_open(path)) as connection:
        replies, oldest, newest = connection.execute("select count(*), min(stored), max(stored) from reply").fetchone()
        models = dict(connection.execute("select model, count(*) from reply group by model order by 2 desc, 1"))
    size = sum(part.stat().st_size for part in path.parent.glob(f"{FILE}*"))
    return CacheUsage(path, size, replies, oldest, newest, models)


def prune_cache(folder: str, older_than_days: float) -> int:
    """Delete replies older than so many days and give the space back; 0 deletes everything, even what another clock
    stored in the future. Returns how many went. Raises OptionError."""
    path = Path(folder) / FILE
    try:
        with closing(_open(path)) as connection:
            before = int(time.time() - older_than_days * 86_400)
            old = "delete from reply where ? = 0 or stored <= ?"
            gone = connection.execute(old, (older_than_days, before)).rowcount
            connection.execute("vacuum")
            return gone
    except sqlite3.Error as error:
        raise OptionError(f"{path} cannot be pruned: {error}") from None


def _open(path: Path) -> sqlite3.Connection:
    if not path.exists():
        raise OptionError(f"there is no cache at {path}")
    try:
        return connect(path)
    except (Damaged, sqlite3.Error) as error:
        raise OptionError(f"the cache {path} cannot be read: {error}") from None
