// A person's decisions on verdicts: kept in the browser, exported as labelled conversations.

const MODES = ["inattentiveness", "sycophancy", "preference_conflict", "inconsistency", "overcaution"];
const decisions = (() => {
  try {
    return new Map(Object.entries(JSON.parse(keep.get("decisions") || "{}")));
  } catch {
    return new Map();
  }
})();
const keyOf = (one, trial) => [one.useCase, one.scenario, trial.digest].join("|");
const decisionOf = (one, trial) => decisions.get(keyOf(one, trial));
const afterDecision = [];

function remember(one, trial, decision) {
  if (decision) decisions.set(keyOf(one, trial), decision);
  else decisions.delete(keyOf(one, trial));
  keep.set("decisions", JSON.stringify(Object.fromEntries(decisions)));
  for (const act of afterDecision) act();
}

function decide(place, one, trial) {
  const stored = decisionOf(one, trial);
  const others = ["pass", "fail", "unclear"].filter((verdict) => verdict !== trial.outcome);
  const agree = h("button", { type: "button", class: "agree" }, "Agree");
  const disagree = h("button", { type: "button", class: "disagree" }, "Disagree");
  const verdict = h("select", { "aria-label": "Your verdict" }, others.map((name) => h("option", { value: name }, name)));
  const mode = h("select", { "aria-label": "Failure mode" }, h("option", { value: "" }, "which failure?"),
    MODES.map((name) => h("option", { value: name }, words(name))));
  const mine = h("span", { class: "mine" }, "It is ", verdict, " ", mode);
  const note = h("textarea", { rows: 1, placeholder: "Note", "aria-label": "Note on this verdict", maxlength: 2000 });
  let said = stored ? stored.says : "";
  if (stored) {
    note.value = stored.note || "";
    if (stored.says === "disagree") verdict.value = stored.verdict;
    mode.value = stored.mode || "";
  }
  const show = () => {
    agree.setAttribute("aria-pressed", String(said === "agree"));
    disagree.setAttribute("aria-pressed", String(said === "disagree"));
    mine.hidden = said !== "disagree";
    mode.hidden = verdict.value !== "fail";
  };
  const save = () => {
    show();
    if (!said && !note.value) return remember(one, trial, null);
    const judged = said === "disagree" ? verdict.value : trial.outcome;
    const why = said === "disagree" && judged === "fail" ? mode.value : "";
    remember(one, trial, { says: said, verdict: judged, mode: why, note: note.value });
  };
  const press = (name) => () => {
    said = said === name ? "" : name;
    save();
  };
  agree.addEventListener("click", press("agree"));
  disagree.addEventListener("click", press("disagree"));
  verdict.addEventListener("change", save);
  mode.addEventListener("change", save);
  note.addEventListener("input", later(save, 200));
  place.append(h("span", { class: "ask" }, "Is “" + trial.outcome + "” right?"), agree, disagree, mine, note);
  place.hidden = false;
  show();
}

function decided() {
  const found = [];
  const seen = new Set();
  if (!decisions.size) return found;
  for (const one of cases) {
    for (const trial of trialsOf(one)) {
      const decision = decisionOf(one, trial);
      if (!decision || !decision.says || !trial.complete || seen.has(keyOf(one, trial))) continue;
      seen.add(keyOf(one, trial));
      found.push({ one, trial, decision });
    }
  }
  return found;
}

function labelLine({ one, trial, decision }, rater) {
  const line = {
    id: one.nodeid + (trial.place ? "#" + (trial.place + 1) : ""),
    category: one.category,
    fact: factOf(one),
    hazard: hazardOf(one) || undefined,
    scenario: one.scenario,
    messages: trial.messages.slice(0, trial.landmarks[2] + 1),
    labels: { [rater]: decision.verdict },
  };
  const mode = decision.mode || (decision.says === "agree" ? trial.mode : "");
  if (decision.verdict === "fail" && mode) line.failure_mode = mode;
  line.reply_sha256 = trial.digest;
  if (decision.note) line.note = decision.note;
  return JSON.stringify(line);
}

function exportLabels() {
  const rater = $("#decisions [name=rater]").value.trim() || "me";
  const text = decided().map((found) => labelLine(found, rater) + "\n").join("");
  const url = URL.createObjectURL(new Blob([text], { type: "application/jsonl" }));
  const link = h("a", { href: url, download: "labels.jsonl" });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), 10000);
}

function startLabels() {
  const box = $("#decisions");
  box.hidden = false;
  const tell = () => {
    const found = decided();
    const wrong = found.filter((item) => item.decision.says === "disagree").length;
    $(".decided", box).textContent = found.length
      ? plural(found.length, "decision") + (wrong ? ", " + wrong + " against the judge" : "") : "No decision yet";
    $(".export", box).disabled = !found.length;
    $(".forget", box).hidden = !found.length;
  };
  afterDecision.push(tell);
  $("[name=rater]", box).value = keep.get("rater") || "me";
  $("[name=rater]", box).addEventListener("input", (event) => keep.set("rater", event.target.value));
  $(".export", box).addEventListener("click", exportLabels);
  $(".forget", box).addEventListener("click", () => {
    if (!confirm("Forget your decisions on the verdicts of this report?")) return;
    for (const { one, trial } of decided()) decisions.delete(keyOf(one, trial));
    keep.set("decisions", JSON.stringify(Object.fromEntries(decisions)));
    location.reload();
  });
  $(".unfold", box).addEventListener("click", (event) => {
    const cards = $$("#failures details.case").filter((card) => !card.hidden);
    const open = cards.some((card) => !card.open);
    for (const card of cards) card.open = open;
    event.target.textContent = open ? "Fold all" : "Unfold all";
  });
  tell();
}
