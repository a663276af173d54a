// Where somebody in a room types.

import { Offer } from "./commands.js";
import { el } from "./elements.js";

const calm = matchMedia("(prefers-reduced-motion: reduce)");
const pause = (ms) => new Promise((done) => setTimeout(done, ms));
/** Between two letters, and before what was typed is sent, in milliseconds. */
const LETTER = 28;
const BREATH = 450;

/** A composer; `send({ person, text, mode })` says, edits or answers. */
export class Composer {
  #mode = null;
  #offer;
  #send;
  #people;

  constructor(room, send) {
    this.#send = send;
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
    const button = el("button", { class: "send", type: "submit", "aria-label": `Send in ${room.title}` }, arrow());
    const form = el(
      "form",
      { class: "composer", onsubmit: (event) => this.#submit(event) },
      this.#offer.list,
      this.#offer.said,
      this.mode,
      el("div", { class: "row" }, el("label", { class: "who" }, el("span", {}, "as"), this.#people), this.text, button),
      this.error,
    );
    this.text.addEventListener("keydown", (event) => this.#key(event));
    this.text.addEventListener("input", () => this.#changed());
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

  /** Says something as somebody. */
  async say(person, text) {
    return this.#send({ person, text, mode: null });
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
    this.#people.disabled = false;
    this.#fit();
    this.text.focus();
  }

  #put(text) {
    this.text.value = text;
    this.text.setSelectionRange(text.length, text.length);
    this.#changed();
  }

  #changed() {
    // What was said about the last text is not about this one.
    this.error.textContent = "";
    this.onInput?.();
    if (this.#mode?.kind === "edit") this.#offer.close();
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
    if (!text.trim()) return;
    const mode = this.#mode;
    this.text.value = "";
    this.error.textContent = "";
    this.#offer.close();
    this.#leave(false);
    try {
      await this.#send({ person: this.#people.value, text, mode });
    } catch (error) {
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

function arrow() {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 20 20");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", "M3 3.5 17.5 10 3 16.5l1.6-5.2L11 10 4.600 8.700z");
  svg.append(path);
  return svg;
}
