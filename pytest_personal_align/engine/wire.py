"""The direct way to OpenAI-compatible endpoints: one aiohttp session, no client library in between."""

from __future__ import annotations

import asyncio
import json
import os
import urllib.request
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from pytest_personal_align.engine.clean import MAX_BYTES, told
from pytest_personal_align.engine.fault import Fault, fault_of, too_large
from pytest_personal_align.engine.route import Route

_PATH = "/chat/completions"


class Wire:
    """Posts bodies and returns what the endpoint says as parsed JSON. Raises Fault."""

    def __init__(self, timeout: float) -> None:
        self._session = aiohttp.ClientSession(
            # no limit of its own: the engine's slots are the limit
            connector=aiohttp.TCPConnector(limit=0, ttl_dns_cache=300),
            # total: the whole call, a dripping body included
            timeout=aiohttp.ClientTimeout(total=timeout, ceil_threshold=1e9),
            # identity: replies are small, and no compressed bomb has to be opened
            headers={"Accept": "application/json", "Accept-Encoding": "identity", "Content-Type": "application/json"},
            cookie_jar=aiohttp.DummyCookieJar(),
        )
        self._timeout = timeout
        self._proxies: dict[str, str | None] = {}

    async def close(self) -> None:
        await self._session.close()

    async def send(self, route: Route, body: dict[str, Any], sent: Mapping[str, Any]) -> Any:
        assert route.base is not None
        url = route.base if route.base.endswith(_PATH) else route.base + _PATH
        key = os.environ.get("OPENAI_API_KEY", "").strip()
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        status, raw = 0, bytearray()
        try:
            async with self._session.post(
                url,
                data=json.dumps({"model": route.name, **body}).encode(),
                headers=headers,
                allow_redirects=False,
                proxy=self._proxy(url),
            ) as response:
                status, reply_headers = response.status, response.headers
                async for chunk in response.content.iter_any():
                    raw += chunk
                    if len(raw) > MAX_BYTES:
                        raise too_large(status, len(raw), route.base)
        except asyncio.TimeoutError:
            # Tried once more only: it has had its chance.
            message = f"{route.base} did not answer within {self._timeout:g} s"
            raise Fault("timeout", message, 1, received=len(raw)) from None
        except (aiohttp.ClientConnectorError, aiohttp.InvalidURL) as error:
            # Nobody there: after a first reply it may come back, before it hardly.
            raise Fault("provider", _unreachable(route.base, error), fatal=True) from None
        except (aiohttp.ClientError, OSError) as error:
            message = f"the connection to {route.base} broke: {told(f'{type(error).__name__}: {error}'.rstrip(': '))}"
            raise Fault("provider", message, received=len(raw) if status == 200 else 0) from None
        text = raw.decode("utf-8", "replace")
        if status != 200:
            raise fault_of(status, reply_headers, text, sent, route.base)
        return parsed(text, route.base)

    def _proxy(self, url: str) -> str | None:
        # Not aiohttp's trust_env: that would also send passwords of ~/.netrc.
        parts = urlsplit(url)
        if url not in self._proxies:
            bypass = urllib.request.proxy_bypass(parts.hostname or "")
            self._proxies[url] = None if bypass else urllib.request.getproxies().get(parts.scheme)
        return self._proxies[url]


def parsed(text: str, whose: str) -> Any:
    """The JSON of a reply. Raises Fault where it is something else."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        what = told(text, 80)
    kind = "an empty body" if not what else "HTML" if what.startswith("<") else "a body that is not whole JSON"
    hint = ": is the address right? It mostly ends in /v1" if kind == "HTML" else f": {what}" if what else ""
    # A page of HTML comes from no model; half a reply may have been paid.
    raise Fault("provider", f"{whose} answered with {kind}{hint}", received=0 if kind == "HTML" else len(text))


def _unreachable(base: str, error: Exception) -> str:
    reason = getattr(error, "os_error", None) or error
    return told(f"{base} cannot be reached: {getattr(reason, 'strerror', None) or reason}")
