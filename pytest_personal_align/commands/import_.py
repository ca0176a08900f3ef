"""`personal-align import`: other people's benchmarks as suites of use cases."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_personal_align.commands import Subparsers
    from pytest_personal_align.core.suite import UseCase
    from pytest_personal_align.importing.findings import Findings

BESIDE = {"trivia": "trivia.xlsx", "small_talk": "facts.xlsx", "strangers": "prefs.xlsx"}


def add_parser(subparsers: Subparsers) -> None:
    parser = subparsers.add_parser("import", help="turn another benchmark into a suite", description=__doc__)
    formats = parser.add_subparsers(dest="format", metavar="FORMAT", required=True, title="formats")
    curate = formats.add_parser(
        "curate",
        help="the CURATe benchmark's spreadsheet (your own copy)",
        description="Turn your copy of the CURATe benchmark's spreadsheet (arXiv 2410.21159) into a suite: a YAML file "
        "per category, and its own distractors. What is odd in the spreadsheet is mended or told, with row numbers.",
    )
    curate.add_argument("file", type=Path, metavar="FILE.xlsx", help="the spreadsheet of the use cases")
    curate.add_argument("--out", type=Path, metavar="DIR", required=True, help="folder of the suite")
    curate.add_argument("--force", action="store_true", help="write into DIR even if it is not empty")
    for name, beside in BESIDE.items():
        curate.add_argument(
            f"--{name.replace('_', '-')}",
            type=Path,
            metavar="FILE.xlsx",
            help=f"its {name.replace('_', ' ')} (default: {beside} beside FILE.xlsx, else the shipped)",
        )


def run(args: argparse.Namespace) -> int:
    from pytest_personal_align.core import shipped
    from pytest_personal_align.core.suite_files import DISTRACTOR_FILE
    from pytest_personal_align.importing import curate, folder
    from pytest_personal_align.importing.findings import Findings

    out: Path = args.out
    earlier = folder.require_free(out, args.force)
    findings = Findings()
    use_cases = curate.use_cases(args.file, findings)
    categories = curate.by_category(use_cases)
    texts, sources = _distractors(args, findings)

    written = [folder.write_use_cases(out, name, members, args.file.name) for name, members in categories.items()]
    if texts:
        shipped_ones = shipped.distractors()
        whole = {name: texts.get(name) or getattr(shipped_ones, name) for name in BESIDE}
        avoid = {name: stems for name, stems in shipped_ones.avoid.items() if name in categories}
        written.append(folder.write_distractors(out, whole, avoid))
    folder.write_schemas(out)
    for path in earlier:
        if path not in written:
            path.unlink()
            print(f"removed {path}, which an earlier import had written")
    _report(use_cases, categories, texts, sources, findings)
    print(f"Wrote {out} ({', '.join(path.name for path in written)}).")
    if not texts:
        print(f"No distractor files beside {args.file}, so no {DISTRACTOR_FILE}: the shipped ones will be used.")
    _count_cases(out)
    print(f"Run them:  pytest --pa-model=MODEL --pa-cases={out} --pa-scenario=reference")
    return 0


def _distractors(args: argparse.Namespace, findings: Findings) -> tuple[dict[str, list[str]], dict[str, str]]:
    from pytest_personal_align.importing import distractors

    texts: dict[str, list[str]] = {}
    sources: dict[str, str] = {}
    for name, beside in BESIDE.items():
        path: Path = getattr(args, name) or args.file.parent / beside
        if getattr(args, name) or path.is_file():
            texts[name] = getattr(distractors, name)(path, findings)
            sources[name] = path.name
    return texts, sources


def _report(
    use_cases: Sequence[UseCase],
    categories: dict[str, list[UseCase]],
    texts: dict[str, list[str]],
    sources: dict[str, str],
    findings: Findings,
) -> None:
    print(
        f"{len(use_cases)} use case{'' if len(use_cases) == 1 else 's'}:",
        ", ".join(f"{name} {len(some)}" for name, some in categories.items()),
    )
    if texts:
        parts = (
            f"{name.replace('_', ' ')} {len(texts[name])} ({sources[name]})"
            if name in texts
            else f"{name.replace('_', ' ')} as shipped"
            for name in BESIDE
        )
        print("Distractors:", ", ".join(parts))
    for line in findings.lines():
        print(line)


def _count_cases(out: Path) -> None:
    """Read the suite back as a run would, and render every case."""
    from pytest_personal_align.core.catalogue import catalogue
    from pytest_personal_align.core.errors import InputError
    from pytest_personal_align.core.suite_checks import render_all
    from pytest_personal_align.core.suite_files import case_files, load_use_cases, unique_ids

    placed = [one for path in case_files(out) for one in load_use_cases(path)]
    found = catalogue((out,))
    scenarios = found.chosen(["reference"])
    counts, problems = render_all(placed, scenarios, found.distractors)
    problems += unique_ids(placed)
    if problems:
        raise InputError(problems)
    print(f"{sum(counts.values()):,} cases with the {len(scenarios)} reference scenarios; each was rendered once.")
