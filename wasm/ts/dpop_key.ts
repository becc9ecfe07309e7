import { base64url } from "./base64.js";
import { subtle } from "./crypto/subtle.js";
import { invalid, TokenmintError } from "./error.js";
import type { CryptoKeyPairLike } from "./key_like.js";
import { optionsOf } from "./names.js";
import { kind, optionalText, text } from "./parameters.js";

/** The request that a proof is for (RFC 9449 section 4.2). */
export interface ProofRequest {
  /** Its method, as it is sent: `GET`, `POST`. */
  method: string;
  /** Its address; query and fragment are left out of the proof. */
  url: string | URL;
  /** What the server has named in its last `DPoP-Nonce`. */
  nonce?: string | undefined;
  /** The access token that is sent along; none at the token endpoint. */
  accessToken?: string | undefined;
}

const P256 = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };

/**
 * A key to which access tokens are bound, and refresh tokens of public clients (RFC 9449): who holds a token without the key
 * holds nothing. Immutable; the private half is a `CryptoKey`, which nobody can extract where it was made here.
 *
 * It needs `crypto.subtle`: pages have that on https and on localhost, workers and Node everywhere.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { DpopKey } from "tokenmint/dpop";
 *
 * const key = await DpopKey.generate();
 * const proof = await key.proof({ method: "POST", url: "https://login.example/oauth/token?page=1" });
 * const { htm, htu } = JSON.parse(atob(proof.split(".")[1]!.replace(/-/g, "+").replace(/_/g, "/")));
 * assert.deepEqual([htm, htu], ["POST", "https://login.example/oauth/token"]);
 *
 * // A page keeps it in IndexedDB, which takes keys as they are: objects.put(key.pair, "dpop")
 * const kept = await DpopKey.fromCryptoKey(structuredClone(key.pair));
 * assert.equal(kept.jkt, key.jkt);
 * ```
 */
export class DpopKey {
  /** The thumbprint of its public half (RFC 7638): the `cnf.jkt` of a token that is bound to it. */
  readonly jkt: string;
  /** Its two halves: what a page puts into IndexedDB, to have the same key when it is loaded again. */
  readonly pair: CryptoKeyPairLike;
  readonly #privateKey: CryptoKey;
  readonly #header: string;

  private constructor(pair: CryptoKeyPair, jwk: string, jkt: string) {
    this.jkt = jkt;
    this.pair = pair;
    this.#privateKey = pair.privateKey;
    this.#header = encoded(`{"typ":"dpop+jwt","alg":"ES256","jwk":${jwk}}`);
  }

  /**
   * A new key on P-256, whose private half cannot be extracted.
   *
   * Fails with `key_unsupported` where there is no `crypto.subtle`.
   */
  static async generate(): Promise<DpopKey> {
    return DpopKey.fromCryptoKey(await subtle().generateKey(P256, false, ["sign", "verify"]));
  }

  /**
   * The key of a pair of WebCrypto's, such as one that was kept in IndexedDB.
   *
   * Fails with `key_unsupported` where it is none of ECDSA on P-256, or its public half cannot be read; with `key_malformed`
   * where the halves do not belong together.
   */
  static async fromCryptoKey(pair: CryptoKeyPairLike): Promise<DpopKey> {
    const { privateKey, publicKey } = halves(pair);
    // As a point, 4 and x and y: as a JWK, Node 20 may export a key for ever that was just generated.
    const raw = await subtle().exportKey("raw", publicKey).catch((cause: unknown) => {
      throw new TokenmintError("key_unsupported", "the public half cannot be exported", { field: "publicKey", cause });
    });
    const [x, y] = [1, 33].map((from) => base64url(new Uint8Array(raw, from, 32)));
    // RFC 7638 section 3.2: the members of an EC key, in this order.
    const jwk = JSON.stringify({ crv: P256.namedCurve, kty: "EC", x, y });
    await prove(privateKey, publicKey);
    return new DpopKey({ privateKey, publicKey }, jwk, await digest(jwk));
  }

  /**
   * A proof for one request, and for that alone: a server takes it once (RFC 9449 section 11.1). Its time is that of this
   * machine's clock.
   *
   * Fails with `field_invalid`, naming what is no method, address, nonce or token.
   */
  async proof(request: ProofRequest): Promise<string> {
    const { method, url, nonce, accessToken } = optionsOf(request, "method", "url", "nonce", "accessToken");
    const token = optionalText(accessToken, "accessToken");
    const claims = {
      jti: base64url(crypto.getRandomValues(new Uint8Array(16))),
      htm: text(method, "method"),
      htu: target(url),
      iat: Math.floor(Date.now() / 1000),
      nonce: optionalText(nonce, "nonce"),
      ath: token === undefined ? undefined : await digest(token),
    };
    const message = `${this.#header}.${encoded(JSON.stringify(claims))}`;
    // WebCrypto signs as JWS wants it: r and s (RFC 7518 section 3.4).
    return `${message}.${base64url(new Uint8Array(await subtle().sign(P256, this.#privateKey, bytesOf(message))))}`;
  }

  /** What may be seen of it. */
  toJSON(): { jkt: string } {
    return { jkt: this.jkt };
  }
}

function halves(pair: CryptoKeyPairLike): CryptoKeyPair {
  if (typeof pair !== "object" || pair === null) throw invalid("pair", `expected a pair of CryptoKeys, found ${kind(pair)}`);
  for (const half of ["privateKey", "publicKey"] as const) {
    const key = pair[half] as CryptoKey | undefined;
    if (key === undefined) throw invalid(half, "expected a CryptoKey, found nothing");
    const { name, namedCurve } = (key.algorithm ?? {}) as { name?: string; namedCurve?: string };
    if (name !== P256.name || namedCurve !== P256.namedCurve) {
      const found = [name, namedCurve].filter((part) => part !== undefined).join(" ");
      throw new TokenmintError("key_unsupported", `expected a key of ECDSA on P-256, found ${found || kind(key)}`, { field: half });
    }
  }
  return pair as CryptoKeyPair;
}

/** The private half is that of the public half. */
async function prove(privateKey: CryptoKey, publicKey: CryptoKey): Promise<void> {
  const message = new Uint8Array(32);
  const isPair = async () => subtle().verify(P256, publicKey, await subtle().sign(P256, privateKey, message), message);
  if (await isPair().catch(() => false)) return;
  throw new TokenmintError("key_malformed", "the private half is not that of the public half, or is not for signing", {
    field: "privateKey",
  });
}

/** The address without query and fragment (RFC 9449 section 4.2), and without what a request does not send of it. */
function target(url: string | URL): string {
  let parsed: URL;
  try {
    parsed = new URL(url);
  } catch {
    throw invalid("url", "expected a whole address");
  }
  const { protocol, origin, pathname } = parsed;
  if (!/^https?:$/.test(protocol)) throw invalid("url", "expected an address of http or https");
  return origin + pathname;
}

/** SHA-256 in base64url: of a key's members its thumbprint, of a token its `ath`. */
async function digest(text: string): Promise<string> {
  return base64url(new Uint8Array(await subtle().digest("SHA-256", bytesOf(text))));
}

function encoded(text: string): string {
  return base64url(bytesOf(text));
}

function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}
