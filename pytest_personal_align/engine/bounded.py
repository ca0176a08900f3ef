"""Bounds for a client library that has none: no redirect is followed, and no body is read without end."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from pytest_personal_align.engine.clean import MAX_BYTES
from pytest_personal_align.engine.fault import Fault, too_large

_DONE = "_personal_align_bounded"
# Of the body as it is handed on: read whole, opened, and with no address to go on to.
_DROPPED = frozenset({"content-encoding", "content-length", "transfer-encoding", "location"})


@dataclass
class Received:
    """What came over the wire for one call: of its last response the status and the bytes, and what broke a bound."""

    whose: str
    status: int = 0
    size: int = 0
    fault: Fault | None = None
    _page: bool = False

    @property
    def billed(self) -> int:
        """Bytes of what may be a reply that was paid."""
        return self.size if self.status == 200 and not self._page else 0

    def start(self, status: int, content_type: str) -> None:
        self.status, self.size, self._page = status, 0, "html" in content_type.lower()

    def add(self, size: int) -> None:
        """Raises Fault where a body is too large."""
        self.size += size
        if self.size > MAX_BYTES:
            self.fault = too_large(self.status, self.size, self.whose)
            raise self.fault


_CALL: ContextVar[Received | None] = ContextVar("personal_align_call", default=None)


@contextmanager
def watched(whose: str) -> Iterator[Received]:
    """Bound every request that is made inside, by this task and by those that it starts."""
    received = Received(whose)
    token = _CALL.set(received)
    try:
        yield received
    finally:
        _CALL.reset(token)


def bind(transport: type[Any]) -> None:
    """Bound a class of httpx transports, asynchronous or not, for calls inside :func:`watched`. Idempotent.

    Here and not in a client of our own: litellm makes its clients deep inside, some for one provider only, and one
    that is handed to it is three times slower. Whoever else uses the class in this process sees no difference.

    A redirect comes without its address, so it is not followed and ends as an error with its status. Keep in mind
    what does not go through httpx: libraries of providers that litellm calls as they are (such as boto3 or
    google-auth for keys) and its provider ``aiohttp_openai``. There only the text of a reply is bounded.
    """
    for name, bounded in (("handle_async_request", _bounded_async), ("handle_request", _bounded)):
        original = transport.__dict__.get(name)
        if original is not None and not hasattr(original, _DONE):
            wrapper = bounded(original)
            setattr(wrapper, _DONE, True)
            setattr(transport, name, wrapper)


def _bounded_async(original: Any) -> Any:
    @functools.wraps(original)
    async def handle_async_request(self: Any, request: Any) -> Any:
        call = _CALL.get()
        if call is None:
            return await original(self, request)
        request.headers["Accept-Encoding"] = "identity"  # as on the direct way: no compressed bomb has to be opened
        response = await original(self, request)
        call.start(response.status_code, response.headers.get("content-type", ""))
        body = bytearray()
        try:
            async for chunk in response.aiter_bytes():
                call.add(len(chunk))
                body += chunk
        finally:
            await response.aclose()
        return _whole(response, request, bytes(body))

    return handle_async_request


def _bounded(original: Any) -> Any:
    @functools.wraps(original)
    def handle_request(self: Any, request: Any) -> Any:
        call = _CALL.get()
        if call is None:
            return original(self, request)
        request.headers["Accept-Encoding"] = "identity"
        response = original(self, request)
        call.start(response.status_code, response.headers.get("content-type", ""))
        body = bytearray()
        try:
            for chunk in response.iter_bytes():
                call.add(len(chunk))
                body += chunk
        finally:
            response.close()
        return _whole(response, request, bytes(body))

    return handle_request


def _whole(response: Any, request: Any, body: bytes) -> Any:
    headers = [(name, value) for name, value in response.headers.multi_items() if name.lower() not in _DROPPED]
    return type(response)(
        response.status_code, headers=headers, content=body, request=request, extensions=response.extensions
    )
