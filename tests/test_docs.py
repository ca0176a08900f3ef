"""What the docs show must work."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pytest_personal_align.core import shipped
from pytest_personal_align.core.suite_files import load_scenarios, load_use_cases

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.joinpath("docs").glob("*.md")])


def yaml_blocks() -> list[str]:
    return re.findall(r"```yaml\n(.*?)```", (ROOT / "docs" / "cases.md").read_text(encoding="utf-8"), re.DOTALL)


def test_the_yaml_of_the_docs_loads(tmp_path: Path) -> None:
    blocks = yaml_blocks()
    assert len(blocks) == 2
    for number, block in enumerate(blocks):
        path = tmp_path / f"{number}.yaml"
        path.write_text(block, encoding="utf-8")
        assert (load_scenarios if "scenarios:" in block else load_use_cases)(path)


def test_every_shipped_scenario_is_documented() -> None:
    page = (ROOT / "docs" / "cases.md").read_text(encoding="utf-8")
    for scenario in shipped.scenarios():
        assert (
            f"| `{scenario.name}` | {', '.join(scenario.groups)} | {scenario.summary} | {scenario.pass_means} |" in page
        )


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text(encoding="utf-8")):
        if not target.startswith("http"):
            assert (page.parent / target).exists(), target
