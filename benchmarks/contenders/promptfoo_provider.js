// promptfoo: one test a conversation. A provider of our own holds its five turns: promptfoo's own way to longer
// conversations (_conversation) runs one at a time, and would take many times longer.
const url = process.env.BENCH_URL + "/chat/completions";

module.exports = class {
  id() {
    return "conversation";
  }
  async callApi(prompt, context) {
    const messages = [];
    for (const turn of context.vars.turns) {
      messages.push({ role: "user", content: turn });
      const response = await fetch(url, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ model: "x", messages }),
      });
      messages.push({ role: "assistant", content: (await response.json()).choices[0].message.content });
    }
    return { output: messages[messages.length - 1].content };
  }
};
