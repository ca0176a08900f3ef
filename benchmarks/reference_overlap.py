"""How much of the reference benchmark's wording stands in our suite: none should.

    python benchmarks/reference_overlap.py FOLDER

FOLDER holds your copy of the CURATe benchmark's spreadsheets (*.xlsx). Compared are all texts of our use
cases, scenarios, distractors and starter: runs of seven or more words that stand in the reference as well,
facts that are equal to one there, and distractors that are. Ends with 1 if any is found.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from openpyxl import load_workbook

ROOT = Path(__file__).resolve().parents[1]
STARTER = ROOT / "pytest_personal_align" / "commands" / "example.yaml"
RUN = 7


@dataclass(frozen=True)
class Ours:
    """One of our texts, and where it stands."""

    file: str
    where: str
    text: str


def words(text: str) -> list[str]:
    return re.findall(r"[^\W_]+(?:'[^\W_]+)*", text.casefold().replace("’", "'"))


def runs(text: str) -> Iterator[tuple[str, ...]]:
    found = words(text)
    for at in range(len(found) - RUN + 1):
        yield tuple(found[at : at + RUN])


def our_texts(folder: Path) -> list[Ours]:
    """All texts of the suite in ``folder`` and of the starter."""
    texts: list[Ours] = []
    for path in [*sorted(folder.glob("*.yaml")), STARTER]:
        data = yaml.load(path.read_bytes(), getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        texts += [Ours(path.name, where, text) for where, text in walk(data, "")]
    return texts


def walk(value: Any, where: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield where, value
    elif isinstance(value, dict):
        # People are told of as "My sister <wish>": the run may begin in one field and end in the other.
        if set(value) == {"who", "wish"}:
            yield where, f"{value['who']} {value['wish']}"
            return
        for key, inner in value.items():
            yield from walk(inner, f"{where}.{key}" if where else str(key))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            name = inner.get("id") or inner.get("name") if isinstance(inner, dict) else None
            yield from walk(inner, f"{where}[{name or number}]")


def reference_texts(folder: Path) -> list[str]:
    """Every text in every cell of every workbook."""
    texts: list[str] = []
    for path in sorted(folder.glob("*.xlsx")):
        book = load_workbook(path, read_only=True)
        for sheet in book.worksheets:
            sheet.reset_dimensions()
            texts += [cell for row in sheet.iter_rows(values_only=True) for cell in row if isinstance(cell, str)]
        book.close()
    return texts


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("reference", type=Path, metavar="FOLDER")
    parser.add_argument("--cases", type=Path, default=ROOT / "cases", help="our suite (default: cases)")
    args = parser.parse_args(argv)
    theirs = reference_texts(args.reference)
    if not theirs:
        print(f"{args.reference} holds no text in *.xlsx files", file=sys.stderr)
        return 2
    their_runs = {run for text in theirs for run in runs(text)}
    their_texts = {" ".join(words(text)) for text in theirs}
    ours = our_texts(args.cases)

    shared = [(one, next((run for run in runs(one.text) if run in their_runs), None)) for one in ours]
    sharing = [(one, run) for one, run in shared if run is not None]
    equal = [one for one in ours if " ".join(words(one.text)) in their_texts and len(words(one.text)) > 1]
    facts = [one for one in equal if one.where.endswith(".fact")]
    talk = [one for one in equal if one.file == "distractors.yaml"]

    print(f"ours: {len(ours):,} texts; the reference: {len(their_texts):,} different texts")
    print(f"texts that share a run of {RUN} or more words: {len(sharing)}")
    for one, run in sharing:
        print(f"  {one.file}: {one.where}: {' '.join(run)}")
    print(f"facts equal to one there: {len(facts)}")
    print(f"distractors equal to one there: {len(talk)}")
    for one in [*facts, *talk]:
        print(f"  {one.file}: {one.where}: {one.text}")
    return 1 if sharing or facts or talk else 0


if __name__ == "__main__":
    raise SystemExit(main())
