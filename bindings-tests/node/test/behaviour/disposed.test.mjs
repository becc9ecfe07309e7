// What was disposed says so; what was made of it goes on.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Endpoint, Key, KeySet, MemoryStore, RemoteKeySet, Verifier } from "tokenmint";

import { misused, refused, thrown } from "../../lib/expect.mjs";
import { ISSUER, SECRET, pair } from "../../lib/fixtures.mjs";

const config = { keys: [{ kid: "k1", secret: SECRET }], mercoa: { issuer: "i", key: "k1" } };

test("disposing twice is the same as once", () => {
  const { issuer, verifier, keys, key } = pair();
  const all = [issuer, verifier, keys, key, new Endpoint(config), new MemoryStore()];
  all.push(new RemoteKeySet({ [ISSUER]: "https://a.example/jwks.json" }));
  for (const object of all) {
    const name = object.constructor.name;
    assert.equal(typeof object.dispose, "function", name);
    object.dispose();
    object.dispose();
    object[Symbol.dispose ?? Symbol.for("nodejs.dispose")]?.();
  }
});

test("Symbol.dispose is there where the language has it", () => {
  if (Symbol.dispose === undefined) return;
  assert.equal(typeof Key.prototype[Symbol.dispose], "function");
});

test("every use of a disposed object is refused by name", async () => {
  const { issuer, verifier, keys, key } = pair();
  const store = new MemoryStore();
  const endpoint = new Endpoint(config);
  const remote = new RemoteKeySet({ [ISSUER]: "https://a.example/jwks.json" });
  const judge = new Verifier(remote, { audience: "app", issuer: ISSUER });
  const token = issuer.mintSync({}, "1h");
  for (const object of [issuer, verifier, keys, key, store, endpoint, remote]) object.dispose();
  const uses = {
    mintSync: () => issuer.mintSync({}, "1h"),
    mint: () => issuer.mint({}, "1h"),
    mintJsonSync: () => issuer.mintJsonSync({}, "{}", "1h"),
    mintJson: () => issuer.mintJson({}, "{}", "1h"),
    "issuer.verifier": () => issuer.verifier(),
    "issuer.publicJwks": () => issuer.publicJwks(),
    revokeAll: () => issuer.revokeAll({}).run(new MemoryStore()),
    operation: () => issuer.operation("revoke_all", {}).run(new MemoryStore()),
    verifySync: () => verifier.verifySync(token),
    verify: () => verifier.verify(token),
    verifyJwsSync: () => verifier.verifyJwsSync(token),
    verifyJws: () => verifier.verifyJws(token),
    explainSync: () => verifier.explainSync(token),
    explain: () => verifier.explain(token),
    "keys.publicJwks": () => keys.publicJwks(),
    "new Verifier": () => new Verifier(keys, { issuer: "i", audience: "a" }),
    "new KeySet": () => new KeySet(key),
    withKid: () => key.withKid("x"),
    execute: () => store.execute({ command: "load", keys: [new Uint8Array(1)] }),
    run: () => issuer.revokeAll({}).run(store),
    handle: () => endpoint.handle({ method: "GET", target: "/", headers: {} }).run(new MemoryStore()),
    prepare: () => endpoint.prepare().run(new MemoryStore()),
    "a remote set": () => judge.verify(token),
  };
  for (const [name, use] of Object.entries(uses)) {
    const error = await refused(use, "object_disposed").catch((wrong) => assert.fail(`${name}: ${wrong.message}`));
    assert.match(error.message, /disposed/);
  }
  await thrown(() => issuer.mintSync({}, "1h"), "object_disposed");
  // Whoever sent a request learns no more than that the server failed.
  assert.equal((await endpoint.fetch(new Request("http://a.example/"))).status, 500);
});

test("what was made of a disposed object goes on", async () => {
  const { issuer, verifier, keys, key } = pair(Key.generateSync("ES256", { kid: "k1" }), { sessionSecret: SECRET });
  const derived = issuer.verifier();
  const other = key.withKid("other");
  const task = issuer.revokeAll({});
  keys.dispose();
  key.dispose();
  const token = issuer.mintSync({ sub: "s" }, "1h");
  const late = await issuer.mint({ sub: "s" }, "1h");
  issuer.dispose();
  for (const judge of [verifier, derived]) {
    assert.equal(judge.verifySync(token).sub, "s");
    assert.equal((await judge.verify(late)).sub, "s");
  }
  assert.ok(pair(other).issuer.mintSync({}, "1h"));
  await task.run(new MemoryStore());
});

test("an object that is disposed while a call is under way", async () => {
  const { issuer, verifier } = pair(Key.generateSync("EdDSA", { kid: "k1" }));
  const minted = issuer.mint({ sub: "s" }, "1h");
  issuer.dispose();
  const token = await minted.catch((error) => error);
  if (token instanceof Error) return assert.equal(token.code, "object_disposed");
  assert.equal((await verifier.verify(token)).sub, "s");
  const verified = verifier.verify(token);
  verifier.dispose();
  const claims = await verified.catch((error) => error);
  if (claims instanceof Error) assert.equal(claims.code, "object_disposed");
  else assert.equal(claims.sub, "s");
});

test("methods without their object, and classes without new", async () => {
  const { issuer, verifier } = pair();
  const { mintSync } = issuer;
  for (const call of [() => mintSync({}, "1h"), () => verifier.verifySync.call({}, "a.b.c"), () => Verifier(), () => new Key()]) {
    assert.throws(call, (error) => error.code !== "internal");
  }
  assert.throws(() => verifier.verifySync.call(issuer, "a.b.c"), (error) => error.code !== "internal");
  // Nothing of that has stopped the module.
  assert.ok(issuer.mintSync({}, "1h"));
});

test("an object that is disposed at any moment of a call", async () => {
  const turns = async (count) => {
    for (let turn = 0; turn < count; turn++) await null;
  };
  for (const key of [Key.hmac(SECRET, { kid: "k1" }), Key.generateSync("ES256", { kid: "k1" })]) {
    for (let offset = 0; offset < 30; offset++) {
      const { issuer, verifier } = pair(key, { sessionSecret: SECRET });
      const token = issuer.mintSync({ sub: "s" }, "1h");
      const store = new MemoryStore();
      const calls = [
        issuer.mint({}, "1h"),
        verifier.verify(token),
        verifier.explain(token),
        issuer.createClient({ id: "c", organization: "o", secret: "s", permissions: [] }).run(store),
      ];
      await turns(offset);
      for (const object of [issuer, verifier, store]) object.dispose();
      for (const result of await Promise.allSettled(calls)) {
        if (result.status === "rejected") assert.equal(result.reason.code, "object_disposed");
      }
    }
  }
  assert.ok(pair().issuer.mintSync({}, "1h"));
});
