// One room: its messages, and where people type.

import { answer, copyable, whoSees } from "./answer.js";
import { isCommand } from "./commands.js";
import { Composer } from "./composer.js";
import { answers, item, typed } from "./message.js";
import { el } from "./elements.js";

/** Messages that stay in the page. */
const MOST = 300;
/** Neighbouring messages of one author are drawn together within this time, in milliseconds. */
const TOGETHER = 300_000;
/** How long a deleted message takes to go, in milliseconds. */
const LEAVING = 900;
/** How long an answer to a command is waited for, in milliseconds. */
const PATIENCE = 15_000;
const NO_DELETES = "Telegram tells no bot about deletions, so Relay cannot know: in the other rooms the message stays.";

/**
 * A room of a pane. `act` does what a person does, `seen` hears of new messages, `answered` of answers to commands, `point` of the
 * message that is looked at; `author` says who wrote one.
 */
export class Room {
  #act;
  #author;
  #seen;
  #answered;
  #pane;
  #atEnd = true;
  /** How far it was scrolled when it was last shown. */
  #top = 0;
  #items = new Map();
  #messages = new Map();
  /** Messages that are known to be deleted, and answers that were dismissed. */
  #gone = new Set();
  /** What was typed on this page, as it was typed. */
  #typed = new Map();
  /** Who waits for an answer of Relay's. */
  #waiting = [];
  /** Messages that came while the room was not shown. */
  #news = 0;

