// Keys as people have them: a secret in one of three spellings, PEM, a JWK or a set of them.

import { type Algorithm, Key, KeySet, type TokenmintError } from "tokenmint";
import { fromBase64url, fromHex } from "./bytes.ts";
import { type Json, readJson } from "./json-text.ts";
import { isShort, standIn } from "./short-secret.ts";

export type KeyKind = "text" | "base64url" | "hex" | "pem" | "jwk";

export interface KeyText {
  readonly kind: KeyKind;
  readonly text: string;
  /** Which algorithm the key is for; undefined: the key says it itself. */
  readonly algorithm?: Algorithm;
}

export const HMAC: readonly Algorithm[] = ["HS256", "HS384", "HS512"];
export const ASYMMETRIC: readonly Algorithm[] = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"];

/** The bytes of a secret. */
export function secretBytes(kind: KeyKind, text: string): Uint8Array<ArrayBuffer> {
  switch (kind) {
    case "base64url":
      return fromBase64url(text);
    case "hex":
      return fromHex(text);
    default:
      return new TextEncoder().encode(text) as Uint8Array<ArrayBuffer>;
  }
}

export interface ReadKeys {
  readonly keys: KeySet;
  /** What was found, in words. */
  readonly about: string;
  /** Of a secret that is too short: what is wrong with it, and how a token is tried with it. */
  readonly warning?: string;
  readonly signed?: (token: string) => Promise<string>;
}

export async function readKeys(given: KeyText): Promise<ReadKeys> {
  const { kind, text, algorithm } = given;
  const options = algorithm ? { algorithm } : {};
  if (kind === "jwk") {
    return readJwk(text, algorithm);
  }
  if (kind === "pem") {
    return one(await Key.fromPem(text.trim(), options));
  }
  const bytes = secretBytes(kind, text);
  if (isShort(bytes, given)) {
    const { keys, signed, warning } = await standIn(bytes, given);
    return { keys, signed, warning, about: warning };
  }
  const { keys, about } = one(Key.hmac(bytes, options));
  // A secret from a file often ends with the editor's line break, which then is part of the secret.
  const broken = kind === "text" && /[\r\n]$/.test(text) ? "; its last character is a line break, is that meant?" : "";
  return { keys, about: `${about}, ${bytes.length} bytes${broken}` };
}

async function readJwk(text: string, algorithm: Algorithm | undefined): Promise<ReadKeys> {
  const json: Json = readJson(text);
  if (typeof json === "object" && json !== null && "keys" in json) {
    const keys = KeySet.fromJwks(text, algorithm ? { algorithms: [algorithm] } : {});
    const skipped = keys.skipped.map(({ kid, error }) => `${kid ?? "one without kid"} (${(error as TokenmintError).code})`);
    const rest = skipped.length > 0 ? `; not used: ${skipped.join(", ")}` : "";
    return { keys, about: `${keys.size} ${keys.size === 1 ? "key" : "keys"}${rest}` };
  }
  return one(await Key.fromJwk(text, algorithm ? { algorithm } : {}));
}

function one(key: Key): ReadKeys {
  const id = key.kid === undefined ? "" : `, kid ${key.kid}`;
  return { keys: new KeySet(key), about: `a key for ${key.algorithm}${id}` };
}
