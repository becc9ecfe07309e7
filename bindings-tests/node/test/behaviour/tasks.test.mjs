// Tasks and stores: every command is answered once, and whatever a store does ends in an error with a code.

import assert from "node:assert/strict";
import { test } from "node:test";

import * as tokenmint from "tokenmint";
import { Issuer, KeySet, MemoryStore, StoreError } from "tokenmint";

import { misused, refused, rejected, thrown } from "../../lib/expect.mjs";
import { NOW, SECRET, SEED, pair } from "../../lib/fixtures.mjs";
import { LaterStore, MapStore } from "../../vectors/stores.mjs";

const { issuer } = pair(undefined, { sessionSecret: SECRET });
const client = { id: "c1", organization: "o", secret: "s1", permissions: ["client_credentials", "sessions"] };
const proof = { clientId: "c1", clientSecret: "s1" };

async function filled(store = new MapStore(tokenmint)) {
  await issuer.createClient(client).run(store);
  return store;
}

test("a task is driven step by step", async () => {
  const store = new MemoryStore();
  const task = issuer.createClient(client);
  await refused(() => task.result, "invalid_request");
  let command = task.step();
  let commands = 0;
  while (command !== undefined) {
    assert.deepEqual(task.events, []);
    assert.ok(["load", "cas", "throttle"].includes(command.command), command.command);
    commands += 1;
    command = task.step(store.execute(command));
  }
  assert.ok(commands >= 1);
  assert.deepEqual(task.events.map(({ event }) => event), ["directory_changed"]);
  task.result;
  assert.equal(task.step(), undefined);
  const token = await issuer.clientCredentials(proof).run(store);
  assert.equal((await issuer.check({ token: token.accessToken }).run(store)).clientId, "c1");
  await issuer.revokeClient({ clientId: "c1" }).run(store);
  await rejected(() => issuer.check({ token: token.accessToken }).run(store), "token_revoked");
});

test("a task that is awaited and was not run says so, and does nothing", async () => {
  const store = new MemoryStore();
  for (const make of [
    () => issuer.createClient(client),
    () => issuer.refresh({ refreshToken: "x" }),
    () => issuer.operation("create_client", client),
    () => new tokenmint.Endpoint({ keys: [{ kid: "k", secret: SECRET }], mercoa: { issuer: "i", key: "k" } }).prepare(),
  ]) {
    // As it is forgotten: by `await`, as the result of an async function, among others, and in a chain.
    const ways = [
      async () => await make(),
      async () => make(),
      () => Promise.all([make()]),
      () => Promise.resolve().then(make),
      () => make().then(() => undefined),
      () => new Promise((_, reject) => void make().then(undefined, reject)),
    ];
    for (const way of ways) {
      const error = await rejected(way, "task_not_run");
      assert.match(error.message, /run\(store\)/);
    }
  }
  await rejected(() => issuer.clientCredentials(proof).run(store), "invalid_client");
  // One that has come to its end is what it came to.
  const task = issuer.createClient(client);
  await task.run(store);
  assert.equal(await task, undefined);
  const refusedTask = issuer.clientCredentials({ ...proof, clientSecret: "wrong" });
  await rejected(() => refusedTask.run(store), "invalid_client");
  await rejected(async () => await refusedTask, "invalid_client");
});

test("without a reply the command is asked for again", () => {
  const task = issuer.createClient(client);
  assert.deepEqual(task.step(), task.step());
});

test("what a command holds is bytes and numbers", async () => {
  const store = new MapStore(tokenmint);
  await filled(store);
  const limited = pair(undefined, { clientRate: { events: 1, per: "1h", burst: 1 } }).issuer;
  await limited.clientCredentials(proof).run(store);
  const kinds = new Set(store.commands.map(({ command }) => command));
  assert.ok(["load", "cas", "throttle"].every((kind) => kinds.has(kind)), [...kinds].join());
  for (const command of store.commands) {
    for (const key of command.keys ?? [command.key]) assert.ok(key instanceof Uint8Array && key.length > 0 && key.length <= 128);
    if (command.write) {
      assert.ok(command.write.value instanceof Uint8Array && command.write.version instanceof Uint8Array);
      assert.equal(typeof command.write.expiresAtMs, "number");
    }
    for (const name of ["intervalUs", "burstUs", "cost", "nowUs"]) {
      if (command.command === "throttle") assert.equal(typeof command[name], "number", name);
    }
  }
});

