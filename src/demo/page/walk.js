// Going through the messages of a room with the keyboard: one of them is in the tab order, and the arrow keys move it.

/** Makes a message the one in the tab order. */
export function current(list, shown) {
  if (!shown || shown.tabIndex === 0) return;
  for (const element of list.querySelectorAll('[tabindex="0"]')) element.tabIndex = -1;
  for (const element of [shown, ...shown.querySelectorAll("button, a, pre, audio, video")]) element.tabIndex = 0;
}

/** Takes a key that leads to another message. */
export function step(list, event) {
  const shown = event.target.closest("[data-id]");
  if (event.target !== shown) return;
  const all = [...list.children].filter((one) => !one.hidden);
  const at = all.indexOf(shown);
  const to = { ArrowUp: all[at - 1], ArrowDown: all[at + 1], Home: all[0], End: all.at(-1) }[event.key];
  if (!to) return;
  event.preventDefault();
  to.focus();
}

/** The message of a room that a pressed link leads to, as it does in the platform's own client; null for any other. */
export function linked(room, event) {
  const target = event.target.closest("a")?.getAttribute("href") ?? "";
  const found = /\/channels\/\w+\/(\d+)\/(\d+)$/.exec(target) ?? /\/archives\/(\w+)\/p(\d+)(?:\?.*)?$/.exec(target);
  if (!found) return null;
  const id = room.platform === "slack" ? found[2].replace(/(\d{6})$/, ".$1") : found[2];
  return found[1] === room.id || room.message(id) ? id : null;
}
