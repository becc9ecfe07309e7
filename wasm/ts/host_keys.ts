// Which key the core asks for. It names one as `ALGORITHM NAME`.

import { hostCrypto } from "#crypto";
import type { Algorithm } from "./algorithm.js";
import type { HostKey, MayWait } from "./crypto/host.js";
import { TokenmintError } from "./error.js";

/** How many public keys are kept ready: those of a few issuers. */
const MOST_KEPT = 256;

/** Public keys by their names. What a name says is all there is to know of such a key. */
const kept = new Map<string, HostKey>();

/** The host's side of the keys of a key set. @internal */
export class HostKeys {
  readonly #own = new Map<string, HostKey>();

  /** Adds a key; one that signs stands before the same key's public half. */
  add(algorithm: string, name: string, key: HostKey): void {
    const known = this.#own.get(`${algorithm} ${name}`);
    if (known?.sign === undefined) this.#own.set(`${algorithm} ${name}`, key);
  }

  /** A key of the set, by `ALGORITHM NAME`. */
  own(name: string): HostKey | undefined {
    return this.#own.get(name);
  }

  /** The key that is asked for: one of the set, or a public one. */
  find(asked: string): HostKey {
    return this.#own.get(asked) ?? publicKey(asked);
  }
}

function publicKey(asked: string): HostKey {
  let key = kept.get(asked);
  if (key === undefined) {
    const blank = asked.indexOf(" ");
    const name = asked.slice(blank + 1);
    if (!name.startsWith("{")) throw new TokenmintError("internal", "a key was asked for that is not known");
    key = hostCrypto.publicKey(asked.slice(0, blank) as Algorithm, name);
    // The oldest goes: tokens cannot name keys that were not trusted, so this is seldom.
    if (kept.size === MOST_KEPT) kept.delete(kept.keys().next().value as string);
    kept.set(asked, key);
  }
  return key;
}

/** Asks a key; what it throws is not the module's fault. @internal */
export function attempt<T>(call: () => MayWait<T>): MayWait<T> {
  try {
    const said = call();
    // A program's function may give a promise of another kind than this realm's.
    return typeof (said as PromiseLike<T> | null)?.then === "function" ? Promise.resolve(said).catch(away) : said;
  } catch (cause) {
    return away(cause);
  }
}

function away(cause: unknown): never {
  if (cause instanceof TokenmintError) throw cause;
  throw new TokenmintError("store_unavailable", "the host cannot compute with the key", { cause });
}
