import * as raw from "#raw";
import { configJson, configuredBy } from "./config.js";
import type { MayWait } from "./crypto/host.js";
import { TokenmintError } from "./error.js";
import { HostKeys } from "./host_keys.js";
import type { KeySet } from "./keyset.js";
import { guard } from "./module.js";
import { rawOf } from "./owned.js";
import { keysAtOnce, keysFor, RemoteKeySet } from "./remote.js";
import { lookUp, type StatusLists } from "./status_lists.js";
import { Made, makesVerifiers, NOT_THE_CORES, Verifier as Offline, type VerifierOptions } from "./verifier.js";

/**
 * Verifies tokens, also with keys that issuers publish: framing, header, signature, and then every claim that is demanded.
 * Immutable.
 *
 * Where such keys cannot be fetched, what verifies rejects with `keys_unavailable`; what verifies at once throws
 * `policy_invalid` where they are to be fetched first.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { Issuer, Key, KeySet, Verifier } from "tokenmint";
 *
 * const keys = new KeySet(await Key.generate("EdDSA", { kid: "k1" }));
 * const issuer = new Issuer(keys, { issuer: "https://api.example.com", audience: "app" });
 * const token = await issuer.mint({ sub: "u1" }, "1h");
 *
 * const published = KeySet.fromJwks(keys.publicJwks()); // or a RemoteKeySet
 * const verifier = new Verifier(published, { issuer: "https://api.example.com", audience: "app" });
 * assert.equal((await verifier.verify(token)).sub, "u1");
 * ```
 */
export class Verifier extends Offline {
  /**
   * A verifier that trusts these keys.
   *
   * Fails with `policy_invalid` where issuer or audience are not said, or for an option that cannot work.
   */
  constructor(keys: KeySet | RemoteKeySet, options: VerifierOptions) {
    const given = keys instanceof RemoteKeySet ? remote(keys, options) : keys;
    super(given, options);
  }

  /** @internal */
  protected override verifierFor(token: string, now: number, atOnce: boolean): MayWait<raw.Verifier> {
    const verifier = rawOf(this);
    if (!(verifier instanceof RemoteVerifiers)) return verifier as raw.Verifier;
    if (!atOnce) return keysFor(verifier.keys, token, now).then((keys) => verifier.of(keys));
    const found = keysAtOnce(verifier.keys, token, now);
    if (found !== undefined) return verifier.of(found);
    throw new TokenmintError("policy_invalid", "the issuer's keys must be fetched first: use an async method");
  }
}

makesVerifiers((verifier, hosts, host) => new Verifier(new Made(verifier, hosts) as unknown as KeySet, { host }));

function remote(keys: RemoteKeySet, options: VerifierOptions): KeySet {
  return new Made(new RemoteVerifiers(keys, options), new HostKeys()) as unknown as KeySet;
}

/** How many sets of remote keys are kept ready, with their verifiers: those of a few issuers, before and after a change. */
const MOST_KEPT = 16;

/** The verifiers over remote key sets: one for each set that is in use. */
class RemoteVerifiers {
  readonly keys: RemoteKeySet;
  readonly #config: string;
  readonly #lists: StatusLists | undefined;
  readonly #made: { keys: raw.KeySet; verifier: raw.Verifier }[] = [];

  constructor(keys: RemoteKeySet, options: VerifierOptions) {
    this.keys = keys;
    this.#config = configJson(options, ...NOT_THE_CORES);
    this.#lists = options.statusLists;
    // Here already it can be seen whether the options work.
    const none = guard(() => raw.KeySet.from_jwks('{"keys":[]}', ""));
    this.#make(none).free();
    none.free();
  }

  of(keys: raw.KeySet): raw.Verifier {
    const known = guard(() => this.#made.find((made) => made.keys.is_same(keys)));
    if (known !== undefined) {
      keys.free();
      return known.verifier;
    }
    const verifier = this.#make(keys);
    this.#made.unshift({ keys, verifier });
    // Not freed at once: a token may be being verified with it. The collector does that.
    if (this.#made.length > MOST_KEPT) this.#made.pop();
    return verifier;
  }

  free(): void {
    this.#made.length = 0;
  }

  #make(keys: raw.KeySet): raw.Verifier {
    return lookUp(this.#lists, configuredBy(() => new raw.Verifier(keys, this.#config)));
  }
}
