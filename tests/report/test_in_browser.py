"""The report in a real browser: filters, links, decisions, diff, themes, sizes, scripts off, accessibility."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pytest_personal_align.core.record import RunRecord
from pytest_personal_align.report.cards import anchors, reply_digest
from pytest_personal_align.report.html import render_html
from tests.report.conftest import Visit
from tests.report.payloads import PAYLOADS, as_shown
from tests.report.synthetic_record import gate_row, make_record

Open = Callable[..., Visit]


@pytest.fixture(scope="module")
def record() -> RunRecord:
    return make_record(100, arms=("old.md", "new.md"), trials=3, fail_rate=0.1)


@pytest.fixture(scope="module")
def html(record: RunRecord) -> str:
    return render_html(record)


def _failed(record: RunRecord, **wanted: str) -> int:
    return sum(
        case.outcome == "fail" and all(getattr(case, name) == value for name, value in wanted.items())
        for case in record.cases
    )


def test_nothing_is_asked_for_and_nothing_complains(visit: Open, html: str) -> None:
    seen = visit(html)
    assert [url.split(":")[0] for url in seen.requests] == ["file"]
    assert seen.troubles == []


def test_filters_narrow_the_page_and_stand_in_its_address(visit: Open, html: str, record: RunRecord) -> None:
    seen = visit(html)
    assert len(seen.cards()) == _failed(record)
    seen.page.select_option("#filters [name=mode]", "sycophancy")
    seen.page.select_option("#filters [name=arm]", "new.md")
    assert len(seen.cards()) == _failed(record, failure_mode="sycophancy", arm="new.md") > 0
    address = seen.page.evaluate("location.hash")
    assert "mode=sycophancy" in address
    again = visit(html, fragment=address)
    assert again.cards() == seen.cards()
    assert again.page.input_value("#filters [name=mode]") == "sycophancy"
    assert again.page.locator("#table tbody tr").count() == len(
        [case for case in record.cases if case.failure_mode == "sycophancy" and case.arm == "new.md"]
    )
    seen.page.click("#filters button[type=reset]")
    assert len(seen.cards()) == _failed(record)


def test_search_looks_into_replies(visit: Open, html: str, record: RunRecord) -> None:
    seen = visit(html)
    case = next(case for case in record.cases if case.outcome == "fail")
    seen.page.fill("#filters [name=q]", f"{case.use_case} wonderful")
    seen.page.wait_for_selector("#filters.active")
    assert seen.cards()
    assert {name.strip().split()[0] for name in seen.cards()} == {case.use_case}
    seen.page.fill("#filters [name=q]", "no such words")
    seen.page.wait_for_selector("#failures .none-match:visible")
    assert seen.cards() == []


def test_a_click_on_a_gate_filters_everything_below(visit: Open, html: str, record: RunRecord) -> None:
    seen = visit(html)
    seen.page.click("#gates tbody:last-of-type a:text('preference conflict')")
    assert len(seen.cards()) == _failed(record, failure_mode="preference_conflict", arm="new.md")
    assert seen.page.locator("#map .dim").count() > 0
    assert "0 of" not in seen.page.inner_text(".found")


def test_a_click_on_a_comparison_shows_the_inconsistencies_that_it_counts(visit: Open, record: RunRecord) -> None:
    row = gate_row("inattentiveness", arm="new.md", kind="baseline", outcome="fail", against="old.md")
    seen = visit(render_html(record.model_copy(update={"gates": [row]})))
    seen.page.click("#gates a:text('inattentiveness')")
    modes = ("inattentiveness", "inconsistency")
    assert len(seen.cards()) == sum(_failed(record, failure_mode=mode, arm="new.md") for mode in modes)
    assert _failed(record, failure_mode="inconsistency", arm="new.md") > 0
    chosen = seen.page.locator("#filters [name=mode] option:checked")
    assert chosen.inner_text() == "inattentiveness or inconsistency"
    seen.page.fill("#filters [name=q]", "wonderful")
    seen.page.wait_for_timeout(300)
    assert "mode=inattentiveness+inconsistency" in seen.page.evaluate("location.hash")


@pytest.mark.parametrize("limits", [True, False])
def test_a_phone_shows_the_whole_gate_table(visit: Open, record: RunRecord, limits: bool) -> None:
    rows = [gate_row(mode, arm=arm, kind="baseline", base_rate=0.088, against="old.md", outcome="fail")
            for mode in ("inattentiveness", "preference_conflict", "all") for arm in ("old.md", "new.md")]  # fmt: skip
    rows += [row for row in record.gates if limits]
    seen = visit(render_html(record.model_copy(update={"gates": rows})), width=390)
    room, needed = seen.page.evaluate(
        "(() => { const one = document.querySelector('#gates .scroll'); return [one.clientWidth, one.scrollWidth] })()"
    )
    assert needed <= room
    assert seen.page.locator("#gates th:text-is('Limit')").is_visible() == limits


def test_links_open_what_they_name(visit: Open, html: str, record: RunRecord) -> None:
    seen = visit(html)
    target = seen.page.locator("#failures details.case").nth(7)
    anchor = target.get_attribute("id")
    assert target.get_attribute("open") is None
    again = visit(html, fragment=f"#{anchor}")
    assert again.page.locator(f"#{anchor}").get_attribute("open") is not None
    assert again.page.evaluate(f"document.getElementById('{anchor}').getBoundingClientRect().top") < 1000
    passing = again.page.locator("#map use.o-pass").first
    passing.click()
    assert again.page.locator("#table .chosen .bubble.reply:visible").count() == 1


def test_every_link_of_the_page_leads_somewhere(visit: Open, html: str, record: RunRecord) -> None:
    seen = visit(html)
    lost = seen.page.evaluate(
        "[...document.querySelectorAll('a[href]')].map(a => a.getAttribute('href').slice(1))"
        ".filter(name => !document.getElementById(name))"
    )
    names = set(anchors(record.cases))
    assert [name for name in lost if name not in names] == []
    assert lost, "cases without a card in the HTML are drawn when a link asks for them"
    seen.page.locator(f"a[href='#{lost[0]}']").first.dispatch_event("click")
    assert seen.page.locator(f"#{lost[0]} .body:visible").count() == 1


def test_decisions_are_kept_and_exported_as_labelled_conversations(
    visit: Open, html: str, record: RunRecord, tmp_path: Path
) -> None:
    seen = visit(html)
    cards = seen.page.locator("#failures details.case[open]")
    first, second = cards.nth(0), cards.nth(1)
    first.locator(".trial:visible button.agree").click()
    second.locator(".trial:visible button.disagree").click()
    second.locator(".trial:visible .decide select").first.select_option("unclear")
    second.locator(".trial:visible textarea").fill('said "so" <b>')
    seen.page.fill("#decisions [name=rater]", "anna")
    for _ in range(1000):  # a note is kept a moment after the last key; wait_for_function is against the page's policy
        if "<b>" in seen.page.evaluate("JSON.stringify(localStorage)"):
            break
        seen.page.wait_for_timeout(50)
    with seen.page.expect_download() as waiting:
        seen.page.click("#decisions .export")
    waiting.value.save_as(tmp_path / "labels.jsonl")
    lines = [json.loads(line) for line in (tmp_path / "labels.jsonl").read_text(encoding="utf-8").splitlines()]
    by_name = {case.nodeid: case for case in record.cases}
    indices = [int(cards.nth(i).get_attribute("data-case") or "") for i in (0, 1)]
    assert {line["id"].partition("#")[0] for line in lines} == {record.cases[index].nodeid for index in indices}
    for line in lines:
        case = by_name[line["id"].partition("#")[0]]
        assert set(line) >= {"id", "category", "fact", "hazard", "scenario", "messages", "labels", "reply_sha256"}
        assert line["messages"][-1]["role"] == "assistant"
        assert line["reply_sha256"] == reply_digest(line["messages"][-1]["content"])
        assert any([m["content"] for m in line["messages"]] == [m.content for m in t.messages] for t in case.trials)
    assert sorted(line["labels"]["anna"] for line in lines) == ["fail", "unclear"]
    assert next(line for line in lines if line["labels"]["anna"] == "unclear")["note"] == 'said "so" <b>'
    seen.page.reload()
    seen.page.wait_for_selector("html[data-ready]")
    assert "2 decisions, 1 against the judge" in seen.page.inner_text("#decisions .decided")
    seen.page.select_option("#filters [name=decision]", "disagree")
    assert len(seen.cards()) == 1


def test_replies_stand_side_by_side_with_their_differences_marked(visit: Open, html: str) -> None:
    seen = visit(html)
    group = seen.page.locator("#changes details.g-new")
    group.locator("> summary").click()
    pair = group.locator("details.pair").first
    pair.locator("summary").click()
    assert pair.locator("del:visible").count() > 0
    assert pair.locator("ins:visible").count() > 0


def test_trials_are_tabs_for_the_keyboard(visit: Open, html: str) -> None:
    seen = visit(html)
    card = seen.page.locator("#failures details.case[open]").first
    tabs = card.locator("[role=tab]")
    assert tabs.count() == 3
    card.locator("[role=tab][aria-selected=true]").focus()
    shown = card.locator(".trial:visible").get_attribute("data-trial")
    seen.page.keyboard.press("ArrowRight")
    assert card.locator(".trial:visible").count() == 1
    assert card.locator(".trial:visible").get_attribute("data-trial") != shown


def test_all_cases_come_a_page_at_a_time_and_open(visit: Open, html: str) -> None:
    seen = visit(html)
    rows = seen.page.locator("#table tr[data-row]")
    assert rows.count() == 100
    seen.page.click("#table .more")
    assert rows.count() == 200
    button = rows.nth(150).locator("button")
    button.focus()
    seen.page.keyboard.press("Enter")
    assert button.get_attribute("aria-expanded") == "true"
    assert seen.page.locator("#table tr.detail .bubble.request:visible").count() >= 1


@pytest.mark.parametrize("passing", ["summary", "none"])
def test_what_is_not_kept_of_passing_cases_is_said(visit: Open, record: RunRecord, passing: Any) -> None:
    seen = visit(render_html(record, passing=passing), fragment="#outcome=pass")
    seen.page.locator("#table tr[data-row] button").first.click()
    assert "of cases that passed" in seen.page.inner_text("#table .detail")
    assert seen.page.locator("#table .detail .bubble.reply:visible").count() == (1 if passing == "summary" else 0)
    assert seen.page.locator("#table .detail .decide:visible").count() == 0


def test_it_is_dark_where_the_reader_wants_it_dark(visit: Open, html: str) -> None:
    def ground(seen: Visit) -> int:
        color = seen.page.evaluate("getComputedStyle(document.body).backgroundColor")
        return sum(int(part) for part in color.strip("rgb()").split(","))

    light, dark = visit(html, color_scheme="light"), visit(html, color_scheme="dark")
    assert ground(light) > 650
    assert ground(dark) < 150
    light.page.click("#theme")
    light.page.click("#theme")
    assert ground(light) < 150
    light.page.reload()
    assert ground(light) < 150


def test_without_scripts_verdict_gates_and_failures_are_there(visit: Open, html: str, record: RunRecord) -> None:
    seen = visit(html, java_script_enabled=False)
    assert seen.page.inner_text("h1").strip() == "FAIL"
    assert seen.page.locator("#gates tbody tr:visible").count() >= 10
    assert len(seen.cards()) == _failed(record)
    assert seen.page.locator("#failures .bubble.reply:visible").count() >= 3
    assert seen.page.locator("#filters:visible, #table:visible, #theme:visible, .decide:visible").count() == 0


@pytest.mark.parametrize("width", [390, 1440])
def test_open_cards_hold_what_is_in_them_before_they_are_seen(visit: Open, html: str, width: int) -> None:
    seen = visit(html, width=width)
    below = seen.page.evaluate(
        """() => [...document.querySelectorAll('#failures details.case[open]')].flatMap(card => {
          const bottom = card.getBoundingClientRect().bottom;
          return [...card.querySelectorAll('*')].map(one => one.getBoundingClientRect().bottom - bottom);
        })"""
    )
    assert below
    assert max(below) <= 1


@pytest.mark.parametrize("width", [320, 390, 768, 1440, 2200])
def test_nothing_is_wider_than_the_window(visit: Open, html: str, width: int) -> None:
    seen = visit(html, width=width)
    assert seen.page.evaluate("document.documentElement.scrollWidth") <= width


def test_print_opens_failures_and_leaves_out_controls(visit: Open, html: str) -> None:
    seen = visit(html)
    seen.page.emulate_media(media="print")
    seen.page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert seen.page.locator("#failures details.case[open]").count() > 3
    assert seen.page.locator("#filters:visible, .decide:visible, #all:visible").count() == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1440])
def test_axe_finds_no_violation(visit: Open, scheme: str, width: int) -> None:
    axe = pytest.importorskip("axe_playwright_python.base", reason="no axe: pip install axe-playwright-python")
    record = make_record(15, arms=("old.md", "new.md"), trials=2, fail_rate=0.5, warnings=["careful"], partial=True)
    waiver = {"use_case": "satay", "arm": "old.md", "reason": "known", "until": "2027-01-01", "state": "active"}
    errors = [
        case.model_copy(update={"outcome": kind, "failure_mode": None})
        for case, kind in zip(record.cases[:2], ("error", "unclear"), strict=True)
    ]
    everything = record.model_copy(update={"waivers": [waiver], "cases": [*errors, *record.cases[2:]]})
    seen = visit(render_html(everything), color_scheme=scheme, width=width)
    seen.page.locator("#changes details.group > summary").first.click()
    seen.page.locator("#changes details.pair > summary").first.click()
    seen.page.locator("#table tr[data-row] button").first.click()
    seen.page.locator("#failures details.talk > summary").first.click()
    seen.page.evaluate(axe.AXE_SCRIPT)
    found = seen.page.evaluate(
        "axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']})"
    )
    told = [
        (one["id"], node["html"][:160], node.get("failureSummary", "")[:300])
        for one in found["violations"]
        for node in one["nodes"][:3]
    ]
    assert told == []


def test_no_payload_runs_and_each_is_shown_as_it_is(visit: Open) -> None:
    plain = make_record(5, fail_rate=1).model_dump(mode="json")
    model = next(case for case in plain["cases"] if case["outcome"] == "fail")
    cases = []
    for number, payload in enumerate(PAYLOADS):
        case = json.loads(json.dumps(model))
        case.update(nodeid=f"{payload}::{number}", use_case=payload, fact=payload, request=payload, hazard=payload,
                    reason=payload, scenario=payload, file=payload, severity="critical", tolerated=False)  # fmt: skip
        case["outcome"] = "fail" if number % 2 else "pass"
        trial = case["trials"][0]
        trial.update(
            outcome=case["outcome"], explanation=payload, judged_by=payload, flags=[payload], notes={payload: payload}
        )
        trial["messages"] = [{"role": role, "content": payload} for role in ("user", "assistant", "user", "assistant")]
        trial["turn"] = 3
        trial["observation"]["quote"] = payload
        cases.append(case)
    seen = visit(render_html(RunRecord.model_validate({**plain, "cases": cases})))
    seen.page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true; })")
    while seen.page.locator("#table .more:visible").count():
        seen.page.click("#table .more")
    shown = seen.page.evaluate(
        """() => {
          document.querySelectorAll('#table tr[data-row] button').forEach(one => one.click());
          const texts = (root) => [...root.querySelectorAll('.bubble.reply .text')].map(one => one.textContent);
          const cards = [...document.querySelectorAll('#failures details.case')];
          const rows = [...document.querySelectorAll('#table tr[data-row]')];
          return cards.map(one => [Number(one.dataset.case), texts(one)])
            .concat(rows.map(one => [Number(one.dataset.row), texts(one.nextElementSibling)]));
        }"""
    )
    assert len(shown) == len(PAYLOADS) + len([case for case in cases if case["outcome"] == "fail"])
    for number, texts in shown:
        # A text node made by a script keeps what the HTML parser normalises.
        assert [as_shown(text) for text in texts] == [as_shown(PAYLOADS[number])], PAYLOADS[number]
    assert seen.page.evaluate("document.documentElement.scrollWidth") <= 1440
    seen.page.mouse.move(300, 300)
    seen.page.wait_for_timeout(300)
    assert seen.page.evaluate("window.pwned") is None
    assert seen.troubles == []
    assert len(seen.requests) == 1
