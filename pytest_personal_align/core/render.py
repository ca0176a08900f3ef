"""The turns of a scenario: small, sandboxed Jinja2 templates, compiled once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import jinja2
import jinja2.meta
from jinja2 import nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

if TYPE_CHECKING:
    from pytest_personal_align.core.suite import Scenario

VARIABLES = ("fact", "people", "request", "control", "small_talk", "trivia", "strangers", "i")
MAX_CHARS = 20_000

_FILTERS = ("capitalize", "first", "join", "last", "length", "lower", "title", "trim", "upper")
# What a template may be made of. No calls, arithmetic, assignments or imports: nothing that a hostile
# case file could use to take time or memory (Jinja2's sandbox stops escapes, not 'a' * 2e9).
_ALLOWED = (
    nodes.Template, nodes.Output, nodes.TemplateData, nodes.Name, nodes.Const, nodes.Getattr, nodes.Getitem,
    nodes.Slice, nodes.For, nodes.If, nodes.Filter, nodes.Compare, nodes.Operand, nodes.And, nodes.Or, nodes.Not,
    nodes.CondExpr,
)  # fmt: skip


class TemplateError(ValueError):
    """A turn that is not a template we accept, or cannot be rendered."""


class _Environment(ImmutableSandboxedEnvironment):
    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        return isinstance(obj, jinja2.runtime.LoopContext) and super().is_safe_attribute(obj, attr, value)


def _environment() -> _Environment:
    environment = _Environment(undefined=jinja2.StrictUndefined, autoescape=False, keep_trailing_newline=False)
    environment.filters = {name: environment.filters[name] for name in _FILTERS}
    environment.filters["upfirst"] = lambda text: text[:1].upper() + text[1:]
    environment.tests = {}
    environment.globals = {}
    return environment


_ENVIRONMENT = _environment()


@lru_cache(maxsize=4096)
def compiled(source: str) -> jinja2.Template:
    """The template of ``source``. Raises TemplateError on syntax and on anything but values, for, if and filters."""
    try:
        tree = _ENVIRONMENT.parse(source)
        _check_nodes(tree, depth=0)
        return _ENVIRONMENT.from_string(tree)
    except jinja2.TemplateError as error:
        raise TemplateError(f"template error: {error.message}") from None
    except RecursionError:
        raise TemplateError("template error: nested too deeply") from None


def _check_nodes(node: nodes.Node, depth: int) -> None:
    for child in node.iter_child_nodes():
        if not isinstance(child, _ALLOWED):
            raise TemplateError(
                f"template error: {type(child).__name__} is not allowed; a turn may use values, for, if and the "
                f"filters {', '.join((*_FILTERS, 'upfirst'))}"
            )
        if isinstance(child, nodes.For):
            if depth == 1 or child.recursive:
                raise TemplateError("template error: a for inside a for is not allowed")
            _check_nodes(child, depth + 1)
        else:
            _check_nodes(child, depth)


def check_turns(scenario: Scenario) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """(path below the scenario, message) for each turn that no use case could render."""
    templates: list[tuple[tuple[str | int, ...], str, bool]] = []
    if scenario.system is not None:
        templates.append((("system",), scenario.system, False))
    for index, turn in enumerate(scenario.turns):
        repeated = not isinstance(turn, str)
        templates.append((("turns", index), turn if isinstance(turn, str) else turn.turn, repeated))
    for where, source, repeated in templates:
        try:
            compiled(source)
        except TemplateError as error:
            yield where, str(error)
            continue
        known = VARIABLES if repeated else VARIABLES[:-1]
        unknown = jinja2.meta.find_undeclared_variables(_ENVIRONMENT.parse(source)) - set(known)
        for name in sorted(unknown):
            yield where, f"undefined template variable {name}; known: {', '.join(known)}"


@lru_cache(maxsize=1024)
def uses(scenario: Scenario, name: str) -> bool:
    """Whether any turn of the scenario uses the variable ``name``."""
    sources = [turn if isinstance(turn, str) else turn.turn for turn in scenario.turns]
    return any(name in jinja2.meta.find_undeclared_variables(_ENVIRONMENT.parse(source)) for source in sources)


def render(source: str, values: Mapping[str, Any]) -> str:
    """One turn. Raises TemplateError on an undefined value, an empty result or one over 20,000 characters."""
    parts: list[str] = []
    size = 0
    try:
        for part in compiled(source).generate(values):
            parts.append(part)
            size += len(part)
            if size > MAX_CHARS:
                raise TemplateError(f"template error: more than {MAX_CHARS:,} characters")
    except jinja2.UndefinedError as error:
        raise TemplateError(f"undefined template variable: {error.message}") from None
    except (jinja2.TemplateError, TypeError, ValueError, ArithmeticError, LookupError) as error:
        if isinstance(error, TemplateError):
            raise
        raise TemplateError(f"template error: {error}") from None
    text = "".join(parts).strip()
    if not text:
        raise TemplateError("template error: the turn is empty")
    return text
