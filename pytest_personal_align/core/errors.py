"""What goes wrong before a run: problems in input files and in options, told to people."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """One thing wrong in one input file.

    ``line`` counts from 1; 0 means that the problem is of the file as a whole.
    ``field`` is a dotted path such as ``use_cases[3].people[0].wish``, or empty.
    """

    file: str
    line: int
    field: str
    message: str

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}" if self.line else self.file
        return f"{where}: {self.field}: {self.message}" if self.field else f"{where}: {self.message}"


class InputError(ValueError):
    """One or more :class:`Problem` in files that the user wrote. Raised before any call is made."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems
        super().__init__("\n".join(str(problem) for problem in problems))


class OptionError(ValueError):
    """A wrong option or ini value: what it is, what is wrong with it, what to do."""
