// Lifetimes, times, and the host's clock and randomness.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Issuer, Verifier, decodeUnverified, formatExpiresIn, generateSecret, nodeJsonwebtokenExpiry, parseExpiresIn } from "tokenmint";

import { misused, refused, rejected, thrown } from "../../lib/expect.mjs";
import { ISSUER, NOW, SEED, pair } from "../../lib/fixtures.mjs";

const { keys, issuer, verifier } = pair();

test("a lifetime is a text or whole seconds", () => {
  for (const [given, seconds] of [["1h", 3600], [60, 60], ["90", 90], [2.0, 2], ["2 days", 172_800], [31_557_600_000, 31_557_600_000]]) {
    assert.equal(parseExpiresIn(given), seconds);
  }
  assert.equal(formatExpiresIn(5400), "90m");
  assert.equal(nodeJsonwebtokenExpiry("3600", NOW), NOW + 3);
  assert.equal(nodeJsonwebtokenExpiry("1h", NOW), NOW + 3600);
});

test("what is none is refused, in every place", async () => {
  const wrong = [
    [0, "lifetime_not_positive"],
    [-0, "lifetime_not_positive"],
    [-5, "lifetime_not_positive"],
    [1e30, "lifetime_overflow"],
    [1.5, "lifetime_type"],
    [true, "lifetime_type"],
    [null, "lifetime_type"],
    [undefined, "lifetime_type"],
    [NaN, "lifetime_type"],
    [[], "lifetime_type"],
    [{}, "lifetime_type"],
    [Symbol("s"), "lifetime_type"],
    [new Date(), "lifetime_type"],
    ["", "lifetime_empty"],
    ["\ud800", "lifetime_syntax"],
    ["1h30m", "lifetime_syntax"],
    ["500ms", "lifetime_under_one_second"],
  ];
  for (const [given, code] of wrong) {
    await thrown(() => parseExpiresIn(given), code);
    await thrown(() => issuer.mintSync({}, given), code);
    await rejected(() => issuer.mint({}, given), code);
  }
  for (const given of [0, -1, 1.5, NaN, 1e30, undefined, null]) misused(() => formatExpiresIn(given));
});

test("a time is seconds or a Date", async () => {
  const token = issuer.mintSync({ jti: "j" }, 60, { now: NOW, seed: SEED });
  assert.equal(token, issuer.mintSync({ jti: "j" }, 60, { now: new Date(NOW * 1000) }));
  assert.equal(token, await issuer.mint({ jti: "j" }, 60, { now: new Date(NOW * 1000 + 999) }));
  assert.equal(token, issuer.mintSync({ jti: "j" }, 60, { now: NOW + 0.5 }));
  assert.ok(verifier.verifySync(token, { now: new Date((NOW + 59) * 1000 + 999) }));
  assert.ok(verifier.verifySync(token, { now: NOW + 59.999 }));
  await thrown(() => verifier.verifySync(token, { now: NOW + 60 }), "token_expired", "exp");
  await rejected(() => verifier.verify(token, { now: new Date((NOW + 60) * 1000) }), "token_expired", "exp");
});

test("what is no time is refused", async () => {
  const token = issuer.mintSync({}, 60, { now: NOW });
  for (const now of [NaN, Infinity, -1, 2 ** 70, new Date(NaN), "now", true, {}, NOW * 1000, null]) {
    for (const call of [() => verifier.verifySync(token, { now }), () => issuer.mintSync({}, 60, { now })]) {
      await refused(call, "time_invalid");
    }
  }
});

test("a seed is 32 bytes", async () => {
  for (const seed of [new Uint8Array(31), new Uint8Array(33), new Uint8Array(0), "x".repeat(32), new Array(32).fill(1)]) {
    for (const call of [() => issuer.mintSync({}, 60, { now: NOW, seed }), () => issuer.mint({}, 60, { now: NOW, seed })]) {
      await refused(call, "field_invalid", "seed");
    }
  }
  const one = issuer.mintSync({}, 60, { now: NOW, seed: SEED });
  assert.equal(one, await issuer.mint({}, 60, { now: NOW, seed: Buffer.from(SEED) }));
  assert.notEqual(one, issuer.mintSync({}, 60, { now: NOW, seed: new Uint8Array(32).fill(8) }));
  assert.deepEqual(SEED, new Uint8Array(32).fill(7), "the caller's seed is left alone");
});

