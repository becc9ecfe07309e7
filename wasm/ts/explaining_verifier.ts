import { leftText } from "./exchange.js";
import type { MayWait } from "./crypto/host.js";
import type { KeySet } from "./keyset.js";
import { text } from "./module.js";
import { now } from "./question.js";
import { Verifier as Remote } from "./remote_verifier.js";
import type { Explanation } from "./results.js";
import { answersLater, Made, makesVerifiers, type VerifyCall } from "./verifier.js";

/**
 * Verifies tokens, and explains what it finds: framing, header, signature, and then every claim that is demanded. Immutable.
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
 * assert.equal((await verifier.explain(token)).accepted, true);
 * ```
 */
export class Verifier extends Remote {
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
    // The list that the token needs is fetched as for its verification.
    if (this.lists !== undefined) await this.verify(token, call).catch(() => undefined);
    return this.#explanation(text(token, "token"), call, false);
  }

  /** As {@link Verifier.explain}, at once; see {@link Verifier.verifySync}. */
  explainSync(token: string, call?: VerifyCall): Explanation {
    return now(this.#explanation(text(token, "token"), call, true), answersLater);
  }

  #explanation(token: string, call: VerifyCall | undefined, atOnce: boolean): MayWait<Explanation> {
    return this.judge(
      token,
      call,
      atOnce,
      (verifier, length, now) => verifier.explain(length, now),
      (length) => JSON.parse(leftText(length)) as Explanation,
    );
  }
}

makesVerifiers((verifier, hosts, host) => new Verifier(new Made(verifier, hosts) as unknown as KeySet, { host }));
