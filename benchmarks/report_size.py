"""Size of the report, time to render it, and first paint in headless Chromium, at 1,680 and 16,800 cases.

    python benchmarks/report_size.py [CASES ...] [--passing full|summary|none] [--fail-rate RATE]

Records are made by code (tests/report/synthetic_record.py): shipped use cases in five scenarios, final replies of
about 1,100 characters, answers between of about 330, one trial. Without a browser only sizes are shown.
"""

from __future__ import annotations

import argparse
import importlib.util
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from pytest_personal_align.report.html import render_html
from tests.report.conftest import ARGUMENTS, browser_path
from tests.report.synthetic_record import make_record

TARGET_MB, TARGET_PAINT = 6.0, 1.5


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("cases", nargs="*", type=int, default=[1_680, 16_800])
    parser.add_argument("--passing", choices=("full", "summary", "none"), default="full")
    parser.add_argument("--fail-rate", type=float, default=0.08)
    given = parser.parse_args()
    missed = False
    print("cases    fails   render s   MB     first paint s   ready s   filter s   search s")
    for cases in given.cases:
        record = make_record(cases, fail_rate=given.fail_rate)
        start = time.perf_counter()
        html = render_html(record, passing=given.passing).encode()
        rendered = time.perf_counter() - start
        megabytes = len(html) / 1e6
        fails = sum(case.outcome == "fail" for case in record.cases)
        paint, ready, filtered, searched = _in_browser(html)
        print(
            f"{cases:>6,}  {fails:>6,}   {rendered:>8.2f}   {megabytes:>5.2f}  {paint:>14.2f}   {ready:>7.2f}   "
            f"{filtered:>8.2f}   {searched:>8.2f}"
        )
        missed |= cases == 1_680 and (megabytes > TARGET_MB or paint > TARGET_PAINT)
    return int(missed)


def _in_browser(html: bytes) -> tuple[float, float, float, float]:
    """Seconds to first contentful paint, until the scripts are ready, for one filter, for the first search."""
    path = browser_path()
    if path is None or importlib.util.find_spec("playwright") is None:
        return (float("nan"),) * 4
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        file = Path(folder) / "report.html"
        file.write_bytes(html)
        browser = playwright.chromium.launch(executable_path=path, args=list(ARGUMENTS))
        browser.new_page().goto("about:blank")  # the browser's own start is not ours
        page = browser.new_page(viewport={"width": 1440, "height": 1000})
        start = time.perf_counter()
        page.goto(file.as_uri(), wait_until="commit", timeout=120_000)
        page.wait_for_selector("html[data-ready]", timeout=120_000)
        ready = time.perf_counter() - start
        paint = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime / 1000")
        filtered = _seconds(page, "f.elements.outcome.value = 'fail'; f.dispatchEvent(new Event('input'))")
        searched = _seconds(page, "f.elements.q.value = 'wonderful tram'; f.dispatchEvent(new Event('input'))")
        browser.close()
    return paint, ready, filtered, searched


def _seconds(page: object, act: str) -> float:
    """From an act in the page to the frame in which the number of cases found is a new one (a search waits 0.15 s)."""
    script = (
        "() => new Promise(done => { const f = document.getElementById('filters'), found = f.querySelector('.found'); "
        f"const before = found.textContent, start = performance.now(); {act}; "
        "const look = () => found.textContent === before ? requestAnimationFrame(look) "
        ": setTimeout(() => done((performance.now() - start) / 1000)); requestAnimationFrame(look); })"
    )
    return float(page.evaluate(script))  # type: ignore[attr-defined]


if __name__ == "__main__":
    raise SystemExit(main())
