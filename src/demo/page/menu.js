// What opens above the page at a button: a menu, or a choice of emoji.

import { el } from "./elements.js";

/** Between a button and what opens at it, and to the window's edges, in pixels. */
const GAP = 5;
/** Offered without typing. */
const EMOJI = ["👍", "❤️", "😂", "🎉", "👀", "🙏", "🔥", "✅", "😮", "😢", "🦉", "☕"];
/** Telegram has a list of its own. https://core.telegram.org/bots/api#reactiontypeemoji */
const TELEGRAM = ["👍", "❤", "😁", "🎉", "👀", "🙏", "🔥", "👏", "🤔", "😢", "💯", "🐳"];

const panel = el("div", { class: "popup", popover: "auto" });
panel.addEventListener("keydown", (event) => {
  const all = [...panel.querySelectorAll("button")];
  const at = all.indexOf(document.activeElement);
  if (at < 0) return;
  const across = panel.dataset.columns ? Number(panel.dataset.columns) : 1;
  const step = { ArrowDown: across, ArrowUp: -across, ArrowRight: 1, ArrowLeft: -1 }[event.key];
  const to = event.key === "Home" ? 0 : event.key === "End" ? all.length - 1 : step === undefined ? null : at + step;
  if (to === null) return;
  event.preventDefault();
  (all[to] ?? all.at(to < 0 ? -1 : 0)).focus();
});

/** Opens a menu; an entry is `[label, run]`, or null for nothing. */
export function menu(anchor, label, entries) {
  const items = entries.filter(Boolean).map(([text, run]) =>
    el("button", { type: "button", role: "menuitem", onclick: () => close(run) }, text),
  );
  delete panel.dataset.columns;
  open(anchor, "menu", label, items);
}

/** Opens the choice of emoji for a platform; `pick(emoji)` gets one. */
export function emoji(anchor, label, platform, pick) {
  const choices = (platform === "telegram" ? TELEGRAM : EMOJI).map((one) => el("button", { type: "button", class: "emoji", "aria-label": one, onclick: () => close(() => pick(one)) }, one));
  const text = el("input", { type: "text", maxlength: "64", placeholder: "another, or :name:", "aria-label": "Another emoji", autocomplete: "off" });
  const form = el("form", { class: "another" }, text, el("button", { type: "submit" }, "Add"));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const typed = text.value.trim();
    if (typed) close(() => pick(typed));
  });
  panel.dataset.columns = "6";
  open(anchor, "dialog", label, [el("div", { class: "choices" }, ...choices), form]);
}

function close(run) {
  // The focus goes back to the button before anything else moves it.
  panel.hidePopover();
  run();
}

function open(anchor, role, label, children) {
  if (panel.matches(":popover-open")) panel.hidePopover();
  panel.setAttribute("role", role);
  panel.setAttribute("aria-label", label);
  panel.replaceChildren(...children);
  // In the room, so that it has the room's colours.
  anchor.closest(".room").append(panel);
  panel.showPopover();
  const [at, own] = [anchor.getBoundingClientRect(), panel.getBoundingClientRect()];
  const below = at.bottom + GAP + own.height <= innerHeight;
  const room = panel.parentElement.getBoundingClientRect();
  const left = at.left + own.width <= room.right ? at.left : at.right - own.width;
  panel.style.left = `${Math.max(GAP, Math.min(left, innerWidth - own.width - GAP))}px`;
  panel.style.top = `${below ? at.bottom + GAP : Math.max(GAP, at.top - GAP - own.height)}px`;
  panel.querySelector("button")?.focus();
}
