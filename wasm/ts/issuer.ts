import * as raw from "#raw";
import { heap, writeText } from "#memory";
import { configJson, configuredBy } from "./config.js";
import { invalid, TokenmintError } from "./error.js";
import { ASKED, askedKey, askedMessage, enterBytes, leftError, leftToken } from "./exchange.js";
import { type Call, type Host, microsecondsFor, ownSeed, SEED_BYTES, seedFor, systemHost, writeSeed } from "./host.js";
import { attempt, type HostKeys } from "./host_keys.js";
import { fromJson, toJson } from "./json.js";
import { hostsOf, KeySet } from "./keyset.js";
import { type Lifetime, parseExpiresIn } from "./lifetime.js";
import { failure, guard, kind, optionalText, ready, text } from "./module.js";
import { inCoreNames, inOwnNames, optionsOf } from "./names.js";
import { Operations } from "./operations.js";
import type { IssuerConfig } from "./options.js";
import { rawOf } from "./owned.js";
import { notHere, Task, taskOf, type Tell } from "./task.js";
import { MAX_TOKEN } from "./token.js";
import { type Verifier, verifierOf } from "./verifier.js";

/** An issuer that an endpoint has made. @internal */
export let issuerOf: (issuer: raw.Issuer, hosts: HostKeys, host: Host) => Issuer;

/** What an issuer grants, and for how long. Only `issuer` is required. */
export interface IssuerPolicy extends IssuerConfig {
  /** Where time and randomness come from. */
  host?: Host | undefined;
}

/**
 * Mints tokens with the first key that can sign, and runs the flows. Immutable.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { Issuer, Key, KeySet } from "tokenmint";
 *
 * const keys = new KeySet(Key.hmac("a secret of at least thirty-two bytes", { kid: "k1" }));
 * const issuer = new Issuer(keys, { issuer: "https://api.example.com", audience: "app" });
 * const token = await issuer.mint({ sub: "ent_1", pages: ["invoices"] }, "1h");
 * const claims = await issuer.verifier().verify(token);
 * assert.equal(claims.sub, "ent_1");
 * assert.deepEqual(claims["pages"], ["invoices"]);
 * ```
 */
export class Issuer extends Operations {
  readonly #hosts: HostKeys;
  readonly #host: Host;

  static {
    issuerOf = (issuer, hosts, host) => new Issuer(new Made(issuer, hosts) as unknown as KeySet, { issuer: "", host });
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
    const minted = this.#mint(claims, undefined, expiresIn, call);
    return typeof minted === "string" ? minted : minted.run();
  }

  /**
   * As {@link Issuer.mint}, at once: with any key on Node, elsewhere with a secret.
   *
   * Throws `key_cannot_sign` where the host signs later.
   */
  mintSync(claims: object, expiresIn: Lifetime, call?: Call): string {
    const minted = this.#mint(claims, undefined, expiresIn, call);
    return typeof minted === "string" ? minted : signedNow(minted);
  }

  /**
   * As {@link Issuer.mint}, with further members as ready-made JSON, such as `{"plan":"pro"}`: they are kept byte for byte.
   *
   * Rejects with `claim_duplicate` for a member that the claims have, too.
   */
  async mintJson(claims: object, members: string, expiresIn: Lifetime, call?: Call): Promise<string> {
    const minted = this.#mint(claims, text(members, "members"), expiresIn, call);
    return typeof minted === "string" ? minted : minted.run();
  }

  /** As {@link Issuer.mintJson}, at once; see {@link Issuer.mintSync}. */
  mintJsonSync(claims: object, members: string, expiresIn: Lifetime, call?: Call): string {
    const minted = this.#mint(claims, text(members, "members"), expiresIn, call);
    return typeof minted === "string" ? minted : signedNow(minted);
  }

