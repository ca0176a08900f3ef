"""The way to every other provider: ``litellm.acompletion``. The one file that imports litellm."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import re
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

from pytest_personal_align.engine.bounded import bind, watched
from pytest_personal_align.engine.clean import told
from pytest_personal_align.engine.fault import Fault, fault_of
from pytest_personal_align.engine.route import Route
from pytest_personal_align.engine.wire import parsed
from pytest_personal_align.engine.workers import tidied

_LOCK = threading.Lock()
# Its import would read a .env above site-packages, which a pull request may bring along (and with it an address
# that gets the real key), and fetch a price list from the internet.
_AT_IMPORT = {"LITELLM_MODE": "PRODUCTION", "LITELLM_LOCAL_MODEL_COST_MAP": "True"}
_LOGGERS = ("LiteLLM", "LiteLLM Router", "LiteLLM Proxy", "httpx", "openai._base_client", "aiohttp.client", "asyncio")


class LitellmWay:
    """Calls litellm without its own retries, and under a deadline of ours: its timeout is for each read."""

    def __init__(self, litellm: Any, timeout: float) -> None:
        self._litellm = litellm
        self._timeout = timeout

    @classmethod
    async def start(cls, timeout: float) -> LitellmWay:
        """Import litellm, in a thread of its own: it takes some seconds."""
        loop = asyncio.get_running_loop()
        with ThreadPoolExecutor(1, thread_name_prefix="personal-align-import") as executor:
            return cls(await loop.run_in_executor(executor, load), timeout)

    async def close(self) -> None:
        await self._litellm.close_litellm_async_clients()
        # Its worker for logs would outlive the loop, and complain of that into whichever test runs then.
        left = [task for task in asyncio.all_tasks() if "LoggingWorker" in getattr(task.get_coro(), "__qualname__", "")]
        for task in left:
            task.cancel()
        if left:
            await asyncio.wait(left, timeout=1)

    async def send(self, route: Route, body: dict[str, Any], sent: Mapping[str, Any]) -> Any:
        arguments = {"model": route.name, **body, "max_retries": 0, "timeout": self._timeout, "num_retries": None}
        if route.base is not None:
            arguments["api_base"] = route.base
            if route.provider != "azure":
                key = os.environ.get(f"{route.provider.upper()}_API_KEY", "").strip()
                arguments.setdefault("api_key", key or "none")
        with tidied(), watched(route.endpoint) as received:
            try:
                response = await asyncio.wait_for(self._litellm.acompletion(**arguments), self._timeout)
            except asyncio.TimeoutError:
                message = f"{route.endpoint} did not answer within {self._timeout:g} s"
                raise Fault("timeout", message, 1, received=received.billed) from None
            except asyncio.CancelledError:
                raise
            except Exception as error:  # noqa: BLE001 - litellm raises what it likes; status and body tell what it is
                fault = received.fault or _fault(error, sent, route.endpoint)
                fault.received = fault.received or received.billed
                raise fault from None
        return _plain(response)


def load() -> Any:
    """The litellm module, imported without a look at .env files and without the network."""
    with _LOCK:
        for name in _LOGGERS:
            logger = logging.getLogger(name)
            if not any(isinstance(one, _NotOurs) for one in logger.filters):
                logger.addFilter(_NotOurs())
        before = {name: os.environ.get(name) for name in _AT_IMPORT}
        os.environ.update(_AT_IMPORT)
        try:
            import litellm  # noqa: PLC0415 - 3 s and 160 MB: only where a model needs it

            _bind_transports()
        finally:
            for name, value in before.items():
                if value is None:
                    os.environ.pop(name, None)
                else:
                    os.environ[name] = value
        litellm.suppress_debug_info = True  # or it prints "Give Feedback" on every error
        return litellm


def _bind_transports() -> None:
    """litellm's own transport, and those of httpx that it falls back to."""
    import httpx  # noqa: PLC0415 - comes with litellm

    transports: list[type[Any]] = [httpx.AsyncHTTPTransport, httpx.HTTPTransport]
    # Calls still work with a litellm that has moved it; the tests of the boundary then fail, and say what to bind.
    with suppress(ImportError):
        from litellm.llms.custom_httpx.aiohttp_transport import LiteLLMAiohttpTransport  # noqa: PLC0415

        transports.append(LiteLLMAiohttpTransport)
    for transport in transports:
        bind(transport)


