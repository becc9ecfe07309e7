import * as raw from "#raw";
import { heap, writeText } from "#memory";
import { configJson, configuredBy } from "./config.js";
import type { MayWait } from "./crypto/host.js";
import { invalid, TokenmintError } from "./error.js";
import { leftToken } from "./exchange.js";
import type { Verifier } from "./explaining_verifier.js";
import { type Call, type Host, microsecondsFor, ownSeed, SEED_BYTES, systemHost, writeSeed } from "./host.js";
import type { HostKeys } from "./host_keys.js";
import { toJson } from "./json.js";
import { hostsOf, KeySet } from "./keyset.js";
import { type Lifetime, parseExpiresIn } from "./lifetime.js";
import { failure, guard, kind, optionalText, ready, text } from "./module.js";
import { optionsOf } from "./names.js";
import type { IssuerConfig } from "./options.js";
import { Owned, rawOf } from "./owned.js";
import { now, settle } from "./question.js";
import { signing } from "./signing.js";
import { MAX_TOKEN } from "./token.js";
import { verifierOf } from "./verifier.js";

/** What an issuer computes with. @internal */
export let toolsOf: (issuer: Issuer) => { hosts: HostKeys; host: Host };

/** What an issuer grants, and for how long. Only `issuer` is required. */
export interface IssuerPolicy extends IssuerConfig {
  /** Where time and randomness come from. */
  host?: Host | undefined;
}

/**
 * Mints tokens with the first key that can sign. Immutable.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { Issuer, Key, KeySet } from "tokenmint/mint";
 *
 * const keys = new KeySet(Key.hmac("a secret of at least thirty-two bytes", { kid: "k1" }));
 * const issuer = new Issuer(keys, { issuer: "https://api.example.com", audience: "app" });
 * const token = await issuer.mint({ sub: "ent_1", pages: ["invoices"] }, "1h");
 * const claims = await issuer.verifier().verify(token);
 * assert.equal(claims.sub, "ent_1");
 * assert.deepEqual(claims["pages"], ["invoices"]);
 * ```
 */
export class Issuer extends Owned {
  readonly #hosts: HostKeys;
  readonly #host: Host;

  static {
    toolsOf = (issuer) => ({ hosts: issuer.#hosts, host: issuer.#host });
  }

  /**
   * An issuer of this name.
   *
   * Fails with `policy_invalid`, `key_missing` where no key can sign, `key_weak` for a short session secret.
   */
  constructor(keys: KeySet, policy: IssuerPolicy) {
    if ((keys as unknown) instanceof Made) {
      const { issuer, hosts } = keys as unknown as Made;
      super(issuer);
      this.#hosts = hosts;
    } else {
      if (!(keys instanceof KeySet)) throw invalid("keys", `expected a KeySet, found ${kind(keys)}`);
      const [set, config] = [rawOf(keys) as raw.KeySet, configJson(policy, "host")];
      super(configuredBy(() => new raw.Issuer(set, config)));
      this.#hosts = hostsOf(keys);
    }
    this.#host = policy.host ?? systemHost;
  }

  /**
   * A token with these claims that lives for `expiresIn`. `iss`, `iat` and `exp` are the issuer's; `jti` is random where
   * the claims have none, `aud` the policy's.
   *
   * Claims are JSON: members that are `undefined` are left out, integers beyond 2^53 are BigInts.
   *
   * Rejects with `claim_reserved`, `claims_not_json` at the place that is no JSON, `claims_not_object`,
   * `claims_too_large`, `lifetime_...`, and `store_unavailable` where whoever holds the key cannot sign.
   */
  async mint(claims: object, expiresIn: Lifetime, call?: Call): Promise<string> {
    return this.#mint(claims, undefined, expiresIn, call);
  }

  /**
   * As {@link Issuer.mint}, at once: with any key on Node, elsewhere with a secret.
   *
   * Throws `key_cannot_sign` where the host signs later.
   */
  mintSync(claims: object, expiresIn: Lifetime, call?: Call): string {
    return now(this.#mint(claims, undefined, expiresIn, call), signsLater);
  }

  /**
   * As {@link Issuer.mint}, with further members as ready-made JSON, such as `{"plan":"pro"}`: they are kept byte for byte.
   *
   * Rejects with `claim_duplicate` for a member that the claims have, too.
   */
  async mintJson(claims: object, members: string, expiresIn: Lifetime, call?: Call): Promise<string> {
    return this.#mint(claims, text(members, "members"), expiresIn, call);
  }

  /** As {@link Issuer.mintJson}, at once; see {@link Issuer.mintSync}. */
  mintJsonSync(claims: object, members: string, expiresIn: Lifetime, call?: Call): string {
    return now(this.#mint(claims, text(members, "members"), expiresIn, call), signsLater);
  }

  /** A verifier of its tokens; for another audience than the policy's where one is given. */
  verifier(options?: { audience?: string | undefined }): Verifier {
    const issuer = rawOf(this) as raw.Issuer;
    const audience = optionalText(optionsOf(options, "audience").audience, "audience");
    return verifierOf(guard(() => issuer.verifier(audience)), this.#hosts, this.#host) as Verifier;
  }

  /** The public halves of its keys as a JWK Set, to be published. */
  publicJwks(): { keys: Record<string, unknown>[] } {
    const issuer = rawOf(this) as raw.Issuer;
    return JSON.parse(guard(() => issuer.public_jwks())) as { keys: Record<string, unknown>[] };
  }

  /** The token; later, where the host signs later. */
  #mint(claims: object, members: string | undefined, expiresIn: Lifetime, call: Call | undefined): MayWait<string> {
    const issuer = rawOf(this) as raw.Issuer;
    const json = toJson(claims);
    const extra = members ?? "";
    if (json.length + extra.length > MAX_TOKEN) {
      throw new TokenmintError("claims_too_large", `the claims have more than ${MAX_TOKEN} characters of JSON`);
    }
    const seconds = wholeSeconds(expiresIn);
    const at = microsecondsFor(this.#host, call) / 1_000_000;
    // Only a random `jti` needs randomness.
    const seeded = (claims as { jti?: unknown } | null)?.jti === undefined;
    const given = seeded ? ownSeed(this.#host, call) : undefined;
    ready();
    let result: number;
    try {
      const place = raw.input((json.length + extra.length) * 3 + SEED_BYTES);
      const claimsLength = writeText(json, place);
      const membersLength = extra === "" ? 0 : writeText(extra, place + claimsLength);
      if (seeded) writeSeed(heap(), place + claimsLength + membersLength, given);
      result = issuer.mint(claimsLength, membersLength, seconds, at, seeded);
      if (result >= 0) return leftToken(result);
    } catch (thrown) {
      throw failure(thrown);
    }
    return settle(result, this.#hosts, signing, leftToken);
  }
}

/** An issuer that the core has made, on its way into the constructor. @internal */
export class Made {
  constructor(
    readonly issuer: raw.Issuer,
    readonly hosts: HostKeys,
  ) {}
}

function wholeSeconds(expiresIn: Lifetime): number {
  return typeof expiresIn === "number" && Number.isSafeInteger(expiresIn) ? expiresIn : parseExpiresIn(expiresIn);
}

function signsLater(): TokenmintError {
  return new TokenmintError("key_cannot_sign", "the host signs with this key, and answers later: use mint()");
}
