"""``replay:FILE.jsonl``: conversations recorded elsewhere, judged as they are.

One JSON object a line: ``{"use_case", "scenario", "trial"?, "arm"?, "messages": [{"role", "content"}, ...]}``.
``trial`` counts from 0 (the default); the last message is the assistant's reply that is judged.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any, NoReturn

from pytest_personal_align.core.errors import OptionError, Problem
from pytest_personal_align.core.plan import Plan
from pytest_personal_align.core.result import CallFailed, Message, Transcript
from pytest_personal_align.engine.clean import MAX_BYTES, cleaned

_Place = tuple[str | None, str, str, int]
"""(arm or None, use case, scenario, trial)."""


class Replay:
    """The conversations of one file: all are checked when it is opened, each is read again when it is asked for."""

    def __init__(self, path: str, shown_as: str | None = None) -> None:
        """Raises OptionError with file, line and field."""
        self.path = shown_as or path
        self._offsets: dict[_Place, int] = {}
        lines: dict[_Place, int] = {}
        try:
            self._file: IO[bytes] = Path(path).expanduser().open("rb")
        except OSError as error:
            raise OptionError(f"replay:{self.path}: cannot be read: {error.strerror}") from None
        try:
            offset = 0
            for number, line in enumerate(self._lines(), 1):
                if line.strip():
                    place, _ = _conversation(self.path, number, line)
                    if place in lines:
                        arm = "" if place[0] is None else " of the same arm"
                        _refuse(
                            path, number, "", f"repeats the use_case, scenario and trial{arm} of line {lines[place]}"
                        )
                    lines[place] = number
                    self._offsets[place] = offset
                offset += len(line)
        except BaseException:
            self._file.close()
            raise
        if not lines:
            self._file.close()
            _refuse(self.path, 0, "", "holds no conversation")
        self._arms = sorted({place[0] for place in lines if place[0] is not None})

    def _lines(self) -> Any:
        while line := self._file.readline(MAX_BYTES + 1):
            yield line

    def close(self) -> None:
        self._file.close()

    def transcript(self, plan: Plan, trial: int) -> Transcript:
        """The recorded conversation. Raises CallFailed where there is none."""
        brief = plan.brief
        # A recording of one arm may be judged under any name; of several, only under their own.
        arms = [plan.arm, None, *(self._arms if len(self._arms) == 1 else [])]
        for arm in arms:
            offset = self._offsets.get((arm, brief.use_case, brief.scenario, trial))
            if offset is not None:
                self._file.seek(offset)
                _, messages = _conversation(self.path, 0, self._file.readline())
                return Transcript(messages, model=f"replay:{self.path}")
        further = f" of the arm {plan.arm} (it holds {', '.join(self._arms)})" if len(self._arms) > 1 else ""
        raise CallFailed(
            "replay",
            f"{self.path} holds no conversation{further} for use_case {brief.use_case}, scenario {brief.scenario}, "
            f"trial {trial}",
        )


def _conversation(file: str, number: int, line: bytes) -> tuple[_Place, tuple[Message, ...]]:
    if len(line) > MAX_BYTES:
        _refuse(file, number, "", f"is longer than {MAX_BYTES:,} bytes")
    try:
        data = json.loads(line.decode("utf-8-sig"))
    except UnicodeDecodeError:
        _refuse(file, number, "", "is not UTF-8")
    except (ValueError, RecursionError) as error:
        _refuse(file, number, "", f"is not JSON: {getattr(error, 'msg', 'nested too deeply')}")
    if not isinstance(data, dict):
        _refuse(file, number, "", "is not a JSON object")
    known = ("use_case", "scenario", "trial", "arm", "messages")
    for field in data:
        if field not in known:
            _refuse(file, number, str(field), f"is not a field of a conversation; there are {', '.join(known)}")
    use_case, scenario = _text(file, number, data, "use_case"), _text(file, number, data, "scenario")
    arm = _text(file, number, data, "arm") if data.get("arm") is not None else None
    trial = data.get("trial", 0)
    if not isinstance(trial, int) or isinstance(trial, bool) or trial < 0:
        _refuse(file, number, "trial", "must be a whole number from 0")
    return (arm, use_case, scenario, trial), _messages(file, number, data.get("messages"))


def _messages(file: str, number: int, data: Any) -> tuple[Message, ...]:
    if not isinstance(data, list) or not data:
        _refuse(file, number, "messages", "must be a list of messages")
    messages = []
    for index, entry in enumerate(data):
        where = f"messages[{index}]"
        if not isinstance(entry, dict) or set(entry) != {"role", "content"}:
            _refuse(file, number, where, 'must be {"role": ..., "content": ...}')
        if entry["role"] not in ("system", "user", "assistant"):
            _refuse(file, number, f"{where}.role", f"must be system, user or assistant, not {entry['role']!r}")
        if not isinstance(entry["content"], str) or not entry["content"].strip():
            _refuse(file, number, f"{where}.content", "must be text that is not empty")
        try:
            messages.append(Message(entry["role"], cleaned(entry["content"])))
        except CallFailed as failure:
            _refuse(file, number, f"{where}.content", failure.error.message)
    if messages[-1].role != "assistant":
        _refuse(file, number, f"messages[{len(messages) - 1}].role", "must be assistant: the last message is judged")
    if not any(message.role == "user" for message in messages):
        _refuse(file, number, "messages", "holds no message of the user")
    return tuple(messages)


def _text(file: str, number: int, data: Mapping[str, Any], field: str) -> str:
    value = data.get(field)
    if not isinstance(value, str) or not value:
        _refuse(file, number, field, "is missing" if field not in data else "must be text that is not empty")
    return value


def _refuse(file: str, number: int, field: str, message: str) -> NoReturn:
    raise OptionError(f"replay:{Problem(file, number, field, message)}")
