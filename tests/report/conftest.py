"""A real browser for the tests of the report; they skip with a message where there is none."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

ARGUMENTS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
)  # fmt: skip
PATIENCE = 300_000
"""Milliseconds: a slow machine is no defect of the report."""


def browser_path() -> str | None:
    """Where Chromium is, if anywhere."""
    return next(
        (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), None
    )


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Not of the session: while it is open, its event loop runs in this thread, and no other test may start one."""
    api = pytest.importorskip("playwright.sync_api", reason="no playwright: pip install playwright")
    path = browser_path()
    if path is None:
        pytest.skip("no browser found: apt-get install chromium")
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(ARGUMENTS), timeout=PATIENCE)
        yield browser
        browser.close()


class Visit:
    """An open page, what it asked for over any network, and what went wrong in it."""

    def __init__(self, page: Any) -> None:
        self.page = page
        self.requests: list[str] = []
        self.troubles: list[str] = []
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("console", lambda message: self.troubles.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: self.troubles.append(str(error)))
        page.on("dialog", lambda dialog: (self.troubles.append(f"dialog: {dialog.message}"), dialog.accept()))

    def cards(self) -> list[str]:
        """Names of the failures that are shown."""
        return list(self.page.locator("#failures details.case:visible summary .what").all_text_contents())


@pytest.fixture
def visit(browser: Any, tmp_path: Path) -> Iterator[Callable[..., Visit]]:
    """Open a page from a file, at a size and with options of a browser context."""
    contexts = []

    def opened(html: str, *, fragment: str = "", width: int = 1440, **options: Any) -> Visit:
        path = tmp_path / f"report-{len(contexts)}.html"
        path.write_bytes(html.encode())
        context = browser.new_context(viewport={"width": width, "height": 1000}, **options)
        context.set_default_timeout(PATIENCE)
        contexts.append(context)
        found = Visit(context.new_page())
        found.page.goto(path.as_uri() + fragment)
        if options.get("java_script_enabled", True):
            found.page.wait_for_selector("html[data-ready]")
        return found

    yield opened
    for context in contexts:
        context.close()
