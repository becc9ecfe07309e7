// Keys that exist on the host already: of WebCrypto, or of node:crypto.

import * as raw from "#raw";
import { hostCrypto } from "#crypto";
import { subtle } from "./crypto/subtle.js";
import { algorithmOf, webKey } from "./crypto/web.js";
import { type Algorithm, isHmac } from "./algorithm.js";
import type { Jwk } from "./crypto/host.js";
import { invalid, TokenmintError } from "./error.js";
import { fromJwk, hmac, type KeyParts, newName, opaque, proven } from "./key_parts.js";
import { guard, kind, optionalText } from "./module.js";
import type { CryptoKeyLike, CryptoKeyPairLike, KeyObjectLike } from "./key_like.js";

/** @internal */
export async function fromCryptoKey(
  key: CryptoKeyLike | CryptoKeyPairLike,
  kid: string | undefined,
  wanted: Algorithm | undefined,
): Promise<KeyParts> {
  const [privateKey, publicKey] = halves(key);
  const algorithm = algorithmOf((privateKey ?? publicKey) as CryptoKey);
  if (algorithm === undefined) throw new TokenmintError("key_unsupported", "the CryptoKey's algorithm is not supported");
  if (wanted !== undefined && wanted !== algorithm) {
    throw new TokenmintError("key_usage", `the CryptoKey is for ${algorithm}, not for ${wanted}`, { field: "algorithm" });
  }
  const id = optionalText(kid, "kid");
  if (isHmac(algorithm)) return secret(privateKey as CryptoKey, id, algorithm);
  if (privateKey?.extractable) {
    const { kty, crv, n, e, x, y, d, p, q, dp, dq, qi } = await subtle().exportKey("jwk", privateKey);
    const numbers = JSON.parse(JSON.stringify({ kty, crv, n, e, x, y, d, p, q, dp, dq, qi, kid: id })) as Jwk;
    return fromJwk(numbers, algorithm);
  }
  if (privateKey && publicKey && algorithmOf(publicKey) !== algorithm) {
    throw new TokenmintError("key_usage", `the public half is not for ${algorithm}`, { field: "publicKey" });
  }
  const host = webKey(algorithm, privateKey, publicKey);
  if (privateKey && publicKey) await proven(host);
  if (publicKey?.extractable) {
    return opaque(algorithm, id, { publicJwk: (await subtle().exportKey("jwk", publicKey)) as Jwk, host });
  }
  return { raw: guard(() => raw.Key.held(newName(algorithm), algorithm, id)), host };
}

function halves(key: CryptoKeyLike | CryptoKeyPairLike): [CryptoKey | undefined, CryptoKey | undefined] {
  if (typeof key !== "object" || key === null) throw invalid("key", `expected a CryptoKey, found ${kind(key)}`);
  const found = "type" in key ? (key.type === "public" ? { publicKey: key } : { privateKey: key }) : key;
  const { privateKey, publicKey } = found as { privateKey?: CryptoKey; publicKey?: CryptoKey };
  if (privateKey === undefined && publicKey === undefined) throw invalid("key", `expected a CryptoKey, found ${kind(key)}`);
  return [privateKey, publicKey];
}

async function secret(key: CryptoKey, kid: string | undefined, algorithm: Algorithm): Promise<KeyParts> {
  if (key.extractable) {
    const bytes = new Uint8Array(await subtle().exportKey("raw", key));
    try {
      return hmac(bytes, kid, algorithm);
    } finally {
      bytes.fill(0);
    }
  }
  return { raw: guard(() => raw.Key.held(newName(algorithm), algorithm, kid)), host: webKey(algorithm, key, key) };
}

/** @internal */
export function fromKeyObject(key: KeyObjectLike, kid: string | undefined, wanted: Algorithm | undefined): KeyParts {
  if (hostCrypto.keyObject === undefined) {
    throw new TokenmintError("key_unsupported", "a KeyObject belongs to Node: use Key.fromCryptoKey here");
  }
  if (key?.type === "secret") {
    const bytes = (key as unknown as { export(): Uint8Array }).export();
    try {
      return hmac(bytes, kid, wanted);
    } finally {
      bytes.fill(0);
    }
  }
  if (typeof key !== "object" || key === null) throw invalid("key", `expected a KeyObject, found ${kind(key)}`);
  const { algorithm, ...pair } = hostCrypto.keyObject(key, wanted);
  return opaque(algorithm, optionalText(kid, "kid"), pair);
}
