// When Relay's connection to a platform is gone, and for how long it was.

/** Back for good when it has lasted that long, in milliseconds: a connection may be cut again as soon as it is made. */
const STEADY = 600;
/** How long a room goes on saying that it was cut, in milliseconds. */
const SAID = 8_000;
/** How often the time is shown that passes meanwhile, in milliseconds. */
const TICK = 100;

/** As people read it. */
export const duration = (ms) => (ms < 1000 ? `${Math.max(1, Math.round(ms))} ms` : `${(ms / 1000).toFixed(1)} s`);

/** Follows the accounts. `show(platform, kind, words)` says how a room is, without `kind` as its status says. */
export class Outages {
  #open = new Map();
  #show;
  #over;

  /** `over(platform, { took, cuts })` is called when a connection is back for good. */
  constructor(show, over) {
    this.#show = show;
    this.#over = over;
  }

  /** An account's state has changed. */
  account(platform, state) {
    if (state === "interrupted") this.#cut(platform);
    else if (state === "up") this.#back(platform);
    else this.#forget(platform);
  }

  #cut(platform) {
    let outage = this.#open.get(platform);
    if (!outage || outage.said) {
      this.#forget(platform);
      outage = { began: performance.now(), cuts: 0, back: null, steady: 0, ticking: 0, said: 0 };
      const tick = () => this.#show(platform, "down", `cut, ${((performance.now() - outage.began) / 1000).toFixed(1)} s`);
      outage.ticking = setInterval(tick, TICK);
      this.#open.set(platform, outage);
      tick();
    }
    clearTimeout(outage.steady);
    outage.back = null;
    outage.cuts += 1;
  }

  #back(platform) {
    const outage = this.#open.get(platform);
    if (!outage || outage.back !== null) return;
    outage.back = performance.now();
    outage.steady = setTimeout(() => {
      clearInterval(outage.ticking);
      const took = outage.back - outage.began;
      this.#show(platform, "up", `back after ${duration(took)}`);
      outage.said = setTimeout(() => this.#forget(platform), SAID);
      this.#over(platform, { took, cuts: outage.cuts });
    }, STEADY);
  }

  #forget(platform) {
    const outage = this.#open.get(platform);
    if (!outage) return;
    clearInterval(outage.ticking);
    clearTimeout(outage.steady);
    clearTimeout(outage.said);
    this.#open.delete(platform);
    this.#show(platform);
  }
}
