"""What a finished run leaves behind: the report, the summaries, and what the terminal says."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from pytest_personal_align.core.baseline import FORMAT
from pytest_personal_align.core.record import RunRecord, atomically, load
from pytest_personal_align.report.annotations import annotation_lines
from pytest_personal_align.report.html import render_html
from pytest_personal_align.report.markdown import render_markdown
from pytest_personal_align.report.terminal import summary_lines
from pytest_personal_align.settings import Settings


def publish(settings: Settings, config: pytest.Config, record: RunRecord, *, stopped: bool) -> list[str]:
    """Write the report and the summaries, tell the hooks; lines for the terminal. Raises OSError."""
    baseline = _kept(settings)
    html = render_html(record, baseline=baseline, passing=settings.report_passing).encode("utf-8", "replace")
    atomically(settings.report, lambda file: file.write(html))
    reporter = config.pluginmanager.getplugin("terminalreporter")  # none with -p no:terminal
    width = max(40, min(config.get_terminal_writer().fullwidth, 120)) if reporter is not None else 80
    lines = ["", *summary_lines(record, width=width, ascii_only=not _speaks_unicode())]
    if settings.gate.thresholds and record.run.partial:
        part = "the run ended before all of the suite had run" if stopped else "only a part of the suite ran"
        lines += ["", f"no gate table: {part}, and its rates say nothing of the whole"]
    lines += ["", f"record: {shown(settings.record)}", f"report: {shown(settings.report)}"]
    lines += _summaries(settings, record)
    if os.environ.get("GITHUB_ACTIONS"):
        lines += ["", *annotation_lines(record)]
    hook = getattr(config.hook, "pytest_personal_align_run_finished", None)
    if hook is not None:
        hook(record=json.loads(settings.record.read_bytes()), config=config)
    return lines


def _kept(settings: Settings) -> RunRecord | None:
    """The baseline with its replies, to be shown side by side; a compact one holds none."""
    path = settings.gate.baseline
    if path is None or json.loads(Path(path).read_bytes()).get("format") == FORMAT:
        return None
    return load(Path(path), "--pa-baseline")


def _summaries(settings: Settings, record: RunRecord) -> list[str]:
    step = os.environ.get("GITHUB_STEP_SUMMARY")
    if settings.summary is None and not step:
        return []
    markdown = render_markdown(record).encode("utf-8", "replace")
    lines = []
    if settings.summary is not None:
        atomically(settings.summary, lambda file: file.write(markdown))
        lines.append(f"summary: {shown(settings.summary)}")
    if step:
        with Path(step).open("ab") as file:
            file.write(markdown)
    return lines


def shown(path: Path) -> str:
    """A path as people would type it here."""
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def _speaks_unicode() -> bool:
    """Whether what pytest prints may hold more than ASCII."""
    return "utf" in (getattr(sys.__stdout__, "encoding", None) or "ascii").lower()
