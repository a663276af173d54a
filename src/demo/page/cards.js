// Cards under a message: Discord's embeds. https://discord.com/developers/docs/resources/message#embed-object

import { el, lines, link } from "./elements.js";
import { render } from "./markup/markdown.js";

/** A field that people read; those of a poll's result are for programs. */
const isRead = ({ name, value }) => Boolean(name && value && !name.startsWith("poll_"));

/** Whether there is something to read in a card. */
export const isCard = ({ title, description, fields }) => Boolean(title || description || fields?.some(isRead));

/** All cards of a message; null if it has none. */
export function cards(room, message) {
  if (room.platform !== "discord") return null;
  const all = message.extras.filter(isCard).map((card) => shown(card, room.names));
  return all.length ? el("div", { class: "cards" }, ...all) : null;
}

function shown({ author, title, url, description, fields = [], footer }, names) {
  return el(
    "div",
    { class: "embed" },
    author?.name ? el("p", { class: "aside" }, author.name) : null,
    title ? el("p", {}, el("b", {}, url ? link(url, title) : title)) : null,
    description ? el("div", {}, render(description, names)) : null,
    ...fields.filter(isRead).map(({ name, value }) => el("p", {}, el("b", {}, name), el("br"), render(value, names))),
    footer?.text ? el("p", { class: "aside" }, lines(footer.text)) : null,
  );
}
