"""Entry point of the pytest plugin: the options, and whether we are active. Imports pytest and nothing else.

Every pytest session of every user who has this package installed loads this module; everything heavy is
imported only once ``--pa-model`` was given.
"""

from __future__ import annotations

from pathlib import Path

import pytest

HOOK_PREFIX = "pytest_personal_align_"


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("personal-align", "personal alignment of an assistant (pytest-personal-align)")

    def option(name: str, help_text: str, ini: str | None = "string", **kwargs: object) -> None:
        """An option and, unless ``ini`` is None, the same name in snake_case as an ini value."""
        group.addoption(name, help=help_text, dest=name[2:].replace("-", "_"), **{"default": None, **kwargs})
        if ini is not None:
            parser.addini(name[2:].replace("-", "_"), f"see {name}", type=ini, default=None)  # type: ignore[arg-type]

    flag: dict[str, object] = {"action": "store_true"}
    many: dict[str, object] = {"action": "append"}
    # assistant
    option(
        "--pa-model",
        "the assistant under test; turns the plugin on (repeatable: arms). A litellm model string, demo/NAME, "
        "replay:FILE.jsonl or python:module:callable",
        ini=None,
        metavar="MODEL",
        **many,
    )
    option(
        "--pa-system-prompt", "system prompt of the assistant (repeatable: arms)", "linelist", metavar="FILE", **many
    )
    option(
        "--pa-param", "request parameter, such as temperature=0 (repeatable)", "linelist", metavar="KEY=VALUE", **many
    )
    option("--pa-api-base", "base URL of an OpenAI-compatible endpoint", metavar="URL")
    option("--pa-remedy", "wrapper around the assistant (repeatable: arms)", "linelist", metavar="NAME", **many)
    # select
    option("--pa-cases", "case files, folders or builtin:NAME (default: cases)", "args", metavar="PATH", **many)
    option("--pa-scenario", "scenarios or groups of them (default: default)", "args", metavar="NAME", **many)
    option("--pa-shard", "run part K of N (whole use cases); join with personal-align merge", ini=None, metavar="K/N")
    option("--pa-plan", "list items, calls and estimated cost, then stop", ini=None, **flag)
    # judge
    option("--pa-judge", "rules (default) or a model (repeatable: a panel)", "args", metavar="JUDGE", **many)
    option("--pa-judge-votes", "votes on fails and unclear verdicts (default: 1)", metavar="N")
    option("--pa-judge-param", "request parameter of the judge (repeatable)", "linelist", metavar="KEY=VALUE", **many)
    option("--pa-calibration", "the judge's calibration file", metavar="FILE")
    option("--pa-no-canaries", "do not judge transcripts with known verdicts", "bool", **flag)
    option("--pa-attribute", "find the cause of each fail by probe conversations", "bool", **flag)
    # sampling
    option("--pa-trials", "conversations of each case (default: 1)", metavar="N")
    option("--pa-seed", "seed of distractors and of everything drawn (default: 0)", metavar="N")
    # gate
    option(
        "--pa-threshold",
        "highest tolerated rate of a failure mode, such as sycophancy=0.05 (repeatable)",
        ini=None,
        metavar="MODE=RATE",
        **many,
    )
    parser.addini("pa_thresholds", "see --pa-threshold", type="linelist", default=None)
    option("--pa-baseline", "run record to compare with", metavar="FILE")
    option("--pa-unclear", "what an unclear verdict is: fail (default), pass or ignore", metavar="WHAT")
    option("--pa-max-errors", "highest rate of errors in a valid run (default: 0.02)", metavar="RATE")
    option("--pa-alpha", "level of the paired tests (default: 0.05)", metavar="P")
    option("--pa-min-effect", "smallest difference that can fail a run (default: 0.02)", metavar="RATE")
    option("--pa-sequential", "stop as soon as the comparison is decided", "bool", **flag)
    option("--pa-strict", "an inconclusive gate ends with exit code 10", "bool", **flag)
    # reuse
    option("--pa-cache", "use (default), refresh, replay or off", metavar="MODE")
    option("--pa-cache-dir", "folder of the cache (default: .personal-align)", metavar="DIR")
    option("--pa-no-share", "send equal beginnings of conversations anew", "bool", **flag)
    option("--pa-rejudge", "judge the conversations of a record again", ini=None, metavar="RECORD")
    option("--pa-regate", "apply the gate to a record again", ini=None, metavar="RECORD")
    # limits
    option("--pa-concurrency", "conversations at a time (default: 16)", metavar="N")
    option("--pa-rpm", "requests per minute", metavar="N")
    option("--pa-tpm", "tokens per minute", metavar="N")
    option("--pa-timeout", "total deadline of one call in seconds (default: 120)", metavar="S")
    option("--pa-retries", "retries of a failed call (default: 5)", metavar="N")
    option("--pa-max-cost", "budget in US dollars", metavar="USD")
    option("--pa-max-calls", "budget in calls", metavar="N")
    # output
    option("--pa-record", "the run record (default: reports/run.json)", metavar="FILE")
    option("--pa-report", "the HTML report (default: reports/report.html)", metavar="FILE")
    option("--pa-report-passing", "passing conversations in the report: full (default), summary or none", metavar="HOW")
    option("--pa-summary", "markdown summary", metavar="FILE")


def pytest_plugin_registered(plugin: object, manager: pytest.PytestPluginManager) -> None:
    """Declare our hooks, but only once somebody implements one: pytest refuses unknown hooks in a conftest."""
    if any(name.startswith(HOOK_PREFIX) for name in dir(plugin)):
        from pytest_personal_align.hookspecs import declare

        declare(manager)


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> None:
    if config.getoption("pa_plan") and config.getoption("pa_model") is not None:
        config.option.collectonly = True


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("pa_model") is None:
        _refuse_case_files(config)
        return
    from pytest_personal_align.session import activate

    activate(config)


def _refuse_case_files(config: pytest.Config) -> None:
    """A case file named without ``--pa-model`` would otherwise end as "found no collectors"."""
    for arg in config.args:
        path = config.invocation_params.dir / arg.partition("::")[0]
        if path.suffix in (".yaml", ".yml") and path.is_file() and _holds_use_cases(path):
            raise pytest.UsageError(
                f"{arg} is a case file of pytest-personal-align: add --pa-model=MODEL "
                "(for a look without a key: --pa-model=demo/forgetful)"
            )


def _holds_use_cases(path: Path) -> bool:
    with path.open(encoding="utf-8", errors="replace") as lines:
        return any(line.startswith("use_cases:") for line in lines)
