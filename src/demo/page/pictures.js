// Pictures, stickers and a sound, made here: the page brings no files.

/** What the stickers show. */
export const STICKERS = ["🦉", "⛰️", "☕"];

const NAMES = { "🦉": "owl", "⛰️": "ridge", "☕": "coffee" };
/** A place, its light above and below, its ridges from far to near, and where the sun stands. */
const PLACES = {
  morning: { name: "ridge-at-six.jpg", alt: "The ridge at six in the morning, mist in the valley", sky: ["#f9d9a8", "#f7b38a"], ridges: ["#c98b7c", "#94657a", "#5d4a6b", "#33304f"], sun: [0.68, 0.36] },
  noon: { name: "summit.jpg", alt: "The summit at noon, under a blue sky", sky: ["#7fb8e6", "#d7ecf6"], ridges: ["#9bb8c9", "#6f9a8f", "#4c7a63", "#2f5646"], sun: [0.24, 0.2] },
  evening: { name: "way-home.jpg", alt: "The way home, under the first stars", sky: ["#1d2550", "#c06a80"], ridges: ["#6d4a73", "#473763", "#2b274e", "#171a36"], sun: [0.5, 0.62] },
};

/** A picture of a place as a file to attach: `morning`, `noon` or `evening`. */
export function place(which, more = {}) {
  const { name, alt, sky, ridges, sun } = PLACES[which];
  const [width, height] = [720, 420];
  const [canvas, paint] = sheet(width, height);
  const light = paint.createLinearGradient(0, 0, 0, height);
  sky.forEach((colour, at) => light.addColorStop(at, colour));
  paint.fillStyle = light;
  paint.fillRect(0, 0, width, height);
  paint.fillStyle = "#fff6df";
  paint.beginPath();
  paint.arc(sun[0] * width, sun[1] * height, 34, 0, 2 * Math.PI);
  paint.fill();
  ridges.forEach((colour, at) => {
    const line = (x) => height * (0.44 + at * 0.14) + Math.sin(x / (95 - at * 12) + at * 2.1) * (34 - at * 3) + Math.sin(x / 31 + at * 5) * 9;
    paint.fillStyle = colour;
    paint.beginPath();
    paint.moveTo(0, height);
    for (let x = 0; x <= width; x += 6) paint.lineTo(x, line(x));
    paint.lineTo(width, height);
    paint.fill();
  });
  return { name, kind: "image", mime: "image/jpeg", alt, content: bytes(canvas.toDataURL("image/jpeg", 0.85)), ...more };
}

/** A sticker as a file to send. */
export function sticker(emoji) {
  const [canvas, paint] = sheet(256, 256);
  paint.font = "190px 'Noto Color Emoji', 'Apple Color Emoji', 'Segoe UI Emoji', sans-serif";
  paint.textAlign = "center";
  paint.textBaseline = "middle";
  paint.fillText(emoji, 128, 140);
  return { name: `${NAMES[emoji]}.webp`, kind: "sticker", mime: "image/webp", alt: emoji, content: bytes(canvas.toDataURL("image/webp", 0.9)) };
}

/** An owl's call, two seconds, as a voice message: samples of 16 bits in a WAV file. */
export function call() {
  const [rate, seconds] = [8_000, 2];
  const count = rate * seconds;
  const wav = new DataView(new ArrayBuffer(44 + count * 2));
  const text = (at, letters) => [...letters].forEach((letter, one) => wav.setUint8(at + one, letter.charCodeAt(0)));
  text(0, "RIFF");
  wav.setUint32(4, 36 + count * 2, true);
  text(8, "WAVEfmt ");
  wav.setUint32(16, 16, true);
  wav.setUint16(20, 1, true);
  wav.setUint16(22, 1, true);
  wav.setUint32(24, rate, true);
  wav.setUint32(28, rate * 2, true);
  wav.setUint16(32, 2, true);
  wav.setUint16(34, 16, true);
  text(36, "data");
  wav.setUint32(40, count * 2, true);
  for (let at = 0; at < count; at += 1) {
    const second = at / rate;
    const loud = Math.max(0, Math.sin(Math.PI * ((second * 1.5) % 1))) * (second < 1.34 ? 1 : 0.4);
    wav.setInt16(44 + at * 2, Math.sin(2 * Math.PI * 392 * second) * loud * 9_000, true);
  }
  let binary = "";
  for (const byte of new Uint8Array(wav.buffer)) binary += String.fromCharCode(byte);
  return { name: "owl-call.wav", kind: "voice", mime: "audio/wav", content: btoa(binary) };
}

function sheet(width, height) {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [width, height];
  return [canvas, canvas.getContext("2d")];
}

/** The bytes of a `data:` address, in base64. */
const bytes = (address) => address.slice(address.indexOf(",") + 1);
