// Samples that show what a bridge carries, and faults that show that it loses nothing.

import { el } from "./elements.js";
import { duration } from "./outages.js";
import { SAMPLES } from "./samples.js";
import { fault } from "./server.js";

/** Seconds that Slack lets Relay wait for a new connection: left alone it is back before anybody sees that it was gone. */
const AWAY = 2;

/** Each with what somebody says so that it shows, and what to watch. */
const FAULTS = [
  {
    label: "Cut Slack’s connection",
    platform: "slack",
    faults: [{ kind: "slow", seconds: AWAY, only: "apps.connections.open" }, { kind: "disconnect" }],
    cuts: true,
    from: "slack",
    say: (rooms) => rooms.slack.composer.say("Farid", "Does this still get out?"),
    watch: "Slack’s connection is cut, and Slack takes its time with a new one. Farid goes on typing.",
  },
  {
    label: "Telegram answers 429 for 5 s",
    platform: "telegram",
    faults: [{ kind: "rate_limit", seconds: 5, only: "sendMessage" }],
    from: "discord",
    say: (rooms) => rooms.discord.composer.say("Chiara", "Can the hikers hear us?"),
    watch: "Telegram asks to wait 5 seconds. Slack does not wait with it.",
  },
  {
    label: "Discord answers 502 three times",
    platform: "discord",
    faults: [{ kind: "server_error", times: 3, only: "/webhooks/" }],
    from: "telegram",
    say: (rooms) => rooms.telegram.composer.say("Kwame", "And the owls?"),
    watch: "Discord fails three times. Relay tries again until it does not.",
  },
  {
    label: "A film of 30 MB",
    platform: "discord",
    faults: [],
    from: "slack",
    say: (rooms) => rooms.slack.composer.say("Greta", "The whole walk on film", [{ name: "walk.mp4", kind: "video", mime: "video/mp4", size: 30_000_000 }]),
    watch: "Discord takes 10 MB here: what does not fit is told there, and the others have it.",
  },
];

const NAMES = { discord: "Discord", slack: "Slack", telegram: "Telegram" };

function wasCut(platform, { took, cuts }) {
  return `${NAMES[platform]}’s connection was cut ${cuts > 1 ? `${cuts} times ` : ""}and came back after ${duration(took)}`;
}

/** A panel above the page goes with Escape, or when something else is pressed. */
function closing(panel) {
  document.addEventListener("pointerdown", (event) => (panel.open &&= panel.contains(event.target)));
  panel.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !panel.open) return;
    panel.open = false;
    panel.querySelector("summary").focus();
  });
}

/** Fills in the buttons. `panes` are the platforms by name; `tell` says something in the channel's line; `copy` waits for a message elsewhere. */
export class Tries {
  #tell;
  /** The last fault, until everything is well again. */
  #fault = null;
  /** Messages that arrived in all rooms since it began. */
  #heard = new Set();
  #calm = true;
  #dead = 0;

  constructor(panes, tell, copy) {
    this.#tell = tell;
    const first = Object.fromEntries([...panes].map(([platform, pane]) => [platform, pane.rooms[0]]));
    const samples = SAMPLES.map(([label, run]) => el("button", { type: "button", onclick: (event) => this.#run(event.target, first, () => run(first, { panes, tell, copy })) }, label));
    const faults = FAULTS.map((one) => el("button", { type: "button", onclick: (event) => this.#run(event.target, first, () => this.#make(one, first)) }, one.label));
    document.getElementById("samples").replaceChildren(...samples);
    const row = document.getElementById("faults");
    row.replaceChildren(...faults);
    const more = document.getElementById("hard");
    more.addEventListener("click", () => {
      row.hidden = !row.hidden;
      more.setAttribute("aria-expanded", String(!row.hidden));
    });
    closing(document.getElementById("its-config"));
  }

  /** Told with every status. */
  calm(isCalm, dead) {
    [this.#calm, this.#dead] = [isCalm, dead];
    this.#look();
  }

  /** A message that was typed here is in all rooms. */
  arrived(room, id) {
    if (!this.#fault) return;
    this.#heard.add(`${room}/${id}`);
    this.#look();
  }

  /** A connection is back for good. */
  back(platform, outage) {
    const fault = this.#fault;
    if (fault?.platform === platform) fault.outage = outage;
    else this.#tell(`${wasCut(platform, outage)}.`);
    this.#look();
  }

  /** Says when a fault is over: the message is everywhere or given up, and the connection is back if it was cut. */
  #look() {
    const fault = this.#fault;
    if (!fault?.message || !this.#calm || (fault.cuts && !fault.outage)) return;
    const lost = this.#dead - fault.dead;
    if (!lost && !this.#heard.has(fault.message)) return;
    const what = fault.outage
      ? `${wasCut(fault.platform, fault.outage)}.`
      : `Over after ${duration(performance.now() - fault.since)}. Everything has arrived.`;
    this.#fault = null;
    this.#tell(lost > 0 ? `${lost} given up, see the log.` : `${what} Nothing was lost.`);
  }

  async #make({ platform, faults, cuts, from, say, watch }, rooms) {
    this.#heard.clear();
    const begun = { platform, cuts, since: performance.now(), dead: this.#dead, outage: null, message: null };
    this.#fault = begun;
    this.#tell(watch);
    try {
      for (const one of faults) await fault(platform, one);
      begun.message = `${rooms[from].key}/${await say(rooms)}`;
    } catch (error) {
      this.#fault = null;
      throw error;
    }
    this.#look();
  }

  async #run(button, rooms, what) {
    button.disabled = true;
    for (const room of Object.values(rooms)) {
      room.show();
      if (room.views.current) room.views.open(null);
    }
    try {
      await what();
    } catch (error) {
      this.#tell(error.message);
    }
    button.disabled = false;
    // Disabling took the focus away.
    if (document.activeElement === document.body) button.focus({ preventScroll: true });
  }
}
