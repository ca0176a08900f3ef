"""`personal-align suite`: what is in a suite, and whether it is good test material."""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_personal_align.commands import Subparsers
    from pytest_personal_align.core.catalogue import Catalogue
    from pytest_personal_align.core.errors import Problem
    from pytest_personal_align.core.suite import Placed
    from pytest_personal_align.core.yamlfile import Document


def add_parser(subparsers: Subparsers) -> None:
    parser = subparsers.add_parser(
        "suite",
        help="print a suite's data card, or check it",
        description="Print the data card of a suite as markdown, counted from the data; with --check, say what is "
        "wrong with it as test material (FILE:LINE: FIELD: MESSAGE) and end with 1 if anything is.",
    )
    parser.add_argument(
        "suite",
        nargs="?",
        default="builtin:all",
        metavar="NAME|PATH",
        help="a shipped suite (smoke, core, all), a case file or a folder of them (default: all)",
    )
    parser.add_argument("--check", action="store_true", help="check it instead")


def run(args: argparse.Namespace) -> int:
    from pytest_personal_align.core.data_card import data_card

    suite = _load(args.suite)
    if not args.check:
        sys.stdout.write(data_card(suite.name, suite.placed, suite.catalogue))
        return 0
    problems = _problems(suite)
    for problem in problems:
        print(problem)
    if problems:
        noun = "problem" if len(problems) == 1 else "problems"
        print(f"{len(problems)} {noun} in {len(suite.placed)} use cases.", file=sys.stderr)
        return 1
    print(f"{suite.name}: {len(suite.placed)} use cases checked, no problem.")
    return 0


@dataclass(frozen=True)
class _Suite:
    """``files`` are where the use cases stand, by the name under which they are shown; ``talk`` the distractors'."""

    name: str
    placed: list[Placed]
    catalogue: Catalogue
    files: dict[str, Path]
    talk: Path | None


def _load(asked: str) -> _Suite:
    from pathlib import Path

    from pytest_personal_align.core import shipped
    from pytest_personal_align.core.catalogue import catalogue
    from pytest_personal_align.core.errors import InputError, OptionError
    from pytest_personal_align.core.suite import BUILTIN
    from pytest_personal_align.core.suite_files import DISTRACTOR_FILE, case_files, load_use_cases, unique_ids

    path = Path(asked)
    if asked.startswith(BUILTIN) or (asked in shipped.SUITES and not path.exists()):
        name = f"{BUILTIN}{asked.removeprefix(BUILTIN)}"
        placed = shipped.suite(name)
        if not placed:
            raise OptionError(f"suite: {name} is empty in this version")
        files = {one.file: shipped.folder() / Path(one.file).name for one in placed}
        return _Suite(name, placed, catalogue(), files, shipped.folder() / DISTRACTOR_FILE)
    if not path.exists():
        raise OptionError(
            f"suite: {asked} is neither a file or folder nor a shipped suite ({', '.join(shipped.SUITES)})"
        )
    found = case_files(path)
    if not found:
        raise OptionError(f"suite: {asked} holds no case file (*.yaml)")
    placed = [one for file in found for one in load_use_cases(file)]
    if problems := unique_ids(placed):
        raise InputError(problems)
    root = path if path.is_dir() else path.parent
    talk = root / DISTRACTOR_FILE
    folders = catalogue(tuple(dict.fromkeys((root, *(file.parent for file in found)))))
    return _Suite(asked, placed, folders, {str(file): file for file in found}, talk if talk.is_file() else None)


def _problems(suite: _Suite) -> list[Problem]:
    from pytest_personal_align.core import yamlfile
    from pytest_personal_align.core.errors import Problem
    from pytest_personal_align.core.suite_checks import (
        check_distractors,
        check_header,
        check_use_cases,
        located,
        render_all,
    )

    documents = {shown: yamlfile.read(file, shown) for shown, file in suite.files.items()}
    problems = [problem for shown, file in suite.files.items() for problem in check_header(file.read_bytes(), shown)]
    problems += located(check_use_cases(suite.placed), documents)
    problems += render_all(suite.placed, suite.catalogue.scenarios, suite.catalogue.distractors)[1]
    found = check_distractors(suite.catalogue.distractors, suite.placed)
    talk: Document | None = yamlfile.read(suite.talk) if suite.talk else None
    for path, message in found:
        if talk is not None:
            problems.append(talk.problem(path, message))
        else:
            problems.append(Problem("shipped distractors", 0, yamlfile.dotted(path), message))
    return problems
