"""Trials on disk while a run goes on, so that transcripts do not pile up in memory."""

from __future__ import annotations

import os
import tempfile
from typing import IO

from pytest_personal_align.core.record import TrialRecord


class Spool:
    """Trials of cases by the key of their plan."""

    def __init__(self) -> None:
        self._file: IO[bytes] = tempfile.TemporaryFile(prefix="personal-align-")  # noqa: SIM115 - lives with us
        self._places: dict[str, tuple[int, int]] = {}

    def put(self, key: str, trials: list[TrialRecord]) -> None:
        """Keep the trials of one case."""
        data = b"[" + b",".join(trial.model_dump_json().encode() for trial in trials) + b"]"
        self._places[key] = (self._file.seek(0, os.SEEK_END), len(data))
        self._file.write(data)

    def get(self, key: str) -> bytes:
        """The trials of one case as JSON."""
        start, size = self._places[key]
        self._file.seek(start)
        return self._file.read(size)

    def close(self) -> None:
        self._file.close()
