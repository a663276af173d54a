// Every command on every platform: given by people of a world of their own, and drawn as each platform shows it to them.

import { el } from "./elements.js";
import { commands } from "./server.js";
import { Staged } from "./staged.js";

/** Behind the `#` of the address, when this is shown. */
const HASH = "#commands";
/** The languages that Relay speaks. */
const LANGUAGES = { en: "English", de: "Deutsch" };
const NAMES = { discord: "Discord", slack: "Slack", telegram: "Telegram" };

/** Shown instead of the rooms while the address says so. */
export class Rehearsal {
  #element = document.getElementById("commands");
  #away = ["tries", "channel", "rooms"].map((id) => document.getElementById(id));
  #scenes = el("div", { class: "scenes" });
  #names = el("nav", { class: "words", "aria-label": "Commands" });
  #said = el("p", { class: "asking", role: "status" });
  #again = el("button", { type: "button", onclick: () => this.#ask() }, "Ask again");
  #languages;
  /** What was shown in each language. */
  #seen = new Map();
  #language = "en";
  #title = document.title;

  constructor() {
    const heading = el("h2", { id: "commands-title", tabindex: "-1" }, "Every command, on every platform");
    const what = el("p", { class: "what" }, "People in a world made for this have just given each command. What you see is what their platform shows them.");
    const platforms = pick("Platforms", "platform", { all: "All", ...NAMES }, "all", (value) => (this.#element.dataset.only = value));
    this.#languages = pick("Language of those who ask", "language", LANGUAGES, this.#language, (value) => this.#speak(value));
    const choices = el("div", { class: "choose" }, platforms, this.#languages, this.#again, this.#said);
    this.#element.append(el("a", { class: "back", href: "#" }, "‹ Back to the rooms"), heading, what, choices, el("div", { class: "book" }, this.#names, this.#scenes));
    window.addEventListener("hashchange", () => this.#look(true));
    this.#look(false);
  }

  #look(moved) {
    const shown = location.hash === HASH;
    if (shown !== this.#element.hidden) return;
    this.#element.hidden = !shown;
    for (const other of this.#away) other.hidden = shown;
    document.body.classList.toggle("with-commands", shown);
    document.title = shown ? "Relay demo: every command" : this.#title;
    if (!shown) {
      if (moved) document.getElementById("to-commands").focus();
      return;
    }
    scrollTo(0, 0);
    if (moved) document.getElementById("commands-title").focus({ preventScroll: true });
    this.#speak(this.#language);
  }

  /** Shows the answers in a language, which may have to be asked for. */
  #speak(language) {
    this.#language = language;
    const seen = this.#seen.get(language);
    if (seen) this.#draw(seen);
    else this.#ask();
  }

  async #ask() {
    const language = this.#language;
    this.#busy(true);
    this.#tell("Relay is asked everything, which takes some seconds …");
    try {
      this.#seen.set(language, await commands(language));
      this.#draw(this.#seen.get(language));
      this.#tell("");
    } catch (error) {
      this.#scenes.replaceChildren();
      this.#names.replaceChildren();
      this.#tell(`The commands could not be given: ${error.message}`, true);
    }
    this.#busy(false);
  }

  #busy(is) {
    this.#again.disabled = is;
    this.#languages.disabled = is;
    this.#element.setAttribute("aria-busy", String(is));
  }

  #tell(text, failed = false) {
    this.#said.textContent = text;
    this.#said.classList.toggle("failed", failed);
  }

  #draw({ platforms, scenes }) {
    this.#scenes.lang = this.#language;
    const stages = new Map(platforms.map((one) => [one.platform, new Staged(one)]));
    this.#scenes.replaceChildren(...scenes.map((one) => scene(one, stages)));
    this.#names.replaceChildren(
      ...scenes.map(({ word }) => el("button", { type: "button", onclick: () => goTo(word) }, word)),
    );
  }
}

/** A choice of one; `chosen(value)` hears of it. */
function pick(legend, name, all, first, chosen) {
  const one = ([value, label]) => {
    const radio = el("input", { type: "radio", name: `pick-${name}`, value, checked: value === first });
    radio.addEventListener("change", () => chosen(value));
    return el("label", {}, radio, el("span", {}, label));
  };
  return el("fieldset", { class: "pick" }, el("legend", { class: "unseen" }, legend), ...Object.entries(all).map(one));
}

function scene({ word, about, seen }, stages) {
  const id = `command-${word}`;
  const all = seen.map(({ platform, lines }) =>
    el(
      "section",
      { class: `room staged ${platform}`, "data-word": word, "data-platform": platform, "aria-label": `${NAMES[platform]}: /relay ${word}` },
      el("h4", { class: "of" }, NAMES[platform]),
      ...lines.map((line) => stages.get(platform).line(line)),
    ),
  );
  return el("section", { class: "scene", "aria-labelledby": id }, el("h3", { id, tabindex: "-1" }, el("code", {}, `/relay ${word}`), " ", el("span", {}, about)), el("div", { class: "beside" }, ...all));
}

function goTo(word) {
  const heading = document.getElementById(`command-${word}`);
  heading.scrollIntoView({ block: "start", behavior: "smooth" });
  heading.focus({ preventScroll: true });
}
