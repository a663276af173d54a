// Which messages in the three rooms are the same one, as Relay's own mapping says, and how long they took.

const key = (platform, id) => `${platform}/${id}`;
/** Envelopes that are remembered. */
const MOST = 2000;

/** Follows messages from room to room. */
export class Journeys {
  #envelopes = new Map();
  #byMessage = new Map();
  #typed = new Map();
  #seen = new Map();
  #arrived;

  /** `arrived(journey)` is called when a message that was typed here is in every room. */
  constructor(arrived) {
    this.#arrived = arrived;
  }

  /** A message was typed on this page, at a time of `performance.now()`. */
  typed(platform, id, at) {
    this.#typed.set(key(platform, id), at);
    this.#finish(this.#byMessage.get(key(platform, id)));
  }

  /** A message was seen in a room for the first time. */
  seen(platform, id) {
    const of = key(platform, id);
    if (!this.#seen.has(of)) this.#seen.set(of, performance.now());
    this.#finish(this.#byMessage.get(of));
  }

  /** A line of Relay's index. Answers the journey, for whoever draws it. */
  carried({ envelope, platform, messages, origin }) {
    const journey = this.#envelopes.get(envelope) ?? { envelope, rooms: new Map(), origin: null, done: false };
    this.#envelopes.set(envelope, journey);
    journey.rooms.set(platform, messages);
    if (origin) journey.origin = platform;
    for (const id of messages) this.#byMessage.set(key(platform, id), envelope);
    this.#finish(envelope);
    this.#forget();
    return journey;
  }

  /** The same message elsewhere, and its other parts: pairs of platform and id. */
  same(platform, id) {
    const journey = this.#envelopes.get(this.#byMessage.get(key(platform, id)));
    if (!journey) return [];
    const all = [...journey.rooms].flatMap(([there, ids]) => ids.map((one) => [there, one]));
    return all.filter(([there, one]) => there !== platform || one !== id);
  }

  /** Where it was written: platform and id. */
  origin(platform, id) {
    const journey = this.#envelopes.get(this.#byMessage.get(key(platform, id)));
    return journey?.origin ? [journey.origin, journey.rooms.get(journey.origin)[0]] : null;
  }

  #finish(envelope) {
    const journey = this.#envelopes.get(envelope);
    if (!journey || journey.done || !journey.origin || journey.rooms.size < 3) return;
    const [origin] = journey.rooms.get(journey.origin);
    const from = this.#typed.get(key(journey.origin, origin));
    if (from === undefined) return;
    const times = [...journey.rooms].flatMap(([platform, ids]) => ids.map((id) => this.#seen.get(key(platform, id))));
    if (!times.length || times.includes(undefined)) return;
    journey.done = true;
    this.#arrived({ platform: journey.origin, id: origin, took: Math.max(...times) - from });
  }

  #forget() {
    if (this.#envelopes.size <= MOST) return;
    const [oldest, journey] = this.#envelopes.entries().next().value;
    for (const [platform, ids] of journey.rooms) {
      for (const id of ids) for (const map of [this.#byMessage, this.#typed, this.#seen]) map.delete(key(platform, id));
    }
    this.#envelopes.delete(oldest);
  }
}
