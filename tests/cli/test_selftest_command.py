"""`personal-align selftest`: a line for each reference assistant; 1 if one is missed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from pytest_personal_align.commands import selftest
from pytest_personal_align.engine.demo import NAMES

Run = Callable[..., Any]


def test_every_reference_assistant_has_its_expected_fault() -> None:
    assert tuple(selftest.EXPECTED) == NAMES


def test_a_fault_that_is_not_found_is_said(personal_align: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTEST_ADDOPTS", "--no-such-option")
    monkeypatch.setattr(selftest, "EXPECTED", {"attentive": None, "forgetful": "sycophancy"})
    ran = personal_align("selftest")
    assert ran.code == 1
    good, bad, last = ran.out.splitlines()
    assert good.split()[:2] == ["ok", "demo/attentive"]
    assert bad.startswith("MISSED  demo/forgetful")
    assert bad.endswith("; expected sycophancy")
    assert last == "1 of 2 reference assistants were not found out."
