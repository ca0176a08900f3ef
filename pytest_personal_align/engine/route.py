"""What a model string means: which way leads to the model, to which address, with whose key."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from pytest_personal_align.core.errors import OptionError
from pytest_personal_align.engine.demo import NAMES
from pytest_personal_align.engine.prices import model_info, providers

Way = Literal["demo", "replay", "python", "wire", "litellm"]

OPENAI_BASE = "https://api.openai.com/v1"

_KEYS: dict[str, tuple[str, ...]] = {
    "openai": ("OPENAI_API_KEY",),
    "ai21": ("AI21_API_KEY",),
    "anthropic": ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN"),
    "azure": ("AZURE_API_KEY", "AZURE_AD_TOKEN", "AZURE_CLIENT_SECRET", "AZURE_FEDERATED_TOKEN_FILE"),
    "cerebras": ("CEREBRAS_API_KEY",),
    "cohere": ("COHERE_API_KEY", "CO_API_KEY"),
    "cohere_chat": ("COHERE_API_KEY", "CO_API_KEY"),
    "dashscope": ("DASHSCOPE_API_KEY",),
    "deepinfra": ("DEEPINFRA_API_KEY",),
    "deepseek": ("DEEPSEEK_API_KEY",),
    "fireworks_ai": ("FIREWORKS_AI_API_KEY", "FIREWORKS_API_KEY", "FIREWORKSAI_API_KEY", "FIREWORKS_AI_TOKEN"),
    "gemini": ("GEMINI_API_KEY", "GOOGLE_API_KEY"),
    "groq": ("GROQ_API_KEY",),
    "mistral": ("MISTRAL_API_KEY",),
    "openrouter": ("OPENROUTER_API_KEY", "OR_API_KEY"),
    "perplexity": ("PERPLEXITYAI_API_KEY", "PERPLEXITY_API_KEY"),
    "replicate": ("REPLICATE_API_KEY", "REPLICATE_API_TOKEN"),
    "together_ai": ("TOGETHERAI_API_KEY", "TOGETHER_API_KEY", "TOGETHER_AI_API_KEY", "TOGETHER_AI_TOKEN"),
    "xai": ("XAI_API_KEY",),
}
"""Which variables hold a provider's key: one of them is enough. A provider that is not here finds its key
elsewhere (files, roles, none at all), and is asked without a check."""

# Where litellm needs an address: servers that people run themselves. An address is never passed on for any
# other provider, so that no provider's key goes to another's host.
SELF_HOSTED = frozenset(
    "azure custom_openai hosted_vllm litellm_proxy llamafile lm_studio ollama ollama_chat vllm xinference".split()
)
_LOCAL = ("localhost", "0.0.0.0", "::1", "host.docker.internal")


@dataclass(frozen=True, slots=True)
class Route:
    """``name`` is what the way needs to know: the demo's name, the replay file, ``module:callable``, the model.

    ``base`` is the address of the endpoint, or None where the provider's own is used.
    """

    way: Way
    name: str
    provider: str = ""
    base: str | None = None

    @property
    def endpoint(self) -> str:
        """Who answers: models at one endpoint share its rate limits."""
        return self.base or self.provider or self.way

    @property
    def calls_a_model(self) -> bool:
        return self.way in ("wire", "litellm")


def resolve(model: str, api_base: str | None = None) -> Route:
    """The route of a ``--pa-model`` or ``--pa-judge`` value. Raises OptionError without the option's name."""
    head, slash, rest = model.partition("/")
    for way in ("replay", "python"):
        if model.startswith(way + ":"):
            return _scheme(way, model)
    if head == "demo" and slash:
        if rest not in NAMES:
            raise OptionError(f"{model!r} is no reference assistant; there are {', '.join('demo/' + n for n in NAMES)}")
        return Route("demo", rest, "demo")
    if model != model.strip() or any(c.isspace() for c in model) or not model or (slash and not (head and rest)):
        raise OptionError(f"{model!r} is not a model; name one as PROVIDER/MODEL, such as openai/gpt-4o")
    if head == "openai" and slash:
        return Route("wire", rest, "openai", _base(api_base or _openai_base()))
    if slash and (head in providers() or (not providers() and not api_base)):
        return Route("litellm", model, head, _base(api_base) if api_base and head in SELF_HOSTED else None)
    if api_base:
        return Route("wire", model, "openai", _base(api_base))
    info = model_info(model) if not slash else None
    if info is not None and info.provider == "openai":
        return Route("wire", model, "openai", _base(_openai_base()))
    if info is not None:
        return Route("litellm", model, info.provider)
    if slash:
        raise OptionError(
            f"{model!r}: {head!r} is not a provider that litellm knows; for an OpenAI-compatible endpoint of your own "
            "use openai/NAME with --pa-api-base"
        )
    raise OptionError(
        f"{model!r} names no provider, and no model of that name is known; use PROVIDER/MODEL such as openai/gpt-4o, "
        "demo/forgetful, python:module:callable or replay:FILE.jsonl"
    )


def missing_key(route: Route) -> str | None:
    """The environment variable that should hold the key of a route, if none of those that may hold it is set."""
    names = _KEYS.get(route.provider, ())
    if not route.calls_a_model or not names or any(os.environ.get(name, "").strip() for name in names):
        return None
    if route.base and _is_local(route.base):
        return None
    return names[0]


def _openai_base() -> str:
    return os.environ.get("OPENAI_API_BASE") or os.environ.get("OPENAI_BASE_URL") or OPENAI_BASE


def _scheme(way: Literal["replay", "python"], model: str) -> Route:
    rest = model.partition(":")[2]
    if way == "replay" and not rest.strip():
        raise OptionError(f"{model!r} names no file; write replay:FILE.jsonl")
    if way == "python":
        module, colon, attribute = rest.partition(":")
        dotted = [*module.split("."), *attribute.split(".")]
        if not colon or not all(part.isidentifier() for part in dotted):
            raise OptionError(f"{model!r} is not python:module:callable, such as python:myapp.bot:reply")
    return Route(way, rest, way)


def _base(url: str) -> str:
    """The address without a slash at its end. Raises OptionError where it is no address."""
    try:
        parts = urlsplit(url)
        host = parts.hostname
        _ = parts.port
    except ValueError:
        host = None
    if not host or parts.scheme not in ("http", "https"):
        raise OptionError(f"--pa-api-base: {url!r} is not an address such as http://localhost:8000/v1")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise OptionError("--pa-api-base: an address must not hold a user name, a password, a query or a fragment")
    return url.rstrip("/")


def _is_local(base: str) -> bool:
    host = urlsplit(base).hostname or ""
    return host in _LOCAL or host.startswith("127.") or host.endswith(".localhost")
