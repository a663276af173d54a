// Slack's mrkdwn and rich text: https://docs.slack.dev/messaging/formatting-message-text
// https://docs.slack.dev/reference/block-kit/blocks/rich-text-block

import { codeBlock, el, lines, link, mention } from "../elements.js";

const TAGS = { "*": "strong", _: "em", "~": "s" };

/** `&amp;`, `&lt;`, `&gt;` as characters. */
export const unescape = (text) => text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");

/** Nodes for a message: its rich text where it has some, else its mrkdwn. */
export function render(message, names) {
  const blocks = message.extras.filter((block) => block.type === "rich_text");
  if (!blocks.length) return mrkdwn(message.text, names);
  const out = document.createDocumentFragment();
  for (const part of blocks.flatMap((block) => block.elements ?? [])) {
    const shown = richPart(part, names);
    // Each section is a paragraph of its own.
    out.append(part.type === "rich_text_section" ? el("div", {}, shown) : shown);
  }
  return out;
}

function richPart(part, names) {
  const children = (part.elements ?? []).map((element) => richElement(element, names));
  switch (part.type) {
    case "rich_text_preformatted":
      return bordered(part, codeBlock((part.elements ?? []).map((element) => element.text ?? element.url ?? "").join("")));
    case "rich_text_quote":
      return el("blockquote", {}, ...children);
    case "rich_text_list":
      return bordered(part, list(part, names));
    default: {
      const section = document.createDocumentFragment();
      section.append(...children);
      return section;
    }
  }
}

/** A list is flat: how deep it lies and where it goes on counting are its own to say. */
function list(part, names) {
  const items = (part.elements ?? []).map((item) => el("li", {}, richPart(item, names)));
  const node = el(part.style === "ordered" ? "ol" : "ul", {}, ...items);
  node.style.marginInlineStart = `${(part.indent ?? 0) * 1.5}em`;
  if (part.style === "ordered") node.start = (part.offset ?? 0) + 1;
  return node;
}

const bordered = (part, node) => (part.border ? el("blockquote", {}, node) : node);

function richElement(element, names) {
  let node;
  switch (element.type) {
    case "link":
      node = link(element.url, lines(element.text || element.url));
      break;
    case "user":
      return mention(`@${names.person(element.user_id) ?? element.user_id}`);
    case "channel":
      return mention(`#${names.room(element.channel_id) ?? element.channel_id}`);
    case "broadcast":
      return mention(`@${element.range}`);
    case "emoji":
      node = document.createTextNode(emoji(element));
      break;
    case "date":
      node = document.createTextNode(element.fallback ?? new Date(element.timestamp * 1000).toUTCString());
      break;
    default:
      node = lines(element.text ?? "");
  }
  const style = element.style ?? {};
  for (const [name, tag] of [["code", "code"], ["strike", "s"], ["underline", "u"], ["italic", "em"], ["bold", "strong"]]) {
    if (style[name]) node = el(tag, {}, node);
  }
  return node;
}

function emoji(element) {
  if (!/^[0-9a-f]+(-[0-9a-f]+)*$/i.test(element.unicode ?? "")) return `:${element.name}:`;
  return String.fromCodePoint(...element.unicode.split("-").map((code) => Number.parseInt(code, 16)));
}

function mrkdwn(text, names) {
  const out = document.createDocumentFragment();
  let rest = text;
  for (;;) {
    const fence = /```\n?([\s\S]+?)\n?```/.exec(rest);
    quotes(fence ? rest.slice(0, fence.index).replace(/\n$/, "") : rest, names, out);
    if (!fence) return out;
    out.append(codeBlock(unescape(fence[1])));
    rest = rest.slice(fence.index + fence[0].length).replace(/^\n/, "");
  }
}

function quotes(text, names, out) {
  let quoted = null;
  let run = [];
  const flush = () => {
    if (run.join("")) out.append(quoted ? el("blockquote", {}, inline(run.join("\n"), names)) : inline(run.join("\n"), names));
    run = [];
  };
  for (const line of text.split("\n")) {
    const isQuote = /^&gt; ?/.test(line);
    if (quoted !== null && isQuote !== quoted) flush();
    quoted = isQuote;
    run.push(isQuote ? line.replace(/^&gt; ?/, "") : line);
  }
  flush();
}

function inline(text, names) {
  const out = document.createDocumentFragment();
  let plain = "";
  let at = 0;
  while (at < text.length) {
    const rest = text.slice(at);
    const found = code(rest) ?? angled(rest, names) ?? paired(rest, text[at - 1], names);
    if (!found) {
      plain += text[at];
      at += 1;
      continue;
    }
    if (plain) out.append(lines(unescape(plain)));
    plain = "";
    out.append(found[0]);
    at += found[1];
  }
  if (plain) out.append(lines(unescape(plain)));
  return out;
}

function code(rest) {
  const found = /^`([^`\n]+)`/.exec(rest);
  return found && [el("code", {}, unescape(found[1])), found[0].length];
}

function angled(rest, names) {
  const found = /^<([^<>|]+)(?:\|([^<>]*))?>/.exec(rest);
  if (!found) return null;
  const [all, target, label] = found;
  const id = target.slice(1);
  if (target.startsWith("@")) return [mention(`@${names.person(id) ?? label ?? id}`), all.length];
  if (target.startsWith("#")) return [mention(`#${names.room(id) ?? label ?? id}`), all.length];
  if (target.startsWith("!")) return [mention(`@${id}`), all.length];
  return [link(unescape(target), lines(unescape(label || target))), all.length];
}

function paired(rest, before, names) {
  const tag = TAGS[rest[0]];
  if (!tag || /[\p{L}\p{N}]/u.test(before ?? "")) return null;
  const mark = rest[0] === "*" ? "\\*" : rest[0];
  const found = new RegExp(`^${mark}([^\\s${mark}](?:[^\\n${mark}]*[^\\s${mark}])?)${mark}(?![\\p{L}\\p{N}])`, "u").exec(rest);
  return found && [el(tag, {}, inline(found[1], names)), found[0].length];
}
