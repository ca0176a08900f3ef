// Links, theme, print, the map's names; then everything starts.

function openUp(element) {
  for (let one = element; one; one = one.parentElement) if (one.tagName === "DETAILS") one.open = true;
}

function go(name, focus) {
  const one = byAnchor.get(name);
  const target = document.getElementById(name) || (one && chosenCard(one));
  if (!target) return;
  target.hidden = false;
  openUp(target);
  target.scrollIntoView({ block: "start" });
  // What was off screen had an estimated height until now.
  requestAnimationFrame(() => target.scrollIntoView({ block: "start" }));
  const place = $("summary", target) || $("h2", target) || target;
  if (focus) {
    if (!place.hasAttribute("tabindex") && place.tagName !== "SUMMARY") place.tabIndex = -1;
    place.focus({ preventScroll: true });
  }
}

function startLinks() {
  document.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    const cell = event.target.closest("#map use[data-case]");
    const link = event.target.closest("a[href^='#']");
    if (!link && !cell) return;
    event.preventDefault();
    at = link ? link.getAttribute("href").slice(1) : cases[cell.dataset.case].anchor;
    if (link && link.dataset.filter !== undefined) setFilters(Object.fromEntries(new URLSearchParams(link.dataset.filter)), true);
    else writeAddress();
    go(at, true);
  });
  window.addEventListener("hashchange", () => {
    readAddress();
    applyFilters();
    if (at) go(at, false);
  });
  document.addEventListener("toggle", (event) => {
    const card = event.target;
    if (card.open && card.matches && card.matches("details.case[data-case]")) prepare(card, cases[card.dataset.case]);
  }, true);
  for (const card of $$("details.case[open]")) if (card.dataset.case) prepare(card, cases[card.dataset.case]);
}

function startMap() {
  const name = h("div", { class: "tip", hidden: true, "aria-hidden": "true" });
  document.body.append(name);
  const map = $("#map");
  map.addEventListener("mouseover", (event) => {
    const cell = event.target.closest("use[data-case]");
    name.hidden = !cell;
    if (!cell) return;
    const one = cases[cell.dataset.case];
    name.textContent = one.useCase + ", " + one.scenario + (severalArms ? ", " + one.arm : "") + ": " + one.outcome;
    const box = cell.getBoundingClientRect();
    name.style.left = Math.min(box.left, innerWidth - 260) + "px";
    name.style.top = box.bottom + 6 + "px";
  });
  map.addEventListener("mouseleave", () => (name.hidden = true));
}

function startTheme() {
  const button = $("#theme");
  const themes = ["auto", "light", "dark"];
  const show = (theme) => {
    if (theme === "auto") document.documentElement.removeAttribute("data-theme");
    else document.documentElement.dataset.theme = theme;
    button.textContent = "Theme: " + theme;
    keep.set("theme", theme);
  };
  button.hidden = false;
  let theme = themes.includes(keep.get("theme")) ? keep.get("theme") : "auto";
  show(theme);
  button.addEventListener("click", () => show((theme = themes[(themes.indexOf(theme) + 1) % 3])));
}

function startPrint() {
  let opened = [];
  window.addEventListener("beforeprint", () => {
    opened = $$("#failures details.case:not([open]), #changes details.group:not([open])").slice(0, 100);
    for (const one of opened) one.open = true;
  });
  window.addEventListener("afterprint", () => {
    for (const one of opened) one.open = false;
  });
}

startTheme();
setTimeout(() => {
  readAddress();
  startTable();
  startLabels();
  startFilters();
  startMap();
  startLinks();
  startPrint();
  applyFilters();
  if (at) go(at, false);
  document.documentElement.dataset.ready = "yes";
}, 0);
