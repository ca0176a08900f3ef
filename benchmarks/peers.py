"""The same work with ours and with others, in one run: ratios.

    python benchmarks/peers.py [--only NAME ...] [--conversations 200] [--concurrency 64] [--latency 0.2]
        [--rounds 1] [--peers FOLDER]

The work: conversations of five turns, each with its own beginning, and one judge call for each, with a local server
that answers after 200 ms. Ours is a whole pytest run of as many cases with a model as judge, record and HTML report.
"engine" is from the first request to the last reply in the server's log; "wall" is from start to exit of the process;
"ideal" is calls x latency / concurrency. The best of the rounds counts. The others are installed from their registries
into ``--peers`` (about 2 GB), each into a folder of its own; one that cannot be is left out with a message. Their
telemetry is switched off, and a proxy that is not there keeps them from everything but loopback.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks import rig
from benchmarks.server import GOOD, verdict
from tests.fakeserver import FakeServer

HERE = Path(__file__).parent / "contenders"
TEXT = f"{GOOD} It is fine, and this is a reply of some ordinary length. " * 2
QUIET = {
    "DEEPEVAL_TELEMETRY_OPT_OUT": "YES",
    "DEEPEVAL_UPDATE_WARNING_OPT_IN": "NO",
    "PROMPTFOO_DISABLE_TELEMETRY": "1",
    "PROMPTFOO_DISABLE_UPDATE": "1",
    "PROMPTFOO_DISABLE_REMOTE_GENERATION": "1",
    "PROMPTFOO_DISABLE_SHARING": "1",
    "DO_NOT_TRACK": "1",
    "HTTP_PROXY": "http://127.0.0.1:9",
    "HTTPS_PROXY": "http://127.0.0.1:9",
    "NO_PROXY": "127.0.0.1,localhost",
}


class Absent(Exception):
    """A contender that cannot be installed here; says why."""


@dataclass(frozen=True)
class Work:
    url: str
    folder: Path
    peers: Path
    conversations: int
    concurrency: int


def reply(request: dict[str, Any]) -> str:
    if request["model"] == "rubric":
        return json.dumps({"pass": True, "score": 1.0, "reason": "It is fine."})
    if "response_format" in request or "acknowledges" in str(request["messages"]):
        return verdict(GOOD)
    return TEXT


def ours(way: str, *more: str) -> Callable[[Work], list[str]]:
    def command(work: Work) -> list[str]:
        rig.write_suite(work.folder, work.conversations)
        options = rig.live_command(work.url, f"--pa-judge={way}/judge", f"--pa-concurrency={work.concurrency}", *more)
        left_out = ("--pa-model", "--pa-scenario")
        options = [part for part in options if not part.startswith(left_out)]
        return [*options, f"--pa-model={way}/x", "--pa-scenario=alone"]

    return command


def script(name: str) -> Callable[[Work], list[str]]:
    return lambda work: [sys.executable, str(HERE / name)]


def inspect_ai(work: Work) -> list[str]:
    python = _venv(work.peers / "inspect_ai", "inspect_ai", "openai")
    # In the folder of the run: it wants a path that is relative.
    (work.folder / "task.py").write_text((HERE / "inspect_task.py").read_text(encoding="utf-8"), encoding="utf-8")
    return [
        str(python.parent / "inspect"), "eval", "task.py", "--model=openai/x",
        f"--model-base-url={work.url}", f"--max-connections={work.concurrency}", f"--max-samples={work.concurrency}",
        "-M", "responses_api=false", "--display=none", f"--log-dir={work.folder / 'logs'}",
    ]  # fmt: skip


def deepeval(work: Work) -> list[str]:
    python = _venv(work.peers / "deepeval", "deepeval")
    # In the folder of the run, since it leaves files beside its tests.
    test = work.folder / "test_conversations.py"
    test.write_text((HERE / "deepeval_items.py").read_text(encoding="utf-8"), encoding="utf-8")
    return [str(python.parent / "deepeval"), "test", "run", str(test), "-n", "8"]


def promptfoo(work: Work) -> list[str]:
    folder = work.peers / "promptfoo"
    program = folder / "node_modules" / ".bin" / "promptfoo"
    if not program.exists():
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "package.json").write_text('{"private": true}')
        _install(["npm", "install", "--no-audit", "--no-fund", "promptfoo"], folder)
    sys.path.insert(0, str(HERE))
    import work as words

    judge = {"id": "openai:chat:rubric", "config": {"apiBaseUrl": work.url, "apiKey": "sk-scripted"}}
    config = {
        "prompts": ["{{name}}"],
        "providers": [f"file://{HERE / 'promptfoo_provider.js'}"],
        "defaultTest": {"options": {"provider": judge, "disableVarExpansion": True}},
        "tests": [
            {
                "vars": {"name": f"conversation {number}", "turns": words.turns(number)},
                "assert": [{"type": "llm-rubric", "value": "it is fine"}],
            }
            for number in range(work.conversations)
        ],
    }
    (work.folder / "config.json").write_text(json.dumps(config))
    return [
        str(program), "eval", "-c", "config.json", "-j", str(work.concurrency), "--no-cache", "--no-table",
        "--no-progress-bar",
    ]  # fmt: skip


CONTENDERS: dict[str, Callable[[Work], list[str]]] = {
    "bare aiohttp": script("bare.py"),
    "ours": ours("openai"),
    "ours -n 4": ours("openai", "-n", "4"),
    "promptfoo": promptfoo,
    "bare litellm": script("bare_litellm.py"),
    "ours, litellm": ours("hosted_vllm"),
    "inspect_ai": inspect_ai,
    "deepeval -n 8": deepeval,
}
TARGETS = (
    ("ours", "bare aiohttp", "engine", 1.15),
    ("ours -n 4", "ours", "wall", 1.25),
    ("ours", "promptfoo", "wall", 1 / 2),
    ("ours", "inspect_ai", "wall", 1 / 5),
    ("ours", "deepeval -n 8", "wall", 1 / 12),
    ("ours, litellm", "bare litellm", "wall", 1.15),
)
"""(ours, theirs, what is compared, at most)."""


def _venv(folder: Path, *packages: str) -> Path:
    python = folder / "bin" / "python"
    if not (folder / "installed").exists():
        _install([sys.executable, "-m", "venv", str(folder)], Path.cwd())
        _install([str(python), "-m", "pip", "install", "-q", *packages], Path.cwd())
        (folder / "installed").touch()
    return python


def _install(command: list[str], folder: Path) -> None:
    try:
        subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True, timeout=900)
    except (OSError, subprocess.SubprocessError) as error:
        said = getattr(error, "stderr", None) or str(error)
        raise Absent(f"cannot be installed here: {str(said).strip().splitlines()[-1]}") from None


@dataclass(frozen=True)
class Measured:
    calls: int
    engine: float
    wall: float
    cpu: float
    peak: float


def measure(make: Callable[[Work], list[str]], args: argparse.Namespace) -> Measured:
    with tempfile.TemporaryDirectory() as name, FakeServer(reply, latency=args.latency) as server:
        folder = Path(name)
        command = make(Work(server.url, folder, args.peers, args.conversations, args.concurrency))
        told = {
            "BENCH_URL": server.url,
            "BENCH_CONVERSATIONS": str(args.conversations),
            "BENCH_CONCURRENCY": str(args.concurrency),
            "OPENAI_BASE_URL": server.url,
            "PROMPTFOO_CONFIG_DIR": str(folder / "promptfoo"),
            "PYTHONPATH": str(HERE),
        }
        output = folder / "output.txt"
        with output.open("w") as out:
            began = time.perf_counter()
            process = subprocess.Popen(
                command, cwd=folder, env={**rig.environment(), **QUIET, **told}, stdout=out, stderr=subprocess.STDOUT
            )
            _, status, usage = os.wait4(process.pid, 0)
            wall = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        arrived = [request.arrived for request in server.requests]
        said = output.read_text(encoding="utf-8", errors="replace")
        if process.returncode or len(arrived) != args.conversations * 6:
            raise Absent(f"exit {process.returncode} after {len(arrived)} requests: {said[-1500:].strip()}")
    # A reply leaves the latency after its request's arrival.
    engine = max(arrived) + args.latency - min(arrived)
    return Measured(len(arrived), engine, wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="*", choices=list(CONTENDERS), default=list(CONTENDERS), metavar="NAME")
    parser.add_argument("--conversations", type=int, default=200)
    parser.add_argument("--concurrency", type=int, default=64)
    parser.add_argument("--latency", type=float, default=0.2)
    parser.add_argument("--rounds", type=int, default=1)
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    parser.add_argument("--peers", type=Path, default=cache / "pytest-personal-align-peers")
    args = parser.parse_args()
    args.peers = args.peers.absolute()
    ideal = args.conversations * 6 * args.latency / args.concurrency
    print(f"ideal {ideal:.2f} s; {rig.load()}")
    print(f"{'':<14} engine s  x ideal   wall s   CPU s  ms a call  largest process MB   load", flush=True)
    best: dict[str, Measured] = {}
    for name in args.only:
        try:
            # Round by round is best of all: a busy moment hits one of them only.
            found = [measure(CONTENDERS[name], args) for _ in range(args.rounds)]
        except Absent as absent:
            print(f"{name:<14} left out: {absent}", flush=True)
            continue
        one = best[name] = min(found, key=lambda each: each.wall)
        print(
            f"{name:<14} {one.engine:>8.2f} {one.engine / ideal:>8.2f} {one.wall:>8.2f} {one.cpu:>7.1f} "
            f"{1000 * one.cpu / one.calls:>10.1f} {one.peak:>19.0f} {os.getloadavg()[0]:>6.1f}",
            flush=True,
        )
    for us, them, what, limit in TARGETS:
        if us in best and them in best:
            ratio = getattr(best[us], what) / getattr(best[them], what)
            said = (
                f"{ratio:.2f} (at most {limit:g})"
                if limit > 1
                else f"{1 / ratio:.1f} x faster (at least {1 / limit:g})"
            )
            print(f"{us} beside {them}, {what}: {said}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
