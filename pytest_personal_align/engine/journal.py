"""The cache, which is the journal of the run: every reply in SQLite, durable before anything is done with it."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import queue
import shutil
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pytest_personal_align.core.options import CacheMode
from pytest_personal_align.core.result import Message, Reply, Usage
from pytest_personal_align.engine.route import Route

SCHEMA_VERSION = 1
FILE = "replies.sqlite"
_APPLICATION = 0x50414C4E  # "PALN"
_BUSY_SECONDS = 30.0
_TRIES = 3
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
_TROUBLE = (sqlite3.Error, UnicodeDecodeError)
"""What a damaged file gives: SQLite quotes it in its messages, and what is quoted need not be UTF-8."""
_LATEST = 1 << 40
"""Seconds since 1970 that no clock of ours shows."""

Warn = Callable[[str], None]


def key(
    route: Route, params: Mapping[str, Any], messages: Sequence[Message], place: Sequence[Any]
) -> bytes:  # fmt: skip
    """What a reply is stored under: schema version, model, endpoint, parameters, all messages, and its place:
    the trial, or a judge's attempt and schema."""
    asked = [
        SCHEMA_VERSION,
        route.way,
        route.name,
        route.endpoint,
        params,
        [[message.role, message.content] for message in messages],
        place,
    ]
    return hashlib.sha256(json.dumps(asked, sort_keys=True, separators=(",", ":")).encode()).digest()


class Journal:
    """Replies by key. ``mode`` as in options; two processes may share a file.

    A file that is damaged or not ours is set aside with a warning, and what can be read of a damaged one is kept;
    where nothing can be stored, a warning says so and the run goes on without.
    """

    def __init__(self, folder: str, mode: CacheMode, warn: Warn) -> None:
        self.path = Path(folder) / FILE
        self.mode = mode
        self._warn = warn
        self._fresh: set[bytes] = set()
        self._reader: sqlite3.Connection | None = None
        self._writer: _Writer | None = None

    async def open(self) -> None:
        if self.mode == "replay":
            self.open_to_read()
        else:
            await asyncio.to_thread(self._open)

    def open_to_read(self) -> None:
        """Without a change to the file; where there is none, every question is a miss."""
        if self.path.exists():
            try:
                self._reader = connect(self.path)
            except (Damaged, sqlite3.Error) as error:
                self._warn(f"the cache {self.path} cannot be read ({error})")

    async def close(self) -> None:
        writer, self._writer = self._writer, None
        if writer is not None:
            await asyncio.to_thread(writer.close)
        self.close_reader()

    def close_reader(self) -> None:
        if self._reader is not None:
            self._reader.close()
            self._reader = None

    def get(self, key: bytes) -> Reply | None:
        """The stored reply, or None. In mode ``refresh`` only what this run has stored itself."""
        if self._reader is None or (self.mode == "refresh" and key not in self._fresh):
            return None
        try:
            row = self._reader.execute("select sum, payload from reply where key = ?", (key,)).fetchone()
            return _reply(key, *row) if row is not None else None
        except (*_TROUBLE, Damaged) as error:
            doubted = self._writer is not None and self._writer.doubt(error)
            if not (doubted and malformed(error)):  # otherwise whoever mends it tells
                again = "" if self.mode == "replay" else "; the call is made again"
                self._warn(f"the cache {self.path} is damaged ({error}){again}")
            return None

    async def put(self, key: bytes, model: str, reply: Reply) -> None:
        """Store a reply. It is durable on return (against the end of the process, not of the power)."""
        if self._writer is not None:
            await self._writer.put((key, model, int(time.time()), *_row(key, reply)))
            if self.mode == "refresh":
                self._fresh.add(key)

    def _open(self) -> None:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            ignore = self.path.parent / ".gitignore"
            if not ignore.exists() and not any(self.path.parent.iterdir()):
                ignore.write_text("*\n", encoding="utf-8")
            self._reader = self._connected()
            self._writer = _Writer(self.path, self._warn)
        except (OSError, Damaged, sqlite3.Error) as error:
            self.close_reader()
            self._warn(f"the cache {self.path} cannot be used ({error}); nothing is reused or kept")

    def _connected(self) -> sqlite3.Connection:
        """A connection. What cannot be read is set aside, unless another run has just done so."""
        for _ in range(_TRIES):
            found = _identity(self.path)
            try:
                return connect(self.path)
            except (Damaged, sqlite3.DatabaseError) as error:
                if isinstance(error, sqlite3.OperationalError):
                    raise
                if _identity(self.path) == found:
                    aside = _set_aside(self.path)
                    self._warn(f"the cache {self.path} cannot be read ({error}); it was set aside as {aside.name}")
        return connect(self.path)


class Damaged(Exception):
    """A file that is no cache of ours, or a row that is not as it was written."""


