"""The threads of the loop's executor, and the coroutines that a cancelled call leaves behind in them."""

from __future__ import annotations

import inspect
import threading
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any


class _Begotten:
    """Coroutines that one call's functions have returned. What was not begun at its end is closed: Python would say
    "was never awaited" of it, in the midst of whichever test runs then."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._found: list[Coroutine[Any, Any, Any]] = []
        self._over = False

    def add(self, found: Coroutine[Any, Any, Any]) -> None:
        with self._lock:
            self._found.append(found)
        if self._over:
            self.end()

    def end(self) -> None:
        with self._lock:
            self._over = True
            found, self._found = self._found, []
        for one in found:
            if inspect.getcoroutinestate(one) == inspect.CORO_CREATED:
                one.close()


_CALL: ContextVar[_Begotten | None] = ContextVar("personal_align_begotten", default=None)


@contextmanager
def tidied() -> Iterator[None]:
    """Close what functions that were given to :class:`Workers` inside return and nobody awaits.

    litellm builds each call in the executor: its function returns a coroutine, which is lost where the call is
    cancelled meanwhile.
    """
    begotten = _Begotten()
    token = _CALL.set(begotten)
    try:
        yield
    finally:
        _CALL.reset(token)
        begotten.end()


class Workers(ThreadPoolExecutor):
    """An executor for :func:`tidied`. By the names of its threads we know whose log records are ours."""

    def __init__(self) -> None:
        super().__init__(8, thread_name_prefix="personal-align-worker")

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Run ``fn`` in a thread; a coroutine that it returns belongs to the call that submitted it."""
        begotten = _CALL.get()
        return super().submit(fn if begotten is None else _keeping(fn, begotten), *args, **kwargs)


def _keeping(fn: Callable[..., Any], begotten: _Begotten) -> Callable[..., Any]:
    def kept(*args: Any, **kwargs: Any) -> Any:
        made = fn(*args, **kwargs)
        if inspect.iscoroutine(made):
            begotten.add(made)
        return made

    return kept
