import * as raw from "#raw";
import { invalid } from "./error.js";
import { guard, kind } from "./module.js";
import { Owned } from "./owned.js";

/** A request with a token that is bound to a key of the client's (RFC 9449 section 7). */
export interface BoundRequest {
  /** What stands in its header `DPoP`. */
  proof: string;
  /** Its method, as its sender wrote it. */
  method: string;
  /** Its whole address, as its sender wrote it. */
  url: string | URL;
  /** What remembers the proofs that were taken. */
  window: ProofWindow;
}

/**
 * The proofs of possession that this process has taken: each is taken once (RFC 9449 section 11.1), and remembered as long as it
 * could be shown again. One that is full refuses further ones with `rate_limited`. For several processes,
 * `issuer.checkBound` remembers them in a store.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { Issuer, Key, KeySet, MemoryStore, ProofWindow, Verifier } from "tokenmint";
 * import { DpopKey } from "tokenmint/dpop";
 *
 * const keys = new KeySet(await Key.generate("ES256", { kid: "k1" }));
 * const issuer = new Issuer(keys, { issuer: "https://api.example.com", audience: "app" });
 * const client = await DpopKey.generate();
 * const token = await issuer.mint({ sub: "u1", cnf: { jkt: client.jkt } }, "1h");
 *
 * const verifier = new Verifier(keys, { issuer: "https://api.example.com", audience: "app" });
 * const window = new ProofWindow();
 * const [method, url] = ["GET", "https://api.example.com/things"];
 * const proof = await client.proof({ method, url, accessToken: token });
 * assert.equal((await verifier.verifyBound(token, { proof, method, url, window })).sub, "u1");
 * await assert.rejects(verifier.verifyBound(token, { proof, method, url, window }), { code: "invalid_dpop_proof" });
 * ```
 */
export class ProofWindow extends Owned {
  /** One that remembers at most so many proofs; 100 000 where nothing is said. */
  constructor(most = 100_000) {
    if (!Number.isInteger(most) || most < 1 || most > 0xffff_ffff) throw invalid("most", `expected a number of proofs, found ${kind(most)}`);
    super(guard(() => new raw.ProofWindow(most)));
  }
}
