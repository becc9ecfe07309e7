// What is fetched for many callers at once: keys that issuers publish, and status lists.

import { gatherStream, inTime } from "./body.js";
import { invalid } from "./error.js";

/** What is needed of `fetch`: that of the platform, or one of your own. */
export type Fetch = (
  url: string,
  init: { headers: Record<string, string>; redirect: "manual"; signal: AbortSignal },
) => Promise<FetchedResponse>;

/** What is read of an answer. */
export interface FetchedResponse {
  readonly status: number;
  readonly headers: { get(name: string): string | null };
  readonly body: unknown;
}

/** How is fetched. */
export interface FetchOptions {
  /** Fetches; the platform's `fetch` where it is left out. */
  fetch?: Fetch | undefined;
  /** How long a fetch may take, in milliseconds; 5000. */
  timeoutMs?: number | undefined;
}

/** What is to be fetched first, by this caller or by another. @internal */
export interface ToFetch {
  readonly url: string;
  readonly waits: boolean;
}

/** What an answer brought, or why there is none. @internal */
export type Fetched = { body: Uint8Array; headers: FetchedResponse["headers"] } | { outage: string };

/** Fetches each URL once at a time, whoever asks meanwhile. No redirect is followed. @internal */
export class Fetches {
  readonly #fetch: Fetch | undefined;
  readonly #timeoutMs: number;
  readonly #accept: string;
  readonly #underWay = new Map<string, Promise<void>>();

  constructor({ fetch, timeoutMs = 5000 }: FetchOptions, accept: string) {
    if (!(timeoutMs > 0)) throw invalid("timeoutMs", "expected milliseconds");
    this.#fetch = fetch;
    this.#timeoutMs = timeoutMs;
    this.#accept = accept;
  }

  /** The fetch that is under way, or the one that is to begin: its report is waited for. */
  async once({ url, waits }: ToFetch, most: number, report: (found: Fetched) => void | Promise<void>): Promise<void> {
    if (!waits) this.#underWay.set(url, this.#run(url, most).then(report).finally(() => this.#underWay.delete(url)));
    await this.#underWay.get(url);
  }

  /** What went wrong is for the core to judge. */
  async #run(url: string, most: number): Promise<Fetched> {
    try {
      return await inTime(this.#get(url, most), this.#timeoutMs);
    } catch (error) {
      return { outage: error instanceof Error ? error.message : "the fetch failed" };
    }
  }

  async #get(url: string, most: number): Promise<Fetched> {
    const send = this.#fetch ?? (fetch as unknown as Fetch);
    const signal = AbortSignal.timeout(this.#timeoutMs);
    // A redirect is an answer like any other: not what stands at this URL.
    const response = await send(url, { headers: { accept: this.#accept }, redirect: "manual", signal });
    if (response.status !== 200) throw new Error(`the answer has the status ${response.status}`);
    const { headers } = response;
    return { body: await gatherStream(response.body as ReadableStream<Uint8Array> | null, most, this.#timeoutMs), headers };
  }
}
