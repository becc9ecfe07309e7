// What happens when the module stops: a real one, which runs out of memory in a process of its own.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

test("a module that ran out of memory is refused from then on", () => {
  const child = fileURLToPath(new URL("../../lib/exhausted.mjs", import.meta.url));
  // 16 MiB: enough to start, and soon at its end.
  const { status, stdout, stderr } = spawnSync(process.execPath, ["--wasm-max-mem-pages=256", child], { encoding: "utf8", timeout: 60_000 });
  assert.equal(status, 0, `${stdout}${stderr}`);
  const { first, later, thrown } = JSON.parse(stdout);
  assert.deepEqual([first.code, first.number, first.isOurs], ["internal", 900, true]);
  assert.ok(later.length >= 8);
  for (const { name, code, message, isOurs } of later) {
    assert.deepEqual([code, isOurs], ["internal", true], name);
    assert.match(message, /stopped|internal error/, name);
  }
  assert.equal(thrown, "TokenmintError");
});
