// The host's crypto by WebCrypto, which answers later.

import { type Algorithm, curve, hashBits } from "../algorithm.js";
import { TokenmintError } from "../error.js";
import { fromBase64url } from "#memory";
import type { HostCrypto, HostKey, Jwk } from "./host.js";
import { subtle } from "./subtle.js";

/** @internal */
export const hostCrypto: HostCrypto = {
  sync: false,
  publicKey(algorithm, jwk) {
    return webKey(algorithm, undefined, importKey(algorithm, JSON.parse(jwk) as Jwk, "verify"));
  },
  async privateKey(algorithm, jwk) {
    const { d, p, q, dp, dq, qi, oth, ...publicHalf } = jwk;
    const privateKey = await importKey(algorithm, jwk, "sign");
    return webKey(algorithm, privateKey, importKey(algorithm, publicHalf, "verify"));
  },
  async complete(algorithm, jwk) {
    const web = subtle();
    const scalar = fromBase64url(String(jwk["d"]));
    try {
      const key = await web.importKey("pkcs8", pkcs8(algorithm, scalar), parameters(algorithm), true, ["sign"]);
      const { x, y } = await web.exportKey("jwk", key);
      return y === undefined ? { ...jwk, x } : { ...jwk, x, y };
    } catch {
      throw new TokenmintError(
        "key_unsupported",
        "the key file has no public half, and this platform does not compute it: give one that has both",
      );
    } finally {
      scalar.fill(0);
    }
  },
  async generate(algorithm, extractable) {
    const pair = await generatePair(algorithm, extractable);
    const publicJwk = (await subtle().exportKey("jwk", pair.publicKey)) as Jwk;
    return { publicJwk, host: webKey(algorithm, pair.privateKey, pair.publicKey) };
  },
  async generateJwk(algorithm) {
    const { privateKey } = await generatePair(algorithm, true);
    return (await subtle().exportKey("jwk", privateKey)) as Jwk;
  },
};

/** A key of WebCrypto, and its public half where that is known. @internal */
export function webKey(
  algorithm: Algorithm,
  privateKey: CryptoKey | undefined,
  publicKey: CryptoKey | Promise<CryptoKey> | undefined,
): HostKey {
  const how = parameters(algorithm);
  // An import that failed is reported by whoever needs the key.
  if (publicKey instanceof Promise) publicKey.catch(() => undefined);
  return {
    sync: false,
    sign:
      privateKey &&
      (async (message) => new Uint8Array(await subtle().sign(how, privateKey, message as BufferSource))),
    verify:
      publicKey &&
      (async (message, signature) =>
        subtle().verify(how, await publicKey, signature as BufferSource, message as BufferSource)),
  };
}

/** The algorithm of a key of WebCrypto, as far as it tells. @internal */
export function algorithmOf(key: CryptoKey): Algorithm | undefined {
  const { name, hash, namedCurve } = key.algorithm as { name: string; hash?: { name: string }; namedCurve?: string };
  const bits = hash?.name.slice(4);
  switch (name) {
    case "HMAC":
      return `HS${bits}` as Algorithm;
    case "RSASSA-PKCS1-v1_5":
      return `RS${bits}` as Algorithm;
    case "RSA-PSS":
      return `PS${bits}` as Algorithm;
    case "ECDSA":
      return ({ "P-256": "ES256", "P-384": "ES384", "P-521": "ES512" } as const)[namedCurve as "P-256"];
    case "Ed25519":
      return "EdDSA";
    default:
      return undefined;
  }
}

/** What WebCrypto calls an algorithm: enough for importing, signing and verifying. */
function parameters(algorithm: Algorithm): { name: string; hash?: string; namedCurve?: string; saltLength?: number } {
  const bits = hashBits(algorithm);
  const hash = `SHA-${bits}`;
  switch (algorithm.slice(0, 2)) {
    case "HS":
      return { name: "HMAC", hash };
    case "RS":
      return { name: "RSASSA-PKCS1-v1_5", hash };
    case "PS":
      // RFC 7518 section 3.5: the salt is as long as the hash.
      return { name: "RSA-PSS", hash, saltLength: bits / 8 };
    case "ES":
      return { name: "ECDSA", hash, namedCurve: curve(algorithm) };
    default:
      return { name: "Ed25519" };
  }
}

async function importKey(algorithm: Algorithm, jwk: Jwk, use: "sign" | "verify"): Promise<CryptoKey> {
  // What a JWK says about its use was judged by the core; WebCrypto has rules of its own.
  const { use: _use, key_ops: _operations, alg: _algorithm, ext: _extractable, ...numbers } = jwk;
  const web = subtle();
  try {
    return await web.importKey("jwk", numbers, parameters(algorithm), false, [use]);
  } catch (cause) {
    // The host's message about a private half is not repeated: it may tell of the key.
    if (cause instanceof Error && cause.name === "NotSupportedError") {
      throw new TokenmintError("key_unsupported", `this platform has no ${algorithm}`);
    }
    throw new TokenmintError("key_malformed", `the host cannot read the ${use === "sign" ? "private" : "public"} half`, {
      field: use === "sign" ? "d" : undefined,
    });
  }
}

async function generatePair(algorithm: Algorithm, extractable: boolean): Promise<CryptoKeyPair> {
  const web = subtle();
  const rsa = { modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]) };
  try {
    const how = { ...parameters(algorithm), ...rsa };
    return (await web.generateKey(how, extractable, ["sign", "verify"])) as CryptoKeyPair;
  } catch {
    throw new TokenmintError("key_unsupported", `this platform has no ${algorithm}`);
  }
}

/** PKCS #8 of a private half alone (RFC 5208 section 5, RFC 5915 section 3, RFC 8410 section 7). */
function pkcs8(algorithm: Algorithm, scalar: Uint8Array): BufferSource {
  const version = der(2, [0]);
  const ids: Partial<Record<Algorithm, number[]>> = {
    ES256: [0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7],
    ES384: [0x2b, 0x81, 4, 0, 0x22],
    ES512: [0x2b, 0x81, 4, 0, 0x23],
  };
  const curveId = ids[algorithm];
  const kind =
    curveId === undefined
      ? der(0x30, der(6, [0x2b, 0x65, 0x70]))
      : der(0x30, [...der(6, [0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1]), ...der(6, curveId)]);
  const secret = der(4, [...scalar]);
  const key = curveId === undefined ? secret : der(0x30, [...der(2, [1]), ...secret]);
  return new Uint8Array(der(0x30, [...version, ...kind, ...der(4, key)]));
}

function der(tag: number, content: number[]): number[] {
  const { length } = content;
  return length < 128 ? [tag, length, ...content] : [tag, 0x81, length, ...content];
}
