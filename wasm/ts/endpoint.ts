import * as raw from "#raw";
import { gatherStream, Late } from "./body.js";
import { configured, type Configured } from "./endpoint_config.js";
import { invalid, TokenmintError } from "./error.js";
import type { Event } from "./event.js";
import { type Call, type Host, microsecondsFor, seedFor, systemHost } from "./host.js";
import type { HostKeys } from "./host_keys.js";
import { type Issuer, issuerOf } from "./issuer.js";
import type { Key } from "./key.js";
import { atOnce } from "./key_parts.js";
import { MemoryStore } from "./memory_store.js";
import { encode } from "#memory";
import { bytes, guard, kind, optionalText, text } from "./module.js";
import { optionsOf } from "./names.js";
import { Owned, rawOf } from "./owned.js";
import type { PlatformRequest, PlatformResponse } from "./platform.js";
import type { Store } from "./store.js";
import { type Task, taskOf } from "./task.js";

/** How an endpoint works within a program. */
export interface EndpointOptions {
  /** Where it keeps what it must remember; a {@link MemoryStore} of its own where it is left out. */
  store?: Store | undefined;
  /** The keys that the configuration calls `held`, by their `kid`. */
  keys?: Readonly<Record<string, Key>> | undefined;
  /** Is given what happened in each request, for the log. */
  onEvents?: ((events: readonly Event[]) => void) | undefined;
  /** Where time and randomness come from. */
  host?: Host | undefined;
}

/** A request to an endpoint. */
export interface EndpointRequest {
  /** The method, `POST`. */
  method: string;
  /** The path with its query, as it was sent. */
  target: string;
  /** Names and values. */
  headers?: Iterable<readonly [string, string]> | Readonly<Record<string, string>> | undefined;
  /** The body; a text stands for its UTF-8. */
  body?: Uint8Array | string | undefined;
}

/** A response of an endpoint. */
export interface EndpointResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** What can be wrong with a request that did not arrive whole. */
export type BodyFault = "body_incomplete" | "body_timeout" | "body_too_large" | "length_required";

/** The largest body that is taken, in bytes. @internal */
export const MAX_BODY = 64 * 1024;

/** How long a body may take to arrive, in milliseconds. @internal */
export const BODY_TIME = 10_000;

/**
 * The token endpoints of every dialect that the configuration has a section for, JWKS and introspection.
 *
 * The configuration is that of `tokenmint serve` in docs/cli.md, as an object or as JSON text, with the secrets in it: this
 * package reads no files and no environment.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { Endpoint, hashSecret } from "tokenmint";
 *
 * const endpoint = await Endpoint.create({
 *   keys: [{ kid: "k1", secret: "a secret of at least thirty-two bytes" }],
 *   mercoa: { issuer: "https://api.example.com", key: "k1" },
 *   api_keys: [{ key_sha256: hashSecret("key_1"), organization: "org_1", permissions: ["entity_tokens"] }],
 *   entities: [{ id: "ent_1", organization: "org_1" }],
 * });
 * const response = await endpoint.fetch(
 *   new Request("https://localhost/entity/ent_1/token", {
 *     method: "POST",
 *     headers: { authorization: "Bearer key_1", "content-type": "application/json" },
 *     body: JSON.stringify({ expiresIn: "1h" }),
 *   }),
 * );
 * assert.equal(response.status, 200);
 * ```
 */
export class Endpoint extends Owned {
  readonly #hosts: HostKeys;
  readonly #host: Host;
  readonly #store: Store;
  readonly #onEvents: ((events: readonly Event[]) => void) | undefined;
  /** The store, made ready at the first request. */
  #created: Promise<void> | undefined;

  /**
   * The endpoints of a configuration. Elsewhere than on Node, one with private keys of RSA, EC or Ed25519 in it takes
   * {@link Endpoint.create}.
   *
   * Fails with `policy_invalid` or `key_...`, naming the place.
   */
  constructor(config: object | string, options?: EndpointOptions) {
    const { store, keys = {}, onEvents, host = systemHost } = optionsOf(options, "store", "keys", "onEvents", "host");
    const { json, hosts } = config instanceof Ready ? config : atOnce(configured(config, keys), "Endpoint.create");
    super(guard(() => new raw.Endpoint(json)));
    this.#hosts = hosts;
    this.#host = host;
    this.#store = store ?? new MemoryStore();
    this.#onEvents = onEvents;
  }

  /** The endpoints of a configuration, on every platform. Rejects as the constructor throws. */
  static async create(config: object | string, options?: EndpointOptions): Promise<Endpoint> {
    return new Endpoint(new Ready(await configured(config, options?.keys ?? {})), options);
  }