  constructor(pane, given, { act, seen, answered, point, author }) {
    this.#pane = pane;
    this.#act = act;
    this.#author = author;
    this.#seen = seen;
    this.#answered = answered;
    const isTelegram = pane.platform === "telegram";
    this.platform = pane.platform;
    this.people = pane.people;
    this.bots = pane.bots;
    this.names = pane.names;
    this.channel = pane.channel;
    this.id = given.id;
    this.name = given.name;
    this.space = given.space;
    this.key = `${pane.platform}/${given.id}`;
    this.tab = `${pane.platform}-tab-${given.name.replace(/\W+/g, "-")}`;
    this.short = isTelegram ? given.name : `#${given.name}`;
    this.title = isTelegram ? given.name : `${given.space} #${given.name}`;
    this.placeholder = isTelegram ? "Message" : `Message #${given.name}`;
    /** The Relay channels that it is joined to. */
    this.channels = [];
    this.list = el("ol", { class: "messages", "aria-label": `Messages in ${this.title}` });
    this.note = el("p", { class: "note", role: "status", hidden: true });
    this.newer = el("button", { class: "newer", type: "button", hidden: true, onclick: () => this.#toEnd() }, "New messages ↓");
    this.composer = new Composer(this, (said) => this.#send(said));
    this.composer.onInput = () => (this.note.hidden = true);
    this.composer.onPerson = () => this.#whoSees();
    this.list.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    // The list shrinks when the composer grows: what was last stays in sight.
    new ResizeObserver(() => this.#atEnd && this.#toEnd()).observe(this.list);
    this.list.addEventListener("keydown", (event) => this.#key(event));
    this.list.addEventListener("click", (event) => this.#follow(event));
    for (const kind of ["mouseover", "focusin"]) {
      this.list.addEventListener(kind, (event) => point(this, event.target.closest(".message")?.dataset.id));
    }
    this.list.addEventListener("focusin", (event) => this.#current(event.target.closest("[data-id]")));
    for (const kind of ["mouseleave", "focusout"]) this.list.addEventListener(kind, () => point(this, undefined));
  }

  /** What a pane shows of it. */
  get parts() {
    return [this.list, this.newer, this.note, this.composer.element];
  }

  /** Whether its pane shows it now. */
  get isShown() {
    return this.#pane.shown === this;
  }

  /** It is shown now. */
  shown() {
    this.#news = 0;
    this.#whoSees();
    if (this.#atEnd) this.#toEnd();
    else this.list.scrollTop = this.#top;
  }

  /** It is not shown any more. */
  left() {
    this.#top = this.list.scrollTop;
    // What has just come has been seen.
    for (const shown of this.#items.values()) shown.classList.remove("arrived", "changed");
  }

  /** Shows it. */
  show() {
    this.#pane.show(this);
  }

  /** Shows the newest messages anew. */
  load(messages) {
    const dismissed = messages.filter((message) => message.only_for && this.#gone.has(message.id));
    this.list.replaceChildren();
    this.#items.clear();
    this.#messages.clear();
    this.#gone = new Set([...messages.filter((message) => message.deleted), ...dismissed].map((message) => message.id));
    for (const message of messages) if (!this.#gone.has(message.id)) this.#add(message);
    this.#toEnd();
  }

  /** A message after a change. */
  change(message) {
    if (message.deleted) {
      this.#take(message.id);
    } else if (this.#items.has(message.id)) {
      this.#redraw(message);
    } else if (!this.#gone.has(message.id)) {
      const near = this.#isNearEnd();
      this.note.hidden = true;
      const shown = this.#add(message);
      if (message.by_bot) shown.classList.add("arrived");
      if (!message.only_for) this.#seen(this, message);
      if (near || !message.by_bot || message.only_for) this.#toEnd();
      else this.newer.hidden = false;
      this.#bound();
      if (!this.isShown) this.#pane.news(this, (this.#news += 1));
    }
    this.#hear(message);
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

  /** Takes an answer away that only one person sees. */
  dismiss(id) {
    const shown = this.#items.get(id);
    const next = shown.nextElementSibling ?? shown.previousElementSibling;
    this.#items.delete(id);
    this.#messages.delete(id);
    this.#gone.add(id);
    if (shown.tabIndex === 0) this.#current(next);
    const hadFocus = shown.contains(document.activeElement);
    shown.remove();
    this.#together(next);
    if (hadFocus) this.composer.text.focus();
  }

  /** A person's name. */
  person(id) {
    return this.names.person(id) ?? "somebody";
  }

  /** Gives a command as somebody, typed for all to see, and answers what Relay answers. */
  async ask(person, text) {
    const heard = new Promise((done, failed) => {
      this.#waiting.push({ person, done });
      setTimeout(() => failed(new Error(`Relay did not answer ${text} within ${PATIENCE / 1000} s.`)), PATIENCE);
    });
    // Typing may fail first; then nobody waits.
    heard.catch(() => {});
    await this.composer.type(person, text);
    return heard;
  }

  /** Says something as somebody, typed for all to see. */
  async type(person, text) {
    return this.composer.type(person, text);
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
    if (isCommand(text) && mode?.kind !== "edit") return this.#act(this, { do: "command", person, room, text });
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
    const shown = this.#drawn(message);
    this.#items.set(message.id, shown);
    this.list.append(shown);
    this.#together(shown);
    if (!this.list.querySelector('li[tabindex="0"]')) this.#current(shown);
    return shown;
  }

  #drawn(message) {
    if (message.only_for) return answer(this, message);
    const shown = item(this, message);
    if (message.by_bot && this.isBot(message.author)) copyable(shown.querySelector(".said"));
    return shown;
  }

  /** Relay has answered a command, to the asker alone or in the room. */
  #hear(message) {
    if (!message.by_bot || !message.text || message.deleted) return;
    const asked = this.message(message.reply_to);
    const whose = message.only_for ? this.person(message.only_for) : asked && isCommand(asked.text) && asked.author;
    if (!whose) return;
    this.#answered(this, message, whose);
    const waits = this.#waiting.findIndex(({ person }) => person === whose);
    if (waits >= 0) this.#waiting.splice(waits, 1)[0].done(message.text);
  }

  #whoSees() {
    for (const shown of this.list.querySelectorAll(".answer")) whoSees(this, shown);
  }

  #redraw(message) {
    const old = this.#items.get(message.id);
    if (JSON.stringify(this.message(message.id)) === JSON.stringify(message)) return;
    const near = this.#isNearEnd();
    this.#messages.set(message.id, message);
    const shown = this.#drawn(message);
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
    const same = message && before && !message.only_for && !before.only_for && before.author === message.author && before.by_bot === message.by_bot;
    shown.classList.toggle("follows", Boolean(same && !message.reply_to && message.at - before.at < TOGETHER));
  }

  /** One message is in the tab order; the arrow keys move it. */
  #current(shown) {
    if (!shown || shown.tabIndex === 0) return;
    for (const element of this.list.querySelectorAll('[tabindex="0"]')) element.tabIndex = -1;
    for (const element of [shown, ...shown.querySelectorAll("button, a, pre")]) element.tabIndex = 0;
  }

  #key(event) {
    const shown = event.target.closest("[data-id]");
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
