"""A real local HTTP server that speaks OpenAI's chat completions, for tests and benchmarks. Not a test.

    with FakeServer() as server:                       # answers "Reply N." to everything
        run(..., api_base=server.url)                  # http://127.0.0.1:PORT/v1
        server.requests                                # every request, in order of arrival

What it answers is decided by ``script``, one of

* a callable ``script(request) -> answer``, called in the server's thread with the parsed JSON body;
* a list of answers: request *n* gets the *n*-th, the last one goes on for ever;
* a single answer.

An answer is a text (an ordinary reply with usage), a :class:`Fault`, or an exception class or instance to raise
(HTTP 500). So a callable that returns text makes the server a *product*::

    def product(request):                              # request["messages"], request["model"], ...
        return "No: you told me about your peanut allergy." if is_right(request["messages"][-1]["content"]) else "Yes!"

    with FakeServer(product, latency=0.05) as server: ...

``latency`` is in seconds, before every answer. ``faults`` may be changed while it runs by setting ``server.script``.
The fault table :data:`FAULTS` holds ready-made ones by name.
"""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web


@dataclass(frozen=True)
class Fault:
    """A raw answer. ``hang``: seconds of silence before it; ``drip``: seconds between its bytes; ``cut``: close the
    connection after so many bytes although more were announced; ``drop``: close it without any answer."""

    body: str | bytes | dict[str, Any] = ""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = "application/json"
    hang: float = 0.0
    drip: float = 0.0
    cut: int | None = None
    drop: bool = False


@dataclass(frozen=True)
class Request:
    """One request: parsed body, headers, time of arrival (``time.monotonic``), how many were under way with it."""

    path: str
    body: dict[str, Any]
    headers: Mapping[str, str]
    arrived: float
    together: int

    @property
    def messages(self) -> list[dict[str, str]]:
        return self.body["messages"]  # type: ignore[no-any-return]


Answer = str | Fault | Exception | type[Exception]
Script = Callable[[dict[str, Any]], Answer] | Sequence[Answer] | Answer | None


