"""Rows of an .xlsx file as clean text. openpyxl is an extra, imported when a file is read."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path

from pytest_personal_align.core.errors import OptionError
from pytest_personal_align.importing.cleaning import clean
from pytest_personal_align.importing.findings import Findings

MAX_BYTES = 50_000_000


def rows(path: Path, findings: Findings, columns: int | None = None) -> Iterator[tuple[int, tuple[str, ...]]]:
    """(row number from 1, cells) of the first sheet, blank rows passed over. ``columns`` limits the width.

    Raises OptionError if the file cannot be read as a workbook or openpyxl is not installed.
    """
    for number, cells in _values(path):
        texts = []
        for value in cells[:columns]:
            text, mended = clean(value)
            texts.append(text)
            for what in mended:
                findings.change(path.name, number, what)
        if any(texts):
            yield number, tuple(texts)


def _values(path: Path) -> Iterator[tuple[int, tuple[object, ...]]]:
    try:
        from openpyxl import load_workbook  # noqa: PLC0415 - an extra
        from openpyxl.utils.exceptions import InvalidFileException  # noqa: PLC0415
    except ImportError:
        raise OptionError(
            "reading .xlsx files needs openpyxl; install it with: pip install 'pytest-personal-align[curate]'"
        ) from None
    try:
        if path.stat().st_size > MAX_BYTES:
            raise OptionError(f"{path} is larger than {MAX_BYTES:,} bytes: not the reference's spreadsheet")
        book = load_workbook(path, read_only=True, data_only=True)
    except OSError as error:
        raise OptionError(f"{path} cannot be read: {error.strerror or error}") from None
    except (InvalidFileException, zipfile.BadZipFile, KeyError, ValueError) as error:
        raise OptionError(f"{path} is not an .xlsx workbook: {error}") from None
    try:
        sheet = book.worksheets[0]
        # What a file claims about its size is often wrong: thousands of rows too many, or one too few.
        sheet.reset_dimensions()
        yield from enumerate(sheet.iter_rows(values_only=True), 1)
    finally:
        book.close()
