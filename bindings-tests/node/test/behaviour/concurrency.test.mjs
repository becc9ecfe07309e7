// Many calls at once: each gets its own answer.

import assert from "node:assert/strict";
import { setImmediate as later } from "node:timers/promises";
import { test } from "node:test";
import { Worker } from "node:worker_threads";

import * as tokenmint from "tokenmint";
import { Key, MemoryStore } from "tokenmint";

import { SECRET, pair } from "../../lib/fixtures.mjs";
import { LaterStore } from "../../vectors/stores.mjs";

for (const algorithm of ["HS256", "ES256", "EdDSA", "RS256"]) {
  test(`${algorithm}: a thousand mints and verifications, interleaved`, async () => {
    const { issuer, verifier } = pair(await Key.generate(algorithm, { kid: "k1" }));
    const rounds = Array.from({ length: 1000 }, async (_, number) => {
      if (number % 3 === 0) await later();
      const claims = { sub: `s${number}`, text: "x".repeat(number % 7 === 0 ? 5000 : number % 50) };
      const token = number % 2 ? await issuer.mint(claims, "1h") : issuer.mintSync(claims, "1h");
      if (number % 5 === 0) await later();
      const found = number % 4 < 2 ? await verifier.verify(token) : verifier.verifySync(token);
      assert.deepEqual([found.sub, found.text], [claims.sub, claims.text]);
      if (number % 11 === 0) await assert.rejects(verifier.verify(`${token.slice(0, -8)}AAAAAAAA`), { code: "signature_invalid" });
      return token;
    });
    assert.equal(new Set(await Promise.all(rounds)).size, 1000);
  });
}

test("a key that answers in another order", async () => {
  const inner = pair(Key.generateSync("ES256", { kid: "k1" }));
  const half = Key.fromJwkSync(inner.key.publicJwk());
  const { createPrivateKey, sign } = await import("node:crypto");
  const jwk = await Key.generateJwk("ES256", { kid: "k2" });
  const key = createPrivateKey({ key: jwk, format: "jwk" });
  const held = Key.held("slow", {
    algorithm: "ES256",
    kid: "k2",
    public: Key.fromJwkSync((({ d, ...rest }) => rest)(jwk)),
    sign: async (message) => {
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 20));
      return new Uint8Array(sign("sha256", message, { key, dsaEncoding: "ieee-p1363" }));
    },
  });
  const { issuer, verifier } = pair(held);
  const tokens = await Promise.all(Array.from({ length: 200 }, (_, number) => issuer.mint({ sub: `s${number}` }, "1h")));
  const subjects = await Promise.all(tokens.map(async (token) => (await verifier.verify(token)).sub));
  assert.deepEqual(subjects, tokens.map((_, number) => `s${number}`));
  assert.equal(half.canSign, false);
});

test("flows of many sessions at once", async () => {
  const { issuer } = pair(Key.generateSync("EdDSA", { kid: "k1" }), { sessionSecret: SECRET });
  for (const store of [new MemoryStore(), new LaterStore(tokenmint)]) {
    const sessions = Array.from({ length: 100 }, async (_, number) => {
      const client = { clientId: `c${number}`, clientSecret: `s${number}` };
      await issuer.createClient({ id: client.clientId, organization: "o", secret: client.clientSecret, permissions: ["sessions"], subject: `u${number}` }).run(store);
      let pair = await issuer.exchangeApiKey(client).run(store);
      for (let round = 0; round < 3; round++) pair = await issuer.refresh({ refreshToken: pair.refreshToken }).run(store);
      const active = await issuer.check({ token: pair.accessToken }).run(store);
      assert.deepEqual([active.clientId, active.subject], [client.clientId, `u${number}`]);
      return pair.session;
    });
    assert.equal(new Set(await Promise.all(sessions)).size, 100);
  }
});

test("a callback that calls in again: claims, stores and keys", async () => {
  const { issuer, verifier } = pair();
  const inner = issuer.mintSync({ sub: "inner" }, "1h");
  // A getter mints while the claims of the outer call are being read.
  const token = issuer.mintSync({ sub: "outer", get again() { return issuer.mintSync({ sub: "x".repeat(5000) }, "1h").length; } }, "1h");
  assert.equal(verifier.verifySync(token).sub, "outer");
  assert.ok(verifier.verifySync(token).again > 5000);
  const store = new MemoryStore();
  const nested = {
    execute(command) {
      assert.equal(verifier.verifySync(inner).sub, "inner");
      issuer.createClient({ id: "other", organization: "o", secret: "s", permissions: [] }).runSync(new MemoryStore());
      return store.execute(command);
    },
  };
  issuer.createClient({ id: "c1", organization: "o", secret: "s1", permissions: ["client_credentials"] }).runSync(nested);
  const { createPrivateKey, sign } = await import("node:crypto");
  const jwk = await Key.generateJwk("ES256", { kid: "k2" });
  const native = createPrivateKey({ key: jwk, format: "jwk" });
  const held = Key.held("nested", {
    algorithm: "ES256",
    kid: "k2",
    public: Key.fromJwkSync((({ d, ...rest }) => rest)(jwk)),
    sign(message) {
      issuer.mintSync({ sub: "x".repeat(20_000) }, "1h");
      return new Uint8Array(sign("sha256", message, { key: native, dsaEncoding: "ieee-p1363" }));
    },
  });
  const outer = pair(held);
  assert.equal(outer.verifier.verifySync(outer.issuer.mintSync({ sub: "held" }, "1h")).sub, "held");
  // A host whose clock mints.
  const { Issuer } = tokenmint;
  const odd = new Issuer(outer.keys, {
    issuer: "i",
    host: {
      now: () => (issuer.mintSync({ sub: "y".repeat(9000) }, "1h"), Date.now()),
      random: (into) => (issuer.mintSync({ sub: "z".repeat(9000) }, "1h"), crypto.getRandomValues(into)),
    },
  });
  assert.equal(tokenmint.decodeUnverified(odd.mintSync({ sub: "odd" }, "1h")).claims.sub, "odd");
});

test("worker threads each have their own module", async () => {
  const { verifier } = pair();
  const mint = () =>
    new Promise((resolve, reject) => {
      const worker = new Worker(new URL("../../lib/minting-worker.mjs", import.meta.url));
      worker.on("message", resolve).on("error", reject);
    });
  for (const tokens of await Promise.all([mint(), mint(), mint()])) {
    tokens.forEach((token, number) => assert.equal(verifier.verifySync(token).sub, `s${number}`));
  }
});
