// Buttons below what Relay says, as each platform draws them.

import { act } from "./server.js";
import { el } from "./elements.js";

/** A row of buttons; nothing where a message has none. Whoever is played clicks, or the one person who sees the message. */
export function buttons(room, message) {
  if (!message.buttons?.length) return null;
  const label = "What Relay offers";
  const row = el("div", { class: "clicks", role: "group", "aria-label": label });
  row.append(...message.buttons.map(({ label, grave }) => button(room, message, label, grave)));
  return row;
}

function button(room, message, label, grave) {
  const shown = el("button", { type: "button", class: `click${grave ? " grave" : ""}` }, label);
  shown.addEventListener("click", async () => {
    const person = message.only_for ? room.person(message.only_for) : room.composer.person;
    shown.disabled = true;
    try {
      await act(room.platform, { do: "click", person, room: room.id, message: message.id, button: label });
    } catch (error) {
      room.tell(error.message);
    }
    shown.disabled = false;
    shown.focus({ preventScroll: true });
  });
  return shown;
}
