// What Relay answers to a command: shown to one person only where the platform can do that.

import { avatar, body } from "./message.js";
import { buttons } from "./buttons.js";
import { el, hue, icon, time } from "./elements.js";

/** A code that lets a room in. */
const CODE = /\b[2-9A-HJ-NP-Z]{4}-[2-9A-HJ-NP-Z]{4}\b/;
/** How long a button says that it has copied, in milliseconds. */
const SAID = 2_000;

/** A list item for a message that one person sees; it is none of the room's. */
export function answer(room, message) {
  const whose = room.person(message.only_for);
  const author = el("span", { class: "author" }, message.author);
  author.style.setProperty("--hue", hue(message.author));
  const dismiss = el("button", { type: "button", class: "dismiss", tabindex: "-1", onclick: () => room.dismiss(message.id) }, "Dismiss");
  const only = el("p", { class: "only" }, eye(), el("span", { class: "whose" }, words(room, whose)), dismiss);
  const said = el("div", { class: "said" }, message.text ? body(room.platform, message, room.names) : "…");
  copyable(said);
  const head = el("div", { class: "head" }, author, el("span", { class: "badge" }, "APP"), el("span", { class: "when" }, time(message.at)));
  // Slack says it above, Discord below.
  const offered = buttons(room, message);
  const parts = room.platform === "slack" ? [only, head, said, offered] : [head, said, offered, only];
  const shown = el("li", { class: "answer", "data-id": message.id, "data-for": whose, tabindex: "-1" });
  shown.append(avatar(message.author, "/icon.svg"), el("div", { class: "content" }, ...parts));
  return shown;
}

/** Says again who sees an answer: somebody else may be typing now. */
export function whoSees(room, shown) {
  shown.querySelector(".whose").textContent = words(room, shown.dataset.for);
}

function words(room, whose) {
  if (room.composer.person !== whose) return `Only ${whose} sees this`;
  return room.platform === "slack" ? `Only visible to you, ${whose}` : `Only you, ${whose}, can see this`;
}

/** A code is not broken at the line's end; one that stands alone gets a button that copies it. */
export function copyable(said) {
  const walker = document.createTreeWalker(said, NodeFilter.SHOW_TEXT);
  const texts = [];
  while (walker.nextNode()) if (CODE.test(walker.currentNode.data)) texts.push(walker.currentNode);
  for (const text of texts) {
    const [code] = CODE.exec(text.data);
    text.replaceWith(...(text.data.trim() === code ? alone(code) : whole(text.data)));
  }
}

function alone(code) {
  const shown = el("code", { class: "pass" }, code);
  const button = el("button", { type: "button", class: "copy", tabindex: "-1", "aria-label": `Copy ${code}` }, "Copy");
  button.addEventListener("click", () => copy(button, shown));
  return [shown, " ", button];
}

function whole(text) {
  const found = CODE.exec(text);
  if (!found) return [text];
  return [text.slice(0, found.index), el("span", { class: "whole" }, found[0]), ...whole(text.slice(found.index + found[0].length))];
}

async function copy(button, shown) {
  try {
    await navigator.clipboard.writeText(shown.textContent);
    button.textContent = "Copied";
    setTimeout(() => (button.textContent = "Copy"), SAID);
  } catch {
    // The browser does not allow it: then it is at least chosen.
    getSelection().selectAllChildren(shown);
  }
}

const eye = () => icon("M1.5 10C3.5 6.3 6.5 4.5 10 4.5s6.5 1.8 8.5 5.5c-2 3.7-5 5.5-8.5 5.5S3.5 13.7 1.5 10zM10 7.2a2.8 2.8 0 1 0 0 5.6 2.8 2.8 0 0 0 0-5.6z", "evenodd");
