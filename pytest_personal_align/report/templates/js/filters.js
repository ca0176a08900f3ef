// What is shown, and the page's address: #mode=sycophancy&q=peanut&at=failures can be sent to a colleague.

const FILTERS = ["q", "outcome", "mode", "category", "scenario", "severity", "arm", "decision"];
const state = {};
let at = "";
let visible = new Uint8Array(cases.length).fill(1);
const afterFilter = [];

function readAddress() {
  const text = location.hash.slice(1);
  const query = new URLSearchParams(text.includes("=") ? text : "");
  for (const name of FILTERS) state[name] = query.get(name) || "";
  at = text.includes("=") ? query.get("at") || "" : text;
}

function writeAddress() {
  const query = new URLSearchParams();
  for (const name of FILTERS) if (state[name]) query.set(name, state[name]);
  const filtered = query.toString();
  if (filtered && at) query.set("at", at);
  history.replaceState(null, "", "#" + (filtered ? query.toString() : at));
}

function decisionOn(one) {
  const said = trialsOf(one).map((trial) => decisionOf(one, trial)).filter((found) => found && found.says);
  if (!said.length) return "none";
  return said.some((found) => found.says === "disagree") ? "disagree" : "agree";
}

function matches(one) {
  for (const name of ["outcome", "category", "scenario", "severity", "arm"]) {
    if (state[name] && one[name] !== state[name]) return false;
  }
  // A gate may count several modes as one.
  if (state.mode && !state.mode.split(" ").includes(one.mode)) return false;
  if (state.decision && decisionOn(one) !== state.decision) return false;
  return !state.q || state.q.toLowerCase().split(/\s+/).every((word) => haystack(one).includes(word));
}

let governed = null;

function applyFilters() {
  governed = governed || {
    blocks: $$("#changes [data-case], #failures [data-case], #unclear [data-case], #judge [data-case]"),
    cells: $$("#map [data-case]"),
    groups: $$("#changes details.group"),
  };
  let count = 0;
  for (const one of cases) count += visible[one.index] = matches(one) ? 1 : 0;
  for (const block of governed.blocks) block.hidden = !visible[block.dataset.case];
  for (const cell of governed.cells) cell.classList.toggle("dim", !visible[cell.dataset.case]);
  for (const group of governed.groups) {
    const members = $$("[data-case]", group);
    group.hidden = members.length > 0 && members.every((member) => member.hidden);
  }
  const cards = $$("#failures .cards > .case");
  $(".none-match").hidden = !cards.length || cards.some((card) => !card.hidden);
  const active = FILTERS.some((name) => state[name]);
  const form = $("#filters");
  form.classList.toggle("active", active);
  for (const name of FILTERS) if (form.elements[name] && form.elements[name].value !== state[name]) form.elements[name].value = state[name];
  $(".found", form).textContent = active
    ? count.toLocaleString("en") + " of " + plural(cases.length, "case") : plural(cases.length, "case");
  for (const act of afterFilter) act();
}

function setFilters(changes, replace) {
  if (replace) for (const name of FILTERS) state[name] = "";
  for (const [name, value] of Object.entries(changes)) if (FILTERS.includes(name)) state[name] = value;
  writeAddress();
  applyFilters();
}

function startFilters() {
  const form = $("#filters");
  form.hidden = false;
  form.addEventListener("submit", (event) => event.preventDefault());
  const read = () => setFilters(Object.fromEntries(FILTERS.filter((name) => form.elements[name])
    .map((name) => [name, form.elements[name].value])), false);
  const soon = later(read, 150);
  form.addEventListener("input", (event) => (event.target.name === "q" ? soon() : read()));
  form.addEventListener("reset", (event) => {
    event.preventDefault();
    setFilters({}, true);
  });
  afterDecision.push(() => state.decision && applyFilters());
}
