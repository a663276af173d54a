// Telegram's entities, counted in UTF-16 units, as JavaScript's strings are: https://core.telegram.org/bots/api#messageentity

import { codeBlock, el, lines, link, mention } from "../elements.js";

const TAGS = { bold: "strong", italic: "em", underline: "u", strikethrough: "s", code: "code", blockquote: "blockquote", expandable_blockquote: "blockquote" };
const MARKS = { bold: "**", italic: "__", strikethrough: "~~", spoiler: "||", code: "`" };

const sorted = (entities) => [...entities].sort((a, b) => a.offset - b.offset || b.length - a.length);

/** Nodes for a message. */
export function render(message) {
  return stretch(message.text, 0, message.text.length, sorted(message.entities));
}

function stretch(text, from, to, entities) {
  const out = document.createDocumentFragment();
  const due = [...entities];
  let at = from;
  while (due.length) {
    const entity = due.shift();
    const start = Math.max(entity.offset, at);
    const end = Math.min(entity.offset + entity.length, to);
    if (end <= start) continue;
    if (start > at) out.append(lines(text.slice(at, start)));
    const inside = [];
    while (due.length && due[0].offset < end) inside.push(due.shift());
    // What reaches beyond goes on behind.
    const beyond = inside
      .filter((other) => other.offset + other.length > end)
      .map((other) => ({ ...other, offset: end, length: other.offset + other.length - end }));
    due.unshift(...beyond);
    out.append(marked(text.slice(start, end), entity, stretch(text, start, end, inside)));
    at = end;
  }
  if (at < to) out.append(lines(text.slice(at, to)));
  return out;
}

function marked(plain, entity, inner) {
  switch (entity.type) {
    case "pre":
      return codeBlock(plain, entity.language);
    case "text_link":
      return link(entity.url, inner);
    case "url":
      return link(/^[a-z]+:\/\//i.test(plain) ? plain : `https://${plain}`, inner);
    case "email":
      return link(`mailto:${plain}`, inner);
    case "mention":
    case "text_mention":
      return mention(plain);
    case "spoiler":
      return el("span", { class: "spoiler" }, inner);
    default:
      return TAGS[entity.type] ? el(TAGS[entity.type], {}, inner) : inner;
  }
}

/** The message as one would type it, for editing what was not typed on this page. */
export function typed(message) {
  const put = [];
  for (const entity of sorted(message.entities)) {
    const end = entity.offset + entity.length;
    const mark = MARKS[entity.type];
    if (mark) put.push([entity.offset, mark], [end, mark]);
    else if (entity.type === "pre") put.push([entity.offset, "```\n"], [end, "\n```"]);
    else if (entity.type === "text_link") put.push([entity.offset, "["], [end, `](${entity.url})`]);
  }
  let text = message.text;
  for (const [at, mark] of put.sort((a, b) => b[0] - a[0])) text = text.slice(0, at) + mark + text.slice(at);
  return text;
}
