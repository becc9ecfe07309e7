import type * as raw from "#raw";
import { base64url, fromBase64url } from "#memory";
import { invalid, StoreError, TokenmintError } from "./error.js";
import type { Event } from "./event.js";
import type { HostKeys } from "./host_keys.js";
import { bytes, failure, guard, kind, ready } from "./module.js";
import { release } from "./owned.js";
import { notHere } from "./signing.js";
import { type Command, failureReply, fromWire, type Reply, type Store, toWire } from "./store.js";

/** The module's own store, where a store is one: it is worked on without leaving the module. */
let memoryStoreOf: (store: Store) => raw.MemoryStore | undefined = () => undefined;

/** Tells which stores are the module's own. @internal */
export function takesMemoryStores(of: (store: Store) => raw.MemoryStore | undefined): void {
  memoryStoreOf = of;
}

/** A command for a key of the host. */
interface HostCommand {
  command: "sign" | "verify_signature";
  kid: string;
  algorithm: string;
  message: string;
  signature?: string;
}

/** What a flow came to. */
type Outcome<T> = { readonly value: T } | { readonly error: TokenmintError };

/** How a flow's error is told to whoever runs it. @internal */
export type Tell = (error: TokenmintError) => TokenmintError;

/** A task of the core's; `read` makes the result of its text, `tell` its own error of the core's. @internal */
export let taskOf: <T>(task: raw.Task, hosts: HostKeys, read: (json: string) => T, tell?: Tell) => Task<T>;

/**
 * A flow under way. It does nothing until it is driven: by {@link Task.run}, {@link Task.runSync}, or step by
 * {@link Task.step}. The keys of the host are asked within.
 *
 * A task that is dropped leaves the store as its last command left it, which is always a whole state.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { Issuer, Key, KeySet, MemoryStore } from "tokenmint";
 *
 * const store = new MemoryStore();
 * const issuer = new Issuer(new KeySet(await Key.generate("HS256")), { issuer: "https://api.example.com" });
 * const task = issuer.createEntity({ id: "ent_1", organization: "org_1" });
 * for (let command = task.step(); command; command = task.step(store.execute(command)));
 * assert.equal(task.events[0]?.event, "directory_changed");
 * ```
 */
export class Task<T> {
  #raw: raw.Task | undefined;
  readonly #hosts: HostKeys;
  readonly #read: (json: string) => T;
  readonly #tell: Tell;
  #outcome: Outcome<T> | undefined;
  #events: readonly Event[] | string = [];
  /** The command that waits for its reply, as {@link Task.step} gave it. */
  #asked: string | undefined;
  #running = false;
  /** What a store or a key of the host threw last: the cause of what follows from it. */
  #cause: unknown;

  static {
    taskOf = (task, hosts, read, tell) => new Task(task, hosts, read, tell);
  }

  private constructor(task: raw.Task, hosts: HostKeys, read: (json: string) => T, tell: Tell = (error) => error) {
    this.#raw = task;
    this.#hosts = hosts;
    this.#read = read;
    this.#tell = tell;
  }

  /**
   * Drives the task to its end. A task that touches no store, such as one that mints, needs none.
   *
   * Rejects with the flow's error. Running it again gives the same result.
   */
  async run(store?: Store): Promise<T> {
    const memory = memoryOf(store);
    this.#begin();
    try {
      let command = this.#advance(undefined, memory);
      while (command !== undefined) {
        const reply = this.#answer(command, store);
        command = this.#advance(typeof reply === "string" ? reply : await reply, memory);
      }
    } finally {
      this.#running = false;
    }
    return this.result;
  }

  /**
   * As {@link Task.run}, at once.
   *
   * Throws the flow's error; also `policy_invalid` where the store or a key answers later.
   */
  runSync(store?: Store): T {
    const memory = memoryOf(store);
    this.#begin();
    try {
      let command = this.#advance(undefined, memory);
      while (command !== undefined) {
        command = this.#advance(this.#answerAtOnce(command, store), memory);
      }
    } finally {
      this.#running = false;
    }
    return this.result;
  }

  /**
   * Goes on: first with nothing, then with the reply to the command that was asked for, or with a {@link StoreError}.
   * Undefined means that the task is finished. Without a reply while one is due, the same command is asked for again.
   *
   * Throws `invalid_request` for what is no reply.
   */
  step(reply?: Reply | StoreError): Command | undefined {
    const asked = this.#asked;
    this.#begin();
    try {
      let answer: string | undefined;
      if (reply !== undefined) {
        answer = reply instanceof StoreError ? this.#failed(asked, reply) : toWire(reply);
      }
      let command = this.#advance(answer, undefined);
      while (command !== undefined && isForHost(command)) command = this.#advance(this.#answerAtOnce(command), undefined);
      this.#asked = command;
      return command === undefined ? undefined : (fromWire(command) as Command);
    } finally {
      this.#running = false;
    }
  }

