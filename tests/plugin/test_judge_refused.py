"""A judge whose key is withdrawn, in a real run: what it cannot judge is not asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.fakeserver import FAULTS, Answer
from tests.plugin.scripted_judge import OPTIONS, judge, judged, serving

Record = Callable[[], Any]


@pytest.mark.parametrize("trouble", ["bad key", "quota", "unknown model"])
def test_canaries_from_the_cache_do_not_hide_it(project: pytest.Pytester, record: Record, trouble: str) -> None:
    careful, refused = judge(), False

    def judging(request: dict[str, Any]) -> Answer:
        return FAULTS[trouble] if refused else careful(request)

    with serving(judging) as server:
        options = [*OPTIONS, f"--pa-api-base={server.url}", "--pa-concurrency=2"]
        project.runpytest_subprocess(*options, "-k", "satay").assert_outcomes(passed=6, deselected=6)
        refused = True
        before, asked = len(server.requests), len(judged(server))
        result = project.runpytest_subprocess(*options, "--pa-cases=builtin:smoke")
        sent, to_judge = len(server.requests) - before, len(judged(server)) - asked
    assert result.ret == 10
    assert to_judge <= 4
    assert sent <= 40  # of 336, and as many for the judge
    document = record()
    assert document["judge"]["canaries"]["right"] == 60
    errors = [trial["error"]["message"] for case in document["cases"] for trial in case["trials"]]
    (warning,) = document["run"]["warnings"]
    assert errors.count(f"not run: no verdict can come any more from the judge openai/other-judge: {warning}") > 100
