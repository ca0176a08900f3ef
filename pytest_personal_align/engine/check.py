"""What can be known to be wrong with assistants, judges' models and limits before the first call."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pytest_personal_align.core.errors import OptionError
from pytest_personal_align.core.options import EngineOptions
from pytest_personal_align.engine import python_assistant
from pytest_personal_align.engine.prices import model_info
from pytest_personal_align.engine.remedied import remedies_of
from pytest_personal_align.engine.replay import Replay
from pytest_personal_align.engine.route import OPENAI_BASE, SELF_HOSTED, Route, missing_key, resolve

Custom = Callable[[str], object | None]

REMEDIES = ("none",)
# What the engine sets itself, what would undo its limits, and where a key or an address could hide.
_NOT_PARAMETERS = frozenset(
    "model messages stream stream_options n timeout request_timeout stream_timeout max_retries num_retries fallbacks "
    "context_window_fallback_dict api_key api_base base_url api_version headers extra_headers extra_body "
    "custom_llm_provider mock_response callbacks logger_fn client caching cache drop_params".split()
)


def check_options(
    options: EngineOptions, *, live: bool, custom: Custom | None = None, custom_judge: Custom | None = None
) -> None:
    """Raise OptionError for an assistant, remedy, key, address or judge's model that cannot work.

    ``live`` is False where no call will be made (``--co``, ``--pa-plan``): then no key is needed, nor with a cache that
    is only replayed.
    ``custom`` and ``custom_judge`` find what a user's hooks supply under a name; without ``custom_judge``, a judge's
    name that is no model is left for others to refuse.
    """
    live = live and options.reuse.mode != "replay"
    routes: list[Route] = []
    _check_params("--pa-judge-param", options.judge.params)
    for arm in options.arms:
        if remedies_of(arm) and arm.model.startswith("replay:"):
            raise OptionError(
                f"--pa-remedy: {arm.model} is a recording: there is no assistant to put {arm.remedy} around"
            )
        _check_params("--pa-param", arm.params)
        if custom is None or custom(arm.model) is None:
            routes.append(_check_model("--pa-model", arm.model, arm.api_base, live))
    _check_base(options, routes)
    for name in options.judge.names:
        if name == "rules" or (custom_judge is not None and custom_judge(name) is not None):
            continue
        try:
            routes.append(_check_model("--pa-judge", name, options.judge.api_base, live))
        except _Unknown:
            if custom_judge is not None:
                raise
    if live:
        _check_budget(options, routes)


class _Unknown(OptionError):
    """A name that leads nowhere."""


def _check_model(called: str, model: str, api_base: str | None, live: bool) -> Route:
    try:
        route = resolve(model, api_base)
    except OptionError as error:
        message = str(error)
        raise _Unknown(message if message.startswith("--pa-") else f"{called}: {message}") from None
    if called == "--pa-judge" and not route.calls_a_model:
        raise OptionError(f"{called}: {model} is an assistant, not a judge; name rules or a model")
    if route.way == "replay":
        try:
            Replay(route.name).close()
        except OptionError as error:
            raise OptionError(f"{called}: {error}") from None
    elif route.way == "python":
        try:
            python_assistant.load(route.name)
        except OptionError as error:
            raise OptionError(f"{called}: {error}") from None
    if live and (name := missing_key(route)) is not None:
        hint = f" (for {route.base}, any value if it needs none)" if route.base not in (None, OPENAI_BASE) else ""
        raise OptionError(f"{called}: {model} needs an API key: set the environment variable {name}{hint}")
    return route


def _check_params(called: str, params: Mapping[str, object]) -> None:
    for name in params:
        if name in _NOT_PARAMETERS:
            raise OptionError(f"{called}: {name} is not a parameter that can be set here")


def _check_base(options: EngineOptions, routes: list[Route]) -> None:
    base = next((arm.api_base for arm in options.arms if arm.api_base), None)
    if base is not None and routes and all(route.way == "litellm" and not route.base for route in routes):
        models = ", ".join(route.name for route in routes)
        raise OptionError(
            f"--pa-api-base: {base} is not used by {models}: it is for openai/NAME, for a name without a provider, and "
            f"for {', '.join(sorted(SELF_HOSTED))}"
        )


def _check_budget(options: EngineOptions, routes: list[Route]) -> None:
    if options.limits.max_cost is None:
        return
    for route in routes:
        info = model_info(route.name) if route.calls_a_model else None
        if route.calls_a_model and (info is None or info.cost(1, 1) is None):
            raise OptionError(f"--pa-max-cost: no price is known for {route.name}; limit the calls with --pa-max-calls")
