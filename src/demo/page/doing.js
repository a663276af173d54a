// What people do in a room, as its platform is told.

import { isCommand } from "./commands.js";

/** How long an answer to a command is waited for, in milliseconds. */
const PATIENCE = 15_000;
/** How often a platform is told that somebody goes on typing, in milliseconds. */
const TYPING = 5_000;
const NO_DELETES = "Telegram tells no bot about deletions, so Relay cannot know: in the other rooms the message stays. Answering it with /relay delete takes it away everywhere.";

/** Acts of people in one room. */
export class Doing {
  #room;
  #act;
  /** What was typed on this page, as it was typed. */
  #typed = new Map();
  /** Who waits for an answer of Relay's. */
  #waiting = [];
  /** What each person chose in a poll, which the platform tells nobody else. */
  #votes = new Map();
  #typing = -TYPING;

  constructor(room, act) {
    this.#room = room;
    this.#act = (what) => act(room, { room: room.id, ...what });
  }

  /** What somebody wrote for a message, if it was on this page. */
  typed(id) {
    return this.#typed.get(id);
  }

  /** A message is gone. */
  forget(id) {
    this.#typed.delete(id);
    for (const key of [...this.#votes.keys()]) if (key.startsWith(`${id}/`)) this.#votes.delete(key);
  }

  /** Says something, answers, edits, names a thread or gives a command, as the composer's `mode` has it; answers the native id. */
  async send({ person, text, mode, files = [], thread: given }) {
    const { platform, views } = this.#room;
    // The next letter is told at once.
    this.#typing = -TYPING;
    const command = isCommand(text) && mode?.kind !== "edit" && mode?.kind !== "open";
    // Telegram has no commands apart from messages; only so one can answer a message.
    if (command && !(platform === "telegram" && mode)) return this.#act({ do: "command", person, text });
    if (mode?.kind === "edit") {
      await this.#act({ do: "edit", person, message: mode.id, text });
      this.#typed.set(mode.id, text);
      return mode.id;
    }
    if (mode?.kind === "open") {
      const opened = await this.open(person, text, mode.id);
      views.open(opened);
      return opened;
    }
    const thread = given ?? (mode ? views.of(this.#room.message(mode.id)) : views.current) ?? undefined;
    const id = await this.#act({ do: "say", person, text, reply_to: mode?.id, thread: platform === "slack" && mode ? undefined : thread, files });
    this.#typed.set(id, text);
    return id;
  }

  /** Answers as somebody. */
  answer(person, id, text) {
    return this.send({ person, text, mode: { kind: "reply", id } });
  }

  /** Changes what somebody said. */
  rewrite(person, id, text) {
    return this.send({ person, text, mode: { kind: "edit", id } });
  }

  /** Opens a thread or topic; answers its id. */
  open(person, name, message) {
    // In a forum something is said at once.
    const text = this.#room.forum && this.#room.platform === "discord" ? name : undefined;
    return this.#act({ do: "open", person, message, name, text });
  }

  /** Asks a poll; answers its message's id. */
  ask(person, { question, answers, multiple = false }) {
    return this.#act({ do: "ask", person, question, answers, multiple });
  }

  /** Gives a command as somebody, typed for all to see, and answers what Relay answers. */
  async command(person, text) {
    const heard = new Promise((done, failed) => {
      this.#waiting.push({ person, done });
      setTimeout(() => failed(new Error(`Relay did not answer ${text} within ${PATIENCE / 1000} s.`)), PATIENCE);
    });
    // Typing may fail first; then nobody waits.
    heard.catch(() => {});
    await this.#room.composer.type(person, text);
    return heard;
  }

  /** Relay has answered a command. */
  answered(person, text) {
    const waits = this.#waiting.findIndex((one) => one.person === person);
    if (waits >= 0) this.#waiting.splice(waits, 1)[0].done(text);
  }

  /** Reacts as somebody, or takes it back. */
  react(message, emoji, on, person = this.#room.composer.person) {
    return this.#try({ do: "react", person, message, emoji, on });
  }

  /** Pins a message, or unpins it. */
  pin(message, on) {
    return this.#try({ do: "pin", person: this.#room.composer.person, message, on });
  }

  /** Passes a message on into another room of the platform. */
  async forward(message, other) {
    if (await this.#try({ do: "forward", person: this.#room.composer.person, message, to: other.id })) this.#room.tell(`Forwarded to ${other.short}.`);
  }

  /** Deletes. */
  async remove(message, person) {
    if ((await this.#try({ do: "delete", person, message })) && this.#room.platform === "telegram") this.#room.tell(NO_DELETES);
  }

  /** Takes a file away from a message. */
  removeFile(message, place) {
    return this.#try({ do: "remove_files", person: message.author, message: message.id, files: [place] });
  }

  /** Asks Relay about a message: from its menu, or as an answer where a message has no menu for bots. */
  relay(message, { word, shortcut }) {
    const person = this.#room.composer.person;
    const chosen = shortcut[this.#room.platform];
    if (chosen) return this.#try({ do: "command", person, text: `shortcut:${chosen} ${message}` });
    return this.#try({ do: "say", person, text: `/relay ${word}`, reply_to: message });
  }

  /** What whoever is played has chosen in a poll. */
  votes(message) {
    return this.#votes.get(`${message}/${this.#room.composer.person}`) ?? new Set();
  }

  /** Votes in a poll, or takes the vote back. */
  async vote({ id, poll }, at, person = this.#room.composer.person) {
    const before = this.#votes.get(`${id}/${person}`) ?? new Set();
    const now = new Set(poll.multiple ? before : []);
    if (before.has(at)) now.delete(at);
    else now.add(at);
    // Known before the platform's change arrives, which draws the poll anew.
    this.#votes.set(`${id}/${person}`, now);
    if (!(await this.#try({ do: "vote", person, message: id, answers: [...now] }))) this.#votes.set(`${id}/${person}`, before);
  }

  /** Ends a poll. */
  endPoll(message) {
    return this.#try({ do: "end_poll", message });
  }

  /** Somebody goes on typing. Only Discord tells its bots. */
  type(person) {
    if (this.#room.platform !== "discord" || performance.now() - this.#typing < TYPING) return;
    this.#typing = performance.now();
    this.#room.typing.own();
    this.#act({ do: "type", person }).catch(() => {});
  }

  async #try(what) {
    try {
      await this.#act(what);
      return true;
    } catch (error) {
      this.#room.tell(error.message);
      return false;
    }
  }
}
