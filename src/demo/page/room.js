// One room: its messages, and where people type.

import { Composer } from "./composer.js";
import { answers, avatar, item, typed } from "./message.js";
import { el } from "./elements.js";

/** Messages that stay in the page. */
const MOST = 300;
/** Neighbouring messages of one author are drawn together within this time, in milliseconds. */
const TOGETHER = 300_000;
/** How long a deleted message takes to go, in milliseconds. */
const LEAVING = 900;
const NAMES = { discord: "Discord", slack: "Slack", telegram: "Telegram" };
const NO_DELETES = "Telegram tells no bot about deletions, so Relay cannot know: in the other rooms the message stays.";

/** A pane. `act` does what a person does, `seen` hears of new messages, `point` of the message that is looked at; `author` says who wrote one. */
export class Room {
  #act;
  #author;
  #seen;
  #atEnd = true;
  #items = new Map();
  #messages = new Map();
  /** Messages that are known to be deleted. */
  #gone = new Set();
  /** What was typed on this page, as it was typed. */
  #typed = new Map();

  constructor(given, { act, seen, point, author }) {
    this.#act = act;
    this.#author = author;
    this.#seen = seen;
    this.platform = given.platform;
    this.account = given.account;
    this.id = given.id;
    this.people = given.people;
    this.bots = given.bots;
    this.title = given.platform === "telegram" ? given.name : `${given.space} #${given.name}`;
    this.placeholder = given.platform === "telegram" ? "Message" : `Message #${given.name}`;
    const persons = new Map([...given.people, ...given.bots].map((one) => [one.id, one.name]));
    const rooms = new Map(given.rooms.map((room) => [room.id, room.name]));
    this.names = { person: (id) => persons.get(id), room: (id) => rooms.get(id) };
    this.list = el("ol", { class: "messages", "aria-label": `Messages in ${this.title}` });
    this.note = el("p", { class: "note", role: "status", hidden: true });
    this.newer = el("button", { class: "newer", type: "button", hidden: true, onclick: () => this.#toEnd() }, "New messages ↓");
    this.state = el("span", { class: "state" }, "starting");
    this.composer = new Composer(this, (said) => this.#send(said));
    this.composer.onInput = () => (this.note.hidden = true);
    this.element = el(
      "section",
      { class: `room ${given.platform}`, "aria-labelledby": `${given.platform}-title` },
      this.#head(given),
      this.list,
      this.newer,
      this.note,
      this.composer.element,
    );
    this.list.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    // The list shrinks when the composer grows: what was last stays in sight.
    new ResizeObserver(() => this.#atEnd && this.#toEnd()).observe(this.list);
    this.list.addEventListener("keydown", (event) => this.#key(event));
    this.list.addEventListener("click", (event) => this.#follow(event));
    for (const kind of ["mouseover", "focusin"]) {
      this.list.addEventListener(kind, (event) => point(this, event.target.closest(".message")?.dataset.id));
    }
    this.list.addEventListener("focusin", (event) => this.#current(event.target.closest(".message")));
    for (const kind of ["mouseleave", "focusout"]) this.list.addEventListener(kind, () => point(this, undefined));
  }

  #head(given) {
    const title = given.platform === "telegram" ? [given.name] : [el("span", { class: "hash", "aria-hidden": "true" }, "#"), given.name];
    const where = given.platform === "telegram" ? `${given.people.length} members, ${given.bots.length} bot` : given.space;
    return el(
      "header",
      { class: "head" },
      given.platform === "telegram" ? avatar(given.name) : null,
      el("div", { class: "where" }, el("h2", { id: `${given.platform}-title`, "aria-label": `${this.title}, on ${NAMES[given.platform]}` }, ...title), el("p", {}, where)),
      el("div", { class: "which" }, el("span", { class: "platform" }, NAMES[given.platform]), this.state),
    );
  }

  /** Shows the newest messages anew. */
  load(messages) {
    this.list.replaceChildren();
    this.#items.clear();
    this.#messages.clear();
    this.#gone = new Set(messages.filter((message) => message.deleted).map((message) => message.id));
    for (const message of messages) if (!message.deleted) this.#add(message);
    this.#toEnd();
  }

  /** A message after a change. */
  change(message) {
    if (message.deleted) {
      this.#take(message.id);
    } else if (this.#items.has(message.id)) {
      this.#redraw(message);
    } else {
      const near = this.#isNearEnd();
      this.note.hidden = true;
      const shown = this.#add(message);
      if (message.by_bot) shown.classList.add("arrived");
      this.#seen(this, message);
      if (near || !message.by_bot) this.#toEnd();
      else this.newer.hidden = false;
      this.#bound();
    }
  }

  /** A message of this room. */
  message(id) {
    return this.#messages.get(id);
  }

  /** Whether a message is known to be deleted. */
  isGone(id) {
    return this.#gone.has(id);
  }

  /** Whether one of the people wrote it, and not a bridge. */
  isPerson(message) {
    return !message.by_bot && this.people.some((person) => person.name === message.author);
  }

  /** Whether a bot goes by that name here. */
  isBot(name) {
    return this.bots.some((bot) => bot.name === name);
  }

  /** Whether a picture is a bot's own. */
  isBotPicture(url) {
    return this.bots.some((bot) => url?.includes(`/${bot.id}.`));
  }

  /** Marks exactly these messages as the one that is looked at elsewhere. */
  mark(ids) {
    for (const [id, shown] of this.#items) shown.classList.toggle("same", ids.includes(id));
  }

  /** Shows a message. */
  goTo(id) {
    const shown = this.#items.get(id);
    if (!shown) return;
    shown.scrollIntoView({ block: "nearest" });
    shown.focus({ preventScroll: true });
  }

  /** Begins an answer. */
  reply(id) {
    this.composer.reply(id, this.#author(this, id) ?? "a message");
  }

  /** Begins a change. */
  edit(id) {
    const message = this.message(id);
    if (message) this.composer.edit(id, message.author, this.#typed.get(id) ?? typed(this.platform, message, this.names));
  }

  /** Deletes. */
  async remove(id) {
    const person = this.message(id)?.author;
    try {
      await this.#act(this, { do: "delete", person, room: this.id, message: id });
      if (this.platform === "telegram") this.tell(NO_DELETES);
    } catch (error) {
      this.tell(error.message);
    }
  }

  /** Says something about the room, for a while. */
  tell(text) {
    this.note.textContent = text;
    this.note.hidden = false;
    clearTimeout(this.telling);
    this.telling = setTimeout(() => (this.note.hidden = true), 12_000);
  }

  /** Answers as somebody. */
  async answer(person, id, text) {
    return this.#send({ person, text, mode: { kind: "reply", id } });
  }

  /** Changes what somebody said. */
  async rewrite(person, id, text) {
    return this.#send({ person, text, mode: { kind: "edit", id } });
  }

  async #send({ person, text, mode }) {
    const room = this.id;
    if (mode?.kind === "edit") {
      await this.#act(this, { do: "edit", person, room, message: mode.id, text });
      this.#typed.set(mode.id, text);
      return mode.id;
    }
    const id = await this.#act(this, { do: "say", person, room, text, reply_to: mode?.id });
    this.#typed.set(id, text);
    return id;
  }

  #add(message) {
    this.#messages.set(message.id, message);
    const shown = item(this, message);
    this.#items.set(message.id, shown);
    this.list.append(shown);
    this.#together(shown);
    if (!this.list.querySelector('.message[tabindex="0"]')) this.#current(shown);
    return shown;
  }

  #redraw(message) {
    const old = this.#items.get(message.id);
    if (JSON.stringify(this.message(message.id)) === JSON.stringify(message)) return;
    const near = this.#isNearEnd();
    this.#messages.set(message.id, message);
    const shown = item(this, message);
    const hadFocus = old.contains(document.activeElement);
    this.#items.set(message.id, shown);
    old.replaceWith(shown);
    this.#together(shown);
    this.#together(shown.nextElementSibling);
    if (old.tabIndex === 0) this.#current(shown);
    if (hadFocus) shown.focus({ preventScroll: true });
    shown.classList.add(message.by_bot ? "arrived" : "changed");
    this.#quoteAnew(message.id);
    if (near) this.#toEnd();
  }

  #take(id) {
    const shown = this.#items.get(id);
    if (!shown) return;
    this.#items.delete(id);
    this.#messages.delete(id);
    this.#gone.add(id);
    this.#quoteAnew(id);
    shown.classList.add("leaving");
    shown.inert = true;
    if (shown.tabIndex === 0) this.#current(shown.previousElementSibling ?? shown.nextElementSibling);
    setTimeout(() => {
      const next = shown.nextElementSibling;
      shown.remove();
      this.#together(next);
    }, LEAVING);
  }

  /** Its answers show what it says now, or that it is gone. */
  #quoteAnew(id) {
    for (const [answer, shown] of this.#items) {
      const message = this.message(answer);
      if (message?.reply_to === id) shown.querySelector(".answers")?.replaceWith(answers(this, message));
    }
  }

  #bound() {
    if (this.#gone.size > MOST) this.#gone.delete(this.#gone.values().next().value);
    while (this.#items.size > MOST) {
      const [oldest, shown] = this.#items.entries().next().value;
      this.#items.delete(oldest);
      this.#messages.delete(oldest);
      this.#typed.delete(oldest);
      shown.remove();
    }
  }

  /** Draws a message without a head of its own if it goes on what its author said just before. */
  #together(shown) {
    if (!shown) return;
    const [message, before] = [this.message(shown.dataset.id), this.message(shown.previousElementSibling?.dataset.id)];
    const same = message && before && before.author === message.author && before.by_bot === message.by_bot;
    shown.classList.toggle("follows", Boolean(same && !message.reply_to && message.at - before.at < TOGETHER));
  }

  /** One message is in the tab order; the arrow keys move it. */
  #current(shown) {
    if (!shown || shown.tabIndex === 0) return;
    for (const element of this.list.querySelectorAll('[tabindex="0"]')) element.tabIndex = -1;
    for (const element of [shown, ...shown.querySelectorAll("button, a, pre")]) element.tabIndex = 0;
  }

  #key(event) {
    const shown = event.target.closest(".message");
    if (event.target !== shown) return;
    const to = { ArrowUp: shown.previousElementSibling, ArrowDown: shown.nextElementSibling, Home: this.list.firstElementChild, End: this.list.lastElementChild }[event.key];
    if (!to) return;
    event.preventDefault();
    to.focus();
  }

  /** A link to a message of this room leads there, as it does in the platform's own client. */
  #follow(event) {
    const target = event.target.closest("a")?.getAttribute("href") ?? "";
    const found = /\/channels\/\w+\/(\d+)\/(\d+)$/.exec(target) ?? /\/archives\/(\w+)\/p(\d+)$/.exec(target);
    if (!found || found[1] !== this.id) return;
    event.preventDefault();
    this.goTo(this.platform === "slack" ? found[2].replace(/(\d{6})$/, ".$1") : found[2]);
  }

  #isNearEnd() {
    return this.list.scrollHeight - this.list.scrollTop - this.list.clientHeight < 120;
  }

  #scrolled() {
    this.#atEnd = this.#isNearEnd();
    if (this.#atEnd) this.newer.hidden = true;
  }

  #toEnd() {
    this.list.scrollTop = this.list.scrollHeight;
  }
}
