// Elements are made here and filled with text nodes only: nothing from a record is ever read as HTML.

const $ = (selector, root) => (root || document).querySelector(selector);
const $$ = (selector, root) => Array.from((root || document).querySelectorAll(selector));
const SVG = "http://www.w3.org/2000/svg";

function h(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name === "on") for (const [event, act] of Object.entries(value)) element.addEventListener(event, act);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  for (const child of children.flat(3)) {
    if (child !== null && child !== undefined && child !== false && child !== "") element.append(child);
  }
  return element;
}

function shape(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", "shape o-" + name);
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", "#s-" + (name === "pass" ? "good" : name));
  svg.append(use);
  return svg;
}

const words = (name) => name.replaceAll("_", " ");
const plural = (count, what) => count.toLocaleString("en") + " " + what + (count === 1 ? "" : "s");

function later(act, wait) {
  let timer = 0;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(act, wait);
  };
}

const keep = {
  get(name) {
    try {
      return localStorage.getItem("personal-align:" + name);
    } catch {
      return null;
    }
  },
  set(name, value) {
    try {
      localStorage.setItem("personal-align:" + name, value);
    } catch {
      // A browser may refuse storage to a file; decisions then last as long as the page.
    }
  },
};
