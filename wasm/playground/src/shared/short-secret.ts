// Secrets that are too short for tokenmint, tried all the same: people have such tokens, and want to see why they are refused.

import { Key, KeySet } from "tokenmint";
import { fromBase64url, toBase64url } from "./bytes.ts";
import type { KeyText } from "./keys.ts";

/** The fewest bytes of a secret (RFC 7518 section 3.2). */
const FEWEST: Record<string, number> = { HS256: 32, HS384: 48, HS512: 64 };

/** Whether tokenmint refuses a secret for its length; of nothing at all there is nothing to try. */
export function isShort(bytes: Uint8Array, { algorithm = "HS256" }: KeyText): boolean {
  return bytes.length > 0 && bytes.length < (FEWEST[algorithm] ?? 32);
}

export interface StandIn {
  readonly keys: KeySet;
  /** The token as it would be with a secret that is long enough; one that the short secret did not sign stays as it is. */
  signed(token: string): Promise<string>;
  readonly warning: string;
}

/** A secret of full length that stands in for a short one: what the short one signed is signed by this one. */
export async function standIn(bytes: Uint8Array<ArrayBuffer>, { algorithm = "HS256" }: KeyText): Promise<StandIn> {
  const fewest = FEWEST[algorithm] ?? 32;
  const hash = `SHA-${algorithm.slice(2)}`;
  const hmac = (secret: Uint8Array<ArrayBuffer>, uses: KeyUsage[]): Promise<CryptoKey> => crypto.subtle.importKey("raw", secret, { name: "HMAC", hash }, false, uses);
  const long = crypto.getRandomValues(new Uint8Array(fewest));
  const [short, full] = [await hmac(bytes, ["verify"]), await hmac(long, ["sign"])];
  return {
    keys: new KeySet(Key.hmac(long, { algorithm })),
    warning: `Warning: ${bytes.length} bytes are too short a secret for ${algorithm}, which needs ${fewest} (RFC 7518). Whoever has one token can guess it and make others. It is tried here only: tokenmint refuses it (key_weak).`,
    async signed(token) {
      const [header, claims, signature, ...rest] = token.split(".");
      if (signature === undefined || rest.length > 0) {
        return token;
      }
      const input = new TextEncoder().encode(`${header}.${claims}`);
      try {
        const bytes = fromBase64url(signature);
        if (toBase64url(bytes) === signature && (await crypto.subtle.verify("HMAC", short, bytes, input))) {
          return `${header}.${claims}.${toBase64url(new Uint8Array(await crypto.subtle.sign("HMAC", full, input)))}`;
        }
      } catch {
        // No base64url: the explanation says so.
      }
      return token;
    },
  };
}
