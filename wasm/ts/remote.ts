import * as raw from "#raw";
import type { Algorithm } from "./algorithm.js";
import { configJson, configuredBy } from "./config.js";
import { invalid, TokenmintError } from "./error.js";
import { Fetches, type Fetched, type FetchedResponse, type FetchOptions, type ToFetch } from "./fetches.js";
import type { Lifetime } from "./lifetime.js";
import { failure, guard, kind } from "./module.js";
import { Owned, rawOf } from "./owned.js";

/** How a {@link RemoteKeySet} fetches, and for how long it keeps what it got. */
export interface RemoteKeySetOptions extends FetchOptions {
  /** For keys that name no algorithm: the first that fits a key's kind is taken. */
  algorithms?: readonly Algorithm[] | undefined;
  /** How long keys are fresh; ten minutes. A shorter `Cache-Control: max-age` counts instead. */
  timeToLive?: Lifetime | undefined;
  /** The least time between two fetches of a URL, whatever tokens name; 30 seconds. */
  cooldown?: Lifetime | undefined;
  /** How long keys serve while the issuer cannot be reached; a day. */
  lastKnownGood?: Lifetime | undefined;
  /** The largest body that is read, in bytes; 256 KiB. */
  maxBody?: number | undefined;
  /** Allows `http` for hosts other than this machine: whoever is on the way can then replace the keys. */
  allowPlainHttp?: boolean | undefined;
}

/** The keys for a token, where they are there; undefined where they must be fetched first. @internal */
export let keysAtOnce: (set: RemoteKeySet, token: string, now: number) => raw.KeySet | undefined;

/** The keys for a token. @internal */
export let keysFor: (set: RemoteKeySet, token: string, now: number) => Promise<raw.KeySet>;

/**
 * The keys that issuers publish, fetched when they are needed and kept for a bounded time. For each URL, fetches begin at
 * least a cooldown apart, so that invented key ids cost nothing; parallel requests share one. No redirect is followed.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { Issuer, Key, KeySet, RemoteKeySet, Verifier } from "tokenmint";
 *
 * const issuer = new Issuer(new KeySet(await Key.generate("ES256", { kid: "k1" })), {
 *   issuer: "https://id.example",
 *   audience: "app",
 * });
 * const keys = new RemoteKeySet(
 *   { "https://id.example": "https://id.example/.well-known/jwks.json" },
 *   { fetch: async () => Response.json(issuer.publicJwks()) }, // left out: the platform's own
 * );
 * const verifier = new Verifier(keys, { issuer: "https://id.example", audience: "app" });
 * assert.equal((await verifier.verify(await issuer.mint({ sub: "u1" }, "1h"))).sub, "u1");
 * ```
 */
export class RemoteKeySet extends Owned {
  readonly #fetches: Fetches;
  readonly #maxBody: number;

  static {
    keysAtOnce = (set, token, now) => {
      const found = set.#resolve(token, now);
      if (found instanceof raw.KeySet) return found;
      // Whoever was told to fetch has to, for others wait for that.
      set.#fetch(found, now).catch(() => undefined);
      return undefined;
    };
    keysFor = (set, token, now) => set.#keysFor(token, now);
  }

  /**
   * Key sets by the value of `iss`. URLs are `https`, or `http` on this machine.
   *
   * Fails with `policy_invalid` at `issuer` or `url`.
   */
  constructor(issuers: Readonly<Record<string, string>>, options: RemoteKeySetOptions = {}) {
    if (typeof issuers !== "object" || issuers === null) throw invalid("issuers", `expected an object, found ${kind(issuers)}`);
    if ("issuers" in options) throw invalid("issuers", "this field is not known: the issuers stand in front of the options");
    const fetches = new Fetches(options, "application/jwk-set+json, application/json");
    const json = configJson({ ...options, issuers }, "fetch", "timeoutMs");
    const set = configuredBy(() => new raw.RemoteKeySet(json));
    super(set);
    this.#fetches = fetches;
    this.#maxBody = guard(() => set.max_body());
  }

  #resolve(token: string, now: number): raw.KeySet | ToFetch {
    const set = rawOf(this) as raw.RemoteKeySet;
    return guard(() => {
      const resolution = set.resolve_token(token, now);
      try {
        return resolution.keys() ?? { url: resolution.url() as string, waits: resolution.waits() };
      } finally {
        resolution.free();
      }
    });
  }

  async #keysFor(token: string, now: number): Promise<raw.KeySet> {
    // One fetch is enough: behind its report the keys are there, or the token is refused.
    for (let attempt = 0; attempt < 3; attempt++) {
      const found = this.#resolve(token, now);
      if (found instanceof raw.KeySet) return found;
      await this.#fetch(found, now);
    }
    throw new TokenmintError("keys_unavailable", "the issuer's keys cannot be fetched now");
  }

  #fetch(wanted: ToFetch, now: number): Promise<void> {
    return this.#fetches.once(wanted, this.#maxBody, (found) => this.#take(wanted.url, found, now));
  }

  #take(url: string, found: Fetched, now: number): void {
    const set = rawOf(this) as raw.RemoteKeySet;
    const [body, maxAge, outage] = "body" in found ? [found.body, maxAgeOf(found.headers)] : [undefined, undefined, found.outage];
    try {
      set.fetched(url, body, outage, maxAge, now);
    } catch (thrown) {
      if (typeof thrown !== "string") throw failure(thrown);
    }
  }
}

/** What is left of `Cache-Control: max-age` (RFC 9111 section 5.2.2.1), in seconds. */
function maxAgeOf(headers: FetchedResponse["headers"]): number | undefined {
  const found = /(?:^|[\s,])max-age\s*=\s*"?(\d{1,10})/i.exec(headers.get("cache-control") ?? "")?.[1];
  if (found === undefined) return undefined;
  const age = Number(headers.get("age") ?? 0);
  return Math.max(0, Number(found) - (age > 0 ? age : 0));
}
