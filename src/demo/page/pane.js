// One platform: its rooms, of which one is shown.

import { Room } from "./room.js";
import { avatar } from "./message.js";
import { el } from "./elements.js";

const NAMES = { discord: "Discord", slack: "Slack", telegram: "Telegram" };

/** A pane; `actions` are what its rooms can do, see `Room`. */
export class Pane {
  #tabs = new Map();
  #title = el("h2");
  #where = el("p");
  #face = el("span", { class: "face", hidden: true });
  #shown;

  constructor(given, { channel, most_attached: most }, actions) {
    this.platform = given.platform;
    this.account = given.account;
    this.people = given.people;
    this.bots = given.bots;
    this.channel = channel;
    this.most = most;
    const persons = new Map([...given.people, ...given.bots].map((one) => [one.id, one.name]));
    const names = new Map(given.rooms.map((room) => [room.id, room.name]));
    this.names = { person: (id) => persons.get(id), room: (id) => names.get(id) };
    this.rooms = given.rooms.map((room) => new Room(this, room, actions));
    this.state = el("span", { class: "state" }, "starting");
    this.#title.id = `${given.platform}-title`;
    const tabs = el("div", { class: "tabs", role: "tablist", "aria-label": `Rooms on ${NAMES[given.platform]}` });
    for (const room of this.rooms) {
      const tab = el("button", { type: "button", role: "tab", id: room.tab, class: "tab", "aria-controls": `${given.platform}-room`, onclick: () => this.show(room) }, room.short);
      this.#tabs.set(room, tab);
      tabs.append(tab);
    }
    tabs.addEventListener("keydown", (event) => this.#key(event));
    this.inside = el("div", { class: "inside", id: `${given.platform}-room`, role: "tabpanel" });
    this.element = el(
      "section",
      { class: `room ${given.platform}`, "aria-labelledby": `${given.platform}-title` },
      el(
        "header",
        { class: "head" },
        this.#face,
        el("div", { class: "where" }, this.#title, this.#where),
        el("div", { class: "which" }, el("span", { class: "platform" }, NAMES[given.platform]), this.state),
      ),
      tabs,
      this.inside,
    );
    this.show(this.rooms[0]);
  }

  /** The room that is shown. */
  get shown() {
    return this.#shown;
  }

  /** Shows one of its rooms. */
  show(room) {
    if (room === this.#shown) return;
    const before = this.#shown;
    before?.left();
    this.#shown = room;
    // Whoever is played goes along.
    if (before) room.composer.person = before.composer.person;
    for (const [one, tab] of this.#tabs) {
      tab.setAttribute("aria-selected", String(one === room));
      tab.tabIndex = one === room ? 0 : -1;
    }
    this.inside.setAttribute("aria-labelledby", room.tab);
    this.inside.replaceChildren(...room.parts);
    room.shown();
    this.news(room, 0);
    this.joined();
  }

  /** How many messages have come into a room that is not shown. */
  news(room, count) {
    const tab = this.#tabs.get(room);
    tab.replaceChildren(room.short);
    tab.classList.toggle("new", count > 0);
    if (count > 0) tab.append(el("span", { class: "unseen" }, `, ${count} new`));
  }

  /** Says again how its rooms are joined. */
  joined() {
    const room = this.#shown;
    const title = this.platform === "telegram" ? [room.name] : [el("span", { class: "hash", "aria-hidden": "true" }, "#"), room.name];
    this.#title.replaceChildren(...title);
    this.#title.setAttribute("aria-label", `${room.title}, on ${NAMES[this.platform]}`);
    const joined = room.channels.length ? `joined to ${room.channels.join(" and ")}` : "not joined";
    this.#where.replaceChildren(...(this.platform === "telegram" ? [] : [`${room.space} · `]), el("span", { class: room.channels.length ? "joined" : "apart" }, joined));
    this.#where.title = this.#where.textContent;
    if (this.platform === "telegram" && this.#face.dataset.name !== room.name) {
      this.#face.dataset.name = room.name;
      this.#face.replaceChildren(avatar(room.name));
      this.#face.hidden = false;
    }
    for (const [one, tab] of this.#tabs) tab.classList.toggle("linked", one.channels.length > 0);
  }

  #key(event) {
    const all = [...this.#tabs.keys()];
    const at = all.indexOf(this.#shown);
    const to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: all.length - 1 }[event.key];
    const room = to === undefined ? undefined : all.at(to % all.length);
    if (!room) return;
    event.preventDefault();
    this.show(room);
    this.#tabs.get(room).focus();
  }
}
