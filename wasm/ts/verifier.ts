import * as raw from "#raw";
import { fromBase64url } from "#memory";
import type { Algorithm } from "./algorithm.js";
import { configJson, configuredBy } from "./config.js";
import { invalid, TokenmintError } from "./error.js";
import { ASKED, askedKey, enter, entered, leftError, leftText } from "./exchange.js";
import { type Call, type Host, secondsFor, systemHost } from "./host.js";
import { attempt, HostKeys } from "./host_keys.js";
import { fromJson } from "./json.js";
import { hostsOf, KeySet } from "./keyset.js";
import { failure, guard, kind, text } from "./module.js";
import type { VerifierConfig } from "./options.js";
import { Owned, rawOf } from "./owned.js";
import { keysAtOnce, keysFor, RemoteKeySet } from "./remote.js";
import type { Claims, Explanation, Jws } from "./results.js";
import { Task, taskOf } from "./task.js";
import { tokenText } from "./token.js";

/** What a verifier demands. The issuer and the audience are said, or the check is dropped by name. */
export interface VerifierOptions extends VerifierConfig {
  /** The clock. */
  host?: Host | undefined;
}

/** The time of one call. */
export type VerifyCall = Pick<Call, "now">;

/** A verifier of an issuer's own. @internal */
export let verifierOf: (verifier: raw.Verifier, hosts: HostKeys, host: Host) => Verifier;

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
  readonly #remote: RemoteKeySet | undefined;

  static {
    verifierOf = (verifier, hosts, host) => new Verifier(new Made(verifier, hosts) as unknown as KeySet, { host });
  }

  /**
   * A verifier that trusts these keys.
   *
   * Fails with `policy_invalid` where issuer or audience are not said, or for an option that cannot work.
   */
  constructor(keys: KeySet | RemoteKeySet, options: VerifierOptions) {
    const host = options?.host ?? systemHost;
    if ((keys as unknown) instanceof Made) {
      const { verifier, hosts } = keys as unknown as Made;
      super(verifier);
      this.#hosts = hosts;
    } else if (keys instanceof KeySet) {
      const [set, config] = [rawOf(keys) as raw.KeySet, configJson(options, "host")];
      super(configuredBy(() => new raw.Verifier(set, config)));
      this.#hosts = hostsOf(keys);
    } else if (keys instanceof RemoteKeySet) {
      super(new RemoteVerifiers(keys, configJson(options, "host")));
      this.#hosts = new HostKeys();
      this.#remote = keys;
    } else {
      throw invalid("keys", `expected a KeySet or a RemoteKeySet, found ${kind(keys)}`);
    }
    this.#host = host;
  }

  /**
   * The claims of a token that is good now.
   *
   * Rejects with the code of the first check that fails, 300 to 319 in docs/errors.md; `keys_unavailable` where remote
   * keys cannot be fetched.
   */
  async verify(token: string, call?: VerifyCall): Promise<Claims> {
    const given = tokenText(token);
    const now = secondsFor(this.#host, call);
    const found = this.#verify(this.#here() ?? (await this.#fetched(given, now)), given, now);
    return found instanceof Task ? found.run() : found;
  }

  /**
   * As {@link Verifier.verify}, at once: with any key on Node, elsewhere with secrets.
   *
   * Throws `policy_invalid` where the host answers later, and where remote keys are to be fetched first.
   */
  verifySync(token: string, call?: VerifyCall): Claims {
    const given = tokenText(token);
    const now = secondsFor(this.#host, call);
    const found = this.#verify(this.#here() ?? this.#known(given, now), given, now);
    return found instanceof Task ? found.runSync() : found;
  }

  /**
   * The payload of a JWS whose signature is good: any bytes. No claim is looked at.
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
    const given = tokenText(token);
    const found = this.#verifyJws(this.#here() ?? (await this.#fetched(given, secondsFor(this.#host, undefined))), given);
    return found instanceof Task ? found.run() : found;
  }

  /** As {@link Verifier.verifyJws}, at once; see {@link Verifier.verifySync}. */
  verifyJwsSync(token: string): Jws {
    const given = tokenText(token);
    const found = this.#verifyJws(this.#here() ?? this.#known(given, secondsFor(this.#host, undefined)), given);
    return found instanceof Task ? found.runSync() : found;
  }

  /**
   * Why a token is accepted or refused: every check in its order, what it saw and what it demands. Neither a signature nor
   * a secret is shown.
   *
   * Rejects with `keys_unavailable` and its like where remote keys cannot be fetched, and with nothing else for a text.
   *
   * @example
   * ```ts
   * import assert from "node:assert/strict";
   * import { Issuer, Key, KeySet } from "tokenmint";
   *
   * const keys = new KeySet(Key.hmac("a secret of at least thirty-two bytes"));
   * const issuer = new Issuer(keys, { issuer: "https://api.example.com", audience: "app" });
   * const token = issuer.mintSync({ sub: "u1" }, "1h", { now: 1_700_000_000 });
   *
   * const explanation = await issuer.verifier().explain(token, { now: 1_700_003_605 });
   * assert.equal(explanation.error, "token_expired");
   * assert.equal(explanation.checks.find((check) => check.name === "exp")?.hint, "expired 5 s ago");
   * ```
   */
  async explain(token: string, call?: VerifyCall): Promise<Explanation> {
    const given = text(token, "token");
    const now = secondsFor(this.#host, call);
    return this.#explain(this.#here() ?? (await this.#fetched(given, now)), given, now).run();
  }

  /** As {@link Verifier.explain}, at once; see {@link Verifier.verifySync}. */
  explainSync(token: string, call?: VerifyCall): Explanation {
    const given = text(token, "token");
    const now = secondsFor(this.#host, call);
    return this.#explain(this.#here() ?? this.#known(given, now), given, now).runSync();
  }

  /** What verifies, where its keys are here. */
  #here(): raw.Verifier | undefined {
    const verifier = rawOf(this);
    return this.#remote === undefined ? (verifier as raw.Verifier) : undefined;
  }

  /** What verifies with the keys that were fetched for a token. */
  async #fetched(token: string, now: number): Promise<raw.Verifier> {
    const remote = rawOf(this) as RemoteVerifiers;
    return remote.of(await keysFor(remote.keys, token, now));
  }

  #known(token: string, now: number): raw.Verifier {
    const remote = rawOf(this) as RemoteVerifiers;
    const found = keysAtOnce(remote.keys, token, now);
    if (found !== undefined) return remote.of(found);
    throw new TokenmintError("policy_invalid", "the issuer's keys must be fetched first: use an async method");
  }

  /** The claims; or a task, where a key of the host answers later. */
  #verify(verifier: raw.Verifier, token: string, now: number): Claims | Task<Claims> {
    const length = enter(token);
    let result: number;
    try {
      result = verifier.verify(length, now);
      if (result < 0) result = settle(verifier, this.#hosts, token, result);
    } catch (thrown) {
      throw failure(thrown);
    }
    if (result !== ASKED) return fromJson(leftText(result)) as Claims;
    return taskOf(guard(() => verifier.verify_task(token, now)), this.#hosts, fromJson as (json: string) => Claims);
  }

  #verifyJws(verifier: raw.Verifier, token: string): Jws | Task<Jws> {
    const length = enter(token);
    let result: number;
    try {
      result = verifier.verify_jws(length);
      if (result < 0) result = settle(verifier, this.#hosts, token, result);
    } catch (thrown) {
      throw failure(thrown);
    }
    if (result !== ASKED) return jwsOf(leftText(result));
    return taskOf(guard(() => verifier.verify_jws_task(token)), this.#hosts, jwsOf);
  }

  #explain(verifier: raw.Verifier, token: string, now: number): Task<Explanation> {
    return taskOf(
      guard(() => verifier.explain_task(token, now)),
      this.#hosts,
      (json) => JSON.parse(json) as Explanation,
    );
  }
}

/** A verifier that the core has made, on its way into the constructor. */
class Made {
  constructor(
    readonly verifier: raw.Verifier,
    readonly hosts: HostKeys,
  ) {}
}

/**
 * Answers the questions of a call that keys of the host answer at once; throws the error that it comes to.
 *
 * Only the host's own crypto runs in between: a function of the program's could call the module again.
 */
function settle(verifier: raw.Verifier, hosts: HostKeys, token: string, asked: number): number {
  let result = asked;
  while (result === ASKED) {
    const key = hosts.find(askedKey());
    if (!key.sync || key.verify === undefined) return ASKED;
    const dot = token.lastIndexOf(".");
    const signature = fromBase64url(token.slice(dot + 1));
    const valid = attempt(() => key.verify?.(entered(dot), signature) as boolean);
    result = verifier.verify_finish(valid);
  }
  if (result < 0) throw leftError(result);
  return result;
}

function jwsOf(json: string): Jws {
  const { payload, algorithm, key_id: keyId, type } = JSON.parse(json) as {
    payload: string;
    algorithm: Algorithm;
    key_id?: string;
    type?: string;
  };
  const jws: { -readonly [member in keyof Jws]: Jws[member] } = { payload: fromBase64url(payload), algorithm };
  if (keyId !== undefined) jws.keyId = keyId;
  if (type !== undefined) jws.type = type;
  return jws;
}

/** How many sets of remote keys are kept ready, with their verifiers: those of a few issuers, before and after a change. */
const MOST_KEPT = 16;

/** The verifiers over remote key sets: one for each set that is in use. */
class RemoteVerifiers {
  readonly keys: RemoteKeySet;
  readonly #config: string;
  readonly #made: { keys: raw.KeySet; verifier: raw.Verifier }[] = [];

  constructor(keys: RemoteKeySet, config: string) {
    this.keys = keys;
    this.#config = config;
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
    return configuredBy(() => new raw.Verifier(keys, this.#config));
  }
}
