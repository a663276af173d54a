// What somebody is about to attach.

import { el } from "./elements.js";
import { size } from "./media.js";

/** The files of the next message. */
export class Tray {
  #most;
  #chosen = [];
  #refuse;

  /** At most so many bytes together; `refuse(why)` says what does not fit. */
  constructor(most, refuse) {
    this.#most = most;
    this.#refuse = refuse;
    this.element = el("ul", { class: "tray", "aria-label": "Attached", hidden: true });
    this.input = el("input", { type: "file", multiple: true, class: "unseen", tabindex: "-1", "aria-hidden": "true" });
    this.input.addEventListener("change", () => {
      this.add(this.input.files);
      this.input.value = "";
    });
  }

  /** Whether nothing is in it. */
  get isEmpty() {
    return !this.#chosen.length;
  }

  /** Adds files, where they fit. */
  async add(files) {
    for (const file of files) {
      const taken = this.#chosen.reduce((sum, one) => sum + one.bytes, 0);
      if (taken + file.size > this.#most) {
        this.#refuse(`${file.name} (${size(file.size)}) does not fit: this page takes at most ${size(this.#most)} a message.`);
        continue;
      }
      const chosen = { bytes: file.size, name: file.name || "picture.png", kind: kind(file.type), mime: file.type, url: "", spoiler: false, alt: "" };
      this.#chosen.push(chosen);
      chosen.url = await read(file);
      this.#draw();
    }
  }

  /** Empties it; answers what was in it, as a platform is told. */
  take() {
    const taken = this.#chosen.filter((one) => one.url);
    this.#chosen = [];
    this.#draw();
    const given = ({ name, kind, mime, url, spoiler, alt }) => ({ name, kind, mime, spoiler, alt, content: url.slice(url.indexOf(",") + 1) });
    return { files: taken.map(given), back: () => this.#back(taken) };
  }

  #back(taken) {
    this.#chosen.unshift(...taken);
    this.#draw();
  }

  #draw() {
    this.element.hidden = this.isEmpty;
    this.element.replaceChildren(...this.#chosen.map((one) => this.#item(one)));
  }

  #item(one) {
    const isPicture = one.kind === "image" && one.url;
    const spoiler = el("button", { type: "button", "aria-pressed": String(one.spoiler) }, "Spoiler");
    spoiler.addEventListener("click", () => spoiler.setAttribute("aria-pressed", String((one.spoiler = !one.spoiler))));
    const alt = el("input", { type: "text", value: one.alt, maxlength: "200", placeholder: "What does it show?", "aria-label": `What ${one.name} shows` });
    alt.addEventListener("input", () => (one.alt = alt.value));
    const away = el("button", { type: "button", class: "away", "aria-label": `Do not attach ${one.name}` }, "×");
    away.addEventListener("click", () => {
      this.#chosen = this.#chosen.filter((other) => other !== one);
      this.#draw();
    });
    const about = el("span", { class: "about" }, el("b", {}, one.name), el("span", {}, size(one.bytes)));
    return el("li", {}, isPicture ? el("img", { src: one.url, alt: "" }) : null, about, ...(isPicture ? [alt, spoiler] : []), away);
  }
}

/** Files that are dropped on an element or pasted into a field go into a tray. */
export function takes(element, field, tray) {
  const hasFiles = (event) => event.dataTransfer?.types.includes("Files");
  element.addEventListener("dragover", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    element.classList.add("dropping");
  });
  element.addEventListener("dragleave", (event) => {
    if (!element.contains(event.relatedTarget)) element.classList.remove("dropping");
  });
  element.addEventListener("drop", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    element.classList.remove("dropping");
    tray.add(event.dataTransfer.files);
  });
  field.addEventListener("paste", (event) => {
    if (!event.clipboardData.files.length) return;
    event.preventDefault();
    tray.add(event.clipboardData.files);
  });
}

function kind(mime) {
  const [family] = mime.split("/");
  return ["image", "video", "audio"].includes(family) && mime !== "image/svg+xml" ? family : "file";
}

function read(file) {
  return new Promise((done, failed) => {
    const reader = new FileReader();
    reader.addEventListener("load", () => done(reader.result));
    reader.addEventListener("error", () => failed(reader.error));
    reader.readAsDataURL(file);
  });
}
