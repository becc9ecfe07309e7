/// <reference lib="esnext.disposable" preserve="true" />
import { TokenmintError } from "./error.js";
import { ready } from "./module.js";

/** What wasm-bindgen gives: an object that can be freed. @internal */
export interface Freeable {
  free(): void;
}

/** The object of the module; fails with `object_disposed`. @internal */
export let rawOf: (owned: Owned) => Freeable;

/**
 * An object that holds memory of the WebAssembly module. It is given back when the object is collected, and at once by
 * {@link Owned.dispose} or a `using` declaration.
 */
export abstract class Owned {
  #raw: Freeable | undefined;

  /** For `using`: the same as {@link Owned.dispose}, where the platform has `Symbol.dispose`. */
  declare [Symbol.dispose]: () => void;

  static {
    if (typeof Symbol.dispose === "symbol") {
      Object.defineProperty(this.prototype, Symbol.dispose, {
        value(this: Owned) {
          this.dispose();
        },
        writable: true,
        configurable: true,
      });
    }
    rawOf = (owned) => {
      const raw = owned.#raw;
      if (raw === undefined) throw disposed(owned);
      ready();
      return raw;
    };
  }

  /** @internal */
  constructor(raw: Freeable) {
    this.#raw = raw;
  }

  /**
   * Gives the memory back. What was made from the object stays usable; the object itself then fails with
   * `object_disposed`. Doing it again is no error.
   */
  dispose(): void {
    const raw = this.#raw;
    this.#raw = undefined;
    if (raw !== undefined) release(raw);
  }
}

/** Frees an object; behind a trap there is nothing that could be freed. @internal */
export function release(raw: Freeable): void {
  try {
    ready();
    raw.free();
  } catch {
    // The module has stopped.
  }
}

/** The error of an object that is no more. @internal */
export function disposed(owned: object): TokenmintError {
  return new TokenmintError("object_disposed", `the ${owned.constructor.name} was disposed and cannot be used any more`);
}
