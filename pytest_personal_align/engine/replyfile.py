"""The cache as a SQLite file: what is in it, whose it is, and what can be saved of a damaged one."""

from __future__ import annotations

import hashlib
import os
import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

SCHEMA_VERSION = 1
FILE = "replies.sqlite"
_APPLICATION = 0x50414C4E  # "PALN"
_BUSY_SECONDS = 30.0
_TABLE = """
create table reply (
    key blob primary key,      -- SHA-256 of what was asked, see key()
    model text not null,
    stored integer not null,   -- seconds since 1970
    sum blob not null,         -- BLAKE2b of key and payload: a damaged row is a miss, never a wrong answer
    payload blob not null      -- the reply as JSON
)
"""
_ROW = "select rowid, key, model, stored, sum, payload from reply where rowid = ?"
_ROWS = "select rowid, key, model, stored, sum, payload from reply where rowid > ? order by rowid"
_STEPS = 10_000
TROUBLE = (sqlite3.Error, UnicodeDecodeError)
"""What a damaged file gives: SQLite quotes it in its messages, and what is quoted need not be UTF-8."""
_LATEST = 1 << 40
"""Seconds since 1970 that no clock of ours shows."""


class Damaged(Exception):
    """A file that is no cache of ours, or a row that is not as it was written."""


def connect(path: Path) -> sqlite3.Connection:
    """Open the file, and make it ours if it is new. Raises Damaged where it is somebody else's."""
    until = time.monotonic() + _BUSY_SECONDS
    while True:
        try:
            return _opened(path)
        except sqlite3.OperationalError as error:
            # SQLite itself does not wait where two processes turn on write-ahead logging at the same moment.
            if "locked" not in str(error) or time.monotonic() > until:
                raise
        time.sleep(0.02)


def _opened(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    try:
        if _owner(connection) == (0, 0, 0):
            connection.execute("pragma journal_mode = wal")
            connection.execute("begin immediate")
            if _owner(connection) == (0, 0, 0):  # another process may have been faster
                _create(connection)
            connection.execute("commit")
        application, version, _ = _owner(connection)
        if application != _APPLICATION:
            raise Damaged("it is not a cache of pytest-personal-align")
        if version != SCHEMA_VERSION:
            raise Damaged(f"it has the version {version}, not {SCHEMA_VERSION}")
        _require_columns(connection)
        # Durable against the end of the process with one write a transaction; only a power cut can lose some.
        connection.execute("pragma synchronous = normal")
    except UnicodeDecodeError:
        connection.close()
        raise Damaged("its description of itself is damaged") from None
    except BaseException:
        connection.close()
        raise
    return connection


def _require_columns(connection: sqlite3.Connection) -> None:
    """Not the rows: a damaged page of them is found, and mended, where it is read."""
    try:
        connection.execute("select key, model, stored, sum, payload from reply limit 0").fetchall()
    except sqlite3.OperationalError as error:
        if "no such" in str(error):
            raise Damaged(str(error)) from None
        raise


def _create(connection: sqlite3.Connection) -> None:
    connection.execute(_TABLE)
    connection.execute(f"pragma application_id = {_APPLICATION}")
    connection.execute(f"pragma user_version = {SCHEMA_VERSION}")


def _owner(connection: sqlite3.Connection) -> tuple[int, int, int]:
    (application,) = connection.execute("pragma application_id").fetchone()
    (version,) = connection.execute("pragma user_version").fetchone()
    (tables,) = connection.execute("select count(*) from sqlite_master").fetchone()
    return application, version, tables


def malformed(error: Exception) -> bool:
    """Whether SQLite says that the file is damaged, and not that it is locked, full or cannot be opened."""
    return type(error) is sqlite3.DatabaseError


def whole(connection: sqlite3.Connection) -> bool:
    """Whether SQLite finds nothing wrong in the file."""
    try:
        return connection.execute("pragma integrity_check(1)").fetchall() == [("ok",)]
    except sqlite3.DatabaseError as error:
        if malformed(error):
            return False
        raise


def renew(damaged: sqlite3.Connection) -> int:
    """Write what can be read over the damaged file, in one transaction. Returns how many replies that is."""
    damaged.text_factory = bytes  # what is damaged need not be UTF-8
    with closing(sqlite3.connect("", isolation_level=None)) as fresh:  # a temporary file
        (page_size,) = damaged.execute("pragma page_size").fetchone()
        fresh.execute(f"pragma page_size = {page_size:d}")
        fresh.execute("begin")
        _create(fresh)
        fresh.executemany("insert or ignore into reply values (?, cast(? as text), ?, ?, ?)", _readable(damaged))
        fresh.execute("commit")
        (kept,) = fresh.execute("select count(*) from reply").fetchone()
        fresh.backup(damaged)
    return int(kept)


def _readable(connection: sqlite3.Connection) -> Iterator[tuple[Any, ...]]:
    """The rows that are as they were written, each one behind a damaged page too; where very many are damaged, it is
    looked further and further behind."""
    after = misses = 0
    alone = False  # sqlite3 reads one row ahead: the row before a damaged one can be had alone only
    while misses < _STEPS + 60:
        try:
            for rowid, *row in connection.execute(_ROW if alone else _ROWS, (after,)):
                if rowid > after:
                    after, misses = rowid, 0
                if _as_written(*row):
                    yield tuple(row)
            if not alone:
                return
            alone = False
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError):
                raise
            alone = not alone
            if alone:
                after += 1 << max(0, misses - _STEPS)
                misses += 1


def _as_written(key: Any, model: Any, stored: Any, stored_sum: Any, payload: Any) -> bool:
    typed = isinstance(key, bytes) and isinstance(model, bytes) and isinstance(payload, bytes)
    dated = isinstance(stored, int) and 0 <= stored < _LATEST
    return typed and dated and len(key) == hashlib.sha256().digest_size and checksum(key, payload) == stored_sum


def identity(path: Path) -> tuple[int, int] | None:
    """Which file it is, whatever it is called; None where there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _aside(path: Path) -> Path:
    return path.with_name(f"{path.name}.set-aside-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}")


def set_aside(path: Path) -> Path:
    """Rename a file that is of no use here; its new name."""
    aside = _aside(path)
    for ending in ("", "-wal", "-shm"):
        with suppress(FileNotFoundError):  # another run may do the same
            path.with_name(path.name + ending).replace(aside.with_name(aside.name + ending))
    return aside


def copy_aside(path: Path) -> Path:
    """Keep a damaged file as it is under a name of its own, which is returned."""
    aside = _aside(path)
    for ending in ("", "-wal"):
        part = path.with_name(path.name + ending)
        with suppress(FileNotFoundError):
            if part.stat().st_size:
                shutil.copyfile(part, aside.with_name(aside.name + ending))
    return aside


def checksum(key: bytes, payload: bytes) -> bytes:
    """8 bytes of BLAKE2b over a row's key and payload."""
    return hashlib.blake2b(payload, digest_size=8, key=key).digest()
