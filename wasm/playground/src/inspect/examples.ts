// Tokens to begin with, made on the spot, each with what the verifier expects.

import { Issuer, Key, KeySet } from "tokenmint";
import { fromBase64url, toBase64url } from "../shared/bytes.ts";
import type { PageClock } from "../shared/clock.ts";
import type { KeyText } from "../shared/keys.ts";
import type { Expected } from "./expectations.ts";

export interface Case {
  readonly token: string;
  readonly key?: KeyText;
  readonly expected: Expected;
}

export type ExampleName = "good" | "over" | "audience" | "changed" | "none";

export const EXAMPLES: readonly (readonly [ExampleName, string])[] = [
  ["good", "A good one"],
  ["over", "Its time is over"],
  ["audience", "For somebody else"],
  ["changed", "Claims changed"],
  ["none", "alg: none"],
];

const SECRET = "an example secret, which protects nothing at all";
const KEY: KeyText = { kind: "text", text: SECRET, algorithm: "HS256" };
const ISSUER = "https://api.example.com";

export async function example(name: ExampleName, clock: PageClock): Promise<Case> {
  const keys = new KeySet(Key.hmac(SECRET, { kid: "k1" }));
  const issuer = new Issuer(keys, { issuer: ISSUER, audience: name === "audience" ? "billing" : "app", host: clock });
  const now = Math.floor(clock.now() / 1000);
  const minted = await issuer.mint({ sub: "ent_1", role: "viewer", pages: { invoices: true, paymentMethods: false } }, "5m", { now: name === "over" ? now - 3600 : now });
  const [header = "", claims = "", signature = ""] = minted.split(".");
  const token =
    name === "changed"
      ? `${header}.${rewrite(claims, '"viewer"', '"admin"')}.${signature}`
      : name === "none"
        ? `${rewrite(header, '"HS256"', '"none"')}.${claims}.`
        : minted;
  return { token, key: KEY, expected: { issuer: ISSUER, audience: "app" } };
}

/** What a forger would do: the same part with another text inside. */
function rewrite(part: string, from: string, to: string): string {
  const text = new TextDecoder().decode(fromBase64url(part));
  return toBase64url(new TextEncoder().encode(text.replace(from, to)));
}
