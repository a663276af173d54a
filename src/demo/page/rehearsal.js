// Every command on every platform: given by people of a world of their own, and drawn as each platform shows it to them.

import { el } from "./elements.js";
import { commands } from "./server.js";
import { Staged } from "./staged.js";

/** Behind the `#` of the address, when this is shown. */
const HASH = "#commands";
const NAMES = { discord: "Discord", slack: "Slack", telegram: "Telegram" };

/** Shown instead of the rooms while the address says so. */
export class Rehearsal {
  #element = document.getElementById("commands");
  #away = ["tries", "channel", "rooms"].map((id) => document.getElementById(id));
  #scenes = el("div", { class: "scenes" });
  #names = el("nav", { class: "words", "aria-label": "Commands" });
  #said = el("p", { class: "asking", role: "status" });
  #again = el("button", { type: "button", onclick: () => this.#ask() }, "Ask again");
  #asked = false;
  #title = document.title;

  constructor() {
    const heading = el("h2", { id: "commands-title", tabindex: "-1" }, "Every command, on every platform");
    const what = el("p", { class: "what" }, "People in a world made for this have just given each command. What you see is what their platform shows them.");
    const choices = el("div", { class: "choose" }, this.#platforms(), this.#again, this.#said);
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
    if (!this.#asked) this.#ask();
  }

  async #ask() {
    this.#asked = true;
    this.#again.disabled = true;
    this.#element.setAttribute("aria-busy", "true");
    this.#tell("Relay is asked everything, which takes some seconds …");
    try {
      this.#draw(await commands());
      this.#tell("");
    } catch (error) {
      this.#scenes.replaceChildren();
      this.#names.replaceChildren();
      this.#tell(`The commands could not be given: ${error.message}`, true);
    }
    this.#again.disabled = false;
    this.#element.removeAttribute("aria-busy");
  }

  #tell(text, failed = false) {
    this.#said.textContent = text;
    this.#said.classList.toggle("failed", failed);
  }

  #draw({ platforms, scenes }) {
    const stages = new Map(platforms.map((one) => [one.platform, new Staged(one)]));
    this.#scenes.replaceChildren(...scenes.map((one) => scene(one, stages)));
    this.#names.replaceChildren(
      ...scenes.map(({ word }) => el("button", { type: "button", onclick: () => goTo(word) }, word)),
    );
  }

  /** Which platforms are shown: all beside each other, or one. */
  #platforms() {
    const one = (value, label) => {
      const radio = el("input", { type: "radio", name: "shown-platform", value, checked: value === "all" });
      radio.addEventListener("change", () => (this.#element.dataset.only = value));
      return el("label", {}, radio, el("span", {}, label));
    };
    const all = Object.entries(NAMES).map(([value, label]) => one(value, label));
    return el("fieldset", { class: "pick" }, el("legend", { class: "unseen" }, "Platforms"), one("all", "All"), ...all);
  }
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
