"""The commands of `personal-align`, a module each; :mod:`pytest_personal_align.cli` says how one is made."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]
