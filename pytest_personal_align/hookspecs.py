"""Hooks for users' conftest files and plugins."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pytest_personal_align.engine.assistant import Assistant
    from pytest_personal_align.judging.protocol import Judge


@pytest.hookspec(firstresult=True)
def pytest_personal_align_assistant(model: str) -> Assistant | None:
    """An assistant for a ``--pa-model`` value that is yours to interpret, or None.

    The assistant is called as ``await assistant(messages, call)`` in the engine's event loop.
    """


@pytest.hookspec(firstresult=True)
def pytest_personal_align_judge(name: str) -> Judge | None:
    """A judge for a ``--pa-judge`` value that is yours to interpret, or None."""


@pytest.hookspec
def pytest_personal_align_run_finished(record: dict[str, Any], config: pytest.Config) -> None:
    """Called once in the controlling process with the finished run record, after it was written."""


def declare(manager: pytest.PytestPluginManager) -> None:
    """Add these hooks to pytest, once."""
    known = getattr(manager.hook, "pytest_personal_align_run_finished", None)
    if known is None or not known.has_spec():
        manager.add_hookspecs(sys.modules[__name__])
