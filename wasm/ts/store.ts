// The storage contract: what a flow asks of a store, and what a store answers.

import { base64url, fromBase64url } from "#memory";
import { StoreError, type StoreReason, TokenmintError } from "./error.js";
import { bytes, kind } from "./module.js";
import { camelCase, snakeCase } from "./names.js";

/** A stored record. */
export interface Entry {
  /** Who wrote it last: 8 to 16 random bytes. */
  readonly version: Uint8Array;
  /** At most 64 KiB that only the core understands; it may hold personal data. */
  readonly value: Uint8Array;
  /** When it may be forgotten, in milliseconds since 1970; never before this plus an hour. */
  readonly expiresAtMs: number;
  /** By what it is listed: the subject it is about. */
  readonly subject?: Uint8Array | undefined;
  /** By what it is listed: the client it belongs to. */
  readonly client?: Uint8Array | undefined;
}

/** Reads 1 to 8 entries; answered by {@link Loaded}, in the same order. */
export interface Load {
  readonly command: "load";
  readonly keys: readonly Uint8Array[];
}

/** Writes one entry if it is as expected, all or nothing; answered by {@link Done} or {@link Conflict}. */
export interface Cas {
  readonly command: "cas";
  readonly key: Uint8Array;
  /** The version that must be there now; undefined for no entry. */
  readonly expect: Uint8Array | undefined;
  /** What shall be there then; undefined to delete. */
  readonly write: Entry | undefined;
}

/**
 * Admits or denies one event by GCRA; answered by {@link Admitted} or {@link Denied}.
 *
 * With `tat` the stored time (0 at first): `next = max(tat, now) + cost * interval`; admitted, and stored, if and only if
 * `next - now <= burst`. A denial writes nothing.
 */
export interface Throttle {
  readonly command: "throttle";
  /** The limit's key; a name space of its own. */
  readonly key: Uint8Array;
  readonly intervalUs: number;
  readonly burstUs: number;
  readonly cost: number;
  /** Microseconds since 1970. A shared store uses its own clock instead. */
  readonly nowUs: number;
}

/** Forgets entries whose `expiresAtMs` is before `beforeMs`, at most `limit`; answered by {@link Removed}. */
export interface Sweep {
  readonly command: "sweep";
  readonly beforeMs: number;
  readonly limit: number;
}

/** Lists entries by an index, in the order of their keys, behind `after`; answered by {@link Listed}. */
export interface List {
  readonly command: "list";
  readonly by: "subject" | "client";
  readonly value: Uint8Array;
  readonly after: Uint8Array | undefined;
  readonly limit: number;
}

/** What a flow asks of a store. */
export type Command = Load | Cas | Throttle | Sweep | List;

/** The entries of a {@link Load}, one for each key. */
export interface Loaded {
  readonly reply: "loaded";
  readonly entries: readonly (Entry | undefined)[];
  /** The store's own clock, in milliseconds since 1970, where it has one. */
  readonly storeNowMs?: number | undefined;
}

/** A {@link Cas} was done. */
export interface Done {
  readonly reply: "done";
}

/** A {@link Cas} was not done: this is the entry, as of not before the comparison. */
export interface Conflict {
  readonly reply: "conflict";
  readonly entry: Entry | undefined;
}

/** A {@link Throttle} was admitted; this time is stored now, in microseconds since 1970. */
export interface Admitted {
  readonly reply: "admitted";
  readonly tatUs: number;
}

/** A {@link Throttle} was denied; this is the stored time, in microseconds since 1970. */
export interface Denied {
  readonly reply: "denied";
  readonly tatUs: number;
}

/** How many entries a {@link Sweep} removed. */
export interface Removed {
  readonly reply: "removed";
  readonly count: number;
}

/** The entries of a {@link List} with their keys, and where to go on; undefined at the end. */
export interface Listed {
  readonly reply: "listed";
  readonly entries: readonly (Entry & { readonly key: Uint8Array })[];
  readonly next: Uint8Array | undefined;
}

/** What a store answers. */
export type Reply = Loaded | Done | Conflict | Admitted | Denied | Removed | Listed;

