"""`personal-align`: what is not a test run. One module in ``commands`` per sub-command.

A command's file is named after it (``commands/import_.py`` is ``personal-align import``: a trailing ``_``
keeps clear of Python's keywords) and has two functions: ``add_parser(subparsers)``, which adds its parser
under that name, and ``run(args) -> int``, which does the work and returns the exit code. It imports what it
needs inside ``run``, so that ``--help`` and the other commands stay quick.
"""

from __future__ import annotations

import argparse
import importlib
import os
import pkgutil
import sys
from collections.abc import Sequence
from types import ModuleType
from typing import NoReturn

from pytest_personal_align import __version__, commands
from pytest_personal_align.core.errors import InputError, OptionError
from pytest_personal_align.core.text import visible

PROGRAM = "personal-align"
INPUT_ERROR = 2
USAGE_ERROR = 4


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        _complain(f"{message} (see {self.prog} --help)")
        raise SystemExit(USAGE_ERROR)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command. Returns its exit code, which means what pytest's does: 0; 1 for findings; 2 for a wrong case
    or label file; 4 for a wrong option, or a file that is not what it was named for; 10 as the gate says."""
    # Texts of cases are UTF-8, whatever the locale of a CI machine or a Windows console is.
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")
    known = _commands()
    args = _parser(known).parse_args(argv)
    try:
        code: int = known[args.command].run(args)
        sys.stdout.flush()
        return code
    except InputError as error:
        for problem in error.problems:
            _complain(str(problem))
        return INPUT_ERROR
    except OptionError as error:
        _complain(str(error))
    except BrokenPipeError:
        # The reader (head, less) went away. Python would complain again when it flushes at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:
        _complain(f"{error.filename}: {error.strerror}" if error.filename else str(error))
    except KeyboardInterrupt:
        return 130
    return USAGE_ERROR


def _commands() -> dict[str, ModuleType]:
    names = sorted(module.name for module in pkgutil.iter_modules(commands.__path__) if module.name[0] != "_")
    return {
        name.rstrip("_").replace("_", "-"): importlib.import_module(f"{commands.__name__}.{name}") for name in names
    }


def _parser(known: dict[str, ModuleType]) -> argparse.ArgumentParser:
    parser = _Parser(prog=PROGRAM, description="Model regression tests of personalised alignment: the tools around it.")
    parser.add_argument("--version", action="version", version=f"{PROGRAM} {__version__}")
    subparsers = parser.add_subparsers(dest="command", metavar="COMMAND", required=True, title="commands")
    for module in known.values():
        module.add_parser(subparsers)
    return parser


def _complain(message: str) -> None:
    line = " ".join(visible(message).split())
    print(f"{PROGRAM}: error: {line}", file=sys.stderr)


if __name__ == "__main__":
    raise SystemExit(main())
