// The clock of a tool: the machine's, moved as the visitor likes. It is the `Host` of everything that runs there.

import type { Host } from "tokenmint";

type Listener = () => void;

export class PageClock implements Host {
  #offset = 0;
  #listeners = new Set<Listener>();

  constructor() {
    this.#tick();
  }

  now(): number {
    return Date.now() + this.#offset;
  }

  random(bytes: Uint8Array<ArrayBuffer>): void {
    crypto.getRandomValues(bytes);
  }

  /** How far it is moved, in seconds. */
  get offsetSeconds(): number {
    return this.#offset / 1000;
  }

  advance(seconds: number): void {
    this.#offset += seconds * 1000;
    this.#tell();
  }

  reset(): void {
    this.#offset = 0;
    this.#tell();
  }

  /** Calls `listener` every second, and when the clock was moved. */
  onTick(listener: Listener): void {
    this.#listeners.add(listener);
  }

  #tick(): void {
    // A little behind the full second, so that no second is shown twice.
    setTimeout(() => {
      this.#tell();
      this.#tick();
    }, 1005 - (Date.now() % 1000));
  }

  #tell(): void {
    for (const listener of this.#listeners) {
      listener();
    }
  }
}
