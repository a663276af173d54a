// The Relay channel between the platforms: how its links are, and what is passing.

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
  /** What is shown instead of a platform's status: kind and words. */
  #instead = new Map();
  #kept = 0;

  /** One node a platform, in the order of the panes. */
  load(panes) {
    for (const node of this.#nodes.values()) node.remove();
    this.#nodes.clear();
    panes.forEach((pane, at) => {
      const node = el("span", { class: `node ${pane.platform}`, "aria-hidden": "true" });
      node.style.setProperty("--at", at);
      this.#nodes.set(pane.platform, node);
      this.#element.append(node);
    });
  }

  /** Counts, and how each platform is. Answers whether everything is connected and nothing waits, and how many deliveries were given up. */
  status({ counters, accounts, links }, panes) {
    const sum = (of) => links.reduce((total, { link }) => total + link[of], 0);
    const [waiting, dead] = [sum("queued"), sum("dead")];
    count("accepted", counters.accepted);
    count("delivered", counters.delivered);
    count("waiting", waiting);
    count("dead", dead);
    byId("waiting-box").classList.toggle("some", waiting > 0);
    byId("dead-box").classList.toggle("bad", dead > 0);
    const joined = `${links.length} room${links.length === 1 ? "" : "s"}`;
    if (byId("joined").textContent !== joined) byId("joined").textContent = joined;
    let allUp = true;
    for (const pane of panes) {
      const account = accounts.find((one) => one.name === pane.account);
      const own = links.map(({ link }) => link).filter((link) => link.account === pane.account);
      const [kind, words] = describe(account, own);
      allUp &&= kind === "up" || kind === "apart";
      pane.state.title = account?.problem?.what ?? account?.reason ?? own.flatMap((link) => link.problems)[0] ?? own.find((link) => link.lane?.reason)?.lane.reason ?? "";
      pane.link = [kind, words];
      this.#draw(pane);
    }
    return [allUp && waiting === 0, dead];
  }

  /** Shows something else than a platform's status, or without `kind` its status again. */
  instead(pane, kind, words) {
    if (kind) this.#instead.set(pane.platform, [kind, words]);
    else this.#instead.delete(pane.platform);
    this.#draw(pane);
  }

  #draw(pane) {
    const [kind, words] = this.#instead.get(pane.platform) ?? pane.link ?? ["down", "starting"];
    pane.state.className = `state ${kind}`;
    if (pane.state.textContent !== words) pane.state.textContent = words;
    this.#nodes.get(pane.platform)?.setAttribute("class", `node ${pane.platform} ${kind}`);
  }

  /** A light goes from one platform to another. */
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

/** An account with its links: the worst of them. */
function describe(account, links) {
  if (!account) return ["down", "unknown"];
  const queued = links.reduce((total, link) => total + link.queued, 0);
  const waiting = queued > 0 ? `, ${queued} waiting` : "";
  if (account.state !== "up") return ["down", `${WORDS[account.state] ?? account.state}${waiting}`];
  if (links.some((link) => link.problems.length)) return ["down", "needs a person"];
  const is = (state) => links.some((link) => link.lane?.state === state);
  if (is("parked")) return ["down", `needs a person${waiting}`];
  if (is("retrying")) return ["held", `trying again${waiting}`];
  if (is("held")) return ["held", `asked to wait${waiting}`];
  return [links.length ? "up" : "apart", `connected${waiting}`];
}