  /**
   * One of the endpoint's issuers, by its `iss`, or the first: for flows that no request asks for, such as `startSession`
   * behind your own login. The configuration's clients and keys are there for its flows.
   *
   * Throws `invalid_request` for one that is not served.
   */
  issuer(name?: string): Issuer {
    const endpoint = rawOf(this) as raw.Endpoint;
    const wanted = optionalText(name, "name");
    return issuerOf(guard(() => endpoint.issuer(wanted)), this.#hosts, this.#host);
  }

  /**
   * Makes the store ready, at each start and now and then; {@link Endpoint.fetch} does it by itself before the first
   * request. Where the store is new or was wiped, whatever was issued before is refused from then on.
   */
  prepare(call?: Call): Task<void> {
    const endpoint = rawOf(this) as raw.Endpoint;
    const [now, seed] = [microsecondsFor(this.#host, call), seedFor(this.#host, call)];
    return taskOf(
      guard(() => endpoint.prepare(now, seed)),
      this.#hosts,
      () => undefined,
    );
  }

  /**
   * Answers a request; whatever goes wrong is rendered into a response.
   *
   * Throws `field_invalid` for what is no HTTP: a target with blanks, a header with line breaks.
   */
  handle(request: EndpointRequest, call?: Call): Task<EndpointResponse> {
    const endpoint = rawOf(this) as raw.Endpoint;
    if (typeof request !== "object" || request === null) throw invalid("request", `expected an object, found ${kind(request)}`);
    const { headers = {}, body = "", ...line } = optionsOf(request, "method", "target", "headers", "body");
    const [method, target] = [text(line.method, "method"), text(line.target, "target")];
    const content = typeof body === "string" ? encode(text(body, "body")) : bytes(body, "body");
    const [now, seed] = [microsecondsFor(this.#host, call), seedFor(this.#host, call)];
    return taskOf(
      guard(() => endpoint.handle(method, target, linesOf(headers), content, now, seed)),
      this.#hosts,
      (json) => JSON.parse(json) as EndpointResponse,
    );
  }

  /**
   * Answers a request of the Fetch API, on the endpoint's store. The store is made ready at the first request. A body that
   * breaks off is answered with the status 400, one that is not there within 10 seconds with 408; nothing is done then.
   *
   * Rejects with `policy_invalid` where somebody has read the body, or is reading it; anything else is rendered into a
   * response.
   */
  async fetch(request: PlatformRequest): Promise<PlatformResponse> {
    const { method, url, headers, body, bodyUsed } = request as Request;
    const { pathname, search } = new URL(url);
    const target = pathname + search;
    const stream = body as ReadableStream<Uint8Array> | null;
    if (bodyUsed || stream?.locked === true) throw readBefore();
    const content = await gatherStream(stream, MAX_BODY, BODY_TIME).catch(tornBy);
    const response = await (typeof content === "string"
      ? this.refuse(target, content, headers)
      : this.respond({ method, target, headers, body: content }));
    // An empty text would be given a type, and is refused with the statuses that have no body.
    return new Response(response.body === "" ? null : response.body, response) as PlatformResponse;
  }

  /**
   * The answer to a request that did not arrive whole, in the shape of its path's dialect; nothing is done. For adapters:
   * {@link Endpoint.handle} refuses a body of another length than its `Content-Length` by itself, but only an adapter sees
   * chunks that break off. `headers` are those of the request.
   *
   * Throws `field_invalid` for a target or header that is none, and for another code.
   *
   * @example
   * ```ts
   * import assert from "node:assert/strict";
   * import { Endpoint } from "tokenmint";
   *
   * const endpoint = new Endpoint({
   *   keys: [{ kid: "k1", secret: "a secret of at least thirty-two bytes" }],
   *   mercoa: { issuer: "https://api.example.com", key: "k1" },
   * });
   * assert.equal(endpoint.refuse("/entity/ent_1/token", "body_timeout").status, 408);
   * ```
   */
  refuse(target: string, code: BodyFault, headers: NonNullable<EndpointRequest["headers"]> = {}): EndpointResponse {
    const endpoint = rawOf(this) as raw.Endpoint;
    const [path, what] = [text(target, "target"), text(code, "code")];
    return JSON.parse(guard(() => endpoint.refuse(path, linesOf(headers), what))) as EndpointResponse;
  }

  /** Answers a request on the endpoint's store: what adapters call. Never rejects. */
  async respond(request: EndpointRequest): Promise<EndpointResponse> {
    try {
      await this.#begun();
      const task = this.handle(request);
      const response = await task.run(this.#store);
      this.#tell(task.events);
      return response;
    } catch (error) {
      return refused(error);
    }
  }

  /** Makes the store ready, once; one that was not there is asked again at the next request. */
  #begun(): Promise<void> {
    if (this.#created === undefined) {
      const task = this.prepare();
      this.#created = task.run(this.#store).then(
        () => this.#tell(task.events),
        (error: unknown) => {
          this.#created = undefined;
          throw error;
        },
      );
    }
    return this.#created;
  }

  #tell(events: readonly Event[]): void {
    if (events.length > 0) this.#onEvents?.(events);
  }
}

/** A configuration that was read already. */
class Ready implements Configured {
  readonly json: string;
  readonly hosts: HostKeys;

  constructor({ json, hosts }: Configured) {
    this.json = json;
    this.hosts = hosts;
  }
}

/** Names and values by turns. */
function linesOf(headers: NonNullable<EndpointRequest["headers"]>): string[] {
  const pairs = Symbol.iterator in headers ? [...headers] : Object.entries(headers);
  return pairs.flatMap(([name, value]) => [text(name, "headers"), text(value, "headers")]);
}

/** What is wrong with a body that could not be read. @internal */
export function tornBy(error: unknown): BodyFault {
  return error instanceof Late ? "body_timeout" : "body_incomplete";
}

/** The error of a body that the program has read. @internal */
export function readBefore(): TokenmintError {
  return new TokenmintError("policy_invalid", "it was read before the endpoint could", { field: "body" });
}

/** What is answered where there is no flow that could answer. @internal */
export function refused(error: unknown): EndpointResponse {
  const known = error instanceof TokenmintError ? error : undefined;
  const isRequest = known?.code === "field_invalid";
  const headers: Record<string, string> = { "content-type": "application/json", "cache-control": "no-store" };
  if (known?.retryAfterSeconds !== undefined) headers["retry-after"] = String(known.retryAfterSeconds);
  return {
    status: isRequest ? 400 : known?.status === 503 ? 503 : 500,
    headers,
    // Only what is wrong with the request is for whoever sent it.
    body: JSON.stringify(
      isRequest
        ? { error: known.oauthError, error_description: known.message }
        : { error: known?.status === 503 ? "temporarily_unavailable" : "server_error" },
    ),
  };
}
