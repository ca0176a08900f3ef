"""YAML of untrusted origin, read strictly and with the line of every value.

Plain PyYAML turns ``no`` into False and ``010`` into 8, lets a duplicate key win silently, expands
350-byte merge-key bombs for seconds and, in its C loader, crashes the process on deep nesting. So the
document is built here from the parser's event stream, which is flat and lazy: depth, size and aliases
are checked before anything is built.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from pytest_personal_align.core.errors import InputError, Problem

MAX_BYTES = 8_000_000
MAX_DEPTH = 20

Path_ = tuple[str | int, ...]

try:  # libyaml's parser is about ten times faster; both emit the same events
    from yaml import CSafeLoader as _Loader
except ImportError:
    from yaml import SafeLoader as _Loader  # type: ignore[assignment]

_RESOLVER = yaml.resolver.Resolver()
_INTEGER = re.compile(r"-?(0|[1-9][0-9]*)\Z")
_FLOAT = re.compile(r"-?(0|[1-9][0-9]*)\.[0-9]+\Z")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}\Z")


@dataclass(frozen=True)
class Document:
    """Plain data and, for each value's path, the line (from 1) where it stands."""

    file: str
    data: Any
    lines: dict[Path_, int]

    def line(self, path: Path_) -> int:
        """Line of the value at ``path``, or of the nearest enclosing value that has one."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)

    def problem(self, path: Path_, message: str) -> Problem:
        return Problem(self.file, self.line(path), dotted(path), message)


def dotted(path: Path_) -> str:
    """``("use_cases", 3, "fact")`` as ``use_cases[3].fact``."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def read(path: Path, shown_as: str | None = None) -> Document:
    """Read the one YAML document in ``path``.

    Raises InputError if it cannot be read, is not UTF-8, larger than 8 MB, nested deeper than 20, uses
    anchors, aliases, merge keys or tags, repeats a key, or holds a plain scalar that YAML reads as
    something else than it looks like (``no``, ``010``, ``1e3``, ``12:30``).
    """
    file = shown_as or str(path)
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise InputError([Problem(file, 0, "", f"cannot be read: {error.strerror}")]) from None
    return parse(raw, file)


def parse(raw: bytes, file: str) -> Document:
    """As :func:`read`, from bytes."""
    if len(raw) > MAX_BYTES:
        raise InputError([Problem(file, 0, "", f"is larger than {MAX_BYTES:,} bytes; split it into several files")])
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise InputError([Problem(file, line, "", "is not UTF-8; save the file as UTF-8")]) from None
    try:
        return _build(yaml.parse(text, Loader=_Loader), file)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        message = f"is not valid YAML: {error.problem or error.context}"
        raise InputError([Problem(file, mark.line + 1 if mark else 0, "", message)]) from None
    except yaml.reader.ReaderError as error:
        line = text[: error.position].count("\n") + 1 if isinstance(error.position, int) else 0
        raise InputError([Problem(file, line, "", f"has a character that YAML forbids: {error.reason}")]) from None


def _build(events: Iterator[Any], file: str) -> Document:
    lines: dict[Path_, int] = {}
    root: list[Any] = []
    # One frame per open collection: the container, its path, the key that waits for its value (mappings).
    frames: list[tuple[Any, Path_]] = [(root, ())]
    keys: list[str | None] = [None]

    def refuse(line: int, path: Path_, message: str) -> InputError:
        return InputError([Problem(file, line, dotted(path), message)])

    def place(value: Any, line: int) -> Path_:
        container, path = frames[-1]
        if isinstance(container, dict):
            key = keys[-1]
            if key is None:
                if not isinstance(value, str):
                    raise refuse(line, path, f"a key must be text, not {value!r}; put it in quotes")
                here = (*path, value)
                if value in container:
                    first = lines[here]
                    raise refuse(line, here, f"this key stands here a second time; first in line {first}")
                if value == "<<":
                    raise refuse(line, path, "merge keys (<<) are not allowed; write the values out")
                keys[-1] = value
                lines[here] = line
                container[value] = None
                return here
            container[key] = value
            keys[-1] = None
            return (*path, key)
        container.append(value)
        if container is root:
            lines[()] = line
            return ()
        here = (*path, len(container) - 1)
        lines[here] = line
        return here

    for event in events:
        line = event.start_mark.line + 1
        container, here = frames[-1]
        if isinstance(container, dict) and (key := keys[-1]) is not None:
            here = (*here, key)
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise refuse(line, here, "anchors and aliases (&name, *name) are not allowed; write the values out")
        if isinstance(event, yaml.ScalarEvent):
            if event.tag is not None:
                raise refuse(line, here, f"tags ({event.tag}) are not allowed")
            place(_scalar(event, line, here, refuse), line)
        elif isinstance(event, (yaml.MappingStartEvent, yaml.SequenceStartEvent)):
            if event.tag is not None:
                raise refuse(line, here, f"tags ({event.tag}) are not allowed")
            if len(frames) > MAX_DEPTH:
                raise refuse(line, here, f"is nested deeper than {MAX_DEPTH} levels")
            value: Any = {} if isinstance(event, yaml.MappingStartEvent) else []
            if isinstance(container, dict) and keys[-1] is None:
                raise refuse(line, here, "a key must be text, not a collection")
            frames.append((value, place(value, line)))
            keys.append(None)
        elif isinstance(event, (yaml.MappingEndEvent, yaml.SequenceEndEvent)):
            frames.pop()
            keys.pop()
        elif isinstance(event, yaml.DocumentStartEvent) and root:
            raise refuse(line, (), "holds a second YAML document (---); put it into a file of its own")
    return Document(file, root[0] if root else None, lines)


def _scalar(event: Any, line: int, path: Path_, refuse: Any) -> Any:
    text: str = event.value
    if not event.implicit[0]:  # quoted
        return text
    tag: str = _RESOLVER.resolve(yaml.ScalarNode, text, (True, False))  # type: ignore[no-untyped-call]
    kind = tag.rpartition(":")[2]
    if kind in ("str", "merge", "value"):
        return text
    if kind == "null":
        return None
    if kind == "bool" and text in ("true", "false"):
        return text == "true"
    if kind == "int" and _INTEGER.match(text):
        return int(text)
    if kind == "float" and _FLOAT.match(text):
        return float(text)
    if kind == "timestamp" and _DATE.match(text):
        try:
            return datetime.date.fromisoformat(text)
        except ValueError:
            message = f"{text} is not a date of the calendar; correct it (if it is no date but text: put it in quotes)"
            raise refuse(line, path, message) from None
    if kind == "timestamp":
        message = f"{text} is a time; write a date as 2027-03-31 (if it is no date but text: put it in quotes)"
        raise refuse(line, path, message)
    raise refuse(line, path, f'YAML reads the plain word {text} as a {kind}, not as text; write "{text}" in quotes')
