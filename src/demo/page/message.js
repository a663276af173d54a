// One message, in the manner of its platform.

import { buttons } from "./buttons.js";
import { el, excerpt, hue, time } from "./elements.js";
import { cards } from "./cards.js";
import { inWords, media } from "./media.js";
import { menu } from "./menu.js";
import { poll } from "./poll.js";
import { choose, reactions } from "./reactions.js";
import { render as markdown } from "./markup/markdown.js";
import { render as slack, unescape } from "./markup/slack.js";
import { render as telegram, typed as typedTelegram } from "./markup/telegram.js";

/** A message is folded when it is longer than that. */
const LONG = 700;
/** What Relay is asked about a message: what Slack's menu calls it, and how it is given. */
export const RELAY = [
  ["Relay: who reacted", { word: "who", shortcut: { slack: "relay_who", discord: "Who reacted" } }],
  ["Relay: trace", { word: "trace", shortcut: { slack: "relay_trace", discord: "Trace" } }],
  ["Relay: delete everywhere", { word: "delete", shortcut: { slack: "relay_delete", discord: "Delete everywhere" } }],
];
const BADGES = { discord: "APP", slack: "APP", telegram: "bot" };

/** Nodes for what a message says. */
export function body(platform, message, names) {
  if (platform === "discord") return markdown(message.text, names);
  return platform === "slack" ? slack(message, names) : telegram(message);
}

