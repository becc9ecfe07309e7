import * as raw from "#raw";
import { invalid, StoreError, type StoreReason } from "./error.js";
import { guard, kind } from "./module.js";
import { optionsOf } from "./names.js";
import { Owned, rawOf } from "./owned.js";
import { type Command, fromWire, type Reply, type Store, toWire } from "./store.js";
import { takesMemoryStores } from "./task.js";

/**
 * A store in the memory of this process: for tests, demonstrations, and services of one process. What it holds ends with
 * it.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { MemoryStore } from "tokenmint";
 *
 * const store = new MemoryStore();
 * const key = new TextEncoder().encode("key");
 * const reply = store.execute({ command: "load", keys: [key] });
 * assert.deepEqual(reply, { reply: "loaded", entries: [undefined] });
 * ```
 */
export class MemoryStore extends Owned implements Store {
  static {
    takesMemoryStores((store) => (store instanceof MemoryStore ? (rawOf(store) as raw.MemoryStore) : undefined));
  }

  /** An empty store that holds at most `capacity` bytes; 1 GiB where it is left out. */
  constructor(options?: { capacity?: number | undefined }) {
    const { capacity } = optionsOf(options, "capacity");
    if (capacity !== undefined && !(Number.isSafeInteger(capacity) && capacity > 0 && capacity < 2 ** 32)) {
      throw invalid("capacity", `expected a number of bytes, found ${kind(capacity)}`);
    }
    super(guard(() => new raw.MemoryStore(capacity)));
  }

  /**
   * Carries out one command, at once.
   *
   * Fails with `invalid_request` for what is no command, and with a store's error.
   */
  execute(command: Command): Reply {
    const store = rawOf(this) as raw.MemoryStore;
    const wire = toWire(command);
    const reply = fromWire(guard(() => store.execute(wire)));
    if ("error" in reply) throw new StoreError((reply as { error: StoreReason }).error);
    return reply as Reply;
  }
}
