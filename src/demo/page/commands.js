// Relay's commands, offered while somebody types one.

import { el } from "./elements.js";

/** Whether a text is a command of Relay's. */
export const isCommand = (text) => /^\/relay(\s|$)/.test(text);

/** What is written, and what it does. */
const COMMANDS = (channel) => [
  ["/relay status", "how this room is joined"],
  [`/relay connect ${channel}`, `join this room to ${channel}`],
  ["/relay disconnect", "take this room out again"],
  ["/relay approve ", "let a room in, with its code", "CODE"],
  ["/relay help", "what there is"],
  ["/relay privacy", "what is shared of you"],
  ["/relay pause", "keep back what is said elsewhere"],
  ["/relay resume", "show what was kept back, and go on"],
  ["/relay mute ", "show nothing new of somebody elsewhere", "NAME"],
  ["/relay unmute ", "show them again", "NAME"],
  ["/relay template", "how people elsewhere are named here"],
  ["/relay consent", "what you allow in particular"],
  ["/relay link", "your accounts elsewhere"],
  ["/relay unlink", "this account alone again"],
  ["/relay name", "by which of your names you are shown elsewhere"],
  ["/relay export", "all that is kept of you"],
  ["/relay forget", "have everything of yours deleted"],
];

/** A list above a text field. `fill(text)` puts a command into it. */
export class Offer {
  #text;
  #fill;
  #all;
  #options = [];
  #at = -1;
  /** Put away with Escape, until the text is another. */
  #away = null;

  constructor(text, id, channel, fill) {
    this.#text = text;
    this.#fill = fill;
    this.#all = COMMANDS(channel);
    this.list = el("ul", { class: "offer", id, role: "listbox", "aria-label": "Relay’s commands", hidden: true });
    this.said = el("span", { class: "unseen", role: "status" });
    text.setAttribute("aria-autocomplete", "list");
    text.setAttribute("aria-haspopup", "listbox");
    text.setAttribute("aria-controls", id);
    text.addEventListener("blur", () => this.close());
    // The text keeps the focus.
    this.list.addEventListener("pointerdown", (event) => event.preventDefault());
  }

  /** Offers what begins like the text. */
  look() {
    const typed = this.#text.value.toLowerCase();
    const begins = ([command]) => command.startsWith(typed) && command !== typed;
    const found = typed.startsWith("/") && typed !== this.#away ? this.#all.filter(begins) : [];
    this.#options = found.map(([command, what, rest = ""], at) => {
      const option = el("li", { role: "option", id: `${this.list.id}-${at}`, "aria-selected": "false" }, el("b", {}, command.trim(), rest && ` ${rest}`), el("span", {}, what));
      option.addEventListener("click", () => this.#take(command));
      option.dataset.command = command;
      return option;
    });
    this.list.replaceChildren(...this.#options);
    const before = this.list.hidden;
    this.list.hidden = !found.length;
    this.#choose(-1);
    if (found.length) this.said.textContent = `${found.length} command${found.length > 1 ? "s" : ""}. Arrow keys choose, Tab completes.`;
    else if (!before) this.said.textContent = "";
  }

  /** Takes a key that is meant for the list. */
  key(event) {
    if (this.list.hidden || event.isComposing) return false;
    const last = this.#options.length - 1;
    switch (event.key) {
      case "ArrowDown":
        this.#choose(this.#at < last ? this.#at + 1 : 0);
        break;
      case "ArrowUp":
        this.#choose(this.#at > 0 ? this.#at - 1 : last);
        break;
      case "Enter":
        if (this.#at < 0 || event.shiftKey) return false;
        this.#take(this.#options[this.#at].dataset.command);
        break;
      case "Tab":
        if (event.shiftKey) return false;
        this.#take(this.#options[Math.max(this.#at, 0)].dataset.command);
        break;
      case "Escape":
        this.#away = this.#text.value.toLowerCase();
        this.close();
        break;
      default:
        return false;
    }
    event.preventDefault();
    return true;
  }

  /** Offers nothing any more. */
  close() {
    this.list.hidden = true;
    this.said.textContent = "";
    this.#choose(-1);
  }

  #choose(at) {
    this.#at = at;
    this.#options.forEach((option, one) => option.setAttribute("aria-selected", String(one === at)));
    const chosen = this.#options[at];
    if (chosen) this.#text.setAttribute("aria-activedescendant", chosen.id);
    else this.#text.removeAttribute("aria-activedescendant");
    chosen?.scrollIntoView({ block: "nearest" });
  }

  #take(command) {
    this.#fill(command);
    this.close();
  }
}
