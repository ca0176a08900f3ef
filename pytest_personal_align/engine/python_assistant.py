"""``python:module:callable``: the product's own assistant, in the tester's process."""

from __future__ import annotations

import asyncio
import importlib
import inspect
import os
import sys
import threading
import traceback
from collections.abc import Callable, Sequence
from time import perf_counter
from types import TracebackType
from typing import Any

from pytest_personal_align.core.errors import OptionError
from pytest_personal_align.core.result import CallFailed, Message, Reply
from pytest_personal_align.core.text import one_line
from pytest_personal_align.engine.assistant import Call
from pytest_personal_align.engine.clean import cleaned, estimated_usage, redacted

_MINE = os.path.dirname(__file__)


def load(name: str) -> Callable[..., Any]:
    """The callable of ``module:callable``. Raises OptionError that says why there is none."""
    module_name, _, attribute = name.partition(":")
    where = os.getcwd()
    if where not in sys.path:  # at the end, so that nothing installed is shadowed
        sys.path.append(where)
    try:
        found: Any = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        missing = error.name or module_name
        if module_name == missing or module_name.startswith(missing + "."):
            raise OptionError(f"python:{name}: there is no module {missing!r} on sys.path or in {where}") from None
        raise OptionError(f"python:{name}: importing {module_name} failed: {_what(error)}") from None
    except (KeyboardInterrupt, MemoryError):
        raise
    except BaseException as error:  # noqa: BLE001 - the user's module may raise anything, SystemExit included
        raise OptionError(f"python:{name}: importing {module_name} failed: {_what(error)}") from None
    for part in attribute.split("."):
        try:
            found = getattr(found, part)
        except AttributeError:
            raise OptionError(f"python:{name}: {module_name} has no {attribute!r}") from None
    if not callable(found):
        raise OptionError(f"python:{name}: {attribute} is not callable but of type {type(found).__name__}")
    try:
        inspect.signature(found).bind([])
    except TypeError as error:
        raise OptionError(f"python:{name}: cannot be called with the list of messages alone: {error}") from None
    except ValueError:
        pass  # a builtin without a signature
    return found  # type: ignore[no-any-return]


class PythonAssistant:
    """Calls the user's callable with a list of ``{"role", "content"}``; what it returns is the reply.

    A coroutine function is awaited in the engine's loop, anything else runs in a thread of its own.
    ``timeout`` is the deadline of a call in seconds.
    """

    def __init__(self, name: str, timeout: float) -> None:
        self._name = name
        self._reply = load(name)
        self._timeout = timeout
        function = self._reply
        call = getattr(function, "__call__", None)  # noqa: B004 - an instance with an async __call__
        self._is_async = inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(call)

    async def __call__(self, messages: Sequence[Message], call: Call) -> Reply:
        sent = [{"role": message.role, "content": message.content} for message in messages]
        started = perf_counter()
        try:
            answer = await asyncio.wait_for(self._answer(sent), self._timeout)
        except asyncio.TimeoutError as error:
            if perf_counter() - started < self._timeout:  # the user's code ran into a deadline of its own
                raise CallFailed("assistant", _what(error)) from None
            raise CallFailed("timeout", f"python:{self._name} did not answer within {self._timeout:g} s") from None
        if not isinstance(answer, str):
            raise CallFailed("assistant", f"python:{self._name} returned {type(answer).__name__}, not text")
        text = cleaned(answer)
        if not text.strip():
            raise CallFailed("empty", f"python:{self._name} returned an empty text")
        usage = estimated_usage(messages, text)
        return Reply(text, "stop", usage, perf_counter() - started, f"python:{self._name}")

    async def _answer(self, messages: list[dict[str, str]]) -> Any:
        try:
            answer = self._reply(messages) if self._is_async else await _in_thread(self._reply, messages)
            return await answer if inspect.isawaitable(answer) else answer
        except asyncio.CancelledError:
            raise
        except BaseException as error:  # noqa: BLE001 - whatever the user's code raises is an error of this trial
            raise CallFailed("assistant", _what(error)) from None


async def _in_thread(function: Callable[..., Any], messages: list[dict[str, str]]) -> Any:
    # Not a pool: its threads are joined at exit, so that one call that hangs would hang pytest.
    loop = asyncio.get_running_loop()
    future: asyncio.Future[Any] = loop.create_future()

    def settle(result: Any, error: BaseException | None) -> None:
        if not future.done():
            if error is None:
                future.set_result(result)
            else:
                future.set_exception(error)

    def work() -> None:
        result, failure = None, None
        try:
            result = function(messages)
        except BaseException as error:  # noqa: BLE001 - handed on to the loop
            failure = error if not isinstance(error, StopIteration) else RuntimeError("StopIteration")
        try:
            loop.call_soon_threadsafe(settle, result, failure)
        except RuntimeError:
            pass  # the loop has ended meanwhile

    threading.Thread(target=work, name="personal-align-assistant", daemon=True).start()
    return await future


def _what(error: BaseException) -> str:
    """``TypeError: ... (file:line)``, the line being the last one of the user's own code."""
    place = _place(error.__traceback__)
    return one_line(redacted(f"{type(error).__name__}: {error}".rstrip(": ")), 400) + (f" ({place})" if place else "")


def _place(trace: TracebackType | None) -> str:
    frames = [frame for frame in traceback.extract_tb(trace) if not _foreign(frame.filename)]
    return f"{os.path.relpath(frames[-1].filename)}:{frames[-1].lineno}" if frames else ""


def _foreign(file: str) -> bool:
    return file.startswith((_MINE, "<")) or "site-packages" in file or file.startswith(os.path.dirname(os.__file__))
