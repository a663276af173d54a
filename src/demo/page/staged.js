// A command and its answer, in the manner of a platform, as whoever gave it sees it.

import { copyable } from "./answer.js";
import { RELAY, avatar, body } from "./message.js";
import { el, hue, icon, time } from "./elements.js";

/** A platform of the world in which the commands are given. */
export class Staged {
  #platform;
  #rooms;
  #names;

  constructor({ platform, people, bots, rooms }) {
    const persons = new Map([...people, ...bots].map((one) => [one.id, one.name]));
    this.#platform = platform;
    this.#rooms = new Map(rooms.map((room) => [room.id, room]));
    this.#names = { person: (id) => persons.get(id), room: (id) => this.#rooms.get(id)?.name };
  }

  /** Somebody's command, with all that is answered. */
  line(line) {
    const { person, room, typed, answers = [], refused } = line;
    const where = this.#where(room);
    const shown = el(
      "article",
      { class: "exchange", "aria-label": `${person.name} in ${where}: ${line.entry ? `${this.#entry(line.entry)}, on a message` : typed}` },
      el("p", { class: "scene-of" }, el("b", {}, where), el("span", {}, person.manages ? `${person.name}, who manages it` : person.name)),
      ...this.#ask(line),
    );
    if (refused) shown.append(el("p", { class: "failed" }, refused));
    else if (!answers.length) shown.append(el("p", { class: "failed" }, "No answer came."));
    for (const answer of answers) shown.append(this.#answer(line, answer));
    return shown;
  }

  #where(id) {
    const room = this.#rooms.get(id);
    if (!room) return "Relay, in a chat of their own";
    return this.#platform === "telegram" ? room.name : `#${room.name}`;
  }

  /** What an entry of a message's menu is called. */
  #entry(entry) {
    return RELAY.find(([, { shortcut }]) => shortcut.slack === entry)?.[0] ?? entry;
  }

  /** How somebody sees what they have asked. */
  #ask(line) {
    switch (this.#platform) {
      case "telegram":
        return [line.about && this.#said(line.about, line.person), line.asked && this.#own(line)].filter(Boolean);
      case "slack":
        return line.entry ? [this.#chosen(line, "⋮")] : [el("p", { class: "typed" }, el("span", { class: "unseen" }, `${line.person.name} types `), line.typed)];
      default:
        return line.entry ? [this.#chosen(line, "Apps")] : [];
    }
  }

  /** A message, and what was chosen in its menu. */
  #chosen({ about, entry }, menu) {
    const way = el("p", { class: "chosen" }, el("span", {}, menu), el("span", { "aria-hidden": "true" }, "›"), el("b", {}, this.#entry(entry)));
    return el("div", { class: "with-menu" }, about ? this.#said(about) : "", way);
  }

  /** A message of somebody, as another person sees it. */
  #said(message, person) {
    if (this.#platform === "telegram" && message.author === person?.name) return this.#own({ asked: message });
    const author = el("span", { class: "author" }, message.author);
    author.style.setProperty("--hue", hue(message.author));
    const when = el("span", { class: "when" }, time(message.at));
    const content = el("div", { class: "content" }, el("div", { class: "head" }, author, this.#platform === "telegram" ? "" : when), el("div", { class: "said-before" }, body(this.#platform, message, this.#names)));
    if (this.#platform === "telegram") content.append(when);
    return el("div", { class: "message" }, avatar(message.author), content);
  }

  /** On Telegram a command is a message like any. */
  #own({ asked, about }) {
    const when = el("span", { class: "when" }, time(asked.at), el("span", { "aria-hidden": "true" }, " ✓✓"));
    const text = el("div", { class: "text" }, el("div", { class: "said-before" }, body(this.#platform, asked, this.#names)));
    return el("div", { class: "message mine" }, el("div", { class: "content" }, about ? this.#quote(about) : "", text, when));
  }

  #quote(message) {
    const holder = el("div");
    holder.append(body(this.#platform, message, this.#names));
    return el("p", { class: "answers" }, el("b", {}, message.author), el("span", {}, holder.textContent));
  }

  #answer(line, message) {
    const said = el("div", { class: "said" }, body(this.#platform, message, this.#names));
    copyable(said);
    const author = el("span", { class: "author" }, message.author);
    author.style.setProperty("--hue", hue(message.author));
    const buttons = offered(message);
    const when = el("span", { class: "when" }, time(message.at));
    const face = avatar(message.author, "/icon.svg");
    if (this.#platform === "telegram") {
      const text = el("div", { class: "text" }, said);
      const content = el("div", { class: "content" }, el("div", { class: "head" }, author, el("span", { class: "badge" }, "bot")), message.reply_to && line.asked ? this.#quote(line.asked) : "", text, when);
      const bubble = el("div", { class: "message by-bot" }, face, el("div", { class: "stack" }, content, buttons ?? ""));
      return el("div", { class: "shown" }, bubble, el("p", { class: "seen-by" }, message.room === line.room ? "Everybody in the group sees this" : `Only ${line.person.name} sees this`));
    }
    const head = el("div", { class: "head" }, author, el("span", { class: "badge" }, "APP"), when);
    const isSlack = this.#platform === "slack";
    const only = message.only_for ? el("p", { class: "only" }, eye(), el("span", {}, isSlack ? "Only visible to you" : "Only you can see this")) : el("p", { class: "only" }, "Everybody in the channel sees this");
    // Discord says above the answer what was used, and below it who sees it; Slack the latter above.
    const used = isSlack || line.entry ? "" : el("p", { class: "used" }, avatar(line.person.name), el("b", {}, line.person.name), " used ", el("code", {}, line.typed));
    const parts = isSlack ? [only, head, said, buttons] : [head, said, buttons, only];
    return el("div", { class: "shown" }, used, el("div", { class: "answer" }, face, el("div", { class: "content" }, ...parts.filter(Boolean))));
  }
}

/** What can be clicked below an answer. Here it is only shown. */
function offered({ buttons }) {
  if (!buttons?.length) return null;
  const all = buttons.map(({ label, grave }) => el("span", { class: `offered${grave ? " grave" : ""}` }, label));
  return el("div", { class: "offers", role: "group", "aria-label": "Buttons" }, ...all);
}

const eye = () => icon("M1.5 10C3.5 6.3 6.5 4.5 10 4.5s6.5 1.8 8.5 5.5c-2 3.7-5 5.5-8.5 5.5S3.5 13.7 1.5 10zM10 7.2a2.8 2.8 0 1 0 0 5.6 2.8 2.8 0 0 0 0-5.6z", "evenodd");
