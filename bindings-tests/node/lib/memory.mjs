// How much memory is in use: of the process, and of the module. Import this before the package.

import { setTimeout as sleep } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

setFlagsFromString("--expose-gc");
const gc = runInNewContext("gc");

const memories = [];
const { Instance } = WebAssembly;
WebAssembly.Instance = class extends Instance {
  constructor(...given) {
    super(...given);
    memories.push(...Object.values(this.exports).filter((value) => value instanceof WebAssembly.Memory));
  }
};

/** What was dropped is freed: finalizers run between turns of the event loop. */
export async function collect() {
  for (let round = 0; round < 4; round++) {
    gc();
    await sleep(5);
  }
}

export async function inUse() {
  await collect();
  if (memories.length === 0) throw new Error("no memory of the module was seen");
  return {
    module: memories.reduce((sum, memory) => sum + memory.buffer.byteLength, 0),
    process: process.memoryUsage.rss(),
    heap: process.memoryUsage().heapUsed,
  };
}

export const MIB = 1 << 20;
