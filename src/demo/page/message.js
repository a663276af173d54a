// One message, in the manner of its platform.

import { el, excerpt, hue, time } from "./elements.js";
import { render as markdown } from "./markup/markdown.js";
import { render as slack, unescape } from "./markup/slack.js";
import { render as telegram, typed as typedTelegram } from "./markup/telegram.js";

/** A message is folded when it is longer than that. */
const LONG = 700;
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
  const initials = Array.from(name.trim())[0]?.toUpperCase() ?? "?";
  const picture = el("span", { class: "avatar", "aria-hidden": "true" }, initials);
  picture.style.setProperty("--hue", hue(name));
  if (url && /^(http:\/\/127\.0\.0\.1:\d+)?\//.test(url)) {
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
  const author = el("span", { class: "author" }, message.author);
  author.style.setProperty("--hue", hue(message.author));
  const badge = message.by_bot ? el("span", { class: "badge" }, BADGES[platform]) : null;
  const edited = message.edited ? el("span", { class: "edited" }, platform === "telegram" ? "edited" : "(edited)") : null;
  const said = el("div", { class: "said" }, body(platform, message, names));
  if (edited && platform !== "telegram") said.append(" ", edited);
  const when = el("span", { class: "when" }, platform === "telegram" ? edited : null, platform === "telegram" && edited ? " " : null, time(message.at));
  const text = el("div", { class: "text" }, said, ...message.files.map((name) => el("span", { class: "file" }, `📎 ${name}`)));
  const content = el(
    "div",
    { class: "content" },
    el("div", { class: "head" }, author, badge, platform === "telegram" ? null : when),
    answers(room, message),
    text,
    platform === "telegram" ? when : null,
  );
  fold(text, said, message.text);
  const shown = el("li", { class: `message${message.by_bot ? " by-bot" : ""}`, "data-id": message.id, "data-author": message.author, tabindex: "-1" });
  shown.append(avatar(message.author, picture(room, message)), content, actions(room, message));
  return shown;
}

/** What a message answers, as a link to it. */
export function answers(room, message) {
  if (!message.reply_to) return null;
  const target = room.message(message.reply_to);
  const what = room.platform === "slack" ? "in the thread of" : "answers";
  const label = target ? [el("b", {}, target.author), " ", el("span", {}, excerpt(plain(room, target)))] : [room.isGone(message.reply_to) ? "a deleted message" : "an earlier message"];
  return el(
    "button",
    { class: "answers", type: "button", tabindex: "-1", onclick: () => room.goTo(message.reply_to) },
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
  const button = (what, run, label) =>
    el("button", { type: "button", tabindex: "-1", "aria-label": `${what} ${label}`, "data-do": what.toLowerCase(), onclick: run }, what);
  const of = `${message.author}: ${excerpt(plain(room, message), 40)}`;
  const all = [button("Reply", () => room.reply(message.id), `to ${of}`)];
  if (room.isPerson(message)) all.push(button("Edit", () => room.edit(message.id), of), button("Delete", () => room.remove(message.id), of));
  return el("div", { class: "actions" }, ...all);
}
