"""`personal-align report`: a report from a run record, at any time after the run."""

from __future__ import annotations

import argparse
import importlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_personal_align.core.errors import OptionError

if TYPE_CHECKING:
    from pytest_personal_align.commands import Subparsers

# Format: (module in the report package, function from a record to text).
FORMATS = {
    "html": ("html", "render_html"),
    "markdown": ("markdown", "render_markdown"),
    "csv": ("export", "render_csv"),
    "jsonl": ("export", "render_jsonl"),
}
COMPARING = ("html", "markdown")


def add_parser(subparsers: Subparsers) -> None:
    parser = subparsers.add_parser("report", help="make a report from a run record", description=__doc__)
    parser.add_argument("record", type=Path, metavar="RECORD", help="a run record, such as reports/run.json")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write to FILE (default: standard output)")
    parser.add_argument("--format", choices=tuple(FORMATS), default="html", help="default: html")
    parser.add_argument(
        "--baseline", type=Path, metavar="RECORD", help="a run record to show side by side (html and markdown)"
    )


def run(args: argparse.Namespace) -> int:
    from pytest_personal_align.core import record

    found = record.load(args.record, "report")
    module, function = FORMATS[args.format]
    beside = {}
    if args.baseline is not None:
        if args.format not in COMPARING:
            raise OptionError(f"report: --baseline is shown in {' and '.join(COMPARING)}, not in {args.format}")
        beside["baseline"] = record.load(args.baseline, "report --baseline")
    text: str = getattr(importlib.import_module(f"pytest_personal_align.report.{module}"), function)(found, **beside)
    if args.out is None:
        sys.stdout.write(text)
        return 0
    record.atomically(args.out, lambda file: file.write(text.encode("utf-8", "replace")))
    print(f"wrote {args.out}")
    return 0
