// What of a room is shown: everything, or one of its threads; and what is pinned in it.

import { isCard } from "./cards.js";
import { el, excerpt } from "./elements.js";
import { summary } from "./message.js";
import { menu } from "./menu.js";

/** What a platform says of itself, such as that something was pinned, holds nothing that is shown here. */
const isEmpty = ({ text, attachments, files, poll, extras, only_for: only }) => !text.trim() && !attachments?.length && !files.length && !poll && !extras.some(isCard) && !only;

/** The row above the messages, and which of them are shown. */
export class Views {
  #room;
  #threads = [];
  #current = null;
  #changed;

  /** `changed()` is called when something else is to be shown. */
  constructor(room, changed) {
    this.#room = room;
    this.#changed = changed;
    this.element = el("div", { class: "views", role: "group", "aria-label": `Threads and pins of ${room.title}`, hidden: true });
  }

  /** The thread that is shown; null for everything. */
  get current() {
    return this.#current;
  }

  /** The threads as the platform lists them. */
  set threads(threads) {
    this.#threads = threads;
    this.draw();
  }

  /** Shows a thread, or with null everything. */
  open(id) {
    this.#current = id;
    this.draw();
    this.#changed();
  }

  /** The thread that a message stands in. On Slack the first message of one stands outside. */
  of(message) {
    const thread = message?.thread ?? (this.#room.platform === "slack" ? message?.reply_to : null) ?? null;
    return this.#room.platform === "slack" && thread === message?.id ? null : thread;
  }

  /** The thread that hangs from a message. */
  from(id) {
    const listed = this.#threads.find((thread) => thread.root === id)?.id;
    if (listed) return listed;
    return this.#room.platform === "slack" && this.#count(id) ? id : null;
  }

  /** The message that a thread hangs from. */
  rootOf(id) {
    return this.#threads.find((thread) => thread.id === id)?.root ?? (this.#room.platform === "slack" ? id : undefined);
  }

  /** What a thread is called. */
  name(id) {
    const name = this.#threads.find((thread) => thread.id === id)?.name;
    if (name) return name;
    const root = this.#room.message(this.rootOf(id));
    return root ? excerpt(summary(this.#room, root), 40) : "a thread";
  }

  /** Whether a message is to be seen now. */
  shows(message) {
    if (isEmpty(message)) return false;
    return !this.#current || this.of(message) === this.#current || message.id === this.rootOf(this.#current) || Boolean(message.only_for);
  }

  /** The button that leads from a message into its thread; null without one. */
  way(message) {
    const thread = this.from(message.id);
    if (!thread || this.#current === thread) return null;
    const inside = this.#count(thread);
    const words = this.#room.platform === "slack" ? `${inside} ${inside === 1 ? "reply" : "replies"}` : `${inside} message${inside === 1 ? "" : "s"}`;
    const listed = this.#threads.find((one) => one.id === thread);
    return el(
      "button",
      { type: "button", class: "way", tabindex: "-1", "data-key": "way", onclick: () => this.open(thread) },
      listed?.name ? el("b", {}, listed.name) : null,
      el("span", {}, words),
      el("span", { "aria-hidden": "true" }, "›"),
    );
  }

  /** Says where a message of a thread stands; null for one that stands in none, or already says it. */
  place(message) {
    const thread = this.of(message);
    if (!thread || (this.#room.platform === "slack" && message.reply_to)) return null;
    return el("button", { type: "button", class: "place", tabindex: "-1", "data-key": "place", onclick: () => this.open(thread) }, this.name(thread));
  }

  /** Draws the row anew. */
  draw() {
    const named = this.#threads.filter((thread) => thread.name);
    const pinned = [...this.#room.messages].filter((message) => message.pinned);
    const view = (id, ...label) =>
      el("button", { type: "button", class: "view", "aria-pressed": String(this.#current === id), onclick: () => this.open(id) }, ...label);
    const pins = pinned.length ? el("button", { type: "button", class: "pins", "aria-haspopup": "menu", "aria-label": `${pinned.length} pinned` }, `📌 ${pinned.length}`) : null;
    pins?.addEventListener("click", () => menu(pins, "Pinned", pinned.map((one) => [`${one.author}: ${excerpt(summary(this.#room, one), 60)}`, () => this.#room.goTo(one.id)])));
    const unnamed = this.#current && !named.some((thread) => thread.id === this.#current) ? view(this.#current, this.name(this.#current)) : null;
    const all = named.length || unnamed ? view(null, this.#current ? "‹ Everything" : "Everything") : null;
    const hadFocus = this.element.contains(document.activeElement);
    this.element.replaceChildren(el("div", { class: "all" }, all, ...named.map((thread) => view(thread.id, thread.name)), unnamed), ...(pins ? [pins] : []));
    this.element.hidden = !all && !pins;
    if (hadFocus) this.element.querySelector("[aria-pressed='true'], button")?.focus();
  }

  #count(thread) {
    return [...this.#room.messages].filter((message) => !isEmpty(message) && this.of(message) === thread && message.id !== this.rootOf(thread)).length;
  }
}
