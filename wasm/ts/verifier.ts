import * as raw from "#raw";
import { fromBase64url } from "#memory";
import type { Algorithm } from "./algorithm.js";
import type { MayWait } from "./crypto/host.js";
import { configJson, configuredBy } from "./config.js";
import { apart, invalid, TokenmintError } from "./error.js";
import { enter, leftText } from "./exchange.js";
import { type Call, type Host, secondsFor, systemHost } from "./host.js";
import type { HostKeys } from "./host_keys.js";
import { fromJson } from "./json.js";
import { then } from "./key_parts.js";
import { hostsOf, KeySet } from "./keyset.js";
import { failure, kind } from "./module.js";
import type { VerifierConfig } from "./options.js";
import { type Freeable, Owned, rawOf } from "./owned.js";
import { now, type Question, settle, verification } from "./question.js";
import type { Claims, Jws } from "./results.js";
import { lookUp, type StatusLists, withLists } from "./status_lists.js";
import { tokenText } from "./token.js";

/** What a verifier demands. The issuer and the audience are said, or the check is dropped by name. */
export interface VerifierOptions extends VerifierConfig {
  /** The clock. */
  host?: Host | undefined;
  /** Refuses tokens that were revoked, by the lists that they name. */
  statusLists?: StatusLists | undefined;
}

/** The options that the core knows nothing of. @internal */
export const NOT_THE_CORES = ["host", "statusLists"] as const;

/** The time of one call. */
export type VerifyCall = Pick<Call, "now">;

/** A verifier of an issuer's own: of the class that the entry offers. @internal */
export let verifierOf: (verifier: raw.Verifier, hosts: HostKeys, host: Host) => Verifier;

/** Tells which class that is. @internal */
export function makesVerifiers(make: typeof verifierOf): void {
  verifierOf = make;
}

/**
 * Verifies tokens: framing, header, signature, and then every claim that is demanded. Immutable.
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
 * const published = KeySet.fromJwks(keys.publicJwks());
 * const verifier = new Verifier(published, { issuer: "https://api.example.com", audience: "app" });
 * assert.equal((await verifier.verify(token)).sub, "u1");
 * await assert.rejects(verifier.verify(`${token}x`), { code: "token_encoding" });
 *
 * const elsewhere = new Verifier(published, { issuer: "https://api.example.com", audience: "another" });
 * await assert.rejects(elsewhere.verify(token), { code: "audience_mismatch", field: "aud" });
 * ```
 */
export class Verifier extends Owned {
  readonly #hosts: HostKeys;
  readonly #host: Host;
  /** @internal */
  protected readonly lists: StatusLists | undefined;

  /**
   * A verifier that trusts these keys.
   *
   * Fails with `policy_invalid` where issuer or audience are not said, or for an option that cannot work.
   */
  constructor(keys: KeySet, options: VerifierOptions) {
    if ((keys as unknown) instanceof Made) {
      const { verifier, hosts } = keys as unknown as Made;
      super(verifier);
      this.#hosts = hosts;
    } else if (keys instanceof KeySet) {
      const [set, config] = [rawOf(keys) as raw.KeySet, configJson(options, ...NOT_THE_CORES)];
      super(lookUp(options.statusLists, configuredBy(() => new raw.Verifier(set, config))));
      this.#hosts = hostsOf(keys);
    } else {
      throw invalid("keys", `expected a KeySet, found ${kind(keys)}`);
    }
    this.#host = options?.host ?? systemHost;
    this.lists = options?.statusLists;
  }

  /**
   * The claims of a token that is good now.
   *
   * Rejects with the code of the first check that fails, 300 to 319 in docs/errors.md; with status lists also with
   * `token_revoked`, `token_suspended` or `status_unavailable`.
   */
  async verify(token: string, call?: VerifyCall): Promise<Claims> {
    return this.#claims(tokenText(token), call, false);
  }

