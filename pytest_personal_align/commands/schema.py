"""`personal-align schema`: JSON schemas for editors and other tools."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_personal_align.commands import Subparsers

NAMES = ("cases", "scenarios", "distractors", "record")


def add_parser(subparsers: Subparsers) -> None:
    parser = subparsers.add_parser(
        "schema", help="JSON schemas of case files and of the run record", description=__doc__
    )
    parser.add_argument("name", nargs="?", choices=NAMES, help="the schema to print")
    parser.add_argument(
        "--out", type=Path, metavar="FOLDER", help="write the schema, or all of them, to FOLDER/NAME.json"
    )


def run(args: argparse.Namespace) -> int:
    from pytest_personal_align import schemas
    from pytest_personal_align.core.errors import OptionError

    if args.out is None:
        if args.name is None:
            raise OptionError(f"schema: name one of {', '.join(NAMES)} to print it, or give --out FOLDER to write all")
        sys.stdout.write(schemas.text(args.name))
        return 0
    for name in [args.name] if args.name else NAMES:
        path: Path = args.out / f"{name}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(schemas.text(name), encoding="utf-8")
        print(f"wrote {path}")
    return 0
