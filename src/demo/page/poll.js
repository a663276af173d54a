// Polls: how one is shown, and how one is made.

import { el } from "./elements.js";

/** Answers that the form has room for. */
const ANSWERS = 5;

/** A poll with its votes; null if the message has none. */
export function poll(room, message) {
  const given = message.poll;
  if (!given) return null;
  const total = given.answers.reduce((sum, [, votes]) => sum + votes, 0);
  const most = Math.max(...given.answers.map(([, votes]) => votes));
  const own = room.doing.votes(message.id);
  const choices = given.answers.map(([answer, votes], at) => {
    const share = total ? Math.round((votes / total) * 100) : 0;
    const choice = el(
      "button",
      {
        type: "button",
        class: `choice${given.ended && votes === most && most > 0 ? " first" : ""}`,
        tabindex: "-1",
        "data-key": `choice ${at}`,
        disabled: given.ended,
        "aria-pressed": String(own.has(at)),
        "aria-label": `${answer}: ${count(votes)}, ${share} %`,
      },
      el("span", { class: "answer-text" }, answer),
      el("span", { class: "votes" }, total ? `${share} % · ${votes}` : "0"),
    );
    choice.style.setProperty("--share", `${share}%`);
    choice.addEventListener("click", () => room.doing.vote(message, at));
    return choice;
  });
  const about = given.ended ? "Final result" : given.multiple ? "Choose any" : "Choose one";
  const end = !given.ended && room.isPerson(message) ? el("button", { type: "button", class: "end", tabindex: "-1", "data-key": "end", onclick: () => room.doing.endPoll(message.id) }, "End poll") : null;
  return el(
    "div",
    { class: `poll${given.ended ? " ended" : ""}`, role: "group", "aria-label": `Poll: ${given.question}` },
    el("p", { class: "question" }, given.question),
    ...choices,
    el("p", { class: "sum" }, `${about} · ${count(total)}`, end),
  );
}

const count = (votes) => `${votes} vote${votes === 1 ? "" : "s"}`;

/** Opens the form for a new one; `ask({ question, answers, multiple })` posts it. */
export function newPoll(room, ask) {
  const question = el("input", { type: "text", required: true, maxlength: "255", autocomplete: "off", id: "poll-question" });
  const answers = Array.from({ length: ANSWERS }, (_, at) =>
    el("input", { type: "text", required: at < 2, maxlength: "55", autocomplete: "off", placeholder: at < 2 ? `Answer ${at + 1}` : `Answer ${at + 1}, if there is one`, "aria-label": `Answer ${at + 1}` }),
  );
  const multiple = el("input", { type: "checkbox" });
  const error = el("p", { class: "error", role: "alert" });
  const form = el(
    "form",
    {},
    el("h3", {}, `${room.composer.person} asks in ${room.title}`),
    el("label", { for: "poll-question" }, "Question"),
    question,
    el("span", { class: "label" }, "Answers"),
    ...answers,
    el("label", { class: "tick" }, multiple, "More than one may be chosen"),
    error,
    el("p", { class: "ends" }, el("button", { type: "button", onclick: () => dialog.close() }, "Cancel"), el("button", { type: "submit", class: "main" }, "Ask")),
  );
  const dialog = el("dialog", { class: "form", "aria-label": "A new poll" }, form);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    try {
      await ask({ question: question.value.trim(), answers: answers.map((one) => one.value.trim()).filter(Boolean), multiple: multiple.checked });
      dialog.close();
    } catch (failed) {
      error.textContent = failed.message;
    }
  });
  dialog.addEventListener("close", () => dialog.remove());
  room.element.append(dialog);
  dialog.showModal();
}
