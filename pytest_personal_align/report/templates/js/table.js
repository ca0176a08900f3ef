// All cases: a page of rows at a time, the conversation drawn when a row is opened.

const STEP = 100;
let shown = STEP;

function tableRow(one) {
  const look = one.tolerated && one.outcome !== "pass" ? "tolerated" : one.outcome;
  const name = h("button", { type: "button", class: "open", "aria-expanded": "false" }, one.useCase);
  const row = h("tr", { "data-row": one.index },
    h("td", null, h("span", { class: "outcome" }, shape(look), " " + look)),
    h("th", { scope: "row" }, name),
    h("td", null, one.scenario),
    h("td", { class: "wide" }, words(one.category)),
    severalArms ? h("td", { class: "wide", dir: "auto" }, one.arm) : null,
    h("td", null, words(one.mode)));
  name.addEventListener("click", () => {
    const open = name.getAttribute("aria-expanded") !== "true";
    name.setAttribute("aria-expanded", String(open));
    if (open) row.after(h("tr", { class: "detail" }, h("td", { colspan: row.children.length }, caseBody(one))));
    else if (row.nextElementSibling && row.nextElementSibling.matches(".detail")) row.nextElementSibling.remove();
  });
  return row;
}

function startTable() {
  const holder = $("#table");
  holder.hidden = false;
  const chosen = h("div", { class: "chosen" });
  const rows = h("tbody");
  const more = h("button", { type: "button", class: "plain more" });
  const head = ["Outcome", "Use case", "Scenario", "Category", severalArms ? "Assistant" : null, "Failure mode"];
  const wide = ["Category", "Assistant"];
  holder.append(chosen,
    h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "All cases" },
      h("table", { class: "all" }, h("thead", null, h("tr", null, head.filter(Boolean)
        .map((title) => h("th", { scope: "col", class: wide.includes(title) ? "wide" : null }, title)))), rows)), more);
  const rank = { fail: 0, error: 1, unclear: 2, pass: 3 };
  const order = cases.slice().sort((a, b) => rank[a.outcome] - rank[b.outcome] || a.index - b.index);
  const draw = (from) => {
    const found = order.filter((one) => visible[one.index]);
    rows.append(...found.slice(from, shown).map(tableRow));
    more.hidden = found.length <= shown;
    more.textContent = "Show " + Math.min(STEP, found.length - shown) + " more of " + plural(found.length, "case");
    if (!found.length) rows.append(h("tr", null, h("td", { colspan: 6, class: "soft" }, "No case matches the filter.")));
  };
  more.addEventListener("click", () => {
    const from = shown;
    shown += STEP;
    draw(from);
    const next = rows.querySelectorAll("tr[data-row]")[from];
    if (next) $("button", next).focus();
  });
  afterFilter.push(() => {
    shown = STEP;
    rows.replaceChildren();
    draw(0);
  });
}

// A case that has no card in the HTML gets one above the table.
function chosenCard(one) {
  const look = one.tolerated ? "tolerated" : one.outcome;
  const card = h("details", { class: "case", open: true, id: one.anchor },
    h("summary", null, h("span", { class: "head" }, shape(look), h("span", { class: "what" }, h("b", null, one.useCase), " ",
      h("span", { class: "soft" }, one.scenario + (severalArms ? " · " + one.arm : ""))))),
    caseBody(one));
  $("#table .chosen").replaceChildren(card);
  return card;
}