  /** What the flow gives, when it is finished; throws the flow's error, or `invalid_request` before the end. */
  get result(): T {
    if (this.#outcome === undefined) throw new TokenmintError("invalid_request", "the task is not finished");
    if ("error" in this.#outcome) throw this.#outcome.error;
    return this.#outcome.value;
  }

  /** What happened on the way, for the host's log; also where the flow refused. Empty before the end. */
  get events(): readonly Event[] {
    if (typeof this.#events === "string") this.#events = JSON.parse(this.#events) as Event[];
    return this.#events;
  }

  /**
   * A task is no promise, and does nothing by itself: `await task.run(store)`. Awaiting one that was not run rejects with
   * `task_not_run`; of one that was, it gives what that came to. The types refuse both.
   */
  then(...callbacks: never[]): never;
  then(...callbacks: [((value: T) => unknown)?, ((error: unknown) => unknown)?]): unknown {
    return this.#awaited().then(...callbacks);
  }

  async #awaited(): Promise<T> {
    if (this.#outcome !== undefined) return this.result;
    throw new TokenmintError("task_not_run", "a task does nothing until it is run: await task.run(store)");
  }

  #begin(): void {
    if (this.#running) throw new TokenmintError("invalid_request", "the task is being driven already");
    this.#running = true;
  }

  /** Goes on to the next command; takes the outcome at the end, and gives the module's memory back. */
  #advance(reply: string | undefined, store: raw.MemoryStore | undefined): string | undefined {
    const task = this.#raw;
    if (task === undefined) return undefined;
    ready();
    let command: string | undefined;
    try {
      command = store === undefined ? task.advance(reply) : task.advance_on(store, reply);
    } catch (thrown) {
      throw failure(thrown);
    }
    if (command !== undefined) return command;
    this.#raw = undefined;
    this.#events = guard(() => task.events());
    let text: string | undefined;
    try {
      text = task.result();
    } catch (thrown) {
      this.#outcome = { error: this.#tell(failure(thrown, this.#cause)) };
    }
    release(task);
    if (text !== undefined) this.#outcome = { value: this.#read(text) };
    return undefined;
  }

  #answer(json: string, store: Store | undefined): string | Promise<string> {
    let reply: unknown;
    const name = commandName(json);
    try {
      reply = isForHost(json) ? this.#askHost(JSON.parse(json) as HostCommand) : needed(store).execute(fromWire(json) as Command);
    } catch (thrown) {
      return this.#failed(name, thrown);
    }
    if (!isPromise(reply)) return typeof reply === "string" ? reply : toWire(reply);
    return reply.then(
      (reply) => (typeof reply === "string" ? reply : toWire(reply)),
      (thrown: unknown) => this.#failed(name, thrown),
    );
  }

  #answerAtOnce(json: string, store?: Store): string {
    const reply = this.#answer(json, store);
    if (typeof reply === "string") return reply;
    reply.catch(() => undefined);
    const [what, instead] = isForHost(json) ? ["key", "an async method"] : ["store", "run()"];
    throw new TokenmintError("policy_invalid", `the ${what} answers later: use ${instead}`);
  }

  #failed(command: string | undefined, thrown: unknown): string {
    // Neither a fault of a key nor a store that is missing can be mended by trying again.
    if (thrown instanceof TokenmintError && !(thrown instanceof StoreError)) throw thrown;
    this.#cause = thrown instanceof StoreError ? (thrown.cause ?? thrown) : thrown;
    return failureReply(command ?? "load", thrown);
  }

  /** Asks a key of the host. */
  #askHost({ command, kid, algorithm, message, signature }: HostCommand): string | Promise<string> {
    const key = this.#hosts.find(`${algorithm} ${kid}`);
    const said = fromBase64url(message);
    if (command === "sign") {
      if (key.sign === undefined) throw notHere(algorithm);
      const signed = (signature: Uint8Array) =>
        JSON.stringify({ reply: "signed", signature: base64url(bytes(signature, "signature")) });
      const result = key.sign(said);
      return isPromise(result) ? result.then(signed) : signed(result);
    }
    if (key.verify === undefined) {
      throw new TokenmintError("policy_invalid", "the public half of the key is not known: nothing verifies with it", {
        field: "keys",
      });
    }
    const verified = (valid: boolean) => JSON.stringify({ reply: "verified", valid: valid === true });
    const result = key.verify(said, fromBase64url(signature as string));
    return isPromise(result) ? result.then(verified) : verified(result);
  }
}

function needed(store: Store | undefined): Store {
  if (store === undefined) throw new TokenmintError("policy_invalid", "this flow needs a store: run(store)");
  // Else its error would be taken for one of the store's.
  if (typeof store?.execute !== "function") throw invalid("store", `expected a Store, found ${kind(store)}`);
  return store;
}

/** The core writes the name first. */
function isForHost(json: string): boolean {
  return json.startsWith('{"command":"sign"') || json.startsWith('{"command":"verify_signature"');
}

function commandName(json: string): string {
  return json.slice(12, json.indexOf('"', 12));
}

function isPromise<T>(value: T | Promise<T>): value is Promise<T> {
  return typeof (value as PromiseLike<T> | undefined)?.then === "function";
}

/** The module's own store, where it is one. */
function memoryOf(store: Store | undefined): raw.MemoryStore | undefined {
  return typeof store === "object" && store !== null ? memoryStoreOf(store) : undefined;
}
