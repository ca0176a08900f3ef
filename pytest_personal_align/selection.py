"""Which case files a command line asks for, and whether that is the whole suite."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from pytest_personal_align.core import shipped
from pytest_personal_align.core.errors import OptionError
from pytest_personal_align.core.suite import BUILTIN
from pytest_personal_align.core.suite_files import case_files, is_case_file, looks_like_cases
from pytest_personal_align.report.failure import rerun_command
from pytest_personal_align.settings import DEFAULT_CASES, Settings


@dataclass(frozen=True)
class Selection:
    """``roots``: folders and files whose YAML is ours. ``files``: the case files that are asked for; ``suite``: these
    and those that stand beside them. ``builtin``: shipped suites. ``node_ids``: items of shipped suites that were
    named. ``partial``: a part of the suite was named."""

    roots: tuple[Path, ...]
    files: frozenset[Path]
    suite: frozenset[Path]
    builtin: tuple[str, ...]
    node_ids: frozenset[str]
    partial: bool
    command: tuple[str, ...]

    @classmethod
    def of(cls, config: pytest.Config, settings: Settings) -> Selection:
        """Decide what is collected, and put it into ``config.args``.

        Without a path the project's cases are run; a case file (or a folder of them) that is named is run
        instead of them; any other path is run beside them. Raises OptionError where there are no cases.
        """
        given = list(config.args) if config.args_source is config.ArgsSource.ARGS else []
        here = config.invocation_params.dir
        node_ids = frozenset(arg for arg in given if arg.startswith(BUILTIN) and "::" in arg)
        named_suites = [arg.partition("::")[0] for arg in given if arg.startswith(BUILTIN)]
        others = [arg for arg in given if not arg.startswith(BUILTIN)]
        named = [path for arg in others if _holds_cases(path := _path(here, arg))]

        builtin = [value for value in settings.cases if value.startswith(BUILTIN)]
        roots = [Path(value) for value in settings.cases if not value.startswith(BUILTIN)]
        only_named = bool(named or named_suites) and not settings.cases_given
        partial = bool(node_ids)
        if only_named:
            everything = {file for root in roots if root.exists() for file in case_files(root)}
            chosen = {file for path in named for file in case_files(path)}
            whole_files = not any("::" in arg and _holds_cases(_path(here, arg)) for arg in others)
            partial = partial or not whole_files or bool(chosen & everything and everything - chosen)
            args = others
            roots = [*(root for root in roots if root.exists()), *named]
            builtin = []
        else:
            for root in roots:
                _require_cases(root, settings)
            chosen = {file for root in roots for file in case_files(root)}
            there = {_path(here, arg) for arg in others if "::" not in arg}
            args = [*others, *(str(root) for root in roots if root not in there)]
        builtin = list(dict.fromkeys([*builtin, *named_suites]))
        for name in builtin:
            shipped.suite(name)
        config.args[:] = args
        command = tuple(map(str, config.invocation_params.args))
        return cls(
            roots=tuple(dict.fromkeys(roots)),
            files=frozenset(chosen),
            suite=frozenset(file for root in roots for file in case_files(root)),
            builtin=tuple(builtin),
            node_ids=node_ids,
            partial=partial,
            command=command,
        )

    def takes(self, path: Path, *, named: bool) -> bool:
        """Whether a file that pytest came across is a case file of this run."""
        if path.suffix not in (".yaml", ".yml"):
            return False
        if named and looks_like_cases(path):
            return True
        return any(path == root or (root in path.parents and is_case_file(path, root)) for root in self.roots)

    def root_of(self, path: Path) -> Path:
        """The innermost case folder around ``path``; its own folder if it was named alone."""
        around = [root for root in self.roots if root in path.parents]
        return max(around, key=lambda root: len(root.parts)) if around else path.parent

    def rerun(self, nodeid: str) -> str:
        """The command that runs one item alone."""
        return rerun_command(self.command, nodeid)


def _path(here: Path, arg: str) -> Path:
    return (here / arg.partition("::")[0]).absolute()


def _holds_cases(path: Path) -> bool:
    if path.is_file():
        return path.suffix in (".yaml", ".yml") and looks_like_cases(path)
    return path.is_dir() and any(looks_like_cases(file) for file in path.glob("*.y*ml"))


def _require_cases(root: Path, settings: Settings) -> None:
    if not root.exists():
        hint = "write some there, or run a shipped suite: --pa-cases=builtin:smoke"
        if settings.cases_given:
            raise OptionError(f"--pa-cases: {root} does not exist; {hint}")
        raise OptionError(f"no cases: {root} (ini pa_cases, by default {DEFAULT_CASES}) does not exist; {hint}")
    if not case_files(root):
        raise OptionError(f"--pa-cases: {root} holds no case file (*.yaml with use_cases)")
