"""`personal-align init`: a first case file of one's own."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_personal_align.commands import Subparsers

EXAMPLE = "cases/example.yaml"

NEXT = """\
Try it (offline, no key):
    pytest --pa-model=demo/forgetful
Then with your own assistant:
    pytest --pa-model=openai/gpt-4o --pa-judge=openai/gpt-4o --pa-system-prompt=prompt.md

For your pytest.ini (or [tool.pytest.ini_options] in pyproject.toml, as TOML lists):
    [pytest]
    pa_cases = cases
    pa_thresholds =
        inattentiveness=0.05
        overcaution=0.10
"""


def add_parser(subparsers: Subparsers) -> None:
    parser = subparsers.add_parser(
        "init",
        help=f"write a commented {EXAMPLE} to start from",
        description=f"Write {EXAMPLE} (two use cases, commented) into a project, with the schemas that let editors "
        "check it, and print what to put into pytest's ini file. Nothing is overwritten.",
    )
    parser.add_argument(
        "folder", nargs="?", type=Path, default=Path(), metavar="DIR", help="the project (default: here)"
    )


def run(args: argparse.Namespace) -> int:
    from pytest_personal_align.core.errors import OptionError
    from pytest_personal_align.importing.folder import write_schemas

    path: Path = args.folder / EXAMPLE
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write((Path(__file__).parent / "example.yaml").read_text(encoding="utf-8"))
    except FileExistsError:
        raise OptionError(f"init: {path} exists already; nothing was written") from None
    write_schemas(path.parent)
    print(f"Wrote {path}, and schemas for your editor to {path.parent / '.schema'}.\n")
    print(NEXT, end="")
    return 0
