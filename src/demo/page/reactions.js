// Reactions under a message.

import { el } from "./elements.js";
import { emoji } from "./menu.js";

const names = new Intl.ListFormat("en", { type: "conjunction" });

/** Chips with a count, and who when one is looked at; pressing adds one's own or takes it back. */
export function reactions(room, message) {
  if (!message.reactions?.length) return null;
  const chips = message.reactions.map((reaction) => chip(room, message, reaction));
  const more = el("button", { type: "button", class: "reaction add", tabindex: "-1", "data-key": "react", "aria-label": "Add a reaction" }, "+");
  more.addEventListener("click", () => choose(room, message, more));
  return el("div", { class: "reactions", role: "group", "aria-label": "Reactions" }, ...chips, more);
}

/** Lets somebody choose an emoji and reacts with it. */
export function choose(room, message, anchor) {
  emoji(anchor, `React as ${room.composer.person}`, room.platform, (chosen) => room.doing.react(message.id, chosen, true));
}

/** Says again which are one's own: somebody else may be played now. */
export function whose(room, shown) {
  for (const one of shown.querySelectorAll(".reaction[data-people]")) {
    one.setAttribute("aria-pressed", String(one.dataset.people.split(" ").includes(room.me?.id)));
  }
}

function chip(room, message, { emoji: shown, people }) {
  const who = names.format(people.map((id) => room.names.person(id) ?? "somebody"));
  const own = people.includes(room.me?.id);
  const button = el(
    "button",
    {
      type: "button",
      class: "reaction",
      tabindex: "-1",
      "data-key": `reaction ${shown}`,
      "data-who": who,
      "data-people": people.join(" "),
      "aria-pressed": String(own),
      "aria-label": `${shown} from ${who}`,
    },
    el("span", { "aria-hidden": "true" }, shown),
    el("b", { "aria-hidden": "true" }, String(people.length)),
  );
  button.addEventListener("click", () => room.doing.react(message.id, shown, button.getAttribute("aria-pressed") !== "true"));
  return button;
}
