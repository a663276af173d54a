// Samples that show what a bridge carries, and faults that show that it loses nothing.

import { el } from "./elements.js";
import { fault } from "./server.js";

const pause = (ms) => new Promise((done) => setTimeout(done, ms));

/** Ten thousand characters, numbered so that their order can be seen. */
function long() {
  let text = "";
  for (let step = 1; text.length < 9_940; step += 1) text += `${step}. One more step along the ridge, and the valley is still in the mist. `;
  return `${text.slice(0, 9_980).trimEnd()} That is all of it.`;
}

const FORMATTED = "**Bold**, *italic*, ~~struck~~, `code`, [a link](https://example.org/owls), and a block:\n```js\nconst owls = [\"Ada\", \"Bruno\"];\n```";

const SAMPLES = [
  ["Say hello", (rooms) => rooms.discord.composer.say("Ada", "Hello from Night Owls! 🦉")],
  ["Formatting", (rooms) => rooms.discord.composer.say("Ada", FORMATTED)],
  ["10,000 characters", (rooms) => rooms.slack.composer.say("Elif", long())],
  ["A short conversation", conversation],
];

async function conversation(rooms) {
  const { discord, slack, telegram } = rooms;
  await discord.composer.say("Ada", "Is anybody up for *Sunday*? The forecast says **sun until four**. ☀️");
  await pause(900);
  const train = await telegram.composer.say("Hana", "Yes! Train at **8:12**, platform `3`. Here is [the route](https://example.org/ridge-path).");
  await pause(900);
  await slack.composer.say("Elif", "I'll bring coffee for _everyone_ 👋");
  await pause(900);
  await telegram.answer("Ivo", train, "I'll be on it. Save me a seat?");
  await pause(900);
  const late = await discord.composer.say("Bruno", "I might be late, start without me");
  await pause(1300);
  await discord.rewrite("Bruno", late, "I will be there at 8:12 after all");
}

/** Each with what somebody says so that it shows, and what to watch. */
const FAULTS = [
  {
    label: "Cut Slack’s connection",
    platform: "slack",
    fault: { kind: "disconnect", times: 3 },
    say: (rooms) => rooms.slack.composer.say("Farid", "Does this still get out?"),
    watch: "Slack’s connection is cut, three times over. Farid goes on typing.",
  },
  {
    label: "Telegram answers 429 for 5 s",
    platform: "telegram",
    fault: { kind: "rate_limit", seconds: 5, only: "sendMessage" },
    say: (rooms) => rooms.discord.composer.say("Chiara", "Can the hikers hear us?"),
    watch: "Telegram asks to wait 5 seconds. Slack does not wait with it.",
  },
  {
    label: "Discord answers 502 three times",
    platform: "discord",
    fault: { kind: "server_error", times: 3, only: "/webhooks/" },
    say: (rooms) => rooms.telegram.composer.say("Kwame", "And the owls?"),
    watch: "Discord fails three times. Relay tries again until it does not.",
  },
];

/** A panel above the page goes with Escape, or when something else is pressed. */
function closing(panel) {
  document.addEventListener("pointerdown", (event) => (panel.open &&= panel.contains(event.target)));
  panel.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !panel.open) return;
    panel.open = false;
    panel.querySelector("summary").focus();
  });
}

/** Fills in the buttons. `tell` says something in the channel's line. */
export class Tries {
  #tell;
  /** When the last fault began, until everything is well again. */
  #since = null;
  #troubled = false;

  constructor(rooms, tell) {
    this.#tell = tell;
    const samples = SAMPLES.map(([label, run]) => el("button", { type: "button", onclick: (event) => this.#run(event.target, () => run(rooms)) }, label));
    const faults = FAULTS.map((one) => el("button", { type: "button", onclick: (event) => this.#run(event.target, () => this.#make(one, rooms)) }, one.label));
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

  /** Told with every status: says when a fault is over. */
  calm(isCalm, dead) {
    if (this.#since === null) return;
    if (!isCalm) this.#troubled = true;
    // A fault may be over between two statuses, without having been seen.
    const over = this.#troubled || performance.now() - this.#since > 4_000;
    if (!isCalm || !over) return;
    const seconds = ((performance.now() - this.#since) / 1000).toFixed(1);
    this.#tell(`Over after ${seconds} s. ${dead ? `${dead} given up, see the log.` : "Everything has arrived, nothing was lost."}`);
    this.#since = null;
  }

  async #make({ platform, fault: armed, say, watch }, rooms) {
    this.#since = performance.now();
    this.#troubled = false;
    await fault(platform, armed);
    this.#tell(watch);
    await say(rooms);
  }

  async #run(button, what) {
    button.disabled = true;
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
