// The demo's page: three rooms, the channel between them, and what passes.

import { Channel } from "./channel.js";
import { el, excerpt } from "./elements.js";
import { Journeys } from "./journeys.js";
import { plain } from "./message.js";
import { Outages } from "./outages.js";
import { Room } from "./room.js";
import { act, follow } from "./server.js";
import { Tries } from "./tries.js";

const byId = (id) => document.getElementById(id);
const rooms = new Map();
const channel = new Channel();
const journeys = new Journeys(arrived);
const outages = new Outages(
  (platform, kind, words) => rooms.has(platform) && channel.instead(rooms.get(platform), kind, words),
  (platform, outage) => tries?.back(platform, outage),
);
let tries;

const actions = {
  async act(room, what) {
    const at = performance.now();
    const id = await act(room.platform, what);
    if (what.do === "say") journeys.typed(room.platform, id, at);
    return id;
  },
  /** Who wrote a message; on a platform where the bot speaks for everybody, the person it speaks for. */
  author(room, id) {
    const message = room.message(id);
    if (!message || !room.isBot(message.author)) return message?.author;
    const [platform, first] = journeys.origin(room.platform, id) ?? [];
    // An original that this page does not hold: Relay writes the name before the text.
    return rooms.get(platform)?.message(first)?.author ?? /^([^:\n]{1,80}): /.exec(plain(room, message))?.[1] ?? message.author;
  },
  seen: (room, message) => journeys.seen(room.platform, message.id),
  point(room, id) {
    const same = id === undefined ? [] : journeys.same(room.platform, id);
    for (const other of rooms.values()) other.mark(same.filter(([platform]) => platform === other.platform).map(([, one]) => one));
  },
};

function fresh(state) {
  if (!rooms.size) {
    for (const given of state.rooms) {
      const room = new Room(given, actions);
      rooms.set(given.platform, room);
      byId("rooms").append(room.element);
    }
    tries = new Tries(Object.fromEntries(rooms), (text) => {
      channel.keep(text);
      byId("said").textContent = text;
    });
    byId("channel-name").textContent = state.channel;
    byId("config").textContent = state.config;
    channel.load([...rooms.values()]);
    if (state.status.counters.accepted > 0) channel.say("all quiet");
    else if (matchMedia("(pointer: fine) and (min-width: 901px)").matches) rooms.get("discord")?.composer.text.focus();
  }
  for (const given of state.rooms) rooms.get(given.platform)?.load(given.messages);
  state.carried.forEach((line) => journeys.carried(line));
  status(state.status);
  // That a connection is back may be among what was missed.
  for (const { platform, state: now } of state.status.accounts) if (now === "up") outages.account(platform, now);
}

function status(now) {
  tries?.calm(...channel.status(now, [...rooms.values()]));
}

function carried(line) {
  const journey = journeys.carried(line);
  if (!line.origin && journey.origin && line.messages.length) channel.pass(journey.origin, line.platform);
}

/** A message that was typed here is in all rooms. */
function arrived({ platform, id, took }) {
  const room = rooms.get(platform);
  const message = room?.message(id);
  if (!message) return;
  tries.arrived(platform, id);
  const shown = `${Math.max(1, Math.round(took)).toLocaleString("en")} ms`;
  channel.say(`${message.author} was heard in all rooms after `, el("b", {}, shown));
  document.body.dataset.took = String(Math.round(took));
  const others = [...rooms.values()].filter((other) => other !== room).map((other) => other.title);
  byId("said").textContent = `${message.author}: ${excerpt(plain(room, message), 120)}. Arrived in ${others.join(" and ")} after ${shown}.`;
}

follow({
  fresh,
  change: ({ platform, message }) => rooms.get(platform)?.change(message),
  carried,
  account: ({ platform, account }) => outages.account(platform, account.state),
  status,
  lost: (isLost) => (byId("lost").hidden = !isLost),
});
