"""Prices, context sizes and providers of models: the litellm package's tables, read without importing it."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

_TABLE = "model_prices_and_context_window_backup.json"
_PROVIDERS = ("provider_endpoints_support_backup.json", "llms/openai_like/providers.json")
# Providers that litellm knows and its tables leave out.
_FURTHER = frozenset({"aiohttp_openai", "custom_openai", "modelscope", "sagemaker_nova", "vertex_ai_beta"})


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """Prices are US dollars a token; None where the table does not say."""

    provider: str
    input_price: float | None
    output_price: float | None
    cached_price: float | None
    context: int | None
    max_output: int | None

    def cost(self, prompt: int, completion: int, cached: int = 0) -> float | None:
        """Dollars for a call, or None where no price is known. ``cached`` are those of ``prompt`` read from cache."""
        if self.input_price is None or self.output_price is None:
            return None
        cached = min(cached, prompt)
        cached_price = self.input_price if self.cached_price is None else self.cached_price
        return (prompt - cached) * self.input_price + cached * cached_price + completion * self.output_price


def model_info(model: str) -> ModelInfo | None:
    """What is known of a model, by its full name or by its name without the provider."""
    table = _table()
    return table.get(model) or table.get(model.partition("/")[2])


@lru_cache(maxsize=1)
def providers() -> frozenset[str]:
    """Names of the providers that litellm knows; empty where its tables cannot be found."""
    found: set[str] = set()
    for name in _PROVIDERS:
        data = _read(name)
        found.update(data.get("providers", data))
    found.update(info.provider for info in _table().values())
    return frozenset(found | _FURTHER) if found else frozenset()


@lru_cache(maxsize=1)
def _table() -> Mapping[str, ModelInfo]:
    return {
        name: ModelInfo(
            str(entry.get("litellm_provider") or ""),
            _number(entry, "input_cost_per_token"),
            _number(entry, "output_cost_per_token"),
            _number(entry, "cache_read_input_token_cost"),
            _whole(entry, "max_input_tokens"),
            _whole(entry, "max_output_tokens"),
        )
        for name, entry in _read(_TABLE).items()
        if isinstance(entry, dict) and name != "sample_spec"
    }


def _number(entry: Mapping[str, Any], field: str) -> float | None:
    value = entry.get(field)
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def _whole(entry: Mapping[str, Any], field: str) -> int | None:
    value = entry.get(field)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _read(name: str) -> Mapping[str, Any]:
    # find_spec of a top-level package executes nothing; importing litellm would take seconds.
    spec = importlib.util.find_spec("litellm")
    for folder in (spec.submodule_search_locations if spec else None) or ():
        try:
            data = json.loads((Path(folder) / name).read_bytes())
        except (OSError, ValueError):
            continue
        if isinstance(data, dict):
            return data
    return {}
