// A program for browsers, which knows nothing of Node.

import { Issuer, Key, KeySet } from "tokenmint";
import { DpopKey, dpopFetch } from "tokenmint/dpop";

export async function mint(): Promise<string> {
  const pair = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, false, ["sign", "verify"]);
  const key = await Key.fromCryptoKey(pair, { algorithm: "ES256" });
  return new Issuer(new KeySet(key), { issuer: "i" }).mint({ sub: "s" }, "1h");
}

export async function bound(): Promise<Response> {
  return dpopFetch(await DpopKey.generate())(new Request("https://a.example"));
}
