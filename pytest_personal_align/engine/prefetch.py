"""Slow imports, begun early and in the background."""

from __future__ import annotations

import importlib
import threading

from pytest_personal_align.core.errors import OptionError
from pytest_personal_align.core.options import EngineOptions
from pytest_personal_align.engine.route import resolve


def prefetch(options: EngineOptions) -> threading.Thread | None:
    """Begin to import what the assistants and judges of a run will need, while pytest collects.

    aiohttp takes 0.2 s, litellm 3 to 5 s. A failure is no matter here: the engine will meet it again. Returns the
    thread at work, or None where nothing is needed.
    """
    asked = [(arm.model, arm.api_base) for arm in options.arms]
    asked += [(name, options.judge.api_base) for name in options.judge.names if name != "rules"]
    ways = set()
    for model, base in asked:
        try:
            ways.add(resolve(model, base).way)
        except OptionError:
            continue  # a name that a user's hook interprets
    if not ways & {"wire", "litellm"}:
        return None
    thread = threading.Thread(target=_import, args=("litellm" in ways,), name="personal-align-prefetch", daemon=True)
    thread.start()
    return thread


def _import(with_litellm: bool) -> None:
    try:
        importlib.import_module("pytest_personal_align.engine.wire")
        if with_litellm:
            importlib.import_module("pytest_personal_align.engine.litellm_way").load()
    except Exception:  # noqa: BLE001 - a thread must never print; the engine imports again, and reports
        return