/** What somebody would type to say the same. */
export function typed(platform, message, names) {
  if (platform === "telegram") return typedTelegram(message);
  if (platform === "discord") return message.text.replace(/<@!?(\d+)>/g, (all, id) => (names.person(id) ? `@${names.person(id)}` : all));
  const linked = message.text.replace(/<([@#!]?)([^<>|]+)(?:\|([^<>]*))?>/g, (all, kind, target, label) => {
    if (kind === "@") return `@${names.person(target) ?? target}`;
    if (kind === "#") return `#${names.room(target) ?? label ?? target}`;
    return kind === "!" ? `@${target}` : target;
  });
  return unescape(linked);
}

/** A round or square picture: the image if it comes from this machine, above initials on a stable colour. */
export function avatar(name, url) {
  const [plainly] = named(name);
  const initials = Array.from(name.trim())[0]?.toUpperCase() ?? "?";
  const picture = el("span", { class: "avatar", "aria-hidden": "true" }, initials);
  picture.style.setProperty("--hue", hue(plainly));
  // What Relay's media server gives out is for platforms to fetch, and for no page.
  if (url && /^(http:\/\/127\.0\.0\.1:\d+)?\/(?!m\/)/.test(url)) {
    const image = el("img", { src: url, alt: "", loading: "lazy" });
    image.addEventListener("error", () => image.remove());
    picture.append(image);
  }
  return picture;
}

/**
 * A list item. `room` gives names, the answered message and what the buttons do; `isOwn` says that a person who can be played wrote it.
 */
export function item(room, message) {
  const { platform, names } = room;
  const [name, origin] = named(message.author);
  const author = el("span", { class: "author" }, name, origin && el("span", { class: "origin" }, origin));
  author.style.setProperty("--hue", hue(name));
  const badge = message.by_bot ? el("span", { class: "badge" }, BADGES[platform]) : null;
  const edited = message.edited ? el("span", { class: "edited" }, platform === "telegram" ? "edited" : "(edited)") : null;
  const said = el("div", { class: `said${onlyEmoji(message.text) ? " large" : ""}` }, body(platform, message, names));
  if (edited && platform !== "telegram") said.append(" ", edited);
  const when = el("span", { class: "when" }, platform === "telegram" ? edited : null, platform === "telegram" && edited ? " " : null, time(message.at));
  const text = el("div", { class: "text" }, said);
  const attached = media(room, message);
  // Telegram shows a picture above its caption.
  const parts = platform === "telegram" ? [attached, text] : [text, attached];
  const content = el(
    "div",
    { class: "content" },
    room.views.place(message),
    el("div", { class: "head" }, author, badge, platform === "telegram" ? null : when, message.pinned ? el("span", { class: "pinned" }, "📌 pinned") : null),
    forwarded(message),
    answers(room, message),
    ...parts,
    cards(room, message),
    poll(room, message),
    reactions(room, message),
    buttons(room, message),
    platform === "telegram" ? when : null,
    room.views.way(message),
  );
  fold(text, said, message.text);
  const shown = el("li", { class: `message${message.by_bot ? " by-bot" : ""}`, "data-id": message.id, "data-author": message.author, tabindex: "-1" });
  if (room.views.of(message)) shown.dataset.thread = room.views.of(message);
  shown.append(avatar(message.author, picture(room, message)), content, actions(room, message));
  return shown;
}

/** A name, and Relay's mark of where it comes from. */
function named(author) {
  const marked = /^(.*\S)( ‹[^‹›]+›)$/.exec(author);
  return marked ? [marked[1], marked[2]] : [author, null];
}

/** What a message answers, as a link to it. */
export function answers(room, message) {
  if (!message.reply_to) return null;
  const target = room.message(message.reply_to);
  const what = room.platform === "slack" ? "in the thread of" : "answers";
  const label = target ? [el("b", {}, target.author), " ", el("span", {}, excerpt(summary(room, target)))] : [room.isGone(message.reply_to) ? "a deleted message" : "an earlier message"];
  return el(
    "button",
    { class: "answers", type: "button", tabindex: "-1", onclick: () => (room.platform === "slack" ? room.views.open(message.reply_to) : room.goTo(message.reply_to)) },
    el("span", { class: "unseen" }, `${what} `),
    ...label,
  );
}

/** The picture to show. Whoever speaks through Relay without a picture of their own gets initials, not the app's icon. */
function picture(room, message) {
  if (message.by_bot && room.isBot(message.author)) return "/icon.svg";
  return message.by_bot && room.isBotPicture(message.avatar) ? null : message.avatar;
}

/** What a message says, without its markup. */
export function plain(room, message) {
  const holder = el("div");
  holder.append(body(room.platform, message, room.names));
  return holder.textContent;
}

/** What a message is about, in a few words. */
export function summary(room, message) {
  const said = plain(room, message).trim();
  return said || message.poll?.question || inWords(message);
}

/** Whose it was before it was passed on. */
function forwarded(message) {
  if (message.forwarded === null || message.forwarded === undefined) return null;
  return el("p", { class: "forwarded" }, message.forwarded ? `Forwarded from ${message.forwarded}` : "Forwarded");
}

/** One to three emoji alone are shown large. */
const onlyEmoji = (text) => /^(?:\p{Extended_Pictographic}(?:\u{FE0F}|\p{EMod}|\u{200D}\p{Extended_Pictographic})*\s*){1,3}$/u.test(text);

function fold(text, said, source) {
  if (source.length <= LONG) return;
  said.classList.add("folded");
  const count = Array.from(source).length.toLocaleString("en");
  const button = el("button", { class: "unfold", type: "button", tabindex: "-1", "aria-expanded": "false" }, `Show all ${count} characters`);
  button.addEventListener("click", () => {
    const folded = said.classList.toggle("folded");
    button.textContent = folded ? `Show all ${count} characters` : "Show less";
    button.setAttribute("aria-expanded", String(!folded));
  });
  text.append(button);
}

function actions(room, message) {
  const of = `${message.author}: ${excerpt(summary(room, message), 40)}`;
  const button = (what, run, label, more = {}) =>
    el("button", { type: "button", tabindex: "-1", "aria-label": `${what} ${label}`, "data-key": `do ${what}`, ...more, onclick: (event) => run(event.currentTarget) }, what);
  const all = [button("Reply", () => room.reply(message.id), `to ${of}`), button("React", (at) => choose(room, message, at), `to ${of}`, { "aria-haspopup": "dialog" })];
  if (room.isPerson(message)) all.push(button("Edit", () => room.edit(message.id), of), button("Delete", () => room.doing.remove(message.id, message.author), of));
  all.push(button("More", (at) => menu(at, `More for ${of}`, more(room, message)), `for ${of}`, { "aria-haspopup": "menu" }));
  return el("div", { class: "actions" }, ...all);
}

/** What else can be done with a message, for its menu. */
function more(room, message) {
  const { doing, me, platform, views } = room;
  const thread = views.from(message.id) ?? views.of(message);
  const own = room.isPerson(message);
  const begin = platform === "slack" ? () => views.open(message.id) : () => room.composer.name(message.id, message.author);
  return [
    thread ? views.current !== thread && ["Open the thread", () => views.open(thread)] : platform !== "telegram" && ["Start a thread", begin],
    [message.pinned ? "Unpin" : "Pin", () => doing.pin(message.id, !message.pinned)],
    ...room.neighbours.map((other) => [`Forward to ${other.short}`, () => doing.forward(message.id, other)]),
    ...(own && platform !== "telegram" ? (message.attachments ?? []) : []).map((file, place) => [`Remove ${file.name}`, () => doing.removeFile(message, place)]),
    ...RELAY.map(([label, what]) => [label, () => doing.relay(message.id, what)]),
    !own && me?.manages && [`Delete as ${me.name}`, () => doing.remove(message.id, me.name)],
  ];
}
