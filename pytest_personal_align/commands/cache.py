"""`personal-align cache`: how much is kept of models' replies, and making it less."""

from __future__ import annotations

import argparse
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_personal_align.commands import Subparsers

_MOST = 10


def add_parser(subparsers: Subparsers) -> None:
    parser = subparsers.add_parser("cache", help="size of the cache of replies; delete old ones", description=__doc__)
    parser.add_argument(
        "action",
        nargs="?",
        choices=("size", "prune"),
        default="size",
        help="size (default), or prune: delete replies older than --older-than DAYS",
    )
    parser.add_argument("--older-than", type=float, metavar="DAYS", help="what prune deletes; 0 deletes everything")
    parser.add_argument("--cache-dir", default=".personal-align", metavar="DIR", help="default: .personal-align")


def run(args: argparse.Namespace) -> int:
    from pytest_personal_align.core.errors import OptionError
    from pytest_personal_align.engine.upkeep import cache_usage, prune_cache

    folder = str(Path(args.cache_dir).expanduser())
    if args.action == "prune":
        if args.older_than is None:
            raise OptionError("cache prune: say what is old with --older-than DAYS (0 deletes everything)")
        if not 0 <= args.older_than <= 100_000:
            raise OptionError(f"--older-than: {args.older_than:g} is out of range; it must be from 0 to 100000 days")
        gone = prune_cache(folder, args.older_than)
        print(f"deleted {gone:,} {'reply' if gone == 1 else 'replies'}")
    elif args.older_than is not None:
        raise OptionError("--older-than: is for personal-align cache prune")
    usage = cache_usage(folder)
    print(f"{usage.path}: {usage.replies:,} {'reply' if usage.replies == 1 else 'replies'}, {_bytes(usage.bytes)}")
    if usage.oldest is not None and usage.newest is not None:
        print(f"from {_day(usage.oldest)} to {_day(usage.newest)}")
    models = list(usage.models.items())
    for model, count in models[:_MOST]:
        print(f"{count:>10,}  {model}")
    if len(models) > _MOST:
        print(f"and {len(models) - _MOST:,} more models")
    return 0


def _bytes(size: float) -> str:
    for unit in ("bytes", "kB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "bytes" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"


def _day(seconds: int) -> str:
    return datetime.fromtimestamp(seconds).astimezone().strftime("%Y-%m-%d %H:%M")
