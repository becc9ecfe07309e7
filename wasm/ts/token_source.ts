import * as raw from "#raw";
import { gatherStream, inTime } from "./body.js";
import { configJson } from "./config.js";
import { textOf, TokenmintError } from "./error.js";
import type { FetchedResponse } from "./fetches.js";
import { type Host, microsecondsFor, seedFor, systemHost } from "./host.js";
import { HostKeys } from "./host_keys.js";
import { toJson } from "./json.js";
import type { Lifetime } from "./lifetime.js";
import { MemoryStore } from "./memory_store.js";
import { guard, text } from "./module.js";
import { inOwnNames } from "./names.js";
import type { Store } from "./store.js";
import { taskOf } from "./task.js";

/** What a {@link TokenSource} needs of `fetch`: that of the platform, or one of your own. */
export type TokenFetch = (
  url: string,
  init: { method: "POST"; headers: Record<string, string>; body: string; redirect: "manual"; signal: AbortSignal },
) => Promise<FetchedResponse>;

/** What a {@link TokenSource} is. Only `endpoint` and `clientId` are required. */
export interface TokenSourceOptions {
  /** The URL of the token endpoint: `https`, or `http` on this machine. */
  endpoint: string;
  /** The client's id. */
  clientId: string;
  /** The client's secret; none for a public client. */
  clientSecret?: string | undefined;
  /** Sends the secret in the body, for a server that does not read the header. */
  secretInBody?: boolean | undefined;
  /** `client_credentials` gets tokens by the client's credentials alone: there is no sign-in. Else it keeps a refresh token. */
  grant?: "refresh_token" | "client_credentials" | undefined;
  /** Whose tokens these are, where the client has several in one store. */
  name?: string | undefined;
  /** The scope to ask for. */
  scope?: string | undefined;
  /** Further fields of each request, such as `resource`. */
  parameters?: Readonly<Record<string, string>> | undefined;
  /** How long before its end an access token is replaced; a minute, or a quarter of its life where that is less. */
  early?: Lifetime | undefined;
  /** How long one asks before the next may; 5 seconds. It is to be less than the server's grace for an exchanged refresh token. */
  patience?: Lifetime | undefined;
  /** Allows `http` for other machines, too: whoever is on the way reads secrets and tokens. */
  allowPlainHttp?: boolean | undefined;
  /** Where the tokens are kept: in memory where it is left out, or wherever several processes share them. */
  store?: Store | undefined;
  /** Sends the requests; the platform's `fetch` where it is left out. */
  fetch?: TokenFetch | undefined;
  /** Where time and randomness come from. */
  host?: Host | undefined;
}

/** An access token that is good now. */
export interface SourceToken {
  /** The token, to be sent as a bearer. */
  readonly accessToken: string;
  /** When it ends, in seconds since 1970, where somebody said so. */
  readonly expiresAt?: number;
  /** What it allows, where somebody said so. */
  readonly scope?: string;
}

interface Step {
  use?: { access_token: string; expires_at?: number; scope?: string; fresh_for_ms: number };
  ask?: Ask;
  wait_ms?: number;
}

interface Ask {
  url: string;
  authorization?: string;
  body: string;
  after_ms: number;
  within_ms: number;
  attempt: unknown;
}

/** The most of an answer that is read. */
const MAX_BODY = 256 * 1024;

/** Errors of a store that may pass. */
const PASSING = ["store_unavailable", "store_unknown", "store_busy"];

/**
 * A client's source of access tokens: it keeps what a sign-in gave, asks for the next before the end, one at a time however
 * many want one, here and in other processes, and asks again where an answer was lost.
 *
 * `sign_in_required` says that the session is over, or that nobody has signed in.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { TokenSource } from "tokenmint";
 *
 * const source = new TokenSource({
 *   endpoint: "https://as.example/token",
 *   clientId: "app",
 *   fetch: async () => Response.json({ access_token: "a2", token_type: "Bearer", expires_in: 900, refresh_token: "r2" }), // left out: the platform's own
 * });
 * await source.keep({ access_token: "a1", token_type: "Bearer", expires_in: 900, refresh_token: "r1" }); // after the sign-in
 * assert.equal((await source.token()).accessToken, "a1");
 * assert.equal((await source.tokenInsteadOf("a1")).accessToken, "a2"); // a resource has refused it
 * ```
 */
export class TokenSource {
  readonly #config: string;
  readonly #store: Store;
  readonly #fetch: TokenFetch | undefined;
  readonly #host: Host;
  /** The asking that is under way: all who want a token wait for it. */
  #underWay: Promise<SourceToken> | undefined;
  #token: SourceToken | undefined;
  /** Until when the token is used without a look at the store, in milliseconds since 1970. */
  #unseen = 0;

  /** A source. What is wrong with the options, the first call says, at the option's name. */
  constructor(options: TokenSourceOptions) {
    this.#config = configJson(options, "store", "fetch", "host");
    this.#store = options.store ?? new MemoryStore();
    this.#fetch = options.fetch;
    this.#host = options.host ?? systemHost;
  }

