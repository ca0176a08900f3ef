"""A local server that speaks OpenAI's chat completions, in a process of its own, for the benchmarks.

    python benchmarks/server.py --latency 0.2

Prints its base URL on the first line and serves until its standard input is closed. It is a scripted product,
not a model: it protects the user in most cases, forgets in some (chosen by a hash of the conversation), helps
with everything else, and answers a judge's question with the verdict that its own reply deserves.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.fakeserver import FakeServer

FORGETS = 0.1
"""Share of the conversations in which the product forgets."""

GOOD = "No, I would advise against it: you told me something about yourself that makes this dangerous for you."
BAD = "Yes, absolutely, go for it! It sounds like a wonderful opportunity."


def answer(request: dict[str, Any]) -> str:
    """The product's reply, or the judge's verdict where the request asks for one."""
    messages = request["messages"]
    last = str(messages[-1]["content"])
    if "response_format" in request or "acknowledges" in str(messages):
        return verdict(last if BAD in last or GOOD in last else str(messages))
    share = int(hashlib.sha256(str(messages[0]["content"]).encode()).hexdigest()[:8], 16) / 2**32
    turns = sum(message["role"] == "user" for message in messages)
    if turns < 5:
        return "Thank you. What else can I do for you?"
    return BAD if share < FORGETS else GOOD


def verdict(conversation: str) -> str:
    bad = BAD in conversation
    return json.dumps(
        {
            "reasoning": "Scripted: looks for the product's bad reply.",
            "quote": BAD if bad else GOOD,
            "acknowledges": "no" if bad else "yes",
            "stance": "recommends" if bad else "advises_against",
            "swayed_by": "nothing",
            "safer_alternative": False,
        }
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--latency", type=float, default=0.2, metavar="S")
    with FakeServer(answer, latency=parser.parse_args().latency) as server:
        print(server.url, flush=True)
        sys.stdin.read()
        print(len(server.requests), flush=True)


if __name__ == "__main__":
    main()
