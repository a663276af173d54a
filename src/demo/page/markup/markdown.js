// Discord's markdown: https://support.discord.com/hc/en-us/articles/210298617

import { codeBlock, el, lines, link, mention } from "../elements.js";

const PAIRS = [
  ["***", ["strong", "em"]],
  ["**", ["strong"]],
  ["__", ["u"]],
  ["~~", ["s"]],
  ["||", ["span"]],
  ["*", ["em"]],
  ["_", ["em"]],
];
const BARE_URL = /^https?:\/\/[^\s<>]+[^\s<>.,:;"')\]]/;
const MENTION = /^<(@[!&]?|#)(\d+)>/;
const TIME = /^<t:(-?\d{1,13})(?::[tTdDfFsSR])?>/;
const EMOJI = /^<a?:(\w+):\d+>/;
const ITEM = /^( *)(?:[-*]|(\d{1,9})\.) (.*\S.*)/;

/** Nodes for a text; `names` knows people and rooms by id. */
export function render(text, names) {
  const out = document.createDocumentFragment();
  let rest = text;
  for (;;) {
    const fence = /```(?:([\w+#-]+)\n)?\n?([\s\S]+?)\n?```/.exec(rest);
    blocks(fence ? rest.slice(0, fence.index) : rest, names, out, Boolean(fence));
    if (!fence) return out;
    out.append(codeBlock(fence[2], fence[1]));
    rest = rest.slice(fence.index + fence[0].length).replace(/^\n/, "");
  }
}

function blocks(text, names, out, beforeBlock) {
  const all = (beforeBlock ? text.replace(/\n$/, "") : text).split("\n");
  let run = [];
  const flush = () => {
    if (run.length && run.join("")) out.append(inline(run.join("\n"), names));
    run = [];
  };
  for (let at = 0; at < all.length; at += 1) {
    const heading = /^(#{1,3}) +(.+)/.exec(all[at]);
    if (heading) {
      flush();
      out.append(el("strong", { class: `heading h${heading[1].length}` }, inline(heading[2], names)));
    } else if (/^-# +\S/.test(all[at])) {
      flush();
      out.append(el("small", { class: "aside" }, inline(all[at].slice(3).trim(), names)));
    } else if (all[at].startsWith("> ")) {
      flush();
      const quoted = [];
      while (at < all.length && all[at].startsWith("> ")) quoted.push(all[at++].slice(2));
      at -= 1;
      out.append(el("blockquote", {}, render(quoted.join("\n"), names)));
    } else if (ITEM.test(all[at])) {
      flush();
      at = list(all, at, names, out) - 1;
    } else run.push(all[at]);
  }
  flush();
}

/** The list that begins at a line; answers the line after it. What is indented further belongs to the item above. */
function list(all, from, names, out) {
  const [, indent, number] = ITEM.exec(all[from]);
  const node = el(number ? "ol" : "ul", {});
  if (number) node.start = Number(number);
  let at = from;
  for (;;) {
    const item = ITEM.exec(all[at] ?? "");
    if (!item || item[1].length !== indent.length || Boolean(item[2]) !== Boolean(number)) break;
    const own = [item[3]];
    const deeper = /^ */.exec(all[at + 1] ?? "")[0].length;
    for (at += 1; at < all.length && /^ */.exec(all[at])[0].length > indent.length; at += 1) own.push(all[at].slice(deeper));
    node.append(el("li", {}, render(own.join("\n"), names)));
  }
  out.append(node);
  return at;
}

function inline(text, names) {
  const out = document.createDocumentFragment();
  let plain = "";
  let at = 0;
  const push = (node) => {
    if (plain) out.append(lines(plain));
    plain = "";
    out.append(node);
  };
  while (at < text.length) {
    const rest = text.slice(at);
    const escaped = /^\\([\\`*_{}[\]()#+\-.!~|<>:@/&"'$%^=,;?])/.exec(rest);
    if (escaped) {
      plain += escaped[1];
      at += 2;
      continue;
    }
    const found = code(rest) ?? named(rest, names) ?? linked(rest, names) ?? paired(rest, text[at - 1], names);
    if (found) {
      push(found[0]);
      at += found[1];
    } else {
      plain += text[at];
      at += 1;
    }
  }
  if (plain) out.append(lines(plain));
  return out;
}

function code(rest) {
  const found = /^(`{1,2})([\s\S]*?[^`])\1(?!`)/.exec(rest);
  if (!found) return null;
  // A blank that only keeps the marks from a backtick is not shown.
  const shown = found[2].replace(/^ (?= *`)|(` *) $/g, "$1");
  return [el("code", {}, shown), found[0].length];
}

function named(rest, names) {
  const time = TIME.exec(rest);
  if (time) return [el("time", {}, new Date(Number(time[1]) * 1000).toUTCString()), time[0].length];
  const emoji = EMOJI.exec(rest);
  if (emoji) return [document.createTextNode(`:${emoji[1]}:`), emoji[0].length];
  const found = MENTION.exec(rest);
  if (!found) return null;
  const [all, kind, id] = found;
  return [mention(kind === "#" ? `#${names.room(id) ?? "unknown"}` : `@${names.person(id) ?? "unknown"}`), all.length];
}

function linked(rest, names) {
  const bare = BARE_URL.exec(rest);
  if (bare) return [link(bare[0], bare[0]), bare[0].length];
  const angled = /^<(https?:\/\/[^\s>]+)>/.exec(rest);
  if (angled) return [link(angled[1], angled[1]), angled[0].length];
  if (rest[0] !== "[") return null;
  const close = closing(rest, "]", 1);
  const target = close > 1 && /^\]\(<?(https?:\/\/[^\s<>]+?)>?\)/.exec(rest.slice(close));
  if (!target) return null;
  return [link(target[1], inline(rest.slice(1, close), names)), close + target[0].length];
}

function paired(rest, before, names) {
  const pair = PAIRS.find(([mark]) => rest.startsWith(mark));
  if (!pair) return null;
  const [mark, tags] = pair;
  if (mark === "_" && /\w/.test(before ?? "")) return null;
  if (/^\s|^$/.test(rest.slice(mark.length, mark.length + 1))) return null;
  const end = closing(rest, mark, mark.length);
  if (end <= mark.length) return null;
  const inner = inline(rest.slice(mark.length, end), names);
  const node = tags.reduceRight((child, tag) => el(tag, tag === "span" ? { class: "spoiler" } : {}, child), inner);
  return [node, end + mark.length];
}

/** Where a mark is closed, past escapes and code; -1 if nowhere. */
function closing(text, mark, from) {
  for (let at = from; at < text.length; at += 1) {
    if (text[at] === "\\") {
      at += 1;
      continue;
    }
    const inCode = text[at] === "`" && code(text.slice(at));
    if (inCode) {
      at += inCode[1] - 1;
      continue;
    }
    if (!text.startsWith(mark, at)) continue;
    // `**` inside `*…*` belongs to a pair of its own.
    if (mark.length === 1 && mark !== "]" && text[at + 1] === mark) {
      const inner = closing(text, mark + mark, at + 2);
      if (inner > 0) at = inner + 1;
      else at += 1;
      continue;
    }
    if (mark === "_" && /\w/.test(text[at + 1] ?? "")) continue;
    if (mark === "*" && /\s/.test(text[at - 1])) continue;
    return at;
  }
  return -1;
}