  /** A verifier of its tokens; for another audience than the policy's where one is given. */
  verifier(options?: { audience?: string | undefined }): Verifier {
    const issuer = rawOf(this) as raw.Issuer;
    const audience = optionalText(optionsOf(options, "audience").audience, "audience");
    return verifierOf(guard(() => issuer.verifier(audience)), this.#hosts, this.#host);
  }

  /** The public halves of its keys as a JWK Set, to be published. */
  publicJwks(): { keys: Record<string, unknown>[] } {
    const issuer = rawOf(this) as raw.Issuer;
    return JSON.parse(guard(() => issuer.public_jwks())) as { keys: Record<string, unknown>[] };
  }

  operation(name: string, input: object, call?: Call): Task<Record<string, unknown>> {
    return this.#operation(name, toJson(input), call, (json) => fromJson(json) as Record<string, unknown>);
  }

  /** @internal */
  protected flow<T>(
    name: string,
    input: object,
    call: Call | undefined,
    read: (json: string) => T,
    within?: string,
    tell: Tell = (error) => inOwnNames(error, within),
  ): Task<T> {
    if (typeof input !== "object" || input === null) throw invalid("input", `expected an object, found ${kind(input)}`);
    const named = inCoreNames(input) as Record<string, unknown>;
    if (within !== undefined) named[within] = inCoreNames(named[within]);
    return this.#operation(name, toJson(named), call, read, tell);
  }

  #operation<T>(name: string, input: string, call: Call | undefined, read: (json: string) => T, tell?: Tell): Task<T> {
    const issuer = rawOf(this) as raw.Issuer;
    const [given, now, seed] = [text(name, "name"), microsecondsFor(this.#host, call), seedFor(this.#host, call)];
    return taskOf(guard(() => issuer.operation(given, input, now, seed)), this.#hosts, read, tell);
  }

  /** The token; or a task, where the host signs later. */
  #mint(claims: object, members: string | undefined, expiresIn: Lifetime, call: Call | undefined): string | Task<string> {
    const issuer = rawOf(this) as raw.Issuer;
    const json = toJson(claims);
    const extra = members ?? "";
    if (json.length + extra.length > MAX_TOKEN) {
      throw new TokenmintError("claims_too_large", `the claims have more than ${MAX_TOKEN} characters of JSON`);
    }
    const seconds = wholeSeconds(expiresIn);
    const now = microsecondsFor(this.#host, call) / 1_000_000;
    // Only a random `jti` needs randomness.
    const seeded = (claims as { jti?: unknown } | null)?.jti === undefined;
    const given = seeded ? ownSeed(this.#host, call) : undefined;
    ready();
    let result: number;
    try {
      const at = raw.input((json.length + extra.length) * 3 + SEED_BYTES);
      const claimsLength = writeText(json, at);
      const membersLength = extra === "" ? 0 : writeText(extra, at + claimsLength);
      if (seeded) writeSeed(heap(), at + claimsLength + membersLength, given);
      result = issuer.mint(claimsLength, membersLength, seconds, now, seeded);
      if (result < 0) result = settle(issuer, this.#hosts, result);
    } catch (thrown) {
      throw failure(thrown);
    }
    if (result !== ASKED) return leftToken(result);
    const seed = given ?? seedFor(this.#host, call);
    const task = guard(() => issuer.mint_task(json, members, seconds, now, seed));
    return taskOf(task, this.#hosts, (token) => token);
  }
}

/** An issuer that the core has made, on its way into the constructor. */
class Made {
  constructor(
    readonly issuer: raw.Issuer,
    readonly hosts: HostKeys,
  ) {}
}

/**
 * Answers a call with a signature of the host, where that signs at once; throws the error that it comes to.
 *
 * Only the host's own crypto runs in between: a function of the program's could call the module again.
 */
function settle(issuer: raw.Issuer, hosts: HostKeys, asked: number): number {
  let result = asked;
  while (result === ASKED) {
    const name = askedKey();
    const key = hosts.find(name);
    if (key.sign === undefined) throw notHere(name.slice(0, name.indexOf(" ")));
    if (!key.sync) return ASKED;
    const signature = attempt(() => key.sign?.(askedMessage()) as Uint8Array);
    result = issuer.mint_finish(enterBytes(signature));
  }
  if (result < 0) throw leftError(result);
  return result;
}

function wholeSeconds(expiresIn: Lifetime): number {
  return typeof expiresIn === "number" && Number.isSafeInteger(expiresIn) ? expiresIn : parseExpiresIn(expiresIn);
}

function signedNow(task: Task<string>): string {
  try {
    return task.runSync();
  } catch (error) {
    if (!(error instanceof TokenmintError) || error.code !== "policy_invalid") throw error;
    throw new TokenmintError("key_cannot_sign", "the host signs with this key, and answers later: use mint()");
  }
}