/**
 * A store: a map from keys to entries, linearizable for each key. It never looks inside a value and never judges time:
 * `expiresAtMs` is only the permission to forget an entry, an hour after it or later.
 *
 * `execute` answers at once or later. It throws, or rejects with, a {@link StoreError}. Any other error counts as
 * `unavailable` for a command that only reads, and as `unknown` for one that may have been done; it is the `cause` of the
 * flow's error.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { type Command, type Entry, Issuer, Key, KeySet, type Reply, type Store, StoreError } from "tokenmint";
 *
 * class Dictionary implements Store {
 *   readonly #entries = new Map<string, Entry>();
 *   execute(command: Command): Reply {
 *     switch (command.command) {
 *       case "load":
 *         return { reply: "loaded", entries: command.keys.map((key) => this.#entries.get(String(key))) };
 *       case "cas": {
 *         const found = this.#entries.get(String(command.key));
 *         if (String(found?.version) !== String(command.expect)) return { reply: "conflict", entry: found };
 *         if (command.write) this.#entries.set(String(command.key), command.write);
 *         else this.#entries.delete(String(command.key));
 *         return { reply: "done" };
 *       }
 *       default:
 *         throw new StoreError("unavailable"); // this store has no rate limits and no lists
 *     }
 *   }
 * }
 *
 * const store = new Dictionary();
 * const keys = new KeySet(await Key.generate("HS256"));
 * const issuer = new Issuer(keys, { issuer: "https://api.example.com", audience: "api" });
 * const client = { id: "c1", organization: "o1", secret: "s1", permissions: ["client_credentials"] } as const;
 * await issuer.createClient(client).run(store);
 * const token = await issuer.clientCredentials({ clientId: "c1", clientSecret: "s1" }).run(store);
 * assert.equal(token.expiresIn, 3600);
 * ```
 */
export interface Store {
  /** Carries out one command. */
  execute(command: Command): Reply | Promise<Reply>;
}

/** The form in which commands, replies and entries cross: names of their own, and base64url for bytes. */
type Wire = { [member: string]: unknown };

/** What JSON calls the members of bytes. */
const BYTES = new Set(["key", "expect", "value", "after", "next", "version", "subject", "client"]);

/** What is left out where there is none; other members are there, and undefined. */
const OPTIONAL = new Set(["subject", "client", "store_now_ms"]);

/** A command or a reply of the core. @internal */
export function fromWire(json: string): Command | Reply {
  return members(JSON.parse(json) as Wire) as unknown as Command | Reply;
}

function members(wire: Wire): Wire {
  const found: Wire = {};
  for (const [name, value] of Object.entries(wire)) {
    if (value === null && OPTIONAL.has(name)) continue;
    found[camelCase(name)] = member(name, value);
  }
  return found;
}

function member(name: string, value: unknown): unknown {
  if (value === null) return undefined;
  if (typeof value === "string") return BYTES.has(name) ? fromBase64url(value) : value;
  if (Array.isArray(value)) {
    return value.map((item: unknown) =>
      typeof item === "string" ? fromBase64url(item) : item === null ? undefined : members(item as Wire),
    );
  }
  return typeof value === "object" ? members(value as Wire) : value;
}

/** What a store answers, as the core reads it. @internal */
export function toWire(message: unknown): string {
  if (typeof message !== "object" || message === null) {
    throw new TokenmintError("invalid_request", `a store answers with an object, found ${kind(message)}`);
  }
  return JSON.stringify(wired(message as Wire));
}

function wired(message: Wire): Wire {
  const wire: Wire = {};
  for (const [name, value] of Object.entries(message)) {
    wire[snakeCase(name)] = wiredMember(snakeCase(name), value);
  }
  return wire;
}

function wiredMember(name: string, value: unknown): unknown {
  if (value === undefined || value === null) return OPTIONAL.has(name) ? undefined : null;
  // As some databases give large integers.
  if (typeof value === "bigint") return Number(value);
  if (ArrayBuffer.isView(value)) return base64url(bytes(value, name));
  if (Array.isArray(value)) return value.map((item: unknown) => wiredMember("", item));
  return typeof value === "object" ? wired(value as Wire) : value;
}

/** What a command that failed is answered with. @internal */
export function failureReply(command: string, thrown: unknown): string {
  return JSON.stringify({ error: reasonOf(command, thrown) });
}

function reasonOf(command: string, thrown: unknown): StoreReason {
  if (thrown instanceof StoreError) return thrown.reason;
  // Only what may have been done needs to be found out.
  return command === "cas" || command === "throttle" || command === "sweep" ? "unknown" : "unavailable";
}
