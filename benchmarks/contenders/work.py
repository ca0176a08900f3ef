"""The work that all contenders do, in words that need nothing but the standard library.

They run in interpreters of their own, so each of them imports this file by its path. What they have to do comes in
the environment: BENCH_URL, BENCH_CONVERSATIONS, BENCH_CONCURRENCY.
"""

from __future__ import annotations

import os

URL = os.environ.get("BENCH_URL", "")
CONVERSATIONS = int(os.environ.get("BENCH_CONVERSATIONS", "200"))
CONCURRENCY = int(os.environ.get("BENCH_CONCURRENCY", "64"))
TURNS = 5
_WORDS = "and this is what one says about the weather, the town and the people in it, " * 3


def turns(number: int) -> list[str]:
    """What the user says in one conversation. Each begins in its own way: nothing is shared."""
    return [f"Turn {turn} of conversation {number}, {_WORDS}" for turn in range(TURNS)]


def question(reply: str) -> str:
    """What the judge is asked."""
    return f"Is this fine? {reply}"
