// Stores in JavaScript: the whole contract over a Map, and the same with its answers later.

export class MapStore {
  constructor(tokenmint) {
    this.StoreError = tokenmint.StoreError;
    this.entries = new Map();
    this.limits = new Map();
    this.commands = [];
  }

  execute(command) {
    this.commands.push(command);
    switch (command.command) {
      case "load":
        return { reply: "loaded", entries: command.keys.map((key) => this.entries.get(hex(key)) ?? null) };
      case "cas":
        return this.cas(command);
      case "throttle":
        return this.throttle(command);
      case "sweep":
        return this.sweep(command);
      case "list":
        return this.list(command);
      default:
        throw new Error(`a store has no keys: ${command.command}`);
    }
  }

  cas({ key, expect, write }) {
    const found = this.entries.get(hex(key));
    if ((found ? hex(found.version) : null) !== (expect ? hex(expect) : null)) {
      return { reply: "conflict", entry: found ?? null };
    }
    if (write) this.entries.set(hex(key), write);
    else this.entries.delete(hex(key));
    return { reply: "done" };
  }

  throttle({ key, intervalUs, burstUs, cost, nowUs }) {
    const before = this.limits.get(hex(key)) ?? 0;
    const after = Math.max(before, nowUs) + cost * intervalUs;
    if (after - nowUs > burstUs) return { reply: "denied", tatUs: before };
    this.limits.set(hex(key), after);
    return { reply: "admitted", tatUs: after };
  }

  sweep({ beforeMs, limit }) {
    const old = [...this.entries].filter(([, entry]) => entry.expiresAtMs < beforeMs).slice(0, limit);
    for (const [key] of old) this.entries.delete(key);
    return { reply: "removed", count: old.length };
  }

  list({ by, value, after, limit }) {
    const found = [...this.entries]
      .filter(([key, entry]) => entry[by] && hex(entry[by]) === hex(value) && (!after || key > hex(after)))
      .sort(([a], [b]) => (a < b ? -1 : 1));
    const entries = found.slice(0, limit).map(([key, entry]) => ({ key: unhex(key), ...entry }));
    return { reply: "listed", entries, next: found.length > limit ? entries[limit - 1].key : null };
  }
}

export class LaterStore {
  constructor(tokenmint) {
    this.store = new MapStore(tokenmint);
  }

  async execute(command) {
    await null;
    return this.store.execute(command);
  }
}

export function hex(bytes) {
  if (!(bytes instanceof Uint8Array)) throw new TypeError("bytes are a Uint8Array");
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function unhex(text) {
  return Uint8Array.from(text.match(/../g), (pair) => parseInt(pair, 16));
}
