// Keys that are made: of PEM, and new ones.

import * as raw from "#raw";
import { hostCrypto } from "#crypto";
import { base64url } from "#memory";
import { type Algorithm, hashBits, isHmac } from "./algorithm.js";
import type { Jwk, MayWait } from "./crypto/host.js";
import { fromJwk, type KeyParts, opaque, then } from "./key_parts.js";
import { guard, optionalText, text } from "./module.js";

/** A key of a PEM text. @internal */
export function fromPem(pem: string, kid: string | undefined, algorithm: string | undefined): MayWait<KeyParts> {
  return then(jwkOfPem(pem, kid, algorithm), (jwk) => fromJwk(jwk, undefined));
}

/** The JWK of a PEM text: with the public half, also where the text has none. @internal */
export function jwkOfPem(pem: string, kid: string | undefined, algorithm: string | undefined): MayWait<Jwk> {
  const json = guard(() =>
    raw.jwk_of_pem(text(pem, "pem"), optionalText(kid, "kid"), optionalText(algorithm, "algorithm")),
  );
  const jwk = JSON.parse(json) as Jwk;
  return jwk["kty"] === "RSA" || jwk["x"] !== undefined ? jwk : hostCrypto.complete(jwk["alg"] as Algorithm, jwk);
}

/** A new key, whose private half stays with the host. @internal */
export function generate(algorithm: Algorithm, kid: string | undefined, extractable: boolean): MayWait<KeyParts> {
  checked(algorithm);
  if (isHmac(algorithm)) return fromJwk(generateJwk(algorithm, kid), undefined);
  return then(hostCrypto.generate(algorithm, extractable), (pair) => opaque(algorithm, kid, pair));
}

/** A new private JWK or secret. @internal */
export function generateJwk(algorithm: Algorithm, kid: string | undefined): MayWait<Jwk> {
  const id = optionalText(kid, "kid");
  checked(algorithm);
  const named = ({ kty, key_ops: _operations, ext: _extractable, alg: _algorithm, ...numbers }: Jwk) => ({
    kty,
    use: "sig",
    alg: algorithm,
    ...(id !== undefined && { kid: id }),
    ...numbers,
  });
  if (!isHmac(algorithm)) return then(hostCrypto.generateJwk(algorithm), named);
  // RFC 7518 section 3.2: a key as long as the hash.
  const secret = crypto.getRandomValues(new Uint8Array(hashBits(algorithm) / 8));
  try {
    return named({ kty: "oct", k: base64url(secret) });
  } finally {
    secret.fill(0);
  }
}

/** Fails as the core does for what is no algorithm. */
function checked(algorithm: Algorithm): void {
  guard(() => raw.Key.held("name", text(algorithm, "algorithm"), undefined)).free();
}
