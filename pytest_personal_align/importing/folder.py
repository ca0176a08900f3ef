"""A suite written to a folder: a file of use cases per category, distractors, schemas for editors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from pytest_personal_align import schemas
from pytest_personal_align.core.errors import OptionError
from pytest_personal_align.core.record import atomically
from pytest_personal_align.core.suite import UseCase
from pytest_personal_align.core.suite_files import DISTRACTOR_FILE
from pytest_personal_align.importing.yamltext import document

MARK = "Written by personal-align import"
SCHEMAS = ".schema"


def require_free(folder: Path, force: bool) -> list[Path]:
    """The files of an earlier import in ``folder``. Raises OptionError unless it is empty, absent or ``force``d."""
    if folder.exists() and not folder.is_dir():
        raise OptionError(f"--out: {folder} is not a folder")
    if not folder.is_dir() or not any(folder.iterdir()):
        return []
    if not force:
        raise OptionError(f"--out: {folder} is not empty; name another folder, or add --force to write into this one")
    return [path for path in sorted(folder.glob("*.yaml")) if _written_by_us(path)]


def _written_by_us(path: Path) -> bool:
    with path.open("rb") as file:
        return MARK.encode() in file.read(400)


def write_schemas(folder: Path) -> None:
    """Put the schemas of case files where the header of :func:`header` points."""
    for name in ("cases", "scenarios", "distractors"):
        _write(folder / SCHEMAS / f"{name}.json", schemas.text(name))


def header(schema: str) -> str:
    """The line by which editors find a file's schema."""
    return f"yaml-language-server: $schema={SCHEMAS}/{schema}.json"


def write_use_cases(folder: Path, category: str, use_cases: Sequence[UseCase], source: str) -> Path:
    """Write one category's file."""
    data = {"category": category, "use_cases": [_plain(use_case) for use_case in use_cases]}
    path = folder / f"{category}.yaml"
    _write(path, document(data, [header("cases"), f"{MARK} from {source}."]))
    return path


def write_distractors(folder: Path, texts: Mapping[str, Sequence[str]], avoid: Mapping[str, Sequence[str]]) -> Path:
    """Write ``distractors.yaml``."""
    path = folder / DISTRACTOR_FILE
    data = {**texts, **({"avoid": avoid} if avoid else {})}
    _write(path, document(data, [header("distractors"), f"{MARK}."]))
    return path


def _plain(use_case: UseCase) -> dict[str, object]:
    data = use_case.model_dump(mode="json", exclude_none=True, exclude_defaults=True)
    data.pop("category")
    return data


def _write(path: Path, text: str) -> None:
    atomically(path, lambda file: file.write(text.encode()))
