"""The cache, which is the journal of the run: every reply in SQLite, durable before anything is done with it."""

from __future__ import annotations

import asyncio
import hashlib
import json
import queue
import sqlite3
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pytest_personal_align.core.options import CacheMode
from pytest_personal_align.core.result import Message, Reply, Usage
from pytest_personal_align.engine.replyfile import (
    FILE,
    SCHEMA_VERSION,
    TROUBLE,
    Damaged,
    checksum,
    connect,
    copy_aside,
    identity,
    malformed,
    renew,
    set_aside,
    whole,
)
from pytest_personal_align.engine.route import Route

_TRIES = 3

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
        except (*TROUBLE, Damaged) as error:
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
            found = identity(self.path)
            try:
                return connect(self.path)
            except (Damaged, sqlite3.DatabaseError) as error:
                if isinstance(error, sqlite3.OperationalError):
                    raise
                if identity(self.path) == found:
                    aside = set_aside(self.path)
                    self._warn(f"the cache {self.path} cannot be read ({error}); it was set aside as {aside.name}")
        return connect(self.path)


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
        except TROUBLE as error:
            if malformed(error) and self._mend(error):
                self._store(rows)
            else:
                self._warn(f"the cache {self._path} cannot be written ({error}); these replies are not kept")

    def _insert(self, rows: list[tuple[Any, ...]]) -> None:
        self._connection.execute("begin immediate")
        try:
            self._connection.executemany("insert or replace into reply values (?, ?, ?, ?, ?)", rows)
            self._connection.execute("commit")
        except TROUBLE:
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
            if not whole(self._connection):  # otherwise another run was faster
                aside = copy_aside(self._path)
                kept = renew(self._connection)
                done = f"it was set aside as {aside.name}; {kept:,} replies could be read and are kept"
                self._warn(f"the cache {self._path} is damaged ({error}); {done}")
        except (OSError, *TROUBLE) as failure:
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


def _row(key: bytes, reply: Reply) -> tuple[bytes, bytes]:
    payload = json.dumps(asdict(reply), separators=(",", ":")).encode()
    return checksum(key, payload), payload


def _reply(key: bytes, stored_sum: bytes, payload: bytes) -> Reply:
    if not isinstance(payload, bytes) or checksum(key, payload) != stored_sum:
        raise Damaged("a checksum is wrong")
    data = json.loads(payload)
    return Reply(**{**data, "usage": Usage(**data["usage"])})
