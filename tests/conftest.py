"""What all tests share."""

from __future__ import annotations

import os

import hypothesis
import pytest

# Nothing is timed in tests; and what CI says of a change must not depend on the luck of that run.
hypothesis.settings.register_profile("ours", deadline=None, derandomize=bool(os.environ.get("CI")))
hypothesis.settings.load_profile("ours")

pytest_plugins = ["pytester"]


@pytest.fixture(autouse=True)
def _no_keys_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test may reach a real provider, nor depend on what the machine's environment says."""
    for name in ("OPENAI_API_KEY", "OPENAI_API_BASE", "OPENAI_BASE_URL", "GITHUB_STEP_SUMMARY", "GITHUB_ACTIONS"):
        monkeypatch.delenv(name, raising=False)
