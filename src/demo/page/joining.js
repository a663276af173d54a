// How a room joins the channel from the chat, played step by step.

const pause = (ms) => new Promise((done) => setTimeout(done, ms));
/** So that each answer can be read, in milliseconds. */
const READING = 2_200;
/** A code that lets a room in. */
const CODE = /\b[2-9A-HJ-NP-Z]{4}-[2-9A-HJ-NP-Z]{4}\b/;

/** Who may manage the rooms of a pane, and who may not. */
const who = (pane) => [pane.people.find((one) => one.manages)?.name, pane.people.find((one) => !one.manages)?.name];

/** Joins the first room that is not joined; `tell` says what is to be seen. */
export async function join(panes, tell) {
  const owners = panes.get("discord");
  const all = [...panes.values()].flatMap((pane) => pane.rooms.map((room) => [pane, room]));
  const [pane, room] = all.find(([, one]) => !one.channels.length) ?? [];
  if (!room) {
    tell("All rooms are joined. /relay disconnect takes one out.");
    return;
  }
  const [manager, other] = who(pane);
  const { channel } = room;
  room.show();
  tell(`${other} may not manage ${room.short}, so Relay refuses.`);
  await room.doing.command(other, `/relay connect ${channel}`);
  await pause(READING);
  tell(`${manager} may, and is given a code.`);
  const [code] = CODE.exec(await room.doing.command(manager, `/relay connect ${channel}`)) ?? [];
  if (!code) {
    tell(`That was no code: see what Relay says in ${room.short}.`);
    return;
  }
  await pause(READING);
  const [home] = owners.rooms;
  const [owner] = who(owners);
  home.show();
  tell(`In the owners’ room, ${home.title}, ${owner} sees who asks.`);
  await home.doing.command(owner, `/relay approve ${code}`);
  await pause(READING);
  tell(`With another word ${owner} lets ${room.short} in.`);
  await home.doing.command(owner, `/relay approve ${code} yes`);
  await pause(READING);
  room.show();
  tell(`Every room was told, and hears ${room.short} from now on.`);
  await room.composer.type(manager, `Hello from ${room.short}!`);
}
