// Where somebody in a room types.

import { Tray, takes } from "./attach.js";
import { Offer, isCommand } from "./commands.js";
import { el, icon } from "./elements.js";
import { menu } from "./menu.js";

const calm = matchMedia("(prefers-reduced-motion: reduce)");
const pause = (ms) => new Promise((done) => setTimeout(done, ms));
/** Between two letters, and before what was typed is sent, in milliseconds. */
const LETTER = 28;
const BREATH = 450;

/** A composer; `send({ person, text, mode, files })` says, edits, answers or opens a thread. */
export class Composer {
  #mode = null;
  #offer;
  #send;
  #people;
  #tray;
  #placeholder;

  /** `more()` answers what else can be made than text, as entries of a menu. */
  constructor(room, send, more) {
    this.#send = send;
    this.#placeholder = room.placeholder;
    const id = (what) => `${room.platform}-${what}`;
    this.#people = el("select", { id: id("as"), class: "as", "aria-label": `Who types in ${room.title}`, onchange: () => this.onPerson?.() });
    for (const person of room.people) this.#people.append(el("option", { value: person.name }, person.name));
    this.text = el("textarea", {
      id: id("text"),
      rows: "1",
      placeholder: room.placeholder,
      "aria-label": `Message in ${room.title}`,
      "aria-describedby": id("error"),
      autocomplete: "off",
    });
    this.#offer = new Offer(this.text, id("commands"), room.channel, (command) => this.#put(command));
    this.mode = el("p", { class: "mode", hidden: true });
    this.error = el("p", { class: "error", id: id("error"), role: "alert" });
    this.#tray = new Tray(room.most, (why) => (this.error.textContent = why));
    const plus = el("button", { class: "plus", type: "button", "aria-haspopup": "menu", "aria-label": `Attach and more in ${room.title}` }, icon("M9 3h2v6h6v2h-6v6H9v-6H3V9h6z"));
    plus.addEventListener("click", () => menu(plus, `Attach and more in ${room.title}`, [["Attach files", () => this.#tray.input.click()], ...more(), ["Relay’s commands", () => this.#commands()]]));
    const button = el("button", { class: "send", type: "submit", "aria-label": `Send in ${room.title}` }, arrow());
    const form = el(
      "form",
      { class: "composer", onsubmit: (event) => this.#submit(event) },
      this.#offer.list,
      this.#offer.said,
      this.mode,
      this.#tray.element,
      el("div", { class: "row" }, el("label", { class: "who" }, el("span", {}, "as"), this.#people), plus, this.text, button),
      this.#tray.input,
      this.error,
    );
    this.text.addEventListener("keydown", (event) => this.#key(event));
    this.text.addEventListener("input", () => this.#changed());
    takes(form, this.text, this.#tray);
    this.element = form;
  }

  /** Who types. */
  get person() {
    return this.#people.value;
  }

  set person(name) {
    if (this.#people.disabled || this.person === name) return;
    this.#people.value = name;
    this.onPerson?.();
  }

  /** What the empty field says. */
  set placeholder(text) {
    this.#placeholder = text;
    if (this.#mode?.kind !== "open") this.text.placeholder = text;
  }

  /** Says something as somebody. */
  async say(person, text, files) {
    return this.#send({ person, text, mode: null, files });
  }

  /** The same, typed letter by letter. */
  async type(person, text) {
    if (this.#mode) this.#leave(true);
    this.person = person;
    const draft = this.text.value;
    for (let end = calm.matches ? text.length : 1; end <= text.length; end += 1) {
      this.text.value = text.slice(0, end);
      this.#fit();
      await pause(LETTER);
    }
    await pause(BREATH);
    // Whatever the visitor had begun.
    this.text.value = draft;
    this.#fit();
    return this.say(person, text);
  }

  /** Answers a message. */
  reply(id, author) {
    this.#enter({ kind: "reply", id }, `Answering ${author}`);
  }

  /** Changes a message of somebody's. */
  edit(id, author, text) {
    this.#people.value = author;
    this.#enter({ kind: "edit", id }, `Editing what ${author} said`);
    this.text.value = text;
    this.#fit();
  }

  /** Names a thread, from a message or on its own. */
  name(id, author) {
    this.#enter({ kind: "open", id }, author ? `A thread from what ${author} said: what is it called?` : "What is it called?");
    this.text.placeholder = "Its name";
  }

  #enter(mode, label) {
    this.#mode = mode;
    this.#people.disabled = mode.kind === "edit";
    const cancel = el("button", { type: "button", class: "cancel", onclick: () => this.#leave(true) }, "Cancel");
    this.mode.replaceChildren(label, " ", cancel);
    this.mode.hidden = false;
    this.error.textContent = "";
    this.text.focus();
  }

  #leave(clear) {
    if (clear && this.#mode?.kind === "edit") this.text.value = "";
    this.#mode = null;
    this.mode.hidden = true;
    this.text.placeholder = this.#placeholder;
    this.#people.disabled = false;
    this.#fit();
    this.text.focus();
  }

  #commands() {
    if (this.#mode) this.#leave(true);
    this.text.focus();
    this.#put("/");
  }

  #put(text) {
    this.text.value = text;
    this.text.setSelectionRange(text.length, text.length);
    this.#changed();
  }

  #changed() {
    // What was said about the last text is not about this one.
    this.error.textContent = "";
    this.onInput?.(Boolean(this.text.value) && !isCommand(this.text.value));
    if (this.#mode?.kind === "edit" || this.#mode?.kind === "open") this.#offer.close();
    else this.#offer.look();
    this.#fit();
  }

  #key(event) {
    if (this.#offer.key(event)) return;
    if (event.key === "Escape" && this.#mode) this.#leave(true);
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    this.element.requestSubmit();
  }

  async #submit(event) {
    event.preventDefault();
    const text = this.text.value;
    const mode = this.#mode;
    const withFiles = mode?.kind !== "edit" && mode?.kind !== "open" && !this.#tray.isEmpty;
    if (!text.trim() && !withFiles) return;
    const { files, back } = withFiles ? this.#tray.take() : { files: [] };
    this.text.value = "";
    this.error.textContent = "";
    this.#offer.close();
    this.#leave(false);
    try {
      await this.#send({ person: this.#people.value, text, mode, files });
    } catch (error) {
      back?.();
      // What was typed comes back, unless something else was typed meanwhile.
      if (!this.text.value) this.text.value = text;
      this.error.textContent = error.message;
    }
    this.#fit();
  }

  #fit() {
    this.text.style.height = "auto";
    this.text.style.height = `${Math.min(this.text.scrollHeight, 140)}px`;
  }
}

const arrow = () => icon("M3 3.5 17.5 10 3 16.5l1.6-5.2L11 10 4.600 8.700z");
