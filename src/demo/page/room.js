// One room: its messages, and where people type.

import { answer, copyable, whoSees } from "./answer.js";
import { isCommand } from "./commands.js";
import { Composer } from "./composer.js";
import { Doing } from "./doing.js";
import { extras } from "./extras.js";
import { answers, item, typed } from "./message.js";
import { el } from "./elements.js";
import { whose } from "./reactions.js";
import { together } from "./together.js";
import { Typing } from "./typing.js";
import { Views } from "./views.js";
import { current, linked, step } from "./walk.js";

/** Messages that stay in the page. */
const MOST = 300;
/** How long a deleted message takes to go, in milliseconds. */
const LEAVING = 900;

/**
 * A room of a pane. `act` does what a person does, `seen` hears of new messages, `answered` of answers to commands, `point` of the
 * message that is looked at; `author` says who wrote one.
 */
export class Room {
  #author;
  #seen;
  #answered;
  #pane;
  #atEnd = true;
  /** How far it was scrolled when it was last shown. */
  #top = 0;
  /** How far it was scrolled at the last look. */
  #last = 0;
  #items = new Map();
  #messages = new Map();
  /** Messages that are known to be deleted, and answers that were dismissed. */
  #gone = new Set();
  #pins = "";
  /** Messages that came while the room was not shown. */
  #news = 0;

