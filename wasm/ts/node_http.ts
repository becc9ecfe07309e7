import { gather, inTime, type Part } from "./body.js";
import { BODY_TIME, type Endpoint, type EndpointResponse, MAX_BODY, refused, tornBy } from "./endpoint.js";

/** What is read of a request of node:http, or of node:http2 by its compatibility API. */
export interface NodeRequest {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
  readonly httpVersionMajor?: number;
  readonly rawHeaders: readonly string[];
  /** Whether anybody has read of the body. */
  readonly readableDidRead?: boolean;
  /** Over HTTP/2: what ends the exchange. */
  readonly stream?: { close?(): void };
  [Symbol.asyncIterator](): AsyncIterator<Uint8Array | string>;
}

/** What is called of its response. */
export interface NodeResponse {
  statusCode: number;
  setHeader(name: string, value: string): unknown;
  end(body: string, finished?: () => void): unknown;
}

/** So much of a body that is too large is read, in bytes, so that whoever sends it comes to read the answer. */
const MOST_READ = 1024 * 1024;

/**
 * An endpoint as a handler for the servers of node:http, node:https and node:http2, and as a middleware of Express and its
 * like: mounted below a path, it sees what is behind it. It reads the body itself: mount it in front of body parsers. A
 * request whose body was read before is answered with the status 500, and the body says why.
 *
 * A body that breaks off is answered with the status 400, one that is not there within 10 seconds with 408; nothing is done
 * then.
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
export function nodeHandler(endpoint: Endpoint): (request: NodeRequest, response: NodeResponse) => void {
  return (request, response) => {
    const arrival = { whole: false };
    answer(endpoint, request, arrival)
      .catch(refused)
      .then(({ status, headers, body }) => {
        response.statusCode = status;
        for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
        // What was not read would be taken for the next request, or be sent on for ever. RFC 9113 section 8.2.2: HTTP/2 has
        // no Connection header; the stream is closed behind the answer.
        const isTorn = !arrival.whole;
        if (isTorn && !isHttp2(request)) response.setHeader("connection", "close");
        response.end(body, () => {
          if (isTorn) request.stream?.close?.();
        });
      });
  };
}

/** Answers; notes whether the request was read to its end. */
async function answer(endpoint: Endpoint, request: NodeRequest, arrival: { whole: boolean }): Promise<EndpointResponse> {
  const { method = "GET", url: target = "/" } = request;
  if (request.readableDidRead === true) {
    const body = "the body was read before the endpoint could: mount it in front of body parsers such as express.json()\n";
    return { status: 500, headers: { "content-type": "text/plain; charset=utf-8" }, body };
  }
  const headers = fields(request.rawHeaders);
  const announced = headers.find(([name]) => /^content-length$/i.test(name))?.[1];
  // The length alone says that it is too large.
  if (Number(announced) > MOST_READ) return endpoint.respond({ method, target, headers });
  const parts = request[Symbol.asyncIterator]();
  const found = await inTime(gather(() => parts.next() as Promise<Part>, MAX_BODY, MOST_READ), BODY_TIME).catch(tornBy);
  if (typeof found === "string") return endpoint.refuse(target, found, headers);
  arrival.whole = found.ended;
  return endpoint.respond({ method, target, headers, body: found.body });
}

/** The header, without what HTTP/2 puts in front of it (RFC 9113 section 8.3): that is no part of it. */
function fields(raw: readonly string[]): [string, string][] {
  const pairs = Array.from({ length: raw.length / 2 }, (_, at): [string, string] => [raw[2 * at] as string, raw[2 * at + 1] as string]);
  return pairs.filter(([name]) => !name.startsWith(":"));
}

function isHttp2({ httpVersionMajor = 1 }: NodeRequest): boolean {
  return httpVersionMajor >= 2;
}
