import * as raw from "#raw";
import { configJson, configuredBy } from "./config.js";
import type { MayWait } from "./crypto/host.js";
import { invalid, TokenmintError } from "./error.js";
import { Fetches, type FetchOptions, type ToFetch } from "./fetches.js";
import { then } from "./key_parts.js";
import type { Lifetime } from "./lifetime.js";
import { guard, kind } from "./module.js";
import { Owned, rawOf } from "./owned.js";

/** What {@link StatusLists} demand, how they fetch, and for how long they keep what they got. */
export interface StatusListsOptions extends FetchOptions {
  /** Refuses a token that names no list. */
  required?: boolean | undefined;
  /** How long a list is fresh at most; ten minutes. A shorter `ttl` of its own counts instead. */
  timeToLive?: Lifetime | undefined;
  /** The least time between two fetches of a URL; 5 seconds. */
  cooldown?: Lifetime | undefined;
  /**
   * For how long tokens are accepted where a list has ended, or was never there, and cannot be fetched. Whatever was revoked
   * meanwhile is accepted for as long. Where it is left out, such tokens are refused with `status_unavailable`.
   */
  acceptUnreachableFor?: Lifetime | undefined;
  /** Fetches lists only whose URLs begin so; any that trusted tokens name where it is left out. */
  prefixes?: readonly string[] | undefined;
  /** The largest body that is read, in bytes; 2 MiB. */
  maxBody?: number | undefined;
  /** Allows `http` for hosts other than this machine: whoever is on the way can then hold back what was revoked. */
  allowPlainHttp?: boolean | undefined;
}

/** What a verifier does for the lists. @internal */
export interface Listed {
  /** Verifies a token: gives `V` and its claims' JSON text, or a URL behind `F`, or `W` where another was told to fetch it. */
  ask(): MayWait<string>;
  /** Takes a list that a URL brought. */
  take(url: string, list: string): MayWait<void>;
  /** The time in seconds. */
  now(): number;
}

/** The JSON text of a token's claims, once the list that it needs is there and says that it is good. @internal */
export let withLists: (lists: StatusLists, listed: Listed, atOnce: boolean) => MayWait<string>;

/** The same verifier, which looks tokens up where there are lists. @internal */
export function lookUp(lists: StatusLists | undefined, verifier: raw.Verifier): raw.Verifier {
  if (lists === undefined) return verifier;
  if (!(lists instanceof StatusLists)) throw invalid("statusLists", `expected StatusLists, found ${kind(lists)}`);
  const set = rawOf(lists) as raw.StatusLists;
  guard(() => verifier.look_up(set));
  return verifier;
}

/**
 * The status lists that tokens name (draft-ietf-oauth-status-list), by which a token is refused soon after it was revoked,
 * without a request for it: one list tells of a million tokens, is fetched when it is needed, by one caller for all, and is
 * kept as long as it says. Lists are signed by the keys of the verifier to whose options they are given; verifiers of other
 * keys have others.
 *
 * A token is refused with `token_revoked` or `token_suspended`, and with `status_unavailable` where there is no list to use.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { Issuer, Key, KeySet, StatusLists, Verifier } from "tokenmint";
 *
 * const keys = new KeySet(await Key.generate("ES256", { kid: "k1" }));
 * const policy = { issuer: "https://id.example", audience: "app" };
 * const uri = "https://id.example/status/1";
 * const lists = new Issuer(keys, { ...policy, tokenType: "statuslist+jwt" });
 * const list = await lists.mint({ sub: uri, ttl: 10, status_list: { bits: 1, lst: "eNrbuRgAAhcBXQ" } }, "1h");
 *
 * const statusLists = new StatusLists({
 *   prefixes: ["https://id.example/status"],
 *   fetch: async () => new Response(list), // left out: the platform's own
 * });
 * const verifier = new Verifier(KeySet.fromJwks(keys.publicJwks()), { ...policy, statusLists });
 * const token = (idx: number) => new Issuer(keys, policy).mint({ status: { status_list: { idx, uri } } }, "1h");
 * await assert.rejects(verifier.verify(await token(0)), { code: "token_revoked" });
 * assert.ok(await verifier.verify(await token(1)));
 * ```
 */
export class StatusLists extends Owned {
  readonly #fetches: Fetches;
  readonly #maxBody: number;

  static {
    withLists = (lists, listed, atOnce) => lists.#judge(listed, atOnce, 3);
  }

  /** Lists of which none is fetched yet. Fails with `policy_invalid` for an option that cannot work. */
  constructor(options: StatusListsOptions = {}) {
    const json = configJson(options, "fetch", "timeoutMs");
    const lists = configuredBy(() => new raw.StatusLists(json));
    super(lists);
    this.#fetches = new Fetches(options, "application/statuslist+jwt");
    this.#maxBody = guard(() => lists.max_body());
  }

  #judge(listed: Listed, atOnce: boolean, attempts: number): MayWait<string> {
    return then(listed.ask(), (told) => {
      if (told.startsWith("V")) return told.slice(1);
      const fetched = this.#fetch({ url: told.slice(1), waits: told.startsWith("W") }, listed);
      if (atOnce) {
        // Whoever was told to fetch has to, for others wait for that.
        fetched.catch(() => undefined);
        throw new TokenmintError("policy_invalid", "the status list must be fetched first: use an async method");
      }
      return fetched.then(() => {
        // One fetch is enough: behind its report the list is there, or the token is refused.
        if (attempts > 0) return this.#judge(listed, atOnce, attempts - 1);
        throw new TokenmintError("status_unavailable", "the status list cannot be fetched now");
      });
    });
  }

  #fetch(wanted: ToFetch, { take, now }: Listed): Promise<void> {
    return this.#fetches.once(wanted, this.#maxBody, async (found) => {
      try {
        if ("outage" in found) throw new Error(found.outage);
        await take(wanted.url, new TextDecoder().decode(found.body));
      } catch (error) {
        const lists = rawOf(this) as raw.StatusLists;
        guard(() => lists.failed(wanted.url, error instanceof Error ? error.message : "the fetch failed", now()));
      }
    });
  }
}
