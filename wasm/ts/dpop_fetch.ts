import type { DpopKey } from "./dpop_key.js";
import { optionsOf } from "./names.js";
import type { PlatformFetch, PlatformRequest, PlatformResponse } from "./platform.js";

/** How {@link dpopFetch} sends. */
export interface DpopFetchOptions {
  /** Sends a request; the platform's `fetch` where it is left out. */
  fetch?: ((request: PlatformRequest) => Promise<PlatformResponse>) | undefined;
}

/** Of how many servers a nonce is kept: one each. */
const MOST_SERVERS = 100;

/**
 * A `fetch` that proves the key with each request (RFC 9449 section 4). With `Authorization: DPoP ...` the proof is for that
 * access token, too; without, as at the token endpoint, it is for the request alone. A server's latest `DPoP-Nonce` goes into
 * the next proof for that server; one that wants a nonce first is asked once more with it (sections 8 and 9). The body is kept
 * until the answer is there.
 *
 * Rejects as `fetch` does. An address of another origin needs its leave to be sent `DPoP`, and to show `DPoP-Nonce` (CORS).
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { DpopKey, dpopFetch } from "tokenmint/dpop";
 *
 * // A server that wants a nonce first; left out: the platform's own.
 * const proofs: string[] = [];
 * const server = async (request: Request) => {
 *   proofs.push(request.headers.get("dpop")!);
 *   if (proofs.length > 1) return new Response("welcome");
 *   return Response.json({ error: "use_dpop_nonce" }, { status: 400, headers: { "dpop-nonce": "n1" } });
 * };
 *
 * const send = dpopFetch(await DpopKey.generate(), { fetch: server });
 * const answer = await send("https://login.example/oauth/token", { method: "POST", body: "grant_type=refresh_token" });
 * assert.equal(await answer.text(), "welcome");
 * assert.equal(proofs.length, 2);
 * ```
 */
export function dpopFetch(key: DpopKey, options?: DpopFetchOptions): PlatformFetch {
  const { fetch: given } = optionsOf(options, "fetch") as { fetch?: (request: Request) => Promise<Response> };
  const nonces = new Map<string, string>();
  const prove = async (request: Request): Promise<Response> => {
    const { method, url, headers } = request;
    const { origin } = new URL(url);
    const accessToken = tokenOf(headers);
    headers.set("dpop", await key.proof({ method, url, nonce: nonces.get(origin), accessToken }));
    const response = await (given ?? fetch)(request);
    const nonce = response.headers.get("dpop-nonce");
    if (nonce !== null) {
      nonces.delete(origin);
      if (nonces.size === MOST_SERVERS) nonces.delete(nonces.keys().next().value as string);
      nonces.set(origin, nonce);
    }
    return response;
  };
  const send = async (input: RequestInfo | URL, init?: RequestInit): Promise<Response> => {
    const request = new Request(input, init);
    const again = request.clone();
    const response = await prove(request);
    if (!(await wantsNonce(response))) return response;
    await response.body?.cancel();
    return prove(again);
  };
  return send as PlatformFetch;
}

/** The access token of a request, where it is one that is bound to a key. */
function tokenOf(headers: Headers): string | undefined {
  return /^dpop +(\S+)$/i.exec(headers.get("authorization") ?? "")?.[1];
}

/** Whether a server has refused a proof for the nonce that it lacks: a token endpoint (section 8), or a resource (section 9). */
async function wantsNonce(response: Response): Promise<boolean> {
  const { status, headers } = response;
  if (!headers.has("dpop-nonce") || (status !== 400 && status !== 401)) return false;
  if (/\berror="?use_dpop_nonce\b/.test(headers.get("www-authenticate") ?? "")) return true;
  if (!/\bjson\b/.test(headers.get("content-type") ?? "")) return false;
  const body: unknown = await response.clone().json().catch(() => undefined);
  return (body as { error?: unknown } | undefined)?.error === "use_dpop_nonce";
}
