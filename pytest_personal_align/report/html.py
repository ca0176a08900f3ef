"""The report as one HTML file: no server, no network, readable with JavaScript off."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from functools import lru_cache, partial
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from pytest_personal_align.core.record import RunRecord
from pytest_personal_align.report import cards, wording
from pytest_personal_align.report.datablock import Passing, data_block
from pytest_personal_align.report.remedies import remedy_rows, remedy_tables
from pytest_personal_align.report.view import page

_TEMPLATES = Path(__file__).parent / "templates"
_SCRIPTS = ("dom", "data", "cards", "labels", "filters", "table", "page")
# NUL and lone surrogates cannot stand in an HTML document, whatever its encoding.
_IMPOSSIBLE = re.compile("[\x00\ud800-\udfff]")


def render_html(record: RunRecord, *, baseline: RunRecord | None = None, passing: Passing = "full") -> str:
    """The report of a run.

    ``baseline`` gives the replies to compare with; without it a comparison in the record is shown by name only.
    ``passing`` is how much of passing cases is kept: ``full`` conversations, a ``summary`` (request, reply and
    verdict), or ``none`` (outcomes only). Failures are always whole.
    """
    style, script = _style(), _script()
    text = _environment().get_template("report.html").render(
        page=page(record, baseline),
        record=record,
        run=record.run,
        passing=passing,
        remedies=remedy_tables(remedy_rows(record)),
        data=data_block(record, cards.anchors(record.cases), passing),
        style=Markup(style),
        script=Markup(script),
        policy=_policy(style, script),
    )  # fmt: skip
    return _IMPOSSIBLE.sub("\N{REPLACEMENT CHARACTER}", text)


def _policy(style: str, script: str) -> str:
    """A Content-Security-Policy under which nothing but our own style and script can do anything."""
    return (
        f"default-src 'none'; style-src {_source(style)}; script-src {_source(script)}; "
        "base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
    )


def _source(text: str) -> str:
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return f"'sha256-{digest}'"


@lru_cache(maxsize=1)
def _style() -> str:
    return (_TEMPLATES / "report.css").read_text(encoding="utf-8")


@lru_cache(maxsize=1)
def _script() -> str:
    parts = [(_TEMPLATES / "js" / f"{name}.js").read_text(encoding="utf-8") for name in _SCRIPTS]
    return "\n".join(['(function () {\n"use strict";', *parts, "})();\n"])


@lru_cache(maxsize=1)
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.policies["json.dumps_kwargs"] = {"ensure_ascii": False, "separators": (",", ":")}
    environment.filters["compact"] = partial(json.dumps, ensure_ascii=False, default=str)
    environment.globals["w"] = wording
    environment.globals["observed"] = cards.observed
    return environment
