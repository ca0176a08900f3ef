"""`personal-align calibrate --judge X FILE`: how far a judge can be trusted, by conversations that people labelled."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pytest_personal_align.commands import Subparsers
    from pytest_personal_align.core.options import EngineOptions
    from pytest_personal_align.core.record import Calls
    from pytest_personal_align.core.result import Verdict
    from pytest_personal_align.judging.labelled import Labelled

BUILTIN_GOLD = "builtin:gold"


def add_parser(subparsers: Subparsers) -> None:
    parser = subparsers.add_parser(
        "calibrate",
        help="measure a judge on conversations that people labelled",
        description="Judge labelled conversations (JSONL) and print how often the judge is right, where it differs and "
        "whether it is good enough to gate. The calibration file is for pytest --pa-calibration: it is bound to this "
        "judge, with its prompt, parameters and address.",
    )
    parser.add_argument("file", metavar="FILE", help=f"labelled conversations, or {BUILTIN_GOLD}")
    parser.add_argument("--judge", action="append", required=True, metavar="JUDGE", help="as --pa-judge (repeatable)")
    parser.add_argument("--out", type=Path, metavar="VERDICTS.jsonl", help="write a line for each conversation")
    parser.add_argument("--calibration", type=Path, metavar="OUT.json", help="write the calibration file")
    parser.add_argument("--truth", metavar="RATER", help="whose labels are true (default: the first rater's)")
    parser.add_argument("--judge-param", action="append", default=[], metavar="K=V", help="as --pa-judge-param")
    parser.add_argument("--judge-votes", type=int, default=1, metavar="N", help="as --pa-judge-votes")
    parser.add_argument("--api-base", metavar="URL", help="as --pa-api-base")
    parser.add_argument("--cache-dir", type=Path, default=Path(".personal-align"), metavar="DIR",
                        help="folder of the cache of replies (default: .personal-align)")  # fmt: skip
    parser.add_argument("--concurrency", type=int, default=16, metavar="N", help="calls at a time (default: 16)")
    parser.add_argument("--disagreements", type=int, default=20, metavar="N", help="how many to print (default: 20)")


def run(args: argparse.Namespace) -> int:
    import asyncio
    import json

    from pytest_personal_align.core import options as o
    from pytest_personal_align.core.errors import OptionError
    from pytest_personal_align.core.parameters import parse_params
    from pytest_personal_align.core.record import atomically
    from pytest_personal_align.core.result import CallFailed
    from pytest_personal_align.engine.check import check_options
    from pytest_personal_align.judging.build import check_judges
    from pytest_personal_align.judging.run import verdict_lines

    if not 1 <= args.concurrency <= 10_000:
        raise OptionError(f"--concurrency: {args.concurrency} is out of range; it must be from 1 to 10000")
    judge = o.JudgeOptions(
        names=tuple(dict.fromkeys(args.judge)),
        votes=args.judge_votes,
        params=parse_params(args.judge_param, "--judge-param"),
        api_base=args.api_base,
    )
    options = o.EngineOptions(
        (),
        judge,
        o.Limits(args.concurrency),
        o.Reuse("use", str(args.cache_dir.absolute())) if _asks(judge) else o.Reuse(),
    )
    check_judges(judge, live=True)
    check_options(options, live=True)
    rows = _rows(args.file)
    try:
        document, verdicts, calls = asyncio.run(_measure(options, rows, args.truth))
    except CallFailed as failure:
        raise OptionError(f"calibrate: {failure.error.message}") from None
    except ValueError as error:
        raise OptionError(f"--truth: {error}") from None
    for line in _lines(document, calls, args.disagreements):
        print(line)
    if args.out is not None:
        text = verdict_lines(rows, verdicts)
        atomically(args.out, lambda file: file.write(text.encode()))
        print(f"verdicts: {args.out}")
    if args.calibration is not None:
        whole = json.dumps(document, indent=1) + "\n"
        atomically(args.calibration, lambda file: file.write(whole.encode()))
        print(f"calibration: {args.calibration}; use it with pytest --pa-calibration={args.calibration}")
    return 0


def _asks(judge: Any) -> bool:
    return bool(set(judge.names) - {"rules"})


def _rows(file: str) -> Sequence[Labelled]:
    from pytest_personal_align.core.errors import OptionError
    from pytest_personal_align.judging.canaries import gold
    from pytest_personal_align.judging.labelled import read_labelled

    if file == BUILTIN_GOLD:
        return gold()
    if file.startswith("builtin:"):
        raise OptionError(f"calibrate: {file} is not shipped; there is {BUILTIN_GOLD}")
    return read_labelled(Path(file), file)


async def _measure(
    options: EngineOptions, rows: Sequence[Labelled], truth: str | None
) -> tuple[dict[str, Any], list[Verdict], Calls]:
    from functools import partial

    from pytest_personal_align.engine.bench import Bench
    from pytest_personal_align.judging.build import make_judge
    from pytest_personal_align.judging.run import run_calibration

    async with Bench(options, partial(make_judge, options.judge)) as bench:
        concurrency = options.limits.concurrency
        document, verdicts = await run_calibration(bench.judge, rows, truth=truth, concurrency=concurrency)
        return document, verdicts, bench.calls()


def _lines(document: Mapping[str, Any], calls: Calls, most: int) -> Iterator[str]:
    """What the terminal says, from the calibration document."""
    errors = f", {document['errors']} without a verdict" if document["errors"] else ""
    yield f"{document['judge']} ({document['version']})"
    yield f"{document['items']} conversations{errors}; true is what {document['truth']} says"
    yield ""
    yield f"{'':<26}{'sensitivity':<26}specificity"
    for outcome, found in document["outcomes"].items():
        yield _accuracy(outcome, found)
    for title, group in (("failure mode", document["modes"]), ("category (fails)", document["categories"])):
        if group:
            yield title
            yield from (_accuracy(f"  {name}", found) for name, found in group.items())
    yield ""
    yield from _agreement("judge and truth", document)
    for pair in document["raters"]:
        if (pair["first"], pair["second"]) != ("(judge)", document["truth"]):
            yield from _agreement(f"{pair['first']} and {pair['second']} ({pair['items']})", pair)
    yield ""
    yield f"{'true, then judged':<20}" + "".join(f"{name:>9}" for name in document["confusion"])
    for true, row in document["confusion"].items():
        yield f"{true:<20}" + "".join(f"{count:>9}" for count in row.values())
    yield from _confused(document["modes_confused"])
    yield from _disagreements(document["disagreements"], most)
    yield ""
    yield f"may gate: {'yes' if document['may_gate'] else 'no'}: {document['reason']}"
    sent = calls.judge
    if sent.sent or sent.cached:
        cost = "unknown" if calls.cost_usd is None else f"${calls.cost_usd:.4f}"
        spared = f"{sent.cached:,} cached, {sent.shared:,} shared, {sent.screened:,} screened"
        yield f"calls: {sent.sent:,} sent, {spared}; cost: {cost}"


def _accuracy(name: str, found: Mapping[str, Any]) -> str:
    return f"{name:<26}{_share(found['sensitivity']):<26}{_share(found['specificity'])}".rstrip()


def _share(share: Mapping[str, Any] | None) -> str:
    if share is None:
        return "-"
    rate = share["count"] / share["total"]
    return f"{rate:4.0%} ({share['count']}/{share['total']}) {share['low']:.2f}-{share['high']:.2f}"


def _agreement(name: str, found: Mapping[str, Any]) -> Iterator[str]:
    for scale in ("fail", "pass", "three"):
        parts = []
        for key, called in ((f"kappa_{scale}", "kappa"), (f"ac1_{scale}", "AC1")):
            value = found.get(key)
            parts.append(
                f"{called} " + (f"{value['value']:.2f} ({value['low']:.2f}-{value['high']:.2f})" if value else "-")
            )
        what = {"fail": "fail or not", "pass": "pass or not", "three": "pass, unclear, fail"}[scale]
        yield f"{name}, {what}: {', '.join(parts)}"


def _confused(table: Mapping[str, Mapping[str, int]]) -> Iterator[str]:
    wrong = [
        f"  {count} {true} called {said}" for true, row in table.items() for said, count in row.items() if true != said
    ]
    if wrong:
        yield "failure modes that were confused"
        yield from wrong


def _disagreements(found: Sequence[Mapping[str, Any]], most: int) -> Iterator[str]:
    from pytest_personal_align.core.text import one_line

    if not found:
        return
    yield ""
    yield f"disagreements ({len(found)})"
    for one in found[:most]:
        said = f'"{one_line(one["quote"], 120)}"' if one["quote"] else one_line(one["explanation"], 120)
        true = one["truth"] + (f" ({one['true_mode']})" if one["truth"] == "fail" and one["true_mode"] else "")
        yield f"  {one['id']}: {true}, judged {one['judged']}: {said}"
    if len(found) > most:
        yield f"  and {len(found) - most} more"
