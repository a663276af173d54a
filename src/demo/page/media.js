// What is attached to a message: pictures, sounds, films, and other files.

import { el } from "./elements.js";

/** Types that the server hands on as what they are; anything else is saved. */
const PICTURES = ["image/png", "image/jpeg", "image/gif", "image/webp"];
const NAMES = { image: "Picture", animation: "Animation", video: "Video", video_note: "Video message", audio: "Audio", voice: "Voice message", sticker: "Sticker" };

/** As people read it. */
export function size(bytes) {
  if (bytes < 1000) return `${bytes} B`;
  const [unit, by] = bytes < 999_500 ? ["kB", 1e3] : bytes < 999_500_000 ? ["MB", 1e6] : ["GB", 1e9];
  const value = bytes / by;
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ${unit}`;
}

/** All that is attached; null if nothing is. */
export function media(room, message) {
  const files = (message.attachments ?? []).map((file, place) => ({ ...file, url: address(room, message, file, place) }));
  if (!files.length) return message.files.length ? el("div", { class: "media" }, ...message.files.map((name) => el("span", { class: "file" }, name))) : null;
  const inAlbum = files.filter((file) => isPicture(file) && file.kind !== "sticker");
  const others = files.filter((file) => !inAlbum.includes(file)).map(other);
  const album = inAlbum.length ? el("div", { class: `album${inAlbum.length > 1 ? " many" : ""}` }, ...inAlbum.map(picture)) : null;
  return el("div", { class: "media" }, album, ...others);
}

/** In words, for where there is no room for more. */
export function inWords(message) {
  const [first, ...more] = message.attachments ?? [];
  if (!first) return message.files?.[0] ?? "";
  const what = NAMES[first.kind] ? (first.alt ? `${NAMES[first.kind]}: ${first.alt}` : NAMES[first.kind]) : first.name;
  return more.length ? `${what}, and ${more.length} more` : what;
}

function address(room, message, { hash }, place) {
  return `/demo/file?${new URLSearchParams({ platform: room.platform, room: room.id, message: message.id, place, hash })}`;
}

const isPicture = ({ mime }) => PICTURES.includes(mime.split(";")[0].trim().toLowerCase());

function picture(file) {
  const image = el("img", { src: file.url, alt: file.alt || file.name, draggable: "false" });
  const opens = el("button", { type: "button", class: "picture", tabindex: "-1", "data-key": file.url, "aria-label": `Show large: ${file.alt || file.name}`, onclick: () => large(file) }, image);
  if (file.kind === "animation" || file.mime === "image/gif") opens.append(el("span", { class: "kind", "aria-hidden": "true" }, "GIF"));
  image.addEventListener("error", () => opens.replaceWith(card(file)));
  return covered(file, opens);
}

function other(file) {
  const name = file.alt || file.name;
  switch (file.kind) {
    case "sticker":
      return isPicture(file) ? el("img", { class: "sticker", src: file.url, alt: file.alt || `Sticker: ${file.name}`, draggable: "false" }) : card(file);
    case "voice":
    case "audio": {
      const player = el("audio", { controls: true, preload: "metadata", tabindex: "-1", src: file.url, "aria-label": `${NAMES[file.kind]}: ${name}` });
      const label = file.kind === "voice" ? NAMES.voice : file.name;
      return el("figure", { class: "sound" }, el("figcaption", {}, label, el("span", { class: "size" }, size(file.size)), save(file)), player);
    }
    case "video":
    case "video_note":
    case "animation": {
      if (!file.mime.startsWith("video/")) return card(file);
      const player = el("video", { controls: true, preload: "metadata", tabindex: "-1", src: file.url, class: file.kind, "aria-label": `${NAMES[file.kind]}: ${name}` });
      player.addEventListener("error", () => player.replaceWith(card(file)));
      return covered(file, player);
    }
    default:
      return card(file);
  }
}

/** A spoiler is hidden until somebody wants to see it. */
function covered(file, shown) {
  if (!file.spoiler) return shown;
  shown.inert = true;
  const cover = el("button", { type: "button", class: "uncover", tabindex: "-1", "data-key": `uncover ${file.url}` }, "Spoiler");
  const whole = el("div", { class: "covered" }, shown, cover);
  cover.addEventListener("click", () => {
    shown.inert = false;
    whole.classList.add("open");
    cover.remove();
    if (shown.tabIndex !== undefined && whole.closest("[tabindex='0']")) shown.tabIndex = 0;
  });
  return whole;
}

function card(file) {
  const ending = /\.(\w{1,5})$/.exec(file.name)?.[1]?.toUpperCase() ?? "File";
  const about = [NAMES[file.kind] ?? ending, size(file.size)].join(" · ");
  return el(
    "div",
    { class: "card" },
    el("span", { class: "ending", "aria-hidden": "true" }, ending),
    el("span", { class: "about" }, el("b", {}, file.name), el("span", {}, file.alt ? `${about} · ${file.alt}` : about)),
    save(file),
  );
}

const save = (file) => el("a", { class: "save", href: file.url, download: file.name, tabindex: "-1", "aria-label": `Save ${file.name}` }, "Save");

function large(file) {
  const dialog = el("dialog", { class: "large", "aria-label": file.alt || file.name });
  const done = el("button", { type: "button", onclick: () => dialog.close() }, "Close");
  dialog.append(el("img", { src: file.url, alt: file.alt || file.name }), el("p", {}, el("span", {}, [file.alt || file.name, size(file.size)].join(" · ")), save(file), done));
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}