class _NotOurs(logging.Filter):
    """Drops records of our own threads: they would land in whichever test captures the log.

    And what litellm's worker says at exit, from the main thread, when nobody captures any more.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        ours = (record.threadName or "").startswith("personal-align")
        return not ours and not str(record.msg).startswith("[LoggingWorker] atexit")


def _plain(response: Any) -> dict[str, Any]:
    """The completion as OpenAI's protocol writes it. Not by pydantic's dump: it warns about litellm's own models."""
    choices = []
    for choice in getattr(response, "choices", None) or []:
        message = getattr(choice, "message", None)
        fields = getattr(message, "provider_specific_fields", None)
        choices.append(
            {
                "finish_reason": getattr(choice, "finish_reason", None),
                "message": {
                    "content": getattr(message, "content", None),
                    "provider_specific_fields": fields if isinstance(fields, dict) else None,
                },
            }
        )
    usage = getattr(response, "usage", None)
    details = getattr(usage, "prompt_tokens_details", None)
    return {
        "model": getattr(response, "model", None),
        "choices": choices,
        "usage": {
            "prompt_tokens": getattr(usage, "prompt_tokens", None),
            "completion_tokens": getattr(usage, "completion_tokens", None),
            "prompt_tokens_details": {"cached_tokens": getattr(details, "cached_tokens", None)},
        },
    }


_UNREACHABLE = re.compile(r"ConnectorError|ConnectError|ConnectionRefused|gaierror")
_PREFIXES = re.compile(r"\A(?:litellm\.)?(?:[A-Za-z]+(?:Error|Exception|Timeout|Filter)s?(?:: | - ))+")
_OWN_WORDS = re.compile(r"Unable to get json response.*?Original Response: ?", re.DOTALL)


def _fault(error: Exception, sent: Mapping[str, Any], whose: str) -> Fault:
    """By status and body, which stands at the end of the message: litellm's classes do not tell (403, 409, 529)."""
    text = _PREFIXES.sub("", re.sub(r"\S+Exception - | ssl:<[^>]*>", "", str(error))).strip()
    text = text.partition("Traceback (most recent call last)")[0].strip() or text  # litellm's own, with our folders
    chain = " ".join(type(one).__name__ for one in _chain(error))
    if _UNREACHABLE.search(chain) or "Cannot connect to host" in text:
        return Fault("provider", told(f"{whose} cannot be reached: {text}", 400), fatal=True)
    status = getattr(error, "status_code", None)
    if not isinstance(status, int):
        return Fault("provider", told(f"{whose}: {type(error).__name__}: {text}", 400))
    if status < 300:  # what came was no completion
        try:
            parsed(_OWN_WORDS.sub("", text), whose)
        except Fault as fault:
            return fault
        return Fault("provider", told(f"{whose}: {text}", 400))
    return fault_of(status, _headers(error), _body(text), sent, whose)


def _body(text: str) -> str:
    start = text.find("{")
    if start >= 0:
        try:
            return json.dumps(json.JSONDecoder().raw_decode(text[start:])[0])
        except (ValueError, RecursionError):
            pass
    return text


def _headers(error: Exception) -> Mapping[str, str]:
    for one in _chain(error):
        for holder in (one, getattr(one, "response", None)):
            for name in ("litellm_response_headers", "headers"):
                headers = getattr(holder, name, None)
                if headers is not None and hasattr(headers, "items") and len(headers):
                    return {str(key): str(value) for key, value in headers.items()}
    return {}


def _chain(error: BaseException) -> list[BaseException]:
    found: list[BaseException] = []
    following: BaseException | None = error
    while following is not None and following not in found:
        found.append(following)
        following = following.__cause__ or following.__context__
    return found