test("what a wiped store forgot stays revoked", async () => {
  for (const fresh of [() => new MemoryStore(), () => new MapStore(tokenmint), () => new LaterStore(tokenmint)]) {
    const at = (seconds) => ({ now: NOW + seconds });
    const check = (store, token, seconds) => issuer.check({ token }, at(seconds)).run(store);
    const token = async (store, seconds) => (await issuer.clientCredentials(proof, at(seconds)).run(store)).accessToken;
    const store = fresh();
    await issuer.adoptStore({}, at(0)).run(store);
    await filled(store);
    const [kept, revoked] = [await token(store, 1), await token(store, 1)];
    await issuer.revokeToken({ token: revoked, clientId: "c1" }, at(1)).run(store);
    // The store is known by now: to adopt it again changes nothing.
    await issuer.adoptStore({}, at(2)).run(store);
    assert.equal((await check(store, kept, 2)).clientId, "c1");
    await rejected(() => check(store, revoked, 2), "token_revoked");

    const wiped = fresh();
    await issuer.adoptStore({}, at(3)).run(wiped);
    await filled(wiped);
    for (const old of [kept, revoked]) await rejected(() => check(wiped, old, 4), "token_revoked");
    assert.equal((await check(wiped, await token(wiped, 4), 5)).clientId, "c1");
  }
});

test("a limit says when to try again", async () => {
  const limited = pair(undefined, { clientRate: { events: 1, per: "1h", burst: 1 } }).issuer;
  for (const store of [new MemoryStore(), new MapStore(tokenmint), new LaterStore(tokenmint)]) {
    await filled(store);
    await limited.clientCredentials(proof).run(store);
    const error = await rejected(() => limited.clientCredentials(proof).run(store), "rate_limited");
    assert.ok(error.retryAfterSeconds > 3500 && error.retryAfterSeconds <= 3600, String(error.retryAfterSeconds));
    assert.equal(error.status, 429);
  }
});

/** A store that fails when a command of this kind comes, before or after it is carried out. */
class Broken {
  constructor(kind, failure, { later = false, after = false } = {}) {
    Object.assign(this, { kind, failure, later, after, store: new MapStore(tokenmint) });
  }

  execute(command) {
    if (command.command !== this.kind) return this.store.execute(command);
    if (this.after) this.store.execute(command);
    if (this.later) return new Promise((_, reject) => setTimeout(() => reject(this.failure), 1));
    throw this.failure;
  }
}

for (const later of [false, true]) {
  const name = later ? "rejections" : "exceptions";
  test(`${name} of a store are mapped`, async () => {
    const codes = {
      unavailable: "store_unavailable",
      unknown: "store_unknown",
      corrupt: "store_corrupt",
      too_large: "store_too_large",
    };
    for (const [kind, code] of Object.entries(codes)) {
      for (const command of ["load", "cas"]) {
        const task = command === "load" ? issuer.clientCredentials(proof) : issuer.createClient(client);
        const error = await rejected(() => task.run(new Broken(command, new StoreError(kind), { later })), [code, "store_unknown"]);
        if (command === "load" || kind !== "unknown") assert.equal(error.code, code, `${command} ${kind}`);
      }
    }
  });

  test(`foreign ${name}: what may have happened is unknown, what only reads is unavailable`, async () => {
    for (const failure of [new Error("away"), new TypeError("x"), "a text", undefined, null, { code: "ECONNRESET" }]) {
      const write = await rejected(() => issuer.createClient(client).run(new Broken("cas", failure, { later })), "store_unknown");
      const start = issuer.clientCredentials(proof);
      const load = await rejected(() => start.run(new Broken("load", failure, { later })), "store_unavailable");
      for (const error of [write, load]) {
        assert.equal(error.status, 503);
        if (failure instanceof Error) assert.equal(error.cause, failure);
        assert.doesNotMatch(error.message, /away|ECONNRESET/);
      }
    }
  });
}

