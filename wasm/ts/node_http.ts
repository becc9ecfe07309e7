import { encode } from "#memory";
import type { Endpoint, EndpointResponse } from "./endpoint.js";

/** What is read of an `IncomingMessage` of node:http. */
export interface NodeRequest extends AsyncIterable<Uint8Array | string> {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
  readonly rawHeaders: readonly string[];
  readonly readableEnded?: boolean;
}

/** What is called of a `ServerResponse` of node:http. */
export interface NodeResponse {
  statusCode: number;
  setHeader(name: string, value: string): unknown;
  end(body: string): unknown;
}

/** The largest body that is read, in bytes: one more is enough to see that it is too large. */
const MAX_BODY = 64 * 1024;

/** A longer body, in bytes, is refused by what its head says of it. */
const MOST_READ = 1024 * 1024;

/**
 * An endpoint as a handler for node:http, and as a middleware of Express and its like: mounted below a path, it sees what
 * is behind it. It reads the body itself: mount it in front of body parsers. A request whose body was read before is
 * answered with the status 500, and the body says why.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { createServer } from "node:http";
 * import type { AddressInfo } from "node:net";
 * import { Endpoint, nodeHandler } from "tokenmint";
 *
 * const endpoint = new Endpoint({
 *   keys: [{ kid: "k1", alg: "EdDSA", jwk: JSON.stringify(await (await import("tokenmint")).Key.generateJwk("EdDSA", { kid: "k1" })) }],
 *   mercoa: { issuer: "https://api.example.com", key: "k1" },
 * });
 * const server = createServer(nodeHandler(endpoint)).listen(0);
 * const { port } = server.address() as AddressInfo;
 * const response = await fetch(`http://127.0.0.1:${port}/.well-known/jwks.json`);
 * assert.equal(((await response.json()) as { keys: { kid: string }[] }).keys[0]?.kid, "k1");
 * server.close();
 * ```
 */
export function nodeHandler(
  endpoint: Endpoint,
): (request: NodeRequest, response: NodeResponse, next?: (error?: unknown) => void) => void {
  return (request, response, next) => {
    answer(endpoint, request).then(
      ({ status, headers, body }) => {
        response.statusCode = status;
        // What was not read would be taken for the next request.
        if (tooLong(request)) response.setHeader("connection", "close");
        for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
        response.end(body);
      },
      (error: unknown) => {
        // The sender is gone: nobody reads an answer.
        if (next !== undefined) next(error);
        else response.end("");
      },
    );
  };
}

async function answer(endpoint: Endpoint, request: NodeRequest): Promise<EndpointResponse> {
  const headers = pairs(request.rawHeaders);
  const hasBody = headers.some(([name, value]) => /^(transfer-encoding|content-length)$/i.test(name) && value !== "0");
  if (hasBody && request.readableEnded === true) {
    const body = "the body was read before the endpoint could: mount it in front of body parsers such as express.json()\n";
    return { status: 500, headers: { "content-type": "text/plain; charset=utf-8" }, body };
  }
  const body = new Uint8Array(MAX_BODY + 1);
  let length = tooLong(request) ? body.length : 0;
  for await (const part of length > 0 ? [] : request) {
    const bytes = typeof part === "string" ? encode(part) : part;
    // What is too large is read to its end, so that whoever sends it reads the answer, and not kept.
    const kept = bytes.subarray(0, body.length - length);
    body.set(kept, length);
    length += kept.length;
  }
  const { method = "GET", url: target = "/" } = request;
  return endpoint.respond({ method, target, headers, body: body.subarray(0, length) });
}

/** Whether the head tells of a body that is not worth reading to its end. */
function tooLong(request: NodeRequest): boolean {
  return pairs(request.rawHeaders).some(([name, value]) => /^content-length$/i.test(name) && Number(value) > MOST_READ);
}

function pairs(raw: readonly string[]): [string, string][] {
  return Array.from({ length: raw.length / 2 }, (_, at) => [raw[2 * at] as string, raw[2 * at + 1] as string]);
}