class _Writer:
    """A thread that stores what is there in one transaction, and tells the loop."""

    def __init__(self, path: Path, warn: Warn) -> None:
        self._warn = warn
        self._path = path
        self._connection = connect(path)
        self._doubt: Exception | None = None
        self._mended = False
        self._queue: queue.SimpleQueue[tuple[tuple[Any, ...], asyncio.Future[None]] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="personal-align-journal", daemon=True)
        self._thread.start()

    async def put(self, row: tuple[Any, ...]) -> None:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queue.put((row, future))
        await future

    def doubt(self, error: Exception) -> bool:
        """Something damaged was read: the file is looked at, and mended, before the next reply is stored, which might
        take the place of another one. False if that was done before."""
        if self._mended:
            return False
        self._doubt = error
        return True

    def close(self) -> None:
        self._queue.put(None)
        self._thread.join()
        self._connection.close()

    def _work(self) -> None:
        ended = False
        while not ended:
            batch = [self._queue.get()]
            while not self._queue.empty():
                batch.append(self._queue.get())
            ended = None in batch
            if self._doubt is not None:
                self._mend(self._doubt)
            entries = [entry for entry in batch if entry is not None]
            if entries:
                self._store([row for row, _ in entries])
                _tell([future for _, future in entries])

    def _store(self, rows: list[tuple[Any, ...]]) -> None:
        try:
            self._insert(rows)
        except _TROUBLE as error:
            if malformed(error) and self._mend(error):
                self._store(rows)
            else:
                self._warn(f"the cache {self._path} cannot be written ({error}); these replies are not kept")

    def _insert(self, rows: list[tuple[Any, ...]]) -> None:
        self._connection.execute("begin immediate")
        try:
            self._connection.executemany("insert or replace into reply values (?, ?, ?, ?, ?)", rows)
            self._connection.execute("commit")
        except _TROUBLE:
            if self._connection.in_transaction:
                self._connection.execute("rollback")
            raise

    def _mend(self, error: Exception) -> bool:
        """Once in a run: set a copy of a damaged file aside, and write what can be read over the file itself.

        Not a new file in its place: another run may have this one open, and goes on with what is new in it.
        False where it was done before, or cannot be done.
        """
        self._doubt = None
        if self._mended:
            return False
        try:
            if not _whole(self._connection):  # otherwise another run was faster
                aside = _copy_aside(self._path)
                kept = _renew(self._connection)
                done = f"it was set aside as {aside.name}; {kept:,} replies could be read and are kept"
                self._warn(f"the cache {self._path} is damaged ({error}); {done}")
        except (OSError, *_TROUBLE) as failure:
            self._warn(f"the cache {self._path} is damaged ({error}) and cannot be mended ({failure}); delete it")
            return False
        finally:
            self._mended = True
        return True


def _tell(futures: list[asyncio.Future[None]]) -> None:
    def settle() -> None:
        for future in futures:
            if not future.done():
                future.set_result(None)

    try:
        futures[0].get_loop().call_soon_threadsafe(settle)
    except RuntimeError:
        pass  # the loop has ended; what was to be stored is stored


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


def _whole(connection: sqlite3.Connection) -> bool:
    try:
        return connection.execute("pragma integrity_check(1)").fetchall() == [("ok",)]
    except sqlite3.DatabaseError as error:
        if malformed(error):
            return False
        raise


def _renew(damaged: sqlite3.Connection) -> int:
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
    return typed and dated and len(key) == hashlib.sha256().digest_size and _sum(key, payload) == stored_sum


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _aside(path: Path) -> Path:
    return path.with_name(f"{path.name}.set-aside-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}")


def _set_aside(path: Path) -> Path:
    aside = _aside(path)
    for ending in ("", "-wal", "-shm"):
        with suppress(FileNotFoundError):  # another run may do the same
            path.with_name(path.name + ending).replace(aside.with_name(aside.name + ending))
    return aside


def _copy_aside(path: Path) -> Path:
    aside = _aside(path)
    for ending in ("", "-wal"):
        part = path.with_name(path.name + ending)
        with suppress(FileNotFoundError):
            if part.stat().st_size:
                shutil.copyfile(part, aside.with_name(aside.name + ending))
    return aside


def _row(key: bytes, reply: Reply) -> tuple[bytes, bytes]:
    payload = json.dumps(asdict(reply), separators=(",", ":")).encode()
    return _sum(key, payload), payload


def _sum(key: bytes, payload: bytes) -> bytes:
    return hashlib.blake2b(payload, digest_size=8, key=key).digest()


def _reply(key: bytes, stored_sum: bytes, payload: bytes) -> Reply:
    if not isinstance(payload, bytes) or _sum(key, payload) != stored_sum:
        raise Damaged("a checksum is wrong")
    data = json.loads(payload)
    return Reply(**{**data, "usage": Usage(**data["usage"])})