test("by the methods that answer at once, too", async () => {
  await thrown(() => issuer.createClient(client).runSync(new Broken("cas", new Error("x"))), "store_unknown");
  await thrown(() => issuer.createClient(client).runSync(new Broken("cas", new StoreError("unavailable"))), "store_unavailable");
  const error = await thrown(() => issuer.createClient(client).runSync(new LaterStore(tokenmint)));
  assert.match(error.message, /run\b|promise|await|async/i);
});

test("replies that are none are refused, and no flow takes them for an answer", async () => {
  const wrong = [undefined, null, "done", 1, [], {}, { reply: "nonsense" }, { reply: "loaded" }, { reply: "loaded", entries: [] }, { reply: "done", x: 1n }];
  wrong.push({ reply: "loaded", entries: [{ version: "text", value: "text", expiresAtMs: 1 }] });
  wrong.push({ reply: "loaded", entries: [{ version: new Uint8Array(1), value: new Uint8Array(1), expiresAtMs: NaN }] });
  wrong.push({ reply: "admitted", tatUs: 5 }, { reply: "verified", valid: true }, { reply: "signed", signature: new Uint8Array(32) });
  for (const reply of wrong) {
    for (const store of [{ execute: () => reply }, { execute: async () => reply }]) {
      const task = issuer.clientCredentials(proof);
      const found = await task.run(store).catch((error) => error);
      assert.ok(found instanceof Error, `a token for the reply ${JSON.stringify(reply, (_, v) => (typeof v === "bigint" ? "n" : v))}`);
      assert.notEqual(found.code, "internal");
      assert.ok(found instanceof tokenmint.TokenmintError, String(found));
    }
  }
  for (const store of [undefined, null, {}, { execute: 1 }, "store"]) {
    await misused(() => issuer.clientCredentials(proof).run(store));
    misused(() => issuer.clientCredentials(proof).runSync(store));
  }
});

test("a task is driven by one driver at a time, and runs once", async () => {
  const store = await filled(new LaterStore(tokenmint));
  const task = issuer.clientCredentials(proof);
  const [one, two] = await Promise.allSettled([task.run(store), task.run(store)]);
  assert.equal(one.status, "fulfilled");
  // The second either gets the same, or is refused; never a second token.
  if (two.status === "fulfilled") assert.deepEqual(two.value, one.value);
  assert.equal(task.events.filter(({ event }) => event === "token_issued").length, 1);
  const again = await task.run(store).catch((error) => error);
  if (!(again instanceof Error)) assert.deepEqual(again, one.value);
});

test("a refused task has events and a reason", async () => {
  const task = issuer.clientCredentials({ clientId: "nobody", clientSecret: "wrong" });
  await rejected(() => task.run(new MemoryStore()), "invalid_client");
  assert.deepEqual(task.events.map(({ event, reason }) => [event, reason]), [["token_refused", "invalid_client"]]);
  await refused(() => task.result, "invalid_client");
});

test("operations by name refuse what they do not know", async () => {
  const store = new MemoryStore();
  await rejected(() => issuer.operation("mint", {}).run(store), "invalid_request");
  await rejected(() => issuer.operation("refresh", { x: 1 }).run(store), "field_invalid");
  const required = await rejected(() => issuer.operation("refresh", {}).run(store), "field_required");
  assert.equal(required.field, "refresh_token");
  const error = await rejected(() => issuer.refresh({ refreshTokn: "hunter2" }).run(store), "field_invalid");
  assert.equal(error.message, "refreshTokn: this field is not known; known are refreshToken, clientId, scope, audience, jkt, certificateSha256");
});

