"""Whatever a record holds, the page has the same elements and shows the text as it is."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from typing import Any

import pytest

from pytest_personal_align.core.record import RunRecord
from pytest_personal_align.report.html import render_html
from tests.report.payloads import PAYLOADS, as_shown, everywhere
from tests.report.synthetic_record import make_record


class _Skeleton(HTMLParser):
    """Elements with the names of their attributes, and the text of message bubbles."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, tuple[str, ...]]] = []
        self.bubbles: list[str] = []
        self._depth = 0

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        names = tuple(name for name, _ in attributes if name not in ("tabindex", "role", "aria-label", "title"))
        if tag != "mark":
            self.elements.append((tag, names))
        if self._depth:
            self._depth += tag not in ("br", "input", "meta")
        elif tag == "div" and (dict(attributes).get("class") or "").split()[:1] == ["text"]:
            self._depth = 1
            self.bubbles.append("")

    def handle_endtag(self, tag: str) -> None:
        self._depth -= bool(self._depth)

    def handle_data(self, data: str) -> None:
        if self._depth:
            self.bubbles[-1] += data


def _parts(html: str) -> tuple[_Skeleton, str, str]:
    """The page without script and JSON, the JSON block, and the script."""
    data = re.search(r'<script type="application/json" id="data">(.*?)</script>', html, re.DOTALL)
    assert data is not None
    rest = html[: data.start()] + html[data.end() :]
    script = re.search(r"<script>(.*?)</script>", rest, re.DOTALL)
    assert script is not None
    skeleton = _Skeleton()
    skeleton.feed(rest[: script.start()] + rest[script.end() :])
    return skeleton, data.group(1), script.group(1)


def _record(payload: str) -> RunRecord:
    plain = make_record(5, arms=("a",), trials=2, fail_rate=0.9, seed=3).model_dump(mode="json")
    for case in plain["cases"]:
        for trial in case["trials"]:
            trial["flags"] = ["hidden text"]
            trial["votes"] = [trial["observation"]] * 2 if trial["observation"] else []
            trial["notes"] = {"draft": "x"}
    plain["judge"]["canaries"] = {"right": "60 of 60"}
    plain["run"]["warnings"] = ["careful"]
    return RunRecord.model_validate(everywhere(plain, payload))


_SCRIPT = _parts(render_html(_record("plain")))[2]
_PLAIN = _parts(render_html(_record("plain words")))[0].elements


def test_the_corpus_is_large() -> None:
    assert len(set(PAYLOADS)) >= 150


@pytest.mark.parametrize("place", range(len(PAYLOADS)))
def test_no_payload_adds_an_element_or_attribute(place: int) -> None:
    payload = PAYLOADS[place]
    record = _record(payload)
    skeleton, data, script = _parts(render_html(record))
    assert script == _SCRIPT
    if payload.strip():
        assert skeleton.elements == _PLAIN
    assert not re.search(r"[<>&']", data)
    texts: list[str] = json.loads(data)["texts"]
    assert as_shown(payload).rstrip("\ufffd") in "\n".join(map(as_shown, texts))
    shown = {as_shown(text) for text in skeleton.bubbles}
    if payload:
        assert shown == {as_shown(payload)}


def test_the_policy_allows_our_own_style_and_script_only() -> None:
    html = render_html(make_record(5))
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', html)
    assert policy is not None
    assert "default-src &#39;none&#39;" in policy.group(1)
    assert policy.group(1).count("sha256-") == 2
    assert "unsafe" not in policy.group(1)
    assert html.index("Content-Security-Policy") < html.index("<style>")


def test_nothing_is_loaded_from_anywhere() -> None:
    html = render_html(make_record(60, arms=("a", "b")))
    page = html[: html.index('<script type="application/json"')]
    assert not re.search(r"<(?:link|img|iframe|object|embed|base)\b|@import|url\(|\bsrc=", page)
    links: list[Any] = re.findall(r'href="([^"]*)"', page)
    assert all(link.startswith("#") for link in links)
