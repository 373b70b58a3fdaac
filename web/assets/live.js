// Keeps elements with data-live up to date: asks their address for a fragment every
// data-live-every seconds, rests while the page is hidden, and waits longer after
// each failure. The page is whole without it.

const SLOWEST_MS = 60_000;

class Live {
  constructor(element) {
    this.element = element;
    this.everyMs = Math.max(1, Number(element.dataset.liveEvery) || 5) * 1000;
    this.waitMs = this.everyMs;
    this.shown = null;
    this.timer = null;
    this.isAsking = false;
    this.schedule();
  }

  schedule() {
    clearTimeout(this.timer);
    if (!document.hidden) {
      // A little chance, so that many pages do not ask at the same instant.
      const waitMs = this.waitMs * (0.9 + Math.random() * 0.2);
      this.timer = setTimeout(() => this.ask(), waitMs);
    }
  }

  rest() {
    clearTimeout(this.timer);
  }

  wake() {
    this.waitMs = this.everyMs;
    this.ask();
  }

  async ask() {
    if (this.isAsking) return;
    this.isAsking = true;
    try {
      const answer = await fetch(this.element.dataset.live, {
        headers: { Accept: "text/html" },
        credentials: "same-origin",
        signal: AbortSignal.timeout(20_000),
      });
      if (answer.status === 404 || answer.status === 403) return this.stop();
      if (!answer.ok || answer.redirected) throw new Error(String(answer.status));
      this.show(await answer.text());
      this.waitMs = this.everyMs;
    } catch {
      this.waitMs = Math.min(this.waitMs * 2, SLOWEST_MS);
    } finally {
      this.isAsking = false;
      if (this.element) this.schedule();
    }
  }

  show(text) {
    if (text === this.shown || this.holdsFocus()) return;
    this.shown = text;
    const parsed = new DOMParser().parseFromString(text, "text/html");
    this.element.replaceChildren(...parsed.body.childNodes);
  }

  // What somebody is typing in or standing on is left alone.
  holdsFocus() {
    return this.element.contains(document.activeElement);
  }

  stop() {
    this.rest();
    this.element.removeAttribute("data-live");
    this.element = null;
  }
}

const lives = [...document.querySelectorAll("[data-live]")].map((it) => new Live(it));

document.addEventListener("visibilitychange", () => {
  for (const live of lives.filter((it) => it.element)) {
    if (document.hidden) live.rest();
    else live.wake();
  }
});
