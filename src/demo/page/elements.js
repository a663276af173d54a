// Building DOM nodes. Content always becomes text nodes, never markup.

/** An element with properties, attributes (`aria-…`, `data-…`, `role`, …), listeners (`onclick`) and children. */
export function el(name, given = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(given)) {
    if (value === undefined || value === null || value === false) continue;
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (key === "class") element.className = value;
    else element.setAttribute(key, value === true ? "" : String(value));
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

/** A link that can do no harm; text alone where the scheme is not one of the web's. */
export function link(url, ...label) {
  let target;
  try {
    target = new URL(url);
  } catch {
    return el("span", {}, ...label);
  }
  if (!["http:", "https:", "mailto:"].includes(target.protocol)) return el("span", {}, ...label);
  return el("a", { href: target.href, target: "_blank", rel: "noopener noreferrer" }, ...label);
}

/** Text with its line breaks. */
export function lines(text) {
  const out = document.createDocumentFragment();
  text.split("\n").forEach((line, at) => {
    if (at > 0) out.append(el("br"));
    if (line) out.append(line);
  });
  return out;
}

/** A block of code. */
export function codeBlock(text, lang) {
  return el("pre", { "data-lang": lang || undefined, tabindex: "-1" }, el("code", {}, text));
}

/** A mention: shown, never a link. */
export const mention = (text) => el("span", { class: "mention" }, text);

/** Hues that are told apart, in degrees of OKLCH; the muddy ones between yellow and green are left out. */
const HUES = [25, 48, 70, 148, 172, 200, 228, 255, 280, 305, 330, 355];

/** The same hue for the same name, wherever it is shown. */
export function hue(name) {
  let hash = 103;
  for (const char of name) hash = (hash * 17 + char.codePointAt(0)) % 65_521;
  return HUES[hash % HUES.length];
}

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });

/** A drawing of one path in a square of 20 by 20. */
export function icon(path, fillRule) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 20 20");
  svg.setAttribute("aria-hidden", "true");
  const shape = document.createElementNS("http://www.w3.org/2000/svg", "path");
  shape.setAttribute("d", path);
  if (fillRule) shape.setAttribute("fill-rule", fillRule);
  svg.append(shape);
  return svg;
}

/** When, as people read it. */
export const time = (at) => el("time", { datetime: new Date(at).toISOString() }, clock.format(at));

/** Shorter, on one line. */
export function excerpt(text, most = 70) {
  const line = text.replace(/\s+/g, " ").trim();
  const chars = Array.from(line);
  return chars.length > most ? `${chars.slice(0, most - 1).join("")}…` : line;
}
