// Talking to the demo's server.

async function ask(path, body) {
  const options = body && { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
  const response = await fetch(path, options);
  const answer = await response.json().catch(() => ({ error: response.statusText }));
  if (!response.ok) throw new Error(answer.error ?? "It could not be done.");
  return answer;
}

/** Everything as it is now. */
export const state = () => ask("/demo/state");

/** Somebody does something; answers the message's native id. */
export const act = async (platform, act) => (await ask("/demo/act", { platform, act })).id;

/** Gives every command on every platform, in a world whose people speak a language; answers what was shown to whom. */
export const commands = (language) => ask("/demo/commands", { language });

/** Arms a fault. */
export const fault = (platform, fault) => ask("/demo/fault", { platform, fault });

/**
 * Hears what happens. `fresh` gets the whole state at the start and whenever something was missed; what happens while it is fetched
 * comes after it. `lost` is told whether the connection is gone.
 */
export function follow({ fresh, change, room, carried, account, status, lost }) {
  const source = new EventSource("/demo/changes");
  let held = [];
  const tell = (listener) => (event) => {
    const value = JSON.parse(event.data);
    if (held) held.push(() => listener(value));
    else listener(value);
  };
  const refresh = async () => {
    held ??= [];
    try {
      fresh(await state());
    } catch {
      setTimeout(refresh, 1000);
      return;
    }
    const due = held;
    held = null;
    due.forEach((later) => later());
  };
  source.addEventListener("open", () => {
    lost(false);
    refresh();
  });
  source.addEventListener("error", () => lost(true));
  source.addEventListener("behind", refresh);
  source.addEventListener("change", tell(change));
  source.addEventListener("room", tell(room));
  source.addEventListener("carried", tell(carried));
  source.addEventListener("account", tell(account));
  source.addEventListener("status", tell(status));
}
