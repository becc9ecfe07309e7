import assert from "node:assert/strict";
import { Endpoint, Issuer, Key, KeySet, MemoryStore, TokenmintError, Verifier, nodeHandler } from "tokenmint";
import { DpopKey, dpopFetch } from "tokenmint/dpop";
import * as verifyOnly from "tokenmint/verify";

const keys = new KeySet(await Key.generate("ES256", { kid: "k1" }));
const issuer = new Issuer(keys, { issuer: "https://api.example.com", audience: "app" });
const token = await issuer.mint({ sub: "ent_1" }, "1h");
const verifier = new Verifier(keys, { issuer: "https://api.example.com", audience: "app" });
assert.equal((await verifier.verify(token)).sub, "ent_1");
assert.equal(verifier.verifySync(issuer.mintSync({ sub: "ent_2" }, "1h")).sub, "ent_2");
assert.throws(() => issuer.mintSync({}, "x"), TokenmintError);

// The part that only verifies is a build of its own.
const narrow = new verifyOnly.Verifier(verifyOnly.KeySet.fromJwks(issuer.publicJwks()), { issuer: "https://api.example.com", audience: "app" });
assert.equal((await narrow.verify(token)).sub, "ent_1");
assert.equal(narrow.verifySync(token).sub, "ent_1");
assert.equal(verifyOnly.Issuer, undefined);
assert.equal(verifyOnly.decodeUnverified(token).claims.sub, "ent_1");
assert.throws(() => narrow.verifySync("a.b.c"), verifyOnly.TokenmintError);

const config = { keys: [{ kid: "k", secret: "a secret of at least thirty-two bytes" }], mercoa: { issuer: "i", key: "k" } };
const response = await new Endpoint(config, { store: new MemoryStore() }).fetch(new Request("http://a.example/.well-known/jwks.json"));
assert.deepEqual(await response.json(), { keys: [] });
assert.equal(typeof nodeHandler, "function");

// What binds tokens needs no module.
const key = await DpopKey.generate();
assert.equal((await key.proof({ method: "GET", url: "https://api.example.com" })).split(".").length, 3);
assert.equal(typeof dpopFetch(key), "function");

// Where the host calls `init` itself.
const slim = await import("tokenmint/slim");
const { readFileSync } = await import("node:fs");
const { createRequire } = await import("node:module");
await slim.init(readFileSync(createRequire(import.meta.url).resolve("tokenmint/tokenmint.wasm")));
const own = new slim.Issuer(new slim.KeySet(slim.Key.hmac("a secret of at least thirty-two bytes")), { issuer: "i", audience: "a" });
assert.equal(own.verifier().verifySync(own.mintSync({ sub: "slim" }, "1h")).sub, "slim");
console.log("esm works");