test("what is not known within an input is named by its path", async () => {
  const store = new MemoryStore();
  const token = { bearer: "b", entity: "e" };
  const link = { originId: "u", endUserOrganization: "o", endUserEmail: "m", categories: ["ats"] };
  for (const [task, field] of [
    [issuer.entityToken({ ...token, expiresInn: "1h" }), "expiresInn"],
    [issuer.entityToken({ ...token, options: { expires_inn: "1h" } }), "options.expires_inn"],
    [issuer.entityToken({ ...token, options: { pages: { approvls: true } } }), "options.pages.approvls"],
    [issuer.createLink({ bearer: "b", expiresIn: "1h", details: { ...link, endUserMail: "x" } }), "details.endUserMail"],
    [issuer.createLink({ bearer: "b", expiresIn: "1h", details: { ...link, origin_id: "x" } }), "details.origin_id"],
    [issuer.createLink({ bearer: "b", expiresInn: "1h", details: link }), "expiresInn"],
    // The names of other languages are none here: one of two spellings would be lost.
    [issuer.refresh({ refreshToken: "x", refresh_token: "y" }), "refresh_token"],
    [issuer.clientCredentials({ client_id: "c1", client_secret: "s1" }), "client_id"],
    [issuer.entityToken({ ...token, target_: {} }), "target_"],
  ]) {
    const error = await rejected(() => task.run(store), "field_invalid");
    assert.equal(error.field, field);
    assert.match(error.message, /this field is not known; known are /);
    assert.doesNotMatch(error.message.replaceAll(field, ""), /[a-z]_[a-z]|target/);
  }
  await refused(() => issuer.entityToken({ ...token, target: { entity: "other" } }), "field_invalid", "target");
  for (const [task, field] of [
    [issuer.entityToken({ bearer: "b", entity: 1 }), "entity"],
    [issuer.createLink({ bearer: "b", expiresIn: "1h", details: { ...link, endUserEmail: 1 } }), "details.endUserEmail"],
    [issuer.createLink({ bearer: "b", expiresIn: "1h", details: "x" }), "details"],
    [issuer.createBearerKey({ keySha256: 1, organization: "o", permissions: [] }), "keySha256"],
  ]) {
    await rejected(() => task.run(store), "field_invalid", field);
  }
});

test("what is not known within options is named as it was given", async () => {
  const { key, keys } = pair();
  const policy = { issuer: "https://api.example.com", audience: "app" };
  const config = { keys: [{ kid: "k", secret: SECRET }], mercoa: { issuer: "i", key: "k" } };
  const endpoint = new tokenmint.Endpoint(config);
  const { Endpoint, Key, RemoteKeySet, Verifier } = tokenmint;
  for (const [call, field, code = "field_invalid"] of [
    [() => new Issuer(keys, { ...policy, lifeTime: "1h" }), "lifeTime", "policy_invalid"],
    [() => new Issuer(keys, { ...policy, max_lifetime: "1h" }), "max_lifetime", "policy_invalid"],
    [() => new Issuer(keys, { ...policy, maxLifetime: "soon" }), "maxLifetime", "policy_invalid"],
    [() => new Verifier(keys, { ...policy, anyTokenTyp: true }), "anyTokenTyp", "policy_invalid"],
    [() => new Verifier(keys, { ...policy, leewaySeconds: "1" }), "leewaySeconds", "policy_invalid"],
    [() => new RemoteKeySet({}, { timeToLve: "1h" }), "timeToLve", "policy_invalid"],
    [() => new RemoteKeySet({}, { issuers: {} }), "issuers"],
    [() => new MemoryStore({ capacty: 1000 }), "capacty"],
    [() => Key.hmac(SECRET, { id: "k1" }), "id"],
    [() => Key.fromJwkSync({ kty: "oct", k: "x" }, { alg: "HS256" }), "alg"],
    [() => Key.generate("HS256", { exportable: true }), "exportable"],
    [() => KeySet.fromJwks({ keys: [] }, { algorithm: "ES256" }), "algorithm"],
    [() => new Issuer(keys, policy).verifier({ aud: "x" }), "aud"],
    [() => new Issuer(keys, policy).mintSync({}, "1h", { time: NOW }), "time"],
    [() => new Issuer(keys, policy).refresh({ refreshToken: "x" }, { sed: SEED }), "sed"],
    [() => new Endpoint(config, { onEvent: () => {} }), "onEvent"],
    [() => Endpoint.create(config, { stores: [] }), "stores"],
    [() => endpoint.handle({ method: "GET", target: "/", header: {} }), "header"],
  ]) {
    const error = await refused(call, code, field);
    assert.match(error.message, new RegExp(`^${field}: `));
    // A name that long may be a secret in the wrong place.
    assert.doesNotMatch((await refused(() => Key.hmac(SECRET, { [SECRET]: 1 }))).message, /thirty-two/);
  }
  assert.ok(key.canSign);
});

