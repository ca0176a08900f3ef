"""A run from the cache alone needs no key: it never calls."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.plugin.scripted_judge import OPTIONS, judge, serving


def test_assistant_and_judge_are_replayed_without_a_key(
    project: pytest.Pytester, record: Callable[[], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-scripted")
    with serving(judge()) as server:
        # The same address, written so that it is not taken for this machine's, which would need no key.
        base = f"--pa-api-base={server.url.replace('127.0.0.1', '0x7f000001')}"
        first = project.runpytest_subprocess(*OPTIONS, base, "-k", "satay")
        first.assert_outcomes(passed=6, deselected=6)
        sent = len(server.requests)
        monkeypatch.delenv("OPENAI_API_KEY")
        refused = project.runpytest_subprocess(*OPTIONS, base, "-k", "satay")
        assert refused.ret == pytest.ExitCode.USAGE_ERROR
        again = project.runpytest_subprocess(*OPTIONS, base, "-k", "satay", "--pa-cache=replay")
        again.assert_outcomes(passed=6, deselected=6)
        assert len(server.requests) == sent
    calls = record()["calls"]
    assert (calls["assistant"]["sent"], calls["judge"]["sent"]) == (0, 0)