  constructor(pane, given, { act, seen, answered, point, author }) {
    this.#pane = pane;
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
    this.forum = given.forum;
    this.most = pane.most;
    this.placeholder = isTelegram ? "Message" : `Message #${given.name}`;
    /** The Relay channels that it is joined to. */
    this.channels = [];
    this.list = el("ol", { class: "messages", "aria-label": `Messages in ${this.title}` });
    this.note = el("p", { class: "note", role: "status", hidden: true });
    this.newer = el("button", { class: "newer", type: "button", hidden: true, onclick: () => this.#toEnd() }, "New messages ↓");
    this.typing = new Typing();
    this.doing = new Doing(this, act);
    this.views = new Views(this, () => this.#filter());
    this.composer = new Composer(this, (said) => this.doing.send(said), () => extras(this));
    this.composer.onInput = (types) => {
      this.note.hidden = true;
      if (types) this.doing.type(this.composer.person);
    };
    this.composer.onPerson = () => this.#whoSees();
    this.list.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    // The list shrinks when the composer grows: what was last stays in sight.
    new ResizeObserver(() => this.#atEnd && this.#toEnd()).observe(this.list);
    this.list.addEventListener("keydown", (event) => step(this.list, event));
    this.list.addEventListener("click", (event) => this.#follow(event));
    this.list.addEventListener("click", (event) => event.target.closest(".spoiler")?.classList.add("open"));
    // A picture takes its place when it has come.
    for (const kind of ["load", "loadedmetadata"]) this.list.addEventListener(kind, () => this.#atEnd && this.#toEnd(), { capture: true });
    for (const kind of ["mouseover", "focusin"]) {
      this.list.addEventListener(kind, (event) => point(this, event.target.closest(".message")?.dataset.id));
    }
    this.list.addEventListener("focusin", (event) => current(this.list, event.target.closest("[data-id]")));
    for (const kind of ["mouseleave", "focusout"]) this.list.addEventListener(kind, () => point(this, undefined));
  }

  /** What a pane shows of it. */
  get parts() {
    return [this.views.element, this.list, this.newer, this.typing.element, this.note, this.composer.element];
  }

  /** Its pane. */
  get element() {
    return this.#pane.element;
  }

  /** Whoever is played. */
  get me() {
    return this.people.find((person) => person.name === this.composer.person);
  }

  /** The messages that are known, in their order. */
  get messages() {
    return this.#messages.values();
  }

  /** The other rooms of its platform. */
  get neighbours() {
    return this.#pane.rooms.filter((room) => room !== this);
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
    this.views.draw();
    this.#toEnd();
  }

  /** Its threads, and how often somebody was shown as typing in it. */
  heard({ threads, typed: count }) {
    this.views.threads = threads;
    for (const message of this.#messages.values()) this.#place(message);
    this.#sort();
    this.typing.heard(count);
  }

  /** A message after a change. */
  change(message) {
    if (message.deleted) {
      this.#take(message.id);
    } else if (this.#items.has(message.id)) {
      this.#redraw(message);
    } else if (!this.#gone.has(message.id)) {
      const near = this.#atEnd;
      this.note.hidden = true;
      if (message.by_bot) this.typing.stop();
      const shown = this.#add(message);
      if (message.by_bot) shown.classList.add("arrived");
      if (!message.only_for) this.#seen(this, message);
      if (near || !message.by_bot || message.only_for) this.#toEnd();
      else this.newer.hidden = false;
      this.#bound();
      if (!this.isShown) this.#pane.news(this, (this.#news += 1));
    }
    this.#pinned();
    this.#way(this.views.rootOf(this.views.of(message)));
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
    if (shown.hidden) this.views.open(null);
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
    if (message) this.composer.edit(id, message.author, this.doing.typed(id) ?? typed(this.platform, message, this.names));
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
    if (shown.tabIndex === 0) current(this.list, next);
    const hadFocus = shown.contains(document.activeElement);
    shown.remove();
    together(this, next);
    if (hadFocus) this.composer.text.focus();
  }

  /** A person's name. */
  person(id) {
    return this.names.person(id) ?? "somebody";
  }

  #add(message) {
    this.#messages.set(message.id, message);
    const shown = this.#drawn(message);
    shown.hidden = !this.views.shows(message);
    this.#items.set(message.id, shown);
    this.list.append(shown);
    together(this, shown);
    if (!this.list.querySelector('li[tabindex="0"]')) current(this.list, shown);
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
    this.doing.answered(whose, message.text);
  }

  /** Shows what belongs to the view, and says where one writes. */
  #filter() {
    const { current } = this.views;
    this.#sort();
    this.#toEnd();
    if (current) this.composer.text.focus();
  }

  #sort() {
    const { current } = this.views;
    this.list.classList.toggle("one-thread", Boolean(current));
    for (const [id, shown] of this.#items) {
      shown.hidden = !this.views.shows(this.message(id));
      this.#way(id);
    }
    for (const shown of this.list.children) together(this, shown);
    this.composer.placeholder = current ? `Message “${this.views.name(current)}”` : this.placeholder;
  }

  /** Says again what a thread is called. */
  #place(message) {
    const old = this.#items.get(message.id)?.querySelector(".place");
    if (old) old.replaceWith(this.views.place(message) ?? "");
  }

  /** Says again how much is in the thread that hangs from a message. */
  #way(id) {
    const content = this.#items.get(id)?.querySelector(".content");
    if (!content) return;
    const [old, now] = [content.querySelector(".way"), this.views.way(this.message(id))];
    if (old && now && old.textContent === now.textContent) return;
    old?.remove();
    if (now) content.append(now);
    if (now && this.#items.get(id).tabIndex === 0) now.tabIndex = 0;
  }

  /** Lists what is pinned anew, if that has changed. */
  #pinned() {
    const pins = [...this.#messages.values()].filter((message) => message.pinned).map((message) => message.id).join(" ");
    if (pins === this.#pins) return;
    this.#pins = pins;
    this.views.draw();
  }

  #whoSees() {
    for (const shown of this.list.querySelectorAll(".answer")) whoSees(this, shown);
    whose(this, this.list);
    // Whoever is played now has voted otherwise.
    for (const message of this.#messages.values()) if (message.poll) this.#redraw(message, true);
  }

  #redraw(message, anyway = false) {
    const old = this.#items.get(message.id);
    const before = this.message(message.id);
    if (!anyway && JSON.stringify(before) === JSON.stringify(message)) return;
    const near = this.#atEnd;
    this.#messages.set(message.id, message);
    const shown = this.#drawn(message);
    const hadFocus = old.contains(document.activeElement);
    const key = hadFocus && document.activeElement.dataset.key;
    // What is attached stays as it is: loaded, uncovered, playing.
    if (JSON.stringify(before.attachments) === JSON.stringify(message.attachments)) {
      const media = old.querySelector(".media");
      if (media) shown.querySelector(".media")?.replaceWith(media);
    }
    shown.hidden = !this.views.shows(message);
    this.#items.set(message.id, shown);
    old.replaceWith(shown);
    together(this, shown);
    together(this, shown.nextElementSibling);
    if (old.tabIndex === 0) current(this.list, shown);
    if (hadFocus) ((key && shown.querySelector(`[data-key="${CSS.escape(key)}"]`)) || shown).focus({ preventScroll: true });
    const says = ({ text, attachments, edited }) => JSON.stringify([text, attachments, edited]);
    if (says(before) !== says(message)) shown.classList.add(message.by_bot ? "arrived" : "changed");
    this.#quoteAnew(message.id);
    if (near) this.#toEnd();
  }

  #take(id) {
    const shown = this.#items.get(id);
    if (!shown) return;
    this.#items.delete(id);
    this.#messages.delete(id);
    this.#gone.add(id);
    this.doing.forget(id);
    this.#quoteAnew(id);
    shown.classList.add("leaving");
    shown.inert = true;
    if (shown.tabIndex === 0) current(this.list, shown.previousElementSibling ?? shown.nextElementSibling);
    setTimeout(() => {
      const next = shown.nextElementSibling;
      shown.remove();
      together(this, next);
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
      this.doing.forget(oldest);
      shown.remove();
    }
  }

  #follow(event) {
    const id = linked(this, event);
    if (id === null) return;
    event.preventDefault();
    this.goTo(id);
  }

  #isNearEnd() {
    return this.list.scrollHeight - this.list.scrollTop - this.list.clientHeight < 120;
  }

  #scrolled() {
    const { scrollTop } = this.list;
    // A list that grew below, as its pictures came, was not left: only whoever scrolls up leaves its end.
    if (this.#isNearEnd()) this.#atEnd = true;
    else if (scrollTop < this.#last) this.#atEnd = false;
    this.#last = scrollTop;
    if (this.#atEnd) this.newer.hidden = true;
  }

  #toEnd() {
    this.list.scrollTop = this.list.scrollHeight;
  }
}
