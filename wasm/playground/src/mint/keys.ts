// The keys that the page makes for itself. Asymmetric ones are not extractable: nobody can read them, not even the page.

import { type Algorithm, Key } from "tokenmint";
import { randomBytes, toBase64url } from "../shared/bytes.ts";
import { jsonText } from "../shared/json-view.ts";
import type { KeyText } from "../shared/keys.ts";

export const ALGORITHMS: readonly (readonly [Algorithm, string])[] = [
  ["HS256", "HS256: a shared secret"],
  ["HS384", "HS384: a shared secret"],
  ["HS512", "HS512: a shared secret"],
  ["EdDSA", "EdDSA: Ed25519"],
  ["ES256", "ES256: P-256"],
  ["ES384", "ES384: P-384"],
  ["RS256", "RS256: RSA, 2048 bits"],
  ["PS256", "PS256: RSA-PSS, 2048 bits"],
];

export function isHmac(algorithm: Algorithm): boolean {
  return algorithm.startsWith("HS");
}

/** A fresh secret, as long as the algorithm's hash. */
export function newSecret(algorithm: Algorithm): string {
  return toBase64url(randomBytes(Number(algorithm.slice(2)) / 8));
}

const made = new Map<Algorithm, Promise<Key>>();

/** The page's key of this algorithm, made when it is first asked for. */
export function pageKey(algorithm: Algorithm): Promise<Key> {
  const key = made.get(algorithm) ?? Key.generate(algorithm, { extractable: false }).then((key) => key.withThumbprintKid());
  made.set(algorithm, key);
  return key;
}

export function forget(algorithm: Algorithm): void {
  made.delete(algorithm);
}

/** What a verifier needs of the key. */
export function publicHalf(key: Key): KeyText {
  return { kind: "jwk", text: jsonText(key.publicJwk()) };
}
