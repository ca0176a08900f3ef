"""What is wrong with a model, a key, an address or a limit is said before the first call."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_personal_align.core.errors import OptionError
from pytest_personal_align.core.options import EngineOptions, JudgeOptions, Limits, Reuse
from pytest_personal_align.engine.check import check_options
from pytest_personal_align.engine.route import Route, resolve
from tests.engine.enginekit import arm

LOCAL = "http://127.0.0.1:1/v1"


@pytest.fixture(autouse=True)
def _no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "GEMINI_API_KEY", "GOOGLE_API_KEY"):
        monkeypatch.delenv(name, raising=False)


def check(model: str, base: str | None = None, *, live: bool = True, **fields: Any) -> None:
    arm_fields = {name: fields.pop(name) for name in ("remedy", "params") if name in fields}
    check_options(EngineOptions((arm(model, base, **arm_fields),), **fields), live=live)


@pytest.mark.parametrize(
    ("model", "base", "route"),
    [
        ("demo/attentive", None, Route("demo", "attentive", "demo")),
        ("openai/gpt-4o", None, Route("wire", "gpt-4o", "openai", "https://api.openai.com/v1")),
        ("gpt-4o", None, Route("wire", "gpt-4o", "openai", "https://api.openai.com/v1")),
        ("openai/org/name", LOCAL + "/", Route("wire", "org/name", "openai", LOCAL)),
        ("my-own", LOCAL, Route("wire", "my-own", "openai", LOCAL)),
        ("meta-llama/Llama-3", LOCAL, Route("wire", "meta-llama/Llama-3", "openai", LOCAL)),
        ("hosted_vllm/x", LOCAL, Route("litellm", "hosted_vllm/x", "hosted_vllm", LOCAL)),
        ("anthropic/claude-x", None, Route("litellm", "anthropic/claude-x", "anthropic")),
        # The address is for servers of one's own: Anthropic's key must not go there.
        ("anthropic/claude-x", LOCAL, Route("litellm", "anthropic/claude-x", "anthropic")),
        ("python:a.b:c.d", None, Route("python", "a.b:c.d", "python")),
    ],
)
def test_what_a_model_string_means(model: str, base: str | None, route: Route) -> None:
    assert resolve(model, base) == route


def test_the_environments_address_is_for_openai_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", LOCAL)
    assert resolve("openai/x").base == LOCAL
    monkeypatch.setenv("OPENAI_API_BASE", "http://127.0.0.1:2/v1/")
    assert resolve("openai/x").base == "http://127.0.0.1:2/v1"
    assert resolve("hosted_vllm/x").base is None


@pytest.mark.parametrize(
    ("model", "base", "words"),
    [
        ("demo/nobody", None, "demo/attentive, demo/forgetful"),
        ("no-such-model", None, "names no provider"),
        ("nobody/model", None, "'nobody' is not a provider that litellm knows"),
        ("openai/", None, "is not a model"),
        ("/x", None, "is not a model"),
        ("two words", None, "is not a model"),
        ("", None, "is not a model"),
        ("openai/x", "localhost:8000", "is not an address"),
        ("openai/x", "http://[bad/v1", "is not an address"),
        ("openai/x", "http://host:port/v1", "is not an address"),
        ("openai/x", "http://me:secret@host/v1", "must not hold a user name"),
        ("replay:", None, "names no file"),
    ],
)
def test_what_leads_nowhere(model: str, base: str | None, words: str) -> None:
    with pytest.raises(OptionError) as caught:
        check(model, base, live=False)
    assert words in str(caught.value)
    assert str(caught.value).startswith("--pa-")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("model", "base", "variable"),
    [
        ("openai/gpt-4o", None, "OPENAI_API_KEY"),
        ("gpt-4o", None, "OPENAI_API_KEY"),
        ("openai/x", "https://llm.example.com/v1", "OPENAI_API_KEY"),
        ("anthropic/claude-x", None, "ANTHROPIC_API_KEY"),
        ("gemini/gemini-x", None, "GEMINI_API_KEY"),
    ],
)
def test_a_missing_key(model: str, base: str | None, variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    check(model, base, live=False)
    with pytest.raises(OptionError, match=f"set the environment variable {variable}"):
        check(model, base)
    with pytest.raises(OptionError, match=f"--pa-judge: .*{variable}"):
        check("demo/attentive", judge=JudgeOptions((model,), api_base=base))
    monkeypatch.setenv(variable, "  ")
    with pytest.raises(OptionError):
        check(model, base)
    monkeypatch.setenv(variable, "some-key")
    check(model, base)


def test_a_cache_that_is_replayed_needs_no_key() -> None:
    replayed = Reuse("replay", "anywhere")
    check("anthropic/claude-x", judge=JudgeOptions(("gemini/gemini-x",)), reuse=replayed)
    with pytest.raises(OptionError, match="ANTHROPIC_API_KEY"):
        check("anthropic/claude-x", reuse=Reuse("use", "anywhere"))


@pytest.mark.parametrize("base", [LOCAL, "http://localhost:8000/v1", "http://[::1]:8000/v1"])
def test_a_server_on_this_machine_needs_no_key(base: str) -> None:
    check("openai/x", base)
    check("x", base)
    check("hosted_vllm/x", base)


def test_an_address_that_nobody_uses() -> None:
    with pytest.raises(OptionError, match=r"--pa-api-base: .* is not used by anthropic/x"):
        check("anthropic/x", LOCAL, live=False)


def test_judges() -> None:
    def options(name: str) -> EngineOptions:
        return EngineOptions((arm("demo/attentive"),), JudgeOptions(("rules", name), api_base=LOCAL))

    check_options(options("openai/j"), live=True)
    with pytest.raises(OptionError, match="is an assistant, not a judge"):
        check_options(options("demo/attentive"), live=True)
    with pytest.raises(OptionError, match="--pa-judge: 'nobody/j'"):
        check_options(EngineOptions((arm("demo/attentive"),), JudgeOptions(("nobody/j",))), live=True,
                      custom_judge=lambda name: None)  # fmt: skip
    check_options(options("nobody/j"), live=True, custom_judge=lambda name: object())


def test_what_a_hook_supplies_is_not_questioned() -> None:
    check_options(EngineOptions((arm("mine"),)), live=True, custom=lambda model: object() if model == "mine" else None)


def test_remedies() -> None:
    with pytest.raises(OptionError, match="--pa-remedy: 'prayer' is not a remedy; there are none"):
        check("demo/attentive", remedy="prayer")


def test_a_budget_in_dollars_needs_a_price() -> None:
    with pytest.raises(OptionError, match="no price is known for my-own"):
        check("openai/my-own", LOCAL, limits=Limits(max_cost=1.0))
    check("openai/gpt-4o", LOCAL, limits=Limits(max_cost=1.0))
    check("demo/attentive", limits=Limits(max_cost=1.0))


@pytest.mark.parametrize("name", ["stream", "model", "messages", "n", "num_retries", "extra_headers", "mock_response"])
def test_parameters_that_are_not_the_users_to_set(name: str) -> None:
    with pytest.raises(OptionError, match=f"--pa-param: {name} "):
        check("openai/x", LOCAL, params={name: 1})
    with pytest.raises(OptionError, match=f"--pa-judge-param: {name} "):
        check("demo/attentive", judge=JudgeOptions(params={name: 1}))
