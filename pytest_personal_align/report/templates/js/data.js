// The cases of the run, from the JSON block that datablock.py writes: rows of numbers that point into two tables.

const store = JSON.parse($("#data").textContent);
const column = Object.fromEntries(store.fields.map((name, place) => [name, place]));
const part = Object.fromEntries(store.trialFields.map((name, place) => [name, place]));
const roleNames = { u: "user", a: "assistant", s: "system" };

const cases = store.cases.map((row, index) => ({
  index,
  anchor: row[column.anchor],
  nodeid: row[column.nodeid],
  useCase: store.names[row[column.useCase]],
  category: store.names[row[column.category]],
  scenario: store.names[row[column.scenario]],
  arm: store.names[row[column.arm]],
  outcome: store.names[row[column.outcome]],
  mode: store.names[row[column.mode]],
  expects: store.names[row[column.expects]],
  tolerated: (row[column.flags] & 1) === 1,
  severity: row[column.flags] & 2 ? "critical" : "serious",
  row,
}));
const byAnchor = new Map(cases.map((one) => [one.anchor, one]));
const severalArms = new Set(cases.map((one) => one.arm)).size > 1;

const factOf = (one) => store.texts[one.row[column.fact]];
const hazardOf = (one) => store.texts[one.row[column.hazard]];
const requestOf = (one) => store.texts[one.row[column.request]];

function trialsOf(one) {
  return one.row[column.trials].map((row, place) => {
    const roles = store.names[row[part.roles]];
    return {
      place,
      outcome: store.names[row[part.outcome]],
      mode: store.names[row[part.mode]],
      messages: row[part.messages].map((text, at) => ({ role: roleNames[roles[at]], content: store.texts[text] })),
      landmarks: row[part.landmarks],
      complete: row[part.complete] === 1,
      digest: row[part.digest],
      explanation: store.texts[row[part.explanation]],
      quote: store.texts[row[part.quote]],
      seen: store.names[row[part.seen]],
      judgedBy: store.names[row[part.judgedBy]],
      error: store.texts[row[part.error]],
      flags: store.names[row[part.flags]],
    };
  });
}

// What the search looks through, made when it is first needed.
const searched = [];
function haystack(one) {
  if (searched[one.index] === undefined) {
    const texts = [one.nodeid, one.category, one.arm, one.mode, factOf(one), requestOf(one)];
    for (const row of one.row[column.trials]) {
      const reply = row[part.messages][row[part.landmarks][2]];
      texts.push(reply === undefined ? "" : store.texts[reply], store.texts[row[part.explanation]]);
    }
    searched[one.index] = texts.join("\n").toLowerCase();
  }
  return searched[one.index];
}
