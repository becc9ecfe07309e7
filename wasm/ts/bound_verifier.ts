import type * as raw from "#raw";
import { encode, fromBase64url } from "#memory";
import { invalid } from "./error.js";
import { askedMessage } from "./exchange.js";
import { Verifier as Explaining } from "./explaining_verifier.js";
import type { KeySet } from "./keyset.js";
import { bytes, kind, text } from "./module.js";
import { optionsOf } from "./names.js";
import { rawOf } from "./owned.js";
import { type BoundRequest, ProofWindow } from "./proof_window.js";
import { type Question, verification } from "./question.js";
import type { Claims } from "./results.js";
import { tokenText } from "./token.js";
import { Made, makesVerifiers, type VerifyCall } from "./verifier.js";

/**
 * Verifies tokens, also those that are bound to a key or a certificate, and explains what it finds: framing, header, signature,
 * and then every claim that is demanded. Immutable.
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
export class Verifier extends Explaining {
  /**
   * The claims of a token that is bound to a key of the client's: good now, with a proof of that key, for this token and this
   * request, which is taken for the first time (RFC 9449 section 7.1). The token is what follows `DPoP ` in the header
   * `Authorization`; {@link ProofWindow} has an example.
   *
   * Rejects as {@link Verifier.verify}; with `invalid_dpop_proof`, `binding_mismatch`; with `rate_limited` where the window is full.
   */
  async verifyBound(token: string, request: BoundRequest, call?: VerifyCall): Promise<Claims> {
    const { proof, method, url, window } = optionsOf(request, "proof", "method", "url", "window");
    if (!(window instanceof ProofWindow)) throw invalid("window", `expected a ProofWindow, found ${kind(window)}`);
    const [shown, sent, to] = [text(proof, "proof"), text(method, "method"), url instanceof URL ? url.href : text(url, "url")];
    const run = (verifier: raw.Verifier, length: number, now: number) =>
      verifier.verify_bound(length, shown, sent, to, rawOf(window) as raw.ProofWindow, now);
    const checked = tokenText(token);
    return this.claimsBy(run, checked, call, false, either(checked, shown));
  }

  /**
   * The claims of a token that is bound to the client's certificate: good now, and bound to the one with this SHA-256 of its DER
   * (RFC 8705 section 3).
   *
   * Rejects as {@link Verifier.verify}; with `binding_mismatch`.
   */
  async verifyWithCertificate(token: string, sha256: Uint8Array, call?: VerifyCall): Promise<Claims> {
    const hash = bytes(sha256, "sha256");
    const run = (verifier: raw.Verifier, length: number, now: number) => verifier.verify_with_certificate(length, hash, now);
    return this.claimsBy(run, tokenText(token), call, false);
  }
}

makesVerifiers((verifier, hosts, host) => new Verifier(new Made(verifier, hosts) as unknown as KeySet, { host }));

/** The question whether a signature of a token or of its proof is that of a key: about which, its message says. */
function either(token: string, proof: string): Question<boolean> {
  const ofToken = verification(token);
  const dot = proof.lastIndexOf(".");
  const message = encode(proof.slice(0, dot));
  return {
    ask(key, algorithm) {
      const asked = askedMessage();
      const isOfProof = asked.length === message.length && asked.every((byte, at) => byte === message[at]);
      if (!isOfProof) return ofToken.ask(key, algorithm);
      return key.verify?.(message, fromBase64url(proof.slice(dot + 1))) ?? false;
    },
    answer: ofToken.answer,
  };
}
