import { Issuer, Key, KeySet, Verifier } from "tokenmint";

export const NOW = 1_700_000_000;
export const SECRET = "a secret of at least thirty-two bytes";
export const SEED = new Uint8Array(32).fill(7);
export const ISSUER = "https://api.example.com";

/** An issuer and its verifier, for one key. */
export function pair(key = Key.hmac(SECRET, { kid: "k1" }), policy = {}) {
  const keys = new KeySet(key);
  const issuer = new Issuer(keys, { issuer: ISSUER, audience: "app", ...policy });
  const verifier = new Verifier(keys, { issuer: ISSUER, audience: "app" });
  return { key, keys, issuer, verifier };
}

/** The payload's JSON text of a token. */
export function payload(token) {
  return Buffer.from(token.split(".")[1], "base64url").toString();
}