test("every flow there is has a method", async () => {
  const { readFileSync } = await import("node:fs");
  const { ROOT } = await import("../../lib/repository.mjs");
  const reference = readFileSync(`${ROOT}/docs/operations.md`, "utf8");
  const names = [...reference.matchAll(/^### `([a-z_]+)`$/gm)].map(([, name]) => name);
  assert.ok(names.length >= 45);
  for (const name of names) {
    const method = name.replace(/_([a-z])/g, (_, letter) => letter.toUpperCase());
    assert.equal(typeof issuer[method], "function", method);
    const task = issuer[method]({ noSuchMember: "hunter2" }, { now: NOW, seed: SEED });
    const error = await rejected(() => task.run(new MemoryStore()), "field_invalid");
    assert.equal(error.field, "noSuchMember");
    assert.ok(!error.message.includes("hunter2"));
  }
});

test("claims inside inputs keep their names", async () => {
  const store = new MapStore(tokenmint);
  const claims = { snake_case: 1, camelCase: { inner_name: [2], innerName: 3 }, big: 2n ** 60n };
  const made = { ...client, claims };
  await issuer.createClient(made).run(store);
  const own = pair(undefined, { sessionSecret: SECRET }).issuer;
  const found = await own.exchangeApiKey(proof).run(store);
  const seen = tokenmint.decodeUnverified(found.accessToken).claims;
  assert.deepEqual(seen.snake_case, 1);
  assert.deepEqual(seen.camelCase, { inner_name: [2], innerName: 3 });
  assert.strictEqual(seen.big, 2n ** 60n);
});

test("of many redeemers one gets the link", async () => {
  const own = pair(undefined, { sessionSecret: SECRET, integrations: [{ slug: "lever", name: "Lever", categories: ["ats"] }] }).issuer;
  for (const store of [new MemoryStore(), new LaterStore(tokenmint)]) {
    await own.createBearerKey({ bearer: "key-1", organization: "o", permissions: ["links"] }).run(store);
    const details = { originId: "u1", endUserOrganization: "Acme", endUserEmail: "a@example.com", categories: ["ats"] };
    const link = await own.createLink({ bearer: "key-1", details, expiresIn: "1h" }).run(store);
    const redeem = (_, index) => own.redeemLink({ linkToken: link.linkToken, integration: "lever", redeemer: `r${index}` }).run(store);
    const results = await Promise.allSettled(Array.from({ length: 8 }, redeem));
    assert.equal(results.filter(({ status }) => status === "fulfilled").length, 1);
    for (const { reason } of results.filter(({ status }) => status === "rejected")) assert.equal(reason.code, "link_used");
  }
});

test("a memory store has a capacity, and is a store like others", async () => {
  const store = new MemoryStore({ capacity: 1000 });
  await issuer.createClient(client).run(store);
  const codes = [];
  for (let number = 2; number < 8; number++) {
    await issuer.createClient({ ...client, id: `c${number}` }).run(store).catch((error) => codes.push(error.code));
  }
  assert.ok(codes.length > 0 && codes.every((code) => code.startsWith("store_")), codes.join());
  for (const capacity of [0, -1, 1.5, NaN, "10"]) misused(() => new MemoryStore({ capacity }), `capacity ${capacity}`);
  for (const command of [undefined, null, {}, "load", { command: "nonsense" }, { command: "load", keys: [new Uint8Array(0)] }]) {
    misused(() => store.execute(command), JSON.stringify(command));
  }
  misused(() => new KeySet(store));
  misused(() => new Issuer(store, { issuer: "i" }));
});