def completion(text: str | None, request: Mapping[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    """A chat completion. ``changes`` replace: finish_reason, usage, choices, refusal, model."""
    words = sum(len(str(message["content"]).split()) for message in (request or {}).get("messages", []))
    usage = {"prompt_tokens": words, "completion_tokens": len((text or "").split())}
    usage["total_tokens"] = sum(usage.values())
    message: dict[str, Any] = {"role": "assistant", "content": text}
    if "refusal" in changes:
        message["refusal"] = changes.pop("refusal")
    choice = {"index": 0, "message": message, "finish_reason": changes.pop("finish_reason", "stop")}
    whole = {"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "choices": [choice], "usage": usage}
    return {**whole, "model": (request or {}).get("model", "fake"), **changes}


def error(status: int, message: str, headers: Mapping[str, str] | None = None, **fields: Any) -> Fault:
    """An error as OpenAI words it."""
    body = {"error": {"message": message, "type": fields.pop("type", "invalid_request_error"), **fields}}
    return Fault(body, status, headers or {})


FAULTS: dict[str, Fault] = {
    "bad key": error(401, "Incorrect API key provided.", code="invalid_api_key"),
    "forbidden": error(403, "You are not allowed to use this project."),
    "unpaid": error(402, "Payment required."),
    "unknown model": error(404, "The model `x` does not exist.", code="model_not_found"),
    "quota": error(429, "You exceeded your current quota.", code="insufficient_quota", type="insufficient_quota"),
    "too many": error(429, "Rate limit reached.", {"Retry-After": "0"}, code="rate_limit_exceeded"),
    "too many for an hour": error(429, "Rate limit reached.", {"Retry-After": "3600"}, code="rate_limit_exceeded"),
    "server error": error(500, "The server had an error.", type="server_error"),
    "overloaded": error(529, "Overloaded", type="overloaded_error"),
    "conflict": error(409, "Conflict."),
    "bad request": error(400, "Invalid value for 'messages'."),
    "context": error(400, "This model's maximum context length is 10 tokens.", code="context_length_exceeded"),
    "filter 400": error(400, "The response was filtered.", code="content_filter"),
    "hang": Fault(completion("late"), hang=60),
    "drip": Fault(completion("drip by drip"), drip=0.2),
    "empty body": Fault(""),
    "html": Fault("<html><title>Welcome to nginx!</title></html>", content_type="text/html"),
    "html 502": Fault("<html><title>Bad gateway</title></html>", 502, content_type="text/html"),
    "truncated json": Fault(json.dumps(completion("never whole"))[:60]),
    "cut": Fault(completion("never whole"), cut=60),
    "drop": Fault(drop=True),
    "no choices": Fault(completion("", choices=[])),
    "null content": Fault(completion(None)),
    "blank": Fault(completion("  \n ")),
    "length": Fault(completion("I would say that", finish_reason="length")),
    "content filter": Fault(completion("", finish_reason="content_filter")),
    "error in 200": Fault({"error": {"message": "Upstream failed.", "code": 502}}),
    "huge": Fault(completion("x" * 4_100_000)),
    "redirect": Fault("", 307, {"Location": "http://127.0.0.1:9/v1/chat/completions"}),
}


class FakeServer:
    """Serves in a thread of its own; a context manager."""

    def __init__(self, script: Script = None, *, latency: float = 0.0) -> None:
        self.script = script
        self.latency = latency
        self.requests: list[Request] = []
        self.url = ""
        self._together = 0
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="fakeserver", daemon=True)

    def __enter__(self) -> FakeServer:
        self._thread.start()
        assert self._ready.wait(60)
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    @property
    def together(self) -> int:
        """The number of requests that are under way now."""
        return self._together

    @property
    def most_together(self) -> int:
        """The highest number of requests that were under way at a time."""
        return max((request.together for request in self.requests), default=0)

    def _run(self) -> None:
        app = web.Application(client_max_size=50_000_000)
        app.router.add_route("*", "/{path:.*}", self._handle)
        runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0)
        self._loop.run_until_complete(runner.setup())
        site = web.TCPSite(runner, "127.0.0.1", 0, backlog=1024)
        self._loop.run_until_complete(site.start())
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
        self._ready.set()
        self._loop.run_forever()
        self._loop.run_until_complete(runner.cleanup())
        self._loop.close()

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        self._together += 1
        number = len(self.requests)
        self.requests.append(Request(request.path, body, dict(request.headers), time.monotonic(), self._together))
        try:
            if self.latency:
                await asyncio.sleep(self.latency)
            return await _answer(self._scripted(body, number), body, request)
        finally:
            self._together -= 1

    def _scripted(self, body: dict[str, Any], number: int) -> Answer:
        script = self.script
        if script is None:
            return f"Reply {number}."
        if callable(script) and not isinstance(script, type):
            return script(body)
        if isinstance(script, Sequence) and not isinstance(script, str):
            return script[min(number, len(script) - 1)]
        return script


async def _answer(answer: Answer, body: dict[str, Any], request: web.Request) -> web.StreamResponse:
    if isinstance(answer, str):
        return web.json_response(completion(answer, body))
    if not isinstance(answer, Fault):
        raise answer
    if answer.hang:
        await asyncio.sleep(answer.hang)
    if answer.drop:
        assert request.transport is not None
        request.transport.close()
        return web.Response()
    raw = json.dumps(answer.body).encode() if isinstance(answer.body, dict) else answer.body
    raw = raw.encode() if isinstance(raw, str) else raw
    response = web.StreamResponse(status=answer.status, headers=dict(answer.headers))
    response.content_type = answer.content_type
    response.content_length = len(raw)
    await response.prepare(request)
    step = 1 if answer.drip else max(1, len(raw))
    for start in range(0, len(raw) if answer.cut is None else answer.cut, step):
        await response.write(raw[start : start + step] if answer.cut is None else raw[: answer.cut])
        if answer.drip:
            await asyncio.sleep(answer.drip)
        if answer.cut is not None:
            assert request.transport is not None
            request.transport.close()
            return response
    await response.write_eof()
    return response