test("the clock and the randomness are the system's by default", async () => {
  const before = Math.floor(Date.now() / 1000);
  const tokens = new Set();
  for (let i = 0; i < 50; i++) {
    tokens.add(issuer.mintSync({}, 60));
    tokens.add(await issuer.mint({}, 60));
  }
  assert.equal(tokens.size, 100);
  const ids = [...tokens].map((token) => verifier.verifySync(token).jti);
  assert.equal(new Set(ids).size, 100);
  for (const token of tokens) {
    const { iat, exp } = await verifier.verify(token);
    assert.ok(iat >= before && iat <= Date.now() / 1000 && exp === iat + 60);
  }
  assert.notEqual(generateSecret().secret, generateSecret().secret);
});

test("a host of one's own gives both", async () => {
  const asked = { now: 0, random: 0 };
  const host = {
    now() {
      assert.equal(this, host, "the host is called as a method");
      asked.now += 1;
      return NOW * 1000 + 999;
    },
    random(into) {
      asked.random += 1;
      into.fill(7);
    },
  };
  const own = new Issuer(keys, { issuer: ISSUER, audience: "app", host });
  assert.equal(own.mintSync({}, "1h"), issuer.mintSync({}, "1h", { now: NOW + 0.999, seed: SEED }));
  assert.equal(await own.mint({}, "1h"), issuer.mintSync({}, "1h", { now: NOW + 0.999, seed: SEED }));
  assert.deepEqual(asked, { now: 2, random: 2 });
  // What a call brings is not asked of the host.
  own.mintSync({}, "1h", { now: NOW, seed: SEED });
  assert.deepEqual(asked, { now: 2, random: 2 });

  const judge = new Verifier(keys, { issuer: ISSUER, audience: "app", host });
  const old = issuer.mintSync({}, 60, { now: NOW });
  assert.equal(judge.verifySync(old).exp, NOW + 60);
  assert.equal((await judge.verify(old)).exp, NOW + 60);
  assert.ok(judge.explainSync(old).accepted && (await judge.explain(old)).accepted);
  await refused(() => verifier.verifySync(old), "token_expired");
  // A verifier of an issuer keeps the issuer's clock.
  assert.equal(own.verifier().verifySync(old).exp, NOW + 60);
});

test("a host that fails is heard, and nothing is minted", async () => {
  const mine = new Error("no entropy");
  const broken = new Issuer(keys, { issuer: ISSUER, host: { now: () => NOW * 1000, random: () => { throw mine; } } });
  assert.throws(() => broken.mintSync({}, 60), (error) => error === mine);
  await assert.rejects(broken.mint({}, 60), (error) => error === mine);
  const clockless = new Issuer(keys, { issuer: ISSUER, host: { now: () => NaN, random: () => {} } });
  assert.throws(() => clockless.mintSync({}, 60));
  // Nothing of it stays behind.
  assert.ok(issuer.mintSync({}, 60));
});

test("decoding does not verify, and says so", async () => {
  const token = issuer.mintSync({ sub: "s" }, 60, { now: 1 });
  const { header, claims } = decodeUnverified(token);
  assert.deepEqual(header, { alg: "HS256", typ: "JWT", kid: "k1" });
  assert.equal(claims.sub, "s");
  assert.equal(decodeUnverified(`${token.slice(0, -4)}AAAA`).claims.sub, "s");
  for (const text of ["", ".", "..", "a.b.c", "Bearer x", "\0", "\ud800.\ud800.\ud800"]) {
    const codes = ["token_malformed", "token_encoding", "header_malformed"];
    const error = await thrown(() => decodeUnverified(text), codes);
    await thrown(() => verifier.verifySync(text), error.code);
    await thrown(() => verifier.verifyJwsSync(text), error.code);
    assert.equal(verifier.explainSync(text).accepted, false);
  }
});