  /**
   * As {@link Verifier.verify}, at once: with any key on Node, elsewhere with secrets.
   *
   * Throws `policy_invalid` where the host answers later, or a status list is to be fetched first.
   */
  verifySync(token: string, call?: VerifyCall): Claims {
    return now(this.#claims(tokenText(token), call, true), answersLater);
  }

  /**
   * The payload of a JWS whose signature is good: any bytes. No claim is looked at, and no status list.
   *
   * Rejects with 300 to 309, and 319.
   *
   * @example
   * ```ts
   * import assert from "node:assert/strict";
   * import { Key, KeySet, Verifier } from "tokenmint";
   *
   * // RFC 7515 appendix A.1
   * const key = await Key.fromJwk({
   *   kty: "oct",
   *   alg: "HS256",
   *   k: "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow",
   * });
   * const verifier = new Verifier(new KeySet(key), { anyIssuer: true, anyAudience: true });
   * const { payload } = await verifier.verifyJws(
   *   "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
   * );
   * assert.equal(JSON.parse(new TextDecoder().decode(payload)).iss, "joe");
   * ```
   */
  async verifyJws(token: string): Promise<Jws> {
    return this.#jws(tokenText(token), false);
  }

  /** As {@link Verifier.verifyJws}, at once; see {@link Verifier.verifySync}. */
  verifyJwsSync(token: string): Jws {
    return now(this.#jws(tokenText(token), true), answersLater);
  }

  #claims(token: string, call: VerifyCall | undefined, atOnce: boolean): MayWait<Claims> {
    return this.claimsBy((verifier, length, now) => verifier.verify(length, now), token, call, atOnce);
  }

  /** The claims of a token that a call of the core finds good, once the status list is there that it needs. @internal */
  protected claimsBy(
    run: (verifier: raw.Verifier, length: number, now: number) => number,
    token: string,
    call: VerifyCall | undefined,
    atOnce: boolean,
    question?: Question<boolean>,
  ): MayWait<Claims> {
    const { lists } = this;
    const judge = <T>(read: (length: number) => T) => this.judge(token, call, atOnce, run, read, token, question);
    if (lists === undefined) return judge((length) => fromJson(leftText(length)) as Claims);
    const take = (url: string, list: string) => {
      const run = (verifier: raw.Verifier, length: number, now: number) => verifier.take_list(url, length, now);
      // By the key that the list names, of the issuer that the token names.
      const named = list.slice(0, list.indexOf(".")) + token.slice(token.indexOf("."));
      return this.judge(list, call, false, run, () => undefined, named);
    };
    const ask = () => judge(leftText);
    const json = withLists(lists, { ask, take, now: () => secondsFor(this.#host, call) }, atOnce);
    return then(json, (text) => fromJson(text) as Claims);
  }

  #jws(token: string, atOnce: boolean): MayWait<Jws> {
    const run = (verifier: raw.Verifier, length: number) => verifier.verify_jws(length);
    return this.judge(token, undefined, atOnce, run, (length) => jwsOf(leftText(length)));
  }

  /** Calls the core about a token; now, or later where a key answers later. `named`: what names the key. @internal */
  protected judge<T>(
    token: string,
    call: VerifyCall | undefined,
    atOnce: boolean,
    run: (verifier: raw.Verifier, length: number, now: number) => number,
    read: (length: number) => T,
    named = token,
    question?: Question<boolean>,
  ): MayWait<T> {
    const now = secondsFor(this.#host, call);
    return then(this.verifierFor(named, now, atOnce), (verifier) => {
      const length = enter(token);
      let result: number;
      try {
        result = run(verifier, length, now);
        if (result >= 0) return read(result);
      } catch (thrown) {
        throw failure(thrown);
      }
      return settle(result, this.#hosts, question ?? verification(token), read);
    });
  }

  /** What verifies a token. @internal */
  protected verifierFor(_token: string, _now: number, _atOnce: boolean): MayWait<raw.Verifier> {
    return rawOf(this) as raw.Verifier;
  }
}

/** What verifies, on its way into the constructor. @internal */
export class Made {
  constructor(
    readonly verifier: Freeable,
    readonly hosts: HostKeys,
  ) {}
}

makesVerifiers((verifier, hosts, host) => new Verifier(new Made(verifier, hosts) as unknown as KeySet, { host }));

/** The error of a method that answers at once, where a key does not. @internal */
export function answersLater(): TokenmintError {
  return new TokenmintError("policy_invalid", "the key answers later: use an async method");
}

function jwsOf(text: string): Jws {
  const [payload, algorithm, keyId, type] = apart(text) as [string, Algorithm, string?, string?];
  const jws: { -readonly [member in keyof Jws]: Jws[member] } = { payload: fromBase64url(payload), algorithm };
  if (keyId !== undefined) jws.keyId = keyId;
  if (type !== undefined) jws.type = type;
  return jws;
}
