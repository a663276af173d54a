// Which messages in all the rooms are the same one, as Relay's own mapping says, and how long they took.

const key = (room, id) => `${room}/${id}`;
/** Envelopes that are remembered. */
const MOST = 2000;

/** Follows messages from room to room. A room is its `key`: platform and id. */
export class Journeys {
  #envelopes = new Map();
  #byMessage = new Map();
  #typed = new Map();
  #seen = new Map();
  #arrived;
  #joined;

  /** `arrived(journey)` is called when a message that was typed here is in every joined room; `joined(room)` counts these. */
  constructor(arrived, joined) {
    this.#arrived = arrived;
    this.#joined = joined;
  }

  /** A message was typed on this page, at a time of `performance.now()`. */
  typed(room, id, at) {
    this.#typed.set(key(room, id), at);
    this.#finish(this.#byMessage.get(key(room, id)));
  }

  /** A message was seen in a room for the first time. */
  seen(room, id) {
    const of = key(room, id);
    if (!this.#seen.has(of)) this.#seen.set(of, performance.now());
    this.#finish(this.#byMessage.get(of));
  }

  /** A line of Relay's index. Answers the journey, for whoever draws it. */
  carried({ envelope, platform, room: id, messages, origin }) {
    const room = key(platform, id);
    const journey = this.#envelopes.get(envelope) ?? { envelope, rooms: new Map(), origin: null, done: false };
    this.#envelopes.set(envelope, journey);
    journey.rooms.set(room, messages);
    if (origin) journey.origin = room;
    for (const one of messages) this.#byMessage.set(key(room, one), envelope);
    this.#finish(envelope);
    this.#forget();
    return journey;
  }

  /** The same message elsewhere, and its other parts: pairs of room and id. */
  same(room, id) {
    const journey = this.#envelopes.get(this.#byMessage.get(key(room, id)));
    if (!journey) return [];
    const all = [...journey.rooms].flatMap(([there, ids]) => ids.map((one) => [there, one]));
    return all.filter(([there, one]) => there !== room || one !== id);
  }

  /** Where it was written: room and id. */
  origin(room, id) {
    const journey = this.#envelopes.get(this.#byMessage.get(key(room, id)));
    return journey?.origin ? [journey.origin, journey.rooms.get(journey.origin)[0]] : null;
  }

  #finish(envelope) {
    const journey = this.#envelopes.get(envelope);
    if (!journey || journey.done || !journey.origin || journey.rooms.size < 2) return;
    const [origin] = journey.rooms.get(journey.origin);
    const from = this.#typed.get(key(journey.origin, origin));
    if (from === undefined || journey.rooms.size < this.#joined(journey.origin)) return;
    const times = [...journey.rooms].flatMap(([room, ids]) => ids.map((id) => this.#seen.get(key(room, id))));
    if (!times.length || times.includes(undefined)) return;
    journey.done = true;
    const others = [...journey.rooms.keys()].filter((room) => room !== journey.origin);
    this.#arrived({ room: journey.origin, id: origin, others, took: Math.max(...times) - from });
  }

  #forget() {
    if (this.#envelopes.size <= MOST) return;
    const [oldest, journey] = this.#envelopes.entries().next().value;
    for (const [room, ids] of journey.rooms) {
      for (const id of ids) for (const map of [this.#byMessage, this.#typed, this.#seen]) map.delete(key(room, id));
    }
    this.#envelopes.delete(oldest);
  }
}
