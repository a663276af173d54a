// The Relay channel between the rooms: how each link is, and what is passing.

import { el } from "./elements.js";

const calm = matchMedia("(prefers-reduced-motion: reduce)");
const WORDS = { starting: "starting", interrupted: "reconnecting", parked: "needs a person", stopped: "stopped" };
/** How long a message's light takes along the line, in milliseconds. */
const PASSING = 650;
/** How long what was said of a fault stays, in milliseconds. */
const KEPT = 8_000;

const byId = (id) => document.getElementById(id);

/** The line above the rooms. */
export class Channel {
  #element = byId("channel");
  #nodes = new Map();
  /** What is shown instead of a room's status: kind and words. */
  #instead = new Map();
  #kept = 0;

  /** One node a room, in the order of the rooms. */
  load(rooms) {
    for (const node of this.#nodes.values()) node.remove();
    this.#nodes.clear();
    rooms.forEach((room, at) => {
      const node = el("span", { class: `node ${room.platform}`, "aria-hidden": "true" });
      node.style.setProperty("--at", at);
      this.#nodes.set(room.platform, node);
      this.#element.append(node);
    });
  }

  /** Counts, and each room's state. Answers whether everything is connected and nothing waits, and how many deliveries were given up. */
  status(status, rooms) {
    const links = status.channels.flatMap((channel) => channel.links);
    const sum = (of) => links.reduce((total, link) => total + link[of], 0);
    const [waiting, dead] = [sum("queued"), sum("dead")];
    count("accepted", status.counters.accepted);
    count("delivered", status.counters.delivered);
    count("waiting", waiting);
    count("dead", dead);
    byId("waiting-box").classList.toggle("some", waiting > 0);
    byId("dead-box").classList.toggle("bad", dead > 0);
    let allUp = true;
    for (const room of rooms) {
      const account = status.accounts.find((one) => one.name === room.account);
      const link = links.find((one) => one.account === room.account);
      const [kind, words] = describe(account, link);
      allUp &&= kind === "up";
      room.state.title = account?.problem?.what ?? account?.reason ?? link?.lane?.reason ?? "";
      room.link = [kind, words];
      this.#draw(room);
    }
    return [allUp && waiting === 0, dead];
  }

  /** Shows something else than a room's status, or without `kind` its status again. */
  instead(room, kind, words) {
    if (kind) this.#instead.set(room.platform, [kind, words]);
    else this.#instead.delete(room.platform);
    this.#draw(room);
  }

  #draw(room) {
    const [kind, words] = this.#instead.get(room.platform) ?? room.link ?? ["down", "starting"];
    room.state.className = `state ${kind}`;
    if (room.state.textContent !== words) room.state.textContent = words;
    this.#nodes.get(room.platform)?.setAttribute("class", `node ${room.platform} ${kind}`);
  }

  /** A light goes from one room to another. */
  pass(from, to) {
    const [start, end] = [this.#nodes.get(from), this.#nodes.get(to)];
    if (!start || !end || start === end || calm.matches || document.hidden) return;
    const light = el("span", { class: `light ${from}`, "aria-hidden": "true" });
    this.#element.append(light);
    const frames = [
      { left: `${start.offsetLeft}px`, opacity: 0 },
      { opacity: 1, offset: 0.15 },
      { opacity: 1, offset: 0.85 },
      { left: `${end.offsetLeft}px`, opacity: 0 },
    ];
    light.animate(frames, { duration: PASSING, easing: "ease-in-out" }).finished.finally(() => light.remove());
  }

  /** Says something that the next arrivals do not replace for a while. */
  keep(text) {
    this.#kept = performance.now() + KEPT;
    byId("latest").replaceChildren(text);
  }

  /** What happened last. */
  say(text, ...parts) {
    if (performance.now() < this.#kept) return;
    byId("latest").replaceChildren(text, ...parts);
  }
}

function count(id, value) {
  const shown = (value ?? 0).toLocaleString("en");
  if (byId(id).textContent !== shown) byId(id).textContent = shown;
}

function describe(account, link) {
  if (!account || !link) return ["down", "unknown"];
  const waiting = link.queued > 0 ? `, ${link.queued} waiting` : "";
  if (account.state !== "up") return ["down", `${WORDS[account.state] ?? account.state}${waiting}`];
  if (link.problems.length) return ["down", "needs a person"];
  switch (link.lane?.state) {
    case "held":
      return ["held", `asked to wait${waiting}`];
    case "retrying":
      return ["held", `trying again${waiting}`];
    case "parked":
      return ["down", `needs a person${waiting}`];
    default:
      return ["up", waiting ? `connected${waiting}` : "connected"];
  }
}
