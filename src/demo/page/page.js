// The demo's page: three platforms, the channel between them, and what passes.

import { Channel } from "./channel.js";
import { el, excerpt } from "./elements.js";
import { Journeys } from "./journeys.js";
import { plain, summary } from "./message.js";
import { Outages } from "./outages.js";
import { Pane } from "./pane.js";
import { Rehearsal } from "./rehearsal.js";
import { act, follow } from "./server.js";
import { Tries } from "./tries.js";

/** How long a copy is waited for, in milliseconds. */
const PATIENCE = 15_000;
const byId = (id) => document.getElementById(id);
const panes = new Map();
/** All rooms by their key. */
const rooms = new Map();
const channel = new Channel();
const journeys = new Journeys(arrived, (from) => together(rooms.get(from)).length);
const outages = new Outages(
  (platform, kind, words) => panes.has(platform) && channel.instead(panes.get(platform), kind, words),
  (platform, outage) => tries?.back(platform, outage),
);
let tries;
new Rehearsal();

const actions = {
  async act(room, what) {
    const at = performance.now();
    const id = await act(room.platform, what);
    if (what.do === "say" || what.do === "ask") journeys.typed(room.key, id, at);
    return id;
  },
  /** Who wrote a message; on a platform where the bot speaks for everybody, the person it speaks for. */
  author(room, id) {
    const message = room.message(id);
    if (!message || !room.isBot(message.author)) return message?.author;
    const [from, first] = journeys.origin(room.key, id) ?? [];
    // An original that this page does not hold: Relay writes the name before the text.
    return rooms.get(from)?.message(first)?.author ?? /^([^:\n]{1,80}): /.exec(plain(room, message))?.[1] ?? message.author;
  },
  seen: (room, message) => journeys.seen(room.key, message.id),
  answered: (room, message, whose) => (byId("said").textContent = `Relay answers ${whose}: ${plain(room, message)}`),
  point(room, id) {
    const same = id === undefined ? [] : journeys.same(room.key, id);
    for (const other of rooms.values()) other.mark(same.filter(([there]) => there === other.key).map(([, one]) => one));
  },
};

/** A message's id in another room, as soon as it is there. */
async function copy(room, id, other) {
  for (const end = performance.now() + PATIENCE; performance.now() < end; await new Promise((done) => setTimeout(done, 50))) {
    const found = journeys.same(room.key, id).find(([there, one]) => there === other.key && other.message(one));
    if (found) return found[1];
  }
  throw new Error(`It has not arrived in ${other.title} yet.`);
}

/** The rooms that share a channel with a room, itself among them. */
function together(room) {
  return [...rooms.values()].filter((other) => other.channels.some((name) => room?.channels.includes(name)));
}

function fresh(state) {
  if (!panes.size) {
    for (const given of state.platforms) {
      const pane = new Pane(given, state, actions);
      panes.set(given.platform, pane);
      byId("rooms").append(pane.element);
      for (const room of pane.rooms) rooms.set(room.key, room);
    }
    const tell = (text) => {
      channel.keep(text);
      byId("said").textContent = text;
    };
    tries = new Tries(panes, tell, copy);
    byId("channel-name").textContent = state.channel;
    byId("config").textContent = state.config;
    channel.load([...panes.values()]);
    if (state.status.counters.accepted > 0) channel.say("all quiet");
    else if (matchMedia("(pointer: fine) and (min-width: 901px)").matches) panes.get("discord")?.shown.composer.text.focus();
  }
  for (const { platform, rooms: given } of state.platforms) {
    for (const { id, messages, ...now } of given) {
      const room = rooms.get(`${platform}/${id}`);
      room?.heard(now);
      room?.load(messages);
    }
  }
  state.carried.forEach((line) => journeys.carried(line));
  status(state.status);
  // That a connection is back may be among what was missed.
  for (const { platform, state: now } of state.status.accounts) if (now === "up") outages.account(platform, now);
}

function status(now) {
  for (const pane of panes.values()) {
    const own = now.links.filter(({ link }) => link.account === pane.account);
    for (const room of pane.rooms) room.channels = own.filter(({ id }) => id === room.id).map((one) => one.channel);
    pane.joined();
  }
  tries?.calm(...channel.status(now, [...panes.values()]));
}

function carried(line) {
  const journey = journeys.carried(line);
  if (!line.origin && journey.origin && line.messages.length) channel.pass(rooms.get(journey.origin)?.platform, line.platform);
}

/** A message that was typed here is in all rooms. */
function arrived({ room: key, id, others, took }) {
  const room = rooms.get(key);
  const message = room?.message(id);
  if (!message) return;
  tries.arrived(key, id);
  const shown = `${Math.max(1, Math.round(took)).toLocaleString("en")} ms`;
  channel.say(`${message.author} was heard in all rooms after `, el("b", {}, shown));
  document.body.dataset.took = String(Math.round(took));
  const titles = others.map((other) => rooms.get(other)?.title ?? "another room");
  byId("said").textContent = `${message.author}: ${excerpt(summary(room, message), 120)}. Arrived in ${titles.join(" and ")} after ${shown}.`;
}

follow({
  fresh,
  change: ({ platform, message }) => rooms.get(`${platform}/${message.room}`)?.change(message),
  room: ({ platform, room, ...now }) => rooms.get(`${platform}/${room}`)?.heard(now),
  carried,
  account: ({ platform, account }) => outages.account(platform, account.state),
  status,
  lost: (isLost) => (byId("lost").hidden = !isLost),
});
