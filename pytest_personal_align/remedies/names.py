"""What the names in ``--pa-remedy`` stand for."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Mapping
from typing import Any

from pytest_personal_align.remedies.guidance import guiding_prompt, reminder
from pytest_personal_align.remedies.protocol import Remedy
from pytest_personal_align.remedies.reflection import SelfReflection
from pytest_personal_align.remedies.risk import RiskAssessment
from pytest_personal_align.remedies.user_model import UserModel

NONE = "none"

_MAKE: Mapping[str, Callable[[], Remedy]] = {
    "guiding-prompt": lambda: guiding_prompt,
    "reminder": lambda: reminder,
    "self-reflection": SelfReflection,
    "user-model": UserModel,
    "risk-assessment": RiskAssessment,
}

NAMES: tuple[str, ...] = tuple(_MAKE)
"""The remedies that are shipped."""


_QUESTIONS = {"user-model": 1, "risk-assessment": 1, "self-reflection": 1}


class UnknownRemedy(ValueError):
    """A name that stands for no remedy; the message says why."""


def named(names: str) -> dict[str, Remedy]:
    """The remedies of ``a+b``, outermost first, by name; ``none`` has none. Raises UnknownRemedy.

    Each call makes new ones, so that nothing that one of them remembers is shared.
    """
    if names == NONE:
        return {}
    found: dict[str, Remedy] = {}
    for name in names.split("+"):
        if name in found:
            raise UnknownRemedy(f"{names!r} names {name} twice")
        if name == NONE and names != NONE:
            raise UnknownRemedy(
                f"{names!r}: none stands alone; for an arm without a remedy, give it an option of its own"
            )
        found[name] = _load(name) if name.startswith("python:") else _shipped(name)
    return found


def least_calls(names: str) -> int:
    """Calls that one reply takes if no draft is revised and no answer repaired; of a user's own remedy, one."""
    return 1 + sum(_QUESTIONS.get(name, 0) for name in names.split("+"))


def _shipped(name: str) -> Remedy:
    if name not in _MAKE:
        raise UnknownRemedy(f"{name!r} is not a remedy; there are none, {', '.join(NAMES)} and python:module:callable")
    return _MAKE[name]()


def _load(name: str) -> Remedy:
    module_name, colon, attribute = name.removeprefix("python:").partition(":")
    if not colon or not all(part.isidentifier() for part in (*module_name.split("."), *attribute.split("."))):
        raise UnknownRemedy(f"{name!r} is not python:module:callable, such as python:myapp.remedies:careful")
    try:
        found: Any = importlib.import_module(module_name)
    except Exception as error:  # noqa: BLE001 - a module may raise anything while it is imported
        raise UnknownRemedy(f"{name}: importing {module_name} failed: {type(error).__name__}: {error}") from None
    for part in attribute.split("."):
        found = getattr(found, part, None)
    if not callable(found):
        raise UnknownRemedy(f"{name}: {module_name} has no callable {attribute!r}")
    try:
        inspect.signature(found).bind([], None)
    except TypeError as error:
        raise UnknownRemedy(f"{name}: cannot be called as (messages, assistant): {error}") from None
    except ValueError:
        pass  # a builtin without a signature
    return _awaited(found)


def _awaited(function: Callable[..., Any]) -> Remedy:
    async def remedy(messages: Any, assistant: Any) -> str:
        reply = function(messages, assistant)
        return await reply if inspect.isawaitable(reply) else reply  # type: ignore[no-any-return]

    return remedy
