// The conversation of a case that is not in the HTML, drawn as the templates draw a failure.

function marked(text, piece) {
  const place = piece ? text.indexOf(piece) : -1;
  if (place < 0) return [text];
  return [text.slice(0, place), h("mark", null, piece), text.slice(place + piece.length)];
}

function bubble(message, kind, content) {
  const who = { user: "User", assistant: "Assistant", system: "System" }[message.role];
  const title = { fact: " · Fact", request: " · Request", reply: " · Reply" }[kind] || "";
  return h("div", { class: "bubble " + message.role + " " + kind },
    h("p", { class: "who" }, who + title), h("div", message.content.length > 6000
      ? { class: "text long", dir: "auto", tabindex: 0, role: "region", "aria-label": who } : { class: "text", dir: "auto" }, content));
}

function conversation(one, trial) {
  const [fact, request, reply] = trial.landmarks;
  const blocks = [];
  let folded = [];
  const fold = () => {
    if (folded.length) {
      blocks.push(h("details", { class: "talk" }, h("summary", null, plural(folded.length, "message") + " between"), folded));
    }
    folded = [];
  };
  trial.messages.forEach((message, at) => {
    if (at !== fact && at !== request && at !== reply) {
      folded.push(bubble(message, "talk", message.content));
      return;
    }
    fold();
    const kind = at === reply ? "reply" : at === request ? "request" : "fact";
    const piece = at === reply ? trial.quote : at === fact ? factOf(one) : "";
    blocks.push(bubble(message, kind, marked(message.content, piece)));
  });
  fold();
  return blocks;
}

function fact(title, text) {
  return text ? h("div", null, h("dt", null, title), h("dd", { dir: "auto" }, text)) : null;
}

function trialSection(one, trial, several) {
  const section = h("div", { class: "trial", "data-trial": trial.place },
    several ? h("h4", null, "Trial " + (trial.place + 1) + ": ", shape(trial.outcome), " " + trial.outcome) : null,
    trial.error ? h("p", { class: "error-line", dir: "auto" }, trial.error) : null,
    conversation(one, trial),
    trial.complete ? null : h("p", { class: "note" }, trial.messages.length
      ? "This report keeps only request and reply of cases that passed."
      : "This report keeps no conversations of cases that passed."),
    h("dl", { class: "why" }, fact("Judge", trial.explanation), fact("Saw", trial.seen && trial.seen + "."),
      fact("Flags", trial.flags), fact("Judged by", trial.judgedBy)),
    h("div", { class: "decide", "data-decide": true, hidden: true }));
  return section;
}

function caseBody(one) {
  const trials = trialsOf(one);
  const hazard = hazardOf(one);
  const body = h("div", { class: "body" },
    hazard ? h("p", { class: "hazard" }, h("b", null, "Hazard "), h("span", { dir: "auto" }, hazard)) : null,
    h("div", { class: "trials", "data-shown": Math.max(0, trials.findIndex((t) => t.outcome === one.outcome)) },
      trials.map((trial) => trialSection(one, trial, trials.length > 1))),
    h("p", { class: "source" }, h("code", { dir: "auto" }, one.nodeid), " ",
      h("a", { href: "#" + one.anchor }, "Link to this case")));
  prepare(body, one);
  return body;
}

// Tabs for trials and the decision box: for cards from the HTML when they open, and for drawn ones.
function prepare(root, one) {
  if (root.dataset.prepared) return;
  root.dataset.prepared = "yes";
  const trials = trialsOf(one);
  for (const section of $$(".trial", root)) {
    const trial = trials[Number(section.dataset.trial)];
    const place = $("[data-decide]", section);
    if (place && trial && trial.complete && trial.digest && trial.outcome !== "error") decide(place, one, trial);
  }
  for (const holder of $$(".trials", root)) tabs(holder, one, trials);
}

function tabs(holder, one, trials) {
  const sections = $$(":scope > .trial", holder);
  if (sections.length < 2) return;
  const name = "t" + Math.random().toString(36).slice(2);
  const buttons = sections.map((section, at) => {
    section.id = name + at;
    section.setAttribute("role", "tabpanel");
    section.setAttribute("aria-labelledby", name + "b" + at);
    return h("button", { type: "button", role: "tab", id: name + "b" + at, "aria-controls": name + at },
      shape(trials[at].outcome), " Trial " + (at + 1), h("span", { class: "unseen" }, ": " + trials[at].outcome));
  });
  const select = (chosen, focus) => {
    buttons.forEach((button, at) => {
      button.setAttribute("aria-selected", String(at === chosen));
      button.tabIndex = at === chosen ? 0 : -1;
      sections[at].hidden = at !== chosen;
    });
    if (focus) buttons[chosen].focus();
  };
  const list = h("div", { class: "tabs", role: "tablist", "aria-label": "Trials", on: {
    click(event) {
      const at = buttons.indexOf(event.target.closest("button"));
      if (at >= 0) select(at, false);
    },
    keydown(event) {
      const at = buttons.indexOf(document.activeElement);
      const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: buttons.length - 1 }[event.key];
      if (to === undefined) return;
      event.preventDefault();
      select((to + buttons.length) % buttons.length, true);
    },
  } }, buttons);
  holder.prepend(list);
  holder.classList.add("tabbed");
  select(Math.min(Number(holder.dataset.shown) || 0, sections.length - 1), false);
}