  /**
   * Keeps the tokens of a sign-in, in the place of those that are there: the token endpoint's answer to it, as an object or as
   * its text.
   *
   * Rejects with `body_malformed`, `field_required` and `field_invalid` for what is no such answer.
   */
  async keep(response: object | string): Promise<void> {
    const given = typeof response === "string" ? response : toJson(response);
    await this.#operate("keep_tokens", { response: given });
    this.#token = undefined;
  }

  /**
   * An access token that is good now: the one that is kept, or the next.
   *
   * Rejects with `sign_in_required`; with `token_endpoint_unavailable`, whose `retryAfterSeconds` says when to come again;
   * `token_endpoint_refused`; and the store's errors.
   */
  async token(): Promise<SourceToken> {
    if (this.#token !== undefined && this.#host.now() < this.#unseen) return this.#token;
    return this.#once(undefined);
  }

  /** As {@link TokenSource.token}, where a resource has refused this one: another is asked for, whatever its end. */
  async tokenInsteadOf(accessToken: string): Promise<SourceToken> {
    const refused = text(accessToken, "accessToken");
    // Others may have asked before it was refused.
    const token = await this.#once(refused);
    return token.accessToken === refused ? this.#once(refused) : token;
  }

  /** Forgets the tokens, as for a sign-out, and gives the refresh token, to be revoked at the server. */
  async forget(): Promise<string | undefined> {
    const { refresh_token } = (await this.#operate("forget_tokens", {})) as { refresh_token?: string };
    this.#token = undefined;
    return refresh_token;
  }

  #once(refused: string | undefined): Promise<SourceToken> {
    this.#underWay ??= this.#next(refused).finally(() => {
      this.#underWay = undefined;
    });
    return this.#underWay;
  }

  async #next(refused: string | undefined): Promise<SourceToken> {
    for (;;) {
      let step = await this.#step("next_token", refused === undefined ? {} : { instead_of: refused });
      while (step.ask !== undefined) step = await this.#ask(step.ask);
      if (step.use !== undefined) return this.#use(step.use);
      await pause(step.wait_ms ?? 0);
    }
  }

  /** Sends a request and tells what came of it, until the store has it: the answer may be the only copy of a refresh token. */
  async #ask(ask: Ask): Promise<Step> {
    await pause(ask.after_ms);
    const answer = { ...(await this.#answer(ask)), attempt: ask.attempt };
    for (let tries = 1; ; tries++) {
      try {
        return await this.#step("take_answer", answer);
      } catch (error) {
        if (tries === 6 || !PASSING.includes((error as TokenmintError).code)) throw error;
        await pause(50 * 2 ** tries);
      }
    }
  }

  /** The answer to a request; nothing in it where none came. */
  async #answer({ url, authorization, body, within_ms }: Ask): Promise<object> {
    const headers: Record<string, string> = { accept: "application/json", "content-type": "application/x-www-form-urlencoded" };
    if (authorization !== undefined) headers["authorization"] = authorization;
    const send = this.#fetch ?? (fetch as unknown as TokenFetch);
    const read = async () => {
      const signal = AbortSignal.timeout(within_ms);
      const response = await send(url, { method: "POST", headers, body, redirect: "manual", signal });
      const bytes = await gatherStream(response.body as ReadableStream<Uint8Array> | null, MAX_BODY, within_ms);
      const after = response.headers.get("retry-after") ?? undefined;
      // What a page's `fetch` calls an opaque redirect has the status 0; nothing was granted by it.
      return { status: response.status || 302, body: new TextDecoder().decode(bytes), retry_after: after };
    };
    try {
      return await inTime(read(), within_ms);
    } catch {
      return {};
    }
  }

  #use({ access_token, expires_at, scope, fresh_for_ms }: NonNullable<Step["use"]>): SourceToken {
    const token: { accessToken: string; expiresAt?: number; scope?: string } = { accessToken: access_token };
    if (expires_at !== undefined) token.expiresAt = expires_at;
    if (scope !== undefined) token.scope = scope;
    [this.#token, this.#unseen] = [token, this.#host.now() + fresh_for_ms];
    return token;
  }

  async #step(name: string, input: object): Promise<Step> {
    return (await this.#operate(name, input)) as Step;
  }

  async #operate(name: string, input: object): Promise<object> {
    const given = toJson(input);
    const members = given === "{}" ? "" : `,${given.slice(1, -1)}`;
    const json = `{"source":${this.#config}${members}}`;
    const [now, seed] = [microsecondsFor(this.#host, undefined), seedFor(this.#host, undefined)];
    const task = guard(() => raw.source_operation(name, json, now, seed));
    return taskOf(task, new HostKeys(), (output) => JSON.parse(output) as object, ofSource).run(this.#store);
  }
}

/** An error about the source's own options, at the option's name. */
function ofSource(error: TokenmintError): TokenmintError {
  const { code, field, cause, retryAfterSeconds } = error;
  if (field === undefined) return error;
  const own = new TokenmintError(code, textOf(error), { field: field.replace(/^source\./, ""), cause, retryAfterSeconds });
  return inOwnNames(own);
}

function pause(milliseconds: number): Promise<void> {
  if (milliseconds === 0) return Promise.resolve();
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
