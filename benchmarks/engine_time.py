"""The engine against a local server: time, CPU and memory beside what the latency alone would take.

    python benchmarks/engine_time.py [--way openai|hosted_vllm] [--conversations 200] [--concurrency 64] [--latency 0.2]

Conversations of five turns, each with its own beginning (nothing is shared), and one call to a judge for each. The
server runs in a process of its own. "ideal" is calls x latency / concurrency; judges have slots of their own, so less
is possible.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import resource
import sys
import threading
import time
from itertools import count
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))


def serve(channel: Connection, latency: float) -> None:
    from tests.fakeserver import FakeServer

    numbers = count()

    def reply(request: dict[str, Any]) -> str:
        # Each its own, or equal questions to the judge would be asked once only.
        return f"This is reply {next(numbers)}, of some ordinary length. It is fine. " * 5

    with FakeServer(reply, latency=latency) as server:
        channel.send(server.url)
        channel.recv()
        arrivals = [request.arrived for request in server.requests]
        # A reply leaves the latency after its request's arrival.
        channel.send((len(arrivals), server.most_together, max(arrivals) + latency - min(arrivals)))


def measure(url: str, args: argparse.Namespace) -> dict[str, Any]:
    from pytest_personal_align.core.options import EngineOptions, JudgeOptions, Limits, Reuse
    from pytest_personal_align.core.result import CaseResult
    from pytest_personal_align.engine.bench import Bench
    from pytest_personal_align.engine.engine import Engine
    from pytest_personal_align.engine.prefetch import prefetch
    from tests.engine.enginekit import ModelJudge, arm, plan

    judge = f"{args.way}/judge"
    options = EngineOptions(
        (arm(f"{args.way}/x", url),),
        JudgeOptions((judge,), api_base=url),
        Limits(concurrency=args.concurrency),
        Reuse("use", args.cache) if args.cache else Reuse(),
    )
    words = "and this is what one says about the weather, the town and the people in it, " * 3
    plans = [
        plan(*(f"Turn {turn} of conversation {n}, {words}" for turn in range(5)), use_case=f"c{n}")
        for n in range(args.conversations)
    ]
    thread = prefetch(options)
    if thread is not None:
        thread.join()  # what pytest does meanwhile, collecting, is not measured here
    ready, left = threading.Event(), [len(plans)]
    errors: list[str] = []

    def done(result: CaseResult) -> None:
        errors.extend(trial.error.message for trial in result.trials if trial.error)
        left[0] -= 1
        if not left[0]:
            ready.set()

    bench = Bench(options, lambda complete: ModelJudge(complete, judge))
    cpu, started = time.process_time(), time.perf_counter()
    engine = Engine(lambda: bench, concurrency=args.concurrency, done=done)
    engine.submit(plans)
    ready.wait()
    seconds = time.perf_counter() - started
    cpu = time.process_time() - cpu
    engine.stop()
    calls = bench.calls()
    sent = calls.assistant.sent + calls.judge.sent
    ideal = sent * args.latency / args.concurrency
    return {
        "way": args.way,
        "calls": sent,
        "cached": calls.assistant.cached + calls.judge.cached,
        "errors": len(errors),
        "seconds": round(seconds, 2),
        "ideal": round(ideal, 2),
        "ratio": round(seconds / ideal, 2) if ideal else None,
        "cpu_ms_a_call": round(1000 * cpu / max(1, sent + calls.assistant.cached + calls.judge.cached), 2),
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--way", choices=["openai", "hosted_vllm"], default="openai")
    parser.add_argument("--conversations", type=int, default=200)
    parser.add_argument("--concurrency", type=int, default=64)
    parser.add_argument("--latency", type=float, default=0.2)
    parser.add_argument("--cache", help="folder of a cache; without it, none")
    args = parser.parse_args()
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=serve, args=(theirs, args.latency), daemon=True)
    process.start()
    found = measure(ours.recv(), args)
    ours.send("stop")
    received, together, engine = ours.recv()
    seen = {"server_received": received, "most_together": together, "first_request_to_last_reply": round(engine, 2)}
    load = round(os.getloadavg()[0], 1)
    print(json.dumps({**found, **seen, "of_ideal": round(engine / found["ideal"], 2), "load": load}, indent=2))


if __name__ == "__main__":
    main()
