"""What all tests share."""

from __future__ import annotations

import os

import hypothesis
import pytest

# Nothing is timed in tests; and what they say of a change must not depend on the luck of a run.
hypothesis.settings.register_profile("ours", deadline=None, derandomize=True)
hypothesis.settings.load_profile("ours")

pytest_plugins = ["pytester"]


@pytest.fixture(autouse=True)
def _no_keys_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test may reach a real provider, nor depend on what the machine's environment says."""
    proxies = [name for name in os.environ if name.lower().endswith("_proxy")]  # our servers are on this machine
    names = ("OPENAI_API_KEY", "OPENAI_API_BASE", "OPENAI_BASE_URL", "GITHUB_STEP_SUMMARY", "GITHUB_ACTIONS")
    for name in (*names, *proxies):
        monkeypatch.delenv(name, raising=False)
