// How a message is drawn after the one above it.

/** Neighbouring messages of one author are drawn together within this time, in milliseconds. */
const WITHIN = 300_000;

/** Draws a message without a head of its own if it goes on what its author said just before, and names a thread once for all that follows. */
export function together(room, shown) {
  if (!shown) return;
  let above = shown.previousElementSibling;
  while (above?.hidden) above = above.previousElementSibling;
  const [message, before] = [room.message(shown.dataset.id), room.message(above?.dataset.id)];
  const [thread, threadBefore] = [room.views.of(message), room.views.of(before)];
  const goesOn = Boolean(thread) && thread === threadBefore;
  const same = message && before && !message.only_for && !before.only_for && before.author === message.author && before.by_bot === message.by_bot;
  const answers = message?.reply_to && !(room.platform === "slack" && goesOn);
  // Its head says something of its own.
  const apart = typeof message?.forwarded === "string" || message?.pinned;
  shown.classList.toggle("goes-on", goesOn);
  shown.classList.toggle("follows", Boolean(same && !answers && !apart && thread === threadBefore && message.at - before.at < WITHIN));
}
