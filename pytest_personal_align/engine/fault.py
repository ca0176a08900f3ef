"""What went wrong with one attempt of a call: classified by status and body, the same for every way to a model."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

from pytest_personal_align.core.result import ErrorKind, Usage
from pytest_personal_align.engine.clean import MAX_BYTES, redacted, told


@dataclass(eq=False)
class Fault(Exception):
    """One failed attempt.

    ``retries`` is how often the attempt is repeated at most, None for as often as the run allows. ``fatal``:
    every other call to this model would fail in the same way. ``after`` is the waiting time in seconds that the
    endpoint asked for, ``refused`` the parameter that the model does not take, ``usage`` what was paid in spite of
    the fault, ``received`` how many bytes of a reply had come where nobody can say what was paid. ``slow_down``: the
    endpoint has too many requests. ``blameless``: the fault is of this conversation alone, and says nothing about
    the endpoint.
    """

    kind: ErrorKind
    message: str
    retries: int | None = None
    fatal: bool = False
    after: float | None = None
    refused: str | None = None
    usage: Usage | None = None
    slow_down: bool = False
    blameless: bool = False
    received: int = 0

    def __str__(self) -> str:
        return self.message


_QUOTA = ("insufficient_quota", "billing_hard_limit", "billing_not_active", "credit balance is too low")
_BAD_KEY = ("invalid_api_key", "invalid api key", "api key not valid", "incorrect api key", "invalid x-api-key")
_FILTER = ("content_filter", "content_policy", "content management policy", "responsibleaipolicy", "moderation")
_CONTEXT = ("context_length", "maximum context length", "prompt is too long", "context window", "too many tokens")
_NO_MODEL = (
    "model_not_found",
    "model not found",
    "does not exist",
    "unknown model",
    "invalid model",
    "no such model",
    "llm provider",
)
_REFUSED = re.compile(
    r"unsupported|not support|unrecogni[sz]ed|unknown (?:parameter|argument|field|name)|extra (?:inputs|fields)|"
    r"not (?:permitted|allowed|available|compatible)|deprecated|unexpected (?:keyword|field)|only the default",
    re.IGNORECASE,
)


def fault_of(status: int, headers: Mapping[str, str], body: str, sent: Mapping[str, Any], whose: str) -> Fault:
    """The fault behind an HTTP status and body.

    ``sent`` are the parameters of the request that a model might refuse; ``whose`` names the endpoint.
    """
    said, words, param = _said(body)
    message = told(f"HTTP {status} from {whose}: {said if said.strip() else 'no explanation'}", 400)
    if 300 <= status < 400:
        return Fault("provider", f"{message} (a redirect is not followed: check the address)", 0, fatal=True)
    if any(mark in words for mark in _QUOTA) or status == 402:
        return Fault("auth", message, 0, fatal=True)
    if any(mark in words for mark in _FILTER) and status in (400, 403, 422, 451):
        return Fault("filtered", message, 0, blameless=True)
    if status in (401, 403) or (status == 400 and any(mark in words for mark in _BAD_KEY)):
        return Fault("auth", message, 0, fatal=True)
    if status == 404 or (status in (400, 422) and any(mark in words for mark in _NO_MODEL)):
        return Fault("provider", message, 0, fatal=True)
    if status in (400, 413, 422) and any(mark in words for mark in _CONTEXT):
        return Fault("provider", message, 0, blameless=True)
    if status in (400, 422) and _REFUSED.search(words):
        return Fault("provider", message, 0, refused=_refused(said, param, sent))
    if status in (408, 409, 425, 429) or status >= 500:
        return Fault("provider", message, after=retry_after(headers), slow_down=status in (429, 503, 529))
    return Fault("provider", message, 0)


def too_large(status: int, received: int, whose: str) -> Fault:
    """The fault of a body that is not read to its end, after ``received`` bytes."""
    message = f"the reply from {whose} is cut off: it is larger than {MAX_BYTES:,} bytes"
    return Fault("truncated", message, 0, blameless=True, received=received if status == 200 else 0)


def fault_in_reply(error: Any, sent: Mapping[str, Any], whose: str) -> Fault:
    """The fault of a reply with status 200 that holds an ``error``."""
    code = error.get("code") if isinstance(error, dict) else None
    status = int(code) if isinstance(code, (int, str)) and re.fullmatch(r"[345]\d\d", str(code)) else 0
    text = json.dumps(error).lower()
    if not status:
        status = 429 if "rate" in text and "limit" in text else 401 if any(mark in text for mark in _BAD_KEY) else 500
    found = fault_of(status, {}, json.dumps({"error": error}), sent, whose)
    found.message = found.message.replace(f"HTTP {status} from {whose}", f"an error in the reply from {whose}", 1)
    return found


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds that ``Retry-After`` asks for (RFC 9110, 10.2.3: seconds or a date), or ``retry-after-ms``."""
    fields = {name.lower(): value for name, value in headers.items()}
    try:
        if "retry-after-ms" in fields:
            return max(0.0, float(fields["retry-after-ms"]) / 1000)
        value = fields["retry-after"].strip()
    except (KeyError, ValueError):
        return None
    if re.fullmatch(r"\d+(\.\d+)?", value):
        return float(value)
    try:
        until = parsedate_to_datetime(value).timestamp()
    except (ValueError, TypeError, OverflowError):
        return None
    try:  # by the server's own clock, where it tells the time
        now = parsedate_to_datetime(fields["date"]).timestamp()
    except (KeyError, ValueError, TypeError, OverflowError):
        now = time.time()
    return max(0.0, until - now)


def _said(body: str) -> tuple[str, str, str | None]:
    """(the provider's words, all of its error in lower case, the parameter it names)."""
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        return _gist(body), body[:4000].lower(), None
    error = data.get("error", data) if isinstance(data, dict) else data
    if isinstance(error, list) and error:
        error = error[0]
    if not isinstance(error, dict):
        return str(error), str(error)[:4000].lower(), None
    message = error.get("message") or error.get("detail") or error.get("msg") or error.get("error") or ""
    said = message if isinstance(message, str) else json.dumps(message)
    param = error.get("param")
    return said or body, json.dumps(error)[:4000].lower(), param if isinstance(param, str) else None


def _gist(body: str) -> str:
    """A page of HTML as its title."""
    title = re.search(r"<title[^>]*>(.*?)</title", body[:20_000], re.IGNORECASE | re.DOTALL)
    # Keys go before the cut, or half of one might stay.
    return title[1] if title else re.sub(r"<[^>]{0,2000}>", " ", redacted(body[:20_000])[:2_000])


def _refused(said: str, param: str | None, sent: Mapping[str, Any]) -> str | None:
    """Which of the parameters that were sent the message is about."""
    if param is not None and (name := param.split(".")[0]) in sent:
        return name
    named = [name for name in sent if re.search(rf"(?<![A-Za-z_]){re.escape(name)}(?![A-Za-z_])", said)]
    # "Unsupported parameter: 'max_tokens' ... Use 'max_completion_tokens' instead": the first that is named.
    return min(named, key=said.find) if named else None
