// Samples that show what a bridge carries.

import { join } from "./joining.js";
import { call, place, sticker } from "./pictures.js";

const pause = (ms) => new Promise((done) => setTimeout(done, ms));
/** So that each step can be seen, in milliseconds. */
const STEP = 900;

/** Ten thousand characters, numbered so that their order can be seen. */
function long() {
  let text = "";
  for (let step = 1; text.length < 9_940; step += 1) text += `${step}. One more step along the ridge, and the valley is still in the mist. `;
  return `${text.slice(0, 9_980).trimEnd()} That is all of it.`;
}

const FORMATTED = "**Bold**, *italic*, ~~struck~~, `code`, [a link](https://example.org/owls), and a block:\n```js\nconst owls = [\"Ada\", \"Bruno\"];\n```";

/**
 * A label, and what is done: with the first room of each platform, and with `panes`, `tell`, which says what is to be seen, and `copy`,
 * which waits for a message in another room.
 */
export const SAMPLES = [
  ["A conversation", conversation],
  ["Reactions", reactions],
  ["A thread", thread],
  ["A picture", picture],
  ["Files", files],
  ["A poll", poll],
  ["Formatting", ({ discord }) => discord.composer.say("Ada", FORMATTED)],
  ["Long text", ({ slack }) => slack.composer.say("Elif", long())],
  ["Join a room", (_, { panes, tell }) => join(panes, tell)],
];

async function conversation(rooms, { tell, copy }) {
  const { discord, slack, telegram } = rooms;
  tell("Six people on three platforms plan a Sunday.");
  const ask = await discord.composer.say("Ada", "Is anybody up for *Sunday*? The forecast says **sun until four**. ☀️");
  await react(rooms, discord, ask, { telegram: ["Hana", "👍"], slack: ["Farid", "👍"] }, copy);
  await pause(STEP);
  const ridge = await telegram.composer.say("Hana", "Yes! This was the ridge last week.", [place("morning")]);
  await react(rooms, telegram, ridge, { discord: ["Ada", "❤️"] }, copy);
  await pause(STEP);
  await inThread(rooms, ask, "Who brings what", ["Chiara", "I have the map"], ["Elif", "Coffee for _everyone_ is mine"], copy);
  await pause(STEP);
  const question = await discord.doing.ask("Bruno", { question: "Which train?", answers: ["8:12", "9:12"] });
  for (const to of [slack, telegram]) await copy(discord, question, to);
  for (const [person, at] of [["Bruno", 0], ["Ada", 0], ["Dmitri", 1]]) await discord.doing.vote(discord.message(question), at, person);
}

async function reactions(rooms, { tell, copy }) {
  const { discord } = rooms;
  tell("Farid and Hana react to what reached them. Watch Ada’s own message.");
  const owl = await discord.composer.say("Ada", "There is an owl on the roof of the hut!");
  await react(rooms, discord, owl, { slack: ["Farid", "👀"], telegram: ["Hana", "🔥"] }, copy);
  await discord.doing.react(owl, "🦉", true, "Bruno");
}

/** People of other platforms react to their copies. */
async function react(rooms, room, id, people, copy) {
  for (const [platform, [person, emoji]] of Object.entries(people)) {
    const there = await copy(room, id, rooms[platform]);
    await pause(STEP / 2);
    await rooms[platform].doing.react(there, emoji, true, person);
  }
}

async function thread(rooms, { tell, copy }) {
  tell("Chiara opens a thread. Elif and Ivo are in it, each on their own platform.");
  const start = await rooms.discord.composer.say("Chiara", "Shall we split the packing?");
  await inThread(rooms, start, "Packing list", ["Chiara", "I have the map and a rope"], ["Elif", "Then coffee is mine"], copy);
  // Where the platform has topics, there is one now.
  const { telegram, discord } = rooms;
  const last = await discord.doing.send({ person: "Dmitri", text: "And a lamp?", mode: null, thread: discord.views.from(start) });
  const there = telegram.message(await copy(discord, last, telegram));
  await pause(STEP);
  if (telegram.views.of(there)) await telegram.doing.send({ person: "Ivo", text: "I have two", mode: null, thread: telegram.views.of(there) });
  else await telegram.doing.answer("Ivo", there.id, "I have two");
}

/** Opens a thread from a message on Discord, and somebody goes on in it on Slack. */
async function inThread({ discord, slack }, root, name, [first, says], [second, answers], copy) {
  const there = await copy(discord, root, slack);
  const opened = await discord.doing.open(first, name, root);
  const begun = await discord.doing.send({ person: first, text: says, mode: null, thread: opened });
  await copy(discord, begun, slack);
  await pause(STEP);
  const answer = await slack.doing.answer(second, there, answers);
  await copy(slack, answer, discord);
}

async function picture({ telegram }, { tell }) {
  tell("The picture itself crosses, with what it shows in words; no link that ends one day.");
  await telegram.composer.say("Hana", "This morning, from the hut", [place("morning")]);
}

async function files({ discord, telegram }, { tell }) {
  tell("An album with a spoiler, a voice message, a sticker and a paper.");
  await discord.composer.say("Bruno", "Two from last year", [place("noon"), place("evening", { spoiler: true })]);
  await pause(STEP);
  await telegram.composer.say("Ivo", "", [call()]);
  await pause(STEP);
  await telegram.composer.say("Jelena", "", [sticker("🦉")]);
  await pause(STEP);
  const list = "Map\nRope\nLamp\nCoffee\n";
  await discord.composer.say("Chiara", "The list, to print", [{ name: "packing list.txt", kind: "file", mime: "text/plain", content: btoa(list) }]);
}

async function poll({ telegram, discord, slack }, { tell, copy }) {
  tell("Hana asks on Telegram. Slack has no polls, so it reads this one.");
  const id = await telegram.doing.ask("Hana", { question: "Where do we have lunch?", answers: ["On the summit", "At the hut", "By the lake"] });
  for (const to of [discord, slack]) await copy(telegram, id, to);
  for (const [person, at] of [["Hana", 1], ["Ivo", 1], ["Kwame", 2]]) {
    await pause(STEP / 2);
    await telegram.doing.vote(telegram.message(id), at, person);
  }
  await pause(2 * STEP);
  tell("Hana ends it, and the others hear the result.");
  await telegram.doing.endPoll(id);
}
