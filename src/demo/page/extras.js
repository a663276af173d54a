// What somebody can make in a room besides text and files.

import { sticker, STICKERS } from "./pictures.js";
import { newPoll } from "./poll.js";

/** Entries for the composer's menu, as far as the platform has such things. */
export function extras(room) {
  const { platform, composer, doing } = room;
  const person = composer.person;
  const thread = platform === "discord" ? "Open a thread" : room.forum ? "Open a topic" : null;
  const send = (one) => doing.send({ person, text: "", files: [sticker(one)] }).catch((error) => room.tell(error.message));
  return [
    platform !== "slack" && ["Ask a poll", () => newPoll(room, (asked) => doing.ask(person, asked))],
    thread && [thread, () => composer.name()],
    ...(platform === "slack" ? [] : STICKERS.map((one) => [`Sticker ${one}`, () => send(one)])),
  ];
}
