"""What is in a cache, and how it gets smaller: for ``personal-align cache``."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from pytest_personal_align.core.errors import OptionError
from pytest_personal_align.engine.replyfile import FILE, Damaged, connect, malformed

# A damaged row may hold any number, or none, where the time should be.
_DATED = "stored between 0 and 32503680000"


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
    with _opened(path) as connection:
        (replies,) = connection.execute("select count(*) from reply").fetchone()
        oldest, newest = connection.execute(f"select min(stored), max(stored) from reply where {_DATED}").fetchone()
        models = dict(connection.execute("select model, count(*) from reply group by model order by 2 desc, 1"))
    size = sum(part.stat().st_size for part in path.parent.glob(f"{FILE}*"))
    return CacheUsage(path, size, replies, oldest, newest, models)


def prune_cache(folder: str, older_than_days: float) -> int:
    """Delete replies older than so many days and give the space back; 0 deletes everything, even what another clock
    stored in the future. Returns how many went. Raises OptionError."""
    with _opened(Path(folder) / FILE) as connection:
        before = int(time.time() - older_than_days * 86_400)
        old = "delete from reply where ? = 0 or stored <= ?"
        gone = connection.execute(old, (older_than_days, before)).rowcount
        connection.execute("vacuum")
        return gone


@contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    """The cache; whatever is wrong with it becomes an OptionError that says what to do."""
    if not path.exists():
        raise OptionError(f"there is no cache at {path}")
    try:
        with closing(connect(path)) as connection:
            yield connection
    except (Damaged, sqlite3.Error, UnicodeDecodeError) as error:
        useless = not isinstance(error, sqlite3.Error) or malformed(error)
        advice = "; delete that file, or let the next run set it aside" if useless else ""
        raise OptionError(f"the cache {path} cannot be used: {error}{advice}") from None
