// The line that says that somebody is typing elsewhere.

import { el } from "./elements.js";

/** How long it is shown, in milliseconds; platforms repeat it more often. */
const SHOWN = 6_000;

/** Follows how often somebody was shown as typing. */
export class Typing {
  /** How often it was somebody else; null before it is known. */
  #others = null;
  #own = 0;
  #ends = 0;

  constructor() {
    this.element = el("p", { class: "typing", "aria-hidden": "true" });
  }

  /** So often by now. */
  heard(count) {
    const others = count - this.#own;
    const again = this.#others !== null && others > this.#others;
    this.#others = Math.max(others, this.#others ?? 0);
    if (!again) return;
    clearTimeout(this.#ends);
    this.element.textContent = "Somebody is typing …";
    this.#ends = setTimeout(() => this.stop(), SHOWN);
  }

  /** It will be once more, by somebody who is played here. */
  own() {
    this.#own += 1;
  }

  /** What was typed is there. */
  stop() {
    clearTimeout(this.#ends);
    this.element.textContent = "";
  }
}
