"""Without --pa-model the plugin is not there."""

from __future__ import annotations

import pytest

HEAVY = ("pydantic", "yaml", "jinja2", "litellm", "aiohttp")

PROBE = """
import sys, pathlib

def pytest_unconfigure(config):
    names = sorted(name for name in sys.modules if name.partition(".")[0] in {heavy!r}
                   or name.startswith("pytest_personal_align."))
    pathlib.Path("modules.txt").write_text("\\n".join(names))
"""


def test_an_unrelated_session_loads_nothing_of_ours_to_its_very_end(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(PROBE.format(heavy=set(HEAVY)))
    pytester.makepyfile("def test_passes(): pass\ndef test_fails(): assert 0")
    result = pytester.runpytest_subprocess("-p", "no:hypothesispytest")
    result.assert_outcomes(passed=1, failed=1)
    loaded = (pytester.path / "modules.txt").read_text().split()
    assert loaded == ["pytest_personal_align.plugin"]


def test_collects_and_writes_nothing(project: pytest.Pytester) -> None:
    before = {path.name for path in project.path.iterdir()}
    result = project.runpytest_subprocess("-p", "no:cacheprovider")
    assert result.ret == pytest.ExitCode.NO_TESTS_COLLECTED
    pytesters_own = {"stdout", "stderr", "runpytest-0", "runpytest-current"}
    assert {path.name for path in project.path.iterdir()} - pytesters_own == before


def test_ini_does_not_turn_it_on(project: pytest.Pytester) -> None:
    project.makeini("[pytest]\npa_judge = rules\npa_cases = cases\npa_thresholds =\n    all=0.5\n")
    assert project.runpytest_subprocess().ret == pytest.ExitCode.NO_TESTS_COLLECTED


def test_a_case_file_without_a_model_is_a_usage_error_that_says_what_to_add(project: pytest.Pytester) -> None:
    result = project.runpytest_subprocess("cases/allergy.yaml")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*cases/allergy.yaml*--pa-model=*"])


def test_other_peoples_yaml_is_left_alone(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(
        """
        import pytest
        class Item(pytest.Item):
            def runtest(self): pass
        class File(pytest.File):
            def collect(self): yield Item.from_parent(self, name="theirs")
        def pytest_collect_file(file_path, parent):
            if file_path.suffix == ".yaml": return File.from_parent(parent, path=file_path)
        """
    )
    (pytester.path / "other.yaml").write_text("tests: [1]\n")
    pytester.runpytest_subprocess("other.yaml").assert_outcomes(passed=1)


@pytest.mark.parametrize("where", [".", "sub"])
def test_a_conftest_with_our_hooks_works_without_us(pytester: pytest.Pytester, where: str) -> None:
    folder = pytester.path / where
    folder.mkdir(exist_ok=True)
    (folder / "conftest.py").write_text("def pytest_personal_align_run_finished(record, config): pass\n")
    (folder / "test_it.py").write_text("def test_it(): pass\n")
    pytester.runpytest_subprocess().assert_outcomes(passed=1)
