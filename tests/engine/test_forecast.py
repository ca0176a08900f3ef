"""Calls, tokens and cost before the first call; prices from litellm's table without importing litellm."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from pytest_personal_align.core.options import EngineOptions, Reuse
from pytest_personal_align.engine.forecast import expected_calls
from pytest_personal_align.engine.prices import ModelInfo, model_info, providers
from tests.engine.enginekit import arm, plan, reference_plans, run
from tests.engine.test_shared_prefixes import echo
from tests.fakeserver import FakeServer


def test_a_changed_suite_finds_what_it_shares_with_the_cache(tmp_path: Path) -> None:
    with FakeServer(echo) as server:
        options = EngineOptions((arm("openai/x", server.url),), reuse=Reuse("use", str(tmp_path)))
        run(options, reference_plans(2, "alone"))
        more = reference_plans(3)
        forecast = expected_calls(more, options)
        ran = run(options, more)
    calls = ran.bench.calls().assistant
    assert (forecast.sent, forecast.cached, forecast.shared) == (calls.sent, calls.cached, calls.shared)
    assert forecast.cached == 2 * 5
    assert (forecast.conversations, forecast.turns) == (15, 87)


@pytest.mark.parametrize("mode", ["refresh", "off"])
def test_where_the_cache_is_not_asked_nothing_is_cached(tmp_path: Path, mode: str) -> None:
    with FakeServer(echo) as server:
        plans = reference_plans(1)
        run(EngineOptions((arm("openai/x", server.url),), reuse=Reuse("use", str(tmp_path))), plans)
        options = EngineOptions((arm("openai/x", server.url),), reuse=Reuse(mode, str(tmp_path)))  # type: ignore[arg-type]
        assert expected_calls(plans, options).sent == run(options, plans).bench.calls().assistant.sent == 13


def test_trials_and_no_share() -> None:
    plans = reference_plans(2, trials=3)
    assert expected_calls(plans, EngineOptions((arm("openai/x"),))).sent == 2 * 3 * 13
    assert expected_calls(plans, EngineOptions((arm("openai/x"),), reuse=Reuse(share=False))).sent == 2 * 3 * 29


def test_cost() -> None:
    dear = expected_calls(reference_plans(2), EngineOptions((arm("openai/gpt-4o"),)))
    cheap = expected_calls(reference_plans(2), EngineOptions((arm("openai/gpt-4o-mini"),)))
    assert dear.cost_usd is not None
    assert cheap.cost_usd is not None
    assert 0 < cheap.cost_usd < dear.cost_usd
    assert dear.cost_usd == pytest.approx(dear.prompt_tokens * 2.5e-6 + dear.completion_tokens * 1e-5, abs=1e-4)
    assert expected_calls(reference_plans(1), EngineOptions((arm("openai/my-own"),))).cost_usd is None
    assert expected_calls(reference_plans(1), EngineOptions((arm("demo/attentive"),))).cost_usd == 0


def test_replay_and_hooks_need_no_call(tmp_path: Path) -> None:
    replayed = expected_calls([plan("Hi")], EngineOptions((arm("replay:x.jsonl"),)))
    assert (replayed.conversations, replayed.turns, replayed.sent) == (1, 0, 0)
    mine = expected_calls([plan("Hi", "Ho")], EngineOptions((arm("mine"),)), custom=lambda model: object())
    assert mine.sent == 2


def test_prices_and_context_sizes() -> None:
    info = model_info("gpt-4o")
    assert info == ModelInfo("openai", 2.5e-6, 1e-5, 1.25e-6, 128_000, 16_384)
    assert model_info("openai/gpt-4o") == info
    assert model_info("no-such-model") is None
    assert {"openai", "anthropic", "hosted_vllm", "groq", "vertex_ai"} <= providers()


def test_cost_of_a_call() -> None:
    assert ModelInfo("p", 2.0, 3.0, 0.5, None, None).cost(10, 2, 4) == 6 * 2 + 4 * 0.5 + 2 * 3
    assert ModelInfo("p", 2.0, 3.0, None, None, None).cost(10, 2, 4) == 10 * 2 + 2 * 3
    assert ModelInfo("p", None, 3.0, None, None, None).cost(10, 2) is None


def test_no_litellm_for_prices_checks_and_forecasts() -> None:
    code = """
import sys
from pytest_personal_align.core.options import Arm, EngineOptions
from pytest_personal_align.engine.bench import Bench
from pytest_personal_align.engine.check import check_options
from pytest_personal_align.engine.forecast import expected_calls
options = EngineOptions((Arm("a", "anthropic/claude-x"), Arm("b", "gpt-4o")))
check_options(options, live=False)
expected_calls([], options)
Bench(options, lambda complete: None)
assert not {"litellm", "aiohttp", "openai", "httpx"} & set(sys.modules)
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=300)


def test_with_a_remedy_it_is_a_lower_bound() -> None:
    plans = reference_plans(1)
    assert expected_calls(plans, EngineOptions((arm("openai/x"),))).exact
    remedied = expected_calls(plans, EngineOptions((arm("openai/x", remedy="self-reflection"),)))
    assert (remedied.exact, remedied.sent, remedied.questions) == (False, 26, 13)
