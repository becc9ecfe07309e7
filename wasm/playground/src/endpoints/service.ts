// The four endpoints, in this page: an Endpoint over a MemoryStore, on the page's clock.

import { Endpoint, type Event, MemoryStore } from "tokenmint";
import type { PageClock } from "../shared/clock.ts";
import type { KeyText } from "../shared/keys.ts";
import { demo } from "./config.ts";
import type { Ask } from "./stories/story.ts";
import { Values } from "./values.ts";

export interface Exchange {
  readonly number: number;
  /** The request as it was written… */
  readonly ask: Ask;
  /** …and with its placeholders filled. */
  readonly sent: Ask;
  readonly status: number;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: string;
  readonly events: readonly Event[];
  /** When, by the page's clock, in milliseconds. */
  readonly at: number;
}

export class Service {
  readonly values = new Values();
  #count = 0;

  private constructor(
    readonly endpoint: Endpoint,
    readonly store: MemoryStore,
    readonly verifies: Record<string, KeyText>,
    readonly clock: PageClock,
  ) {}

  static async start(clock: PageClock): Promise<Service> {
    const { config, held, verifies } = await demo();
    const store = new MemoryStore();
    const endpoint = await Endpoint.create(config, { keys: held, host: clock, store });
    await endpoint.prepare().run(store);
    return new Service(endpoint, store, verifies, clock);
  }

  /** Sends a request; `name` is how later ones refer to its answer. */
  async send(ask: Ask, name?: string): Promise<Exchange> {
    const sent = this.#fill(ask);
    const at = this.clock.now();
    const task = this.endpoint.handle({
      method: sent.method,
      target: sent.target,
      headers: sent.headers.map(headerPair),
      ...(sent.body === undefined ? {} : { body: sent.body }),
    });
    const response = await task.run(this.store);
    const body = typeof response.body === "string" ? response.body : new TextDecoder().decode(response.body);
    this.#count += 1;
    this.values.keep(body, this.#count, name);
    return { number: this.#count, ask, sent, status: response.status, headers: headerList(response.headers), body, events: [...task.events], at };
  }

  #fill(ask: Ask): Ask {
    const form = ask.headers.some((line) => /^content-type:\s*application\/x-www-form-urlencoded/i.test(line));
    const body = ask.body && this.values.fill(ask.body, form ? encodeURIComponent : (value) => JSON.stringify(value).slice(1, -1));
    return {
      method: ask.method,
      target: this.values.fill(ask.target, encodeURIComponent),
      headers: ask.headers.map((line) => this.values.fill(line)),
      ...(body === undefined ? {} : { body }),
    };
  }
}

function headerPair(line: string): [string, string] {
  const colon = line.indexOf(":");
  if (colon < 1) {
    throw new Error(`A header is “Name: value”; this is not: ${line}`);
  }
  return [line.slice(0, colon).trim(), line.slice(colon + 1).trim()];
}

function headerList(headers: unknown): [string, string][] {
  if (headers instanceof Headers || Array.isArray(headers)) {
    return [...(headers as Iterable<[string, string]>)].map(([name, value]) => [name, value]);
  }
  return Object.entries(headers as Record<string, string>);
}
