// Memory stays flat over a million tokens.

import assert from "node:assert/strict";
import { test } from "node:test";

import { MIB, collect, inUse } from "../../lib/memory.mjs";

const { Issuer, Key, KeySet, MemoryStore, Verifier } = await import("tokenmint");

const SECRET = "a secret of at least thirty-two bytes";
const CLAIMS = { sub: "ent_1", pages: { a: true, b: [1, "x"] }, n: 2n ** 63n };

function flat(before, after, t) {
  const grown = Object.fromEntries(Object.keys(before).map((name) => [name, ((after[name] - before[name]) / MIB).toFixed(2)]));
  t.diagnostic(`grown by MiB: ${JSON.stringify(grown)}; the module has ${(after.module / MIB).toFixed(2)}`);
  // It grows by pages of 64 KiB, and never shrinks; what is lost in each of so many rounds would be more than a few.
  assert.ok(after.module - before.module < MIB / 4, `${grown.module} MiB of the module's memory`);
  assert.ok(after.heap - before.heap < 2 * MIB, `${grown.heap} MiB of heap`);
  assert.ok(after.process - before.process < 24 * MIB, `${grown.process} MiB resident`);
}

/**
 * Finalizers run when the program gives way, as one that waits for requests does. Collecting each time, so that what waits for
 * them is never more than in the rounds before the measure, whenever the engine would have collected by itself.
 */
async function giveWay(round) {
  if (round % 500 === 499) await collect();
}

function policy() {
  return { issuer: "https://api.example.com", audience: "app" };
}

test("a million tokens with HMAC, minted and verified", async (t) => {
  const keys = new KeySet(Key.hmac(SECRET, { kid: "k1" }));
  const [issuer, verifier] = [new Issuer(keys, policy()), new Verifier(keys, policy())];
  const old = issuer.mintSync({}, 1, { now: 1 });
  const rounds = (count) => {
    for (let round = 0; round < count; round++) verifier.verifySync(issuer.mintSync(CLAIMS, 60));
  };
  const failures = (count) => {
    for (let round = 0; round < count; round++) {
      for (const call of [() => verifier.verifySync(old), () => issuer.mintSync({ x: NaN }, 60), () => issuer.mintSync({}, "x")]) {
        assert.throws(call);
      }
    }
  };
  rounds(50_000);
  failures(2_000);
  const before = await inUse();
  rounds(1_000_000);
  failures(20_000);
  flat(before, await inUse(), t);
});

test("twenty thousand tokens of a key on the host, and flows", async (t) => {
  const keys = new KeySet(Key.generateSync("ES256", { kid: "k1" }));
  const [issuer, verifier] = [new Issuer(keys, policy()), new Verifier(keys, policy())];
  const store = new MemoryStore();
  await issuer.createClient({ id: "c1", organization: "o", secret: "s1", permissions: ["client_credentials"] }).run(store);
  const rounds = async (count) => {
    for (let round = 0; round < count; round++) {
      const token = await issuer.mint({ sub: "s" }, 60);
      await verifier.verify(token);
      if (round % 5 === 0) {
        const { accessToken } = await issuer.clientCredentials({ clientId: "c1", clientSecret: "s1" }).run(store);
        await issuer.check({ token: accessToken }).run(store);
        await issuer.check({ token: "x" }).run(store).catch(() => {});
        // A task that nobody runs to its end.
        issuer.clientCredentials({ clientId: "c1", clientSecret: "s1" }).step();
      }
      await giveWay(round);
    }
  };
  await rounds(10_000);
  const before = await inUse();
  await rounds(20_000);
  flat(before, await inUse(), t);
});

test("fifty thousand objects that nobody disposes", async (t) => {
  const make = async (count) => {
    for (let round = 0; round < count; round++) {
      const key = Key.hmac(SECRET, { kid: `k${round}` });
      const keys = new KeySet(key.withKid("k1"));
      const issuer = new Issuer(keys, policy());
      const verifier = round % 2 ? issuer.verifier() : new Verifier(keys, policy());
      if (round % 10 === 0) verifier.verifySync(issuer.mintSync({}, 60));
      await giveWay(round);
    }
  };
  await make(15_000);
  const before = await inUse();
  await make(50_000);
  flat(before, await inUse(), t);
});
