// What goes in and out of claims: exactly, or not at all.

import assert from "node:assert/strict";
import { test } from "node:test";

import { decodeUnverified } from "tokenmint";

import { refused, rejected, thrown } from "../../lib/expect.mjs";
import { NOW, SEED, pair, payload } from "../../lib/fixtures.mjs";

const { issuer, verifier } = pair();
const call = { now: NOW, seed: SEED };

const mint = (claims) => issuer.mintSync(claims, "1h", call);
const back = (value) => verifier.verifySync(mint({ v: value }), { now: NOW }).v;

test("values come back as they were", async () => {
  const values = [
    ...[null, true, false, 0, -1, 1.5, -0.5, 1e300, 5e-324, 1e21, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER, 0.1],
    ...["", 'ü 😀 \0 " \\ \u2028 \u2029 \b\f\n\r\t \x7f </script>', [], {}, [[1], { a: null }], "x".repeat(5000), "é".repeat(3000)],
    ...[[null, [[]], { "": { "": "" } }], { 2: "b", 1: "a" }, ["__proto__"]],
  ];
  for (const value of values) {
    assert.deepStrictEqual(back(value), value);
    const token = await issuer.mint({ v: value }, "1h", call);
    assert.equal(token, mint({ v: value }));
    assert.deepStrictEqual((await verifier.verify(token, { now: NOW })).v, value);
    assert.deepStrictEqual(decodeUnverified(token).claims.v, value);
  }
});

test("the text in the token is what JSON.stringify writes", () => {
  for (const value of [{ a: [1, "é", 1e21, 1e-7, -0], b: null }, "\u2028</script>\x7f\x01", 123456789012, "😀"]) {
    assert.ok(payload(mint({ v: value })).includes(`"v":${JSON.stringify(value)}`), payload(mint({ v: value })));
  }
});

test("integers beyond 2^53 are BigInts, both ways", async () => {
  const exact = [2n ** 53n + 1n, 2n ** 63n - 1n, 2n ** 63n, 2n ** 64n - 1n, -(2n ** 63n), -(2n ** 53n) - 1n];
  for (const value of exact) {
    assert.strictEqual(back(value), value);
    assert.strictEqual(back([{ a: value }])[0].a, value);
    const token = await issuer.mint({ v: value }, "1h", call);
    assert.ok(payload(token).includes(`"v":${value}`));
    assert.strictEqual((await verifier.verify(token, { now: NOW })).v, value);
    assert.strictEqual(decodeUnverified(token).claims.v, value);
  }
  // So are numbers that stand for such integers: what was meant, nobody can tell.
  assert.strictEqual(back(2 ** 53), 2n ** 53n);
  assert.strictEqual(back(1e20), 100_000_000_000_000_000_000n);
  // A BigInt that a number can hold comes back as one.
  assert.strictEqual(back(5n), 5);
  assert.strictEqual(back(2n ** 53n - 1n), Number.MAX_SAFE_INTEGER);
  assert.deepStrictEqual(back([1n, 2n ** 60n, "9007199254740993", 1.5]), [1, 2n ** 60n, "9007199254740993", 1.5]);
});

test("a BigInt beyond 64 bits is written exactly, or refused by name", async () => {
  for (const value of [2n ** 64n, -(2n ** 63n) - 1n, 10n ** 40n]) {
    let token;
    try {
      token = mint({ a: { b: [0, value] } });
    } catch (error) {
      assert.deepEqual([error.code, error.field], ["claims_not_json", "a.b[1]"]);
      continue;
    }
    assert.ok(payload(token).includes(`[0,${value}]`));
    assert.strictEqual(verifier.verifySync(token, { now: NOW }).a.b[1], value);
  }
});

test("numbers that are written as integers in a foreign token are exact, too", () => {
  const token = issuer.mintJsonSync({}, '{"v":[9007199254740993,-9007199254740993,1e400,9007199254740993.0,"9007199254740993"]}', "1h", call);
  const { v } = verifier.verifySync(token, { now: NOW });
  assert.strictEqual(v[0], 9007199254740993n);
  assert.strictEqual(v[1], -9007199254740993n);
  assert.strictEqual(v[4], "9007199254740993");
});

const cyclic = [];
cyclic.push(cyclic);
const around = {};
around.self = { around };
const WRONG = {
  NaN: NaN,
  Infinity: Infinity,
  "-Infinity": -Infinity,
  "a function": () => {},
  "a class": class {},
  "a symbol": Symbol("s"),
  "a Date": new Date(0),
  "an invalid Date": new Date(NaN),
  "a Map": new Map([["a", 1]]),
  "a Set": new Set([1]),
  "a RegExp": /x/,
  "an Error": new Error("x"),
  "a Promise": Promise.resolve(1),
  "a Uint8Array": new Uint8Array(2),
  "a Buffer": Buffer.from("x"),
  "an ArrayBuffer": new ArrayBuffer(2),
  "a URL": new URL("https://a.example"),
  "an object with toJSON": { toJSON: () => "x" },
  "a class with toJSON": new (class { toJSON() { return "x"; } })(),
  "an array within itself": cyclic,
  "an object within itself": around,
  "a lone surrogate": "\ud800",
  "a lone surrogate as a name": { "\udfff": 1 },
};

for (const [name, value] of Object.entries(WRONG)) {
  test(`${name} is refused where it stands`, async () => {
    const error = await thrown(() => mint({ outer: [0, value] }), "claims_not_json");
    if (!name.includes("surrogate")) assert.ok(error.field?.startsWith("outer[1]"), `the field is ${error.field}`);
    await rejected(() => issuer.mint({ outer: [0, value] }, "1h"), "claims_not_json");
    if (typeof value !== "object" || !Object.keys(value).length) return;
    await refused(() => mint(value), "claims_not_json");
  });
}

test("members that are undefined are left out, elements are null as in JSON.stringify or refused", () => {
  assert.ok(payload(mint({ a: undefined, b: { c: undefined } })).includes('"b":{}'));
  assert.ok(!payload(mint({ a: undefined })).includes('"a"'));
  assert.equal(mint({ sub: undefined, aud: undefined }), mint({}));
});

test("claims are one object", async () => {
  for (const claims of [null, [], [1], "x", 1, true, 1n]) {
    await thrown(() => mint(claims), "claims_not_object");
    await rejected(() => issuer.mint(claims, "1h"), "claims_not_object");
  }
});

test("objects without a prototype, frozen ones and those with getters are taken", () => {
  const bare = Object.assign(Object.create(null), { a: 1 });
  assert.deepEqual(back(bare), { a: 1 });
  assert.deepEqual(back(Object.freeze({ a: [1] })), { a: [1] });
  assert.deepEqual(back({ get a() { return 1; } }), { a: 1 });
  // What is not enumerable and what is inherited stays out, as in JSON.stringify.
  assert.deepEqual(back(Object.defineProperty({}, "hidden", { value: 1 })), {});
});

test("one object in two places is no cycle", () => {
  const shared = { a: 1 };
  assert.deepEqual(back([shared, shared, { shared }]), [shared, shared, { shared }]);
});

test("a getter that throws throws its own error", () => {
  const thrown = new RangeError("mine");
  assert.throws(() => mint({ get a() { throw thrown; } }), (error) => error === thrown || error.code === "claims_not_json");
  assert.deepEqual(back(1), 1);
});

test("no name reaches the prototype", async () => {
  const token = issuer.mintJsonSync({}, '{"__proto__":{"polluted":true},"constructor":1,"v":{"__proto__":[1]}}', "1h", call);
  for (const claims of [verifier.verifySync(token, { now: NOW }), await verifier.verify(token, { now: NOW }), decodeUnverified(token).claims]) {
    assert.ok(Object.hasOwn(claims, "__proto__"));
    assert.deepEqual(Object.getOwnPropertyDescriptor(claims, "__proto__").value, { polluted: true });
    assert.equal(claims.polluted, undefined);
    assert.equal({}.polluted, undefined);
    assert.ok(Object.hasOwn(claims.v, "__proto__"));
  }
  // Nor where integers beyond 2^53 take the other way of reading.
  const large = issuer.mintJsonSync({}, '{"n":9007199254740993,"__proto__":{"polluted":true}}', "1h", call);
  const { n, ...claims } = verifier.verifySync(large, { now: NOW });
  assert.deepEqual([n, Object.getOwnPropertyDescriptor(claims, "__proto__").value], [9007199254740993n, { polluted: true }]);
  const own = JSON.parse('{"__proto__":{"polluted":true}}');
  const again = verifier.verifySync(mint({ v: own }), { now: NOW }).v;
  assert.deepEqual(Object.getOwnPropertyDescriptor(again, "__proto__").value, { polluted: true });
});

test("deep nesting is refused before the stack ends", async () => {
  let deep = 1;
  for (let level = 0; level < 40; level++) deep = [deep];
  await thrown(() => mint({ v: deep }), "claims_not_json");
  for (let level = 0; level < 100_000; level++) deep = level % 2 ? [deep] : { deep };
  await thrown(() => mint({ v: deep }), "claims_not_json");
  await rejected(() => issuer.mint({ v: deep }, "1h"), "claims_not_json");
});

test("what is too large for a token is refused", async () => {
  await thrown(() => mint({ v: "x".repeat(3_000_000) }), "claims_too_large");
  await rejected(() => issuer.mint({ v: "x".repeat(3_000_000) }, "1h"), "claims_too_large");
  // Large claims and small ones take turns in the same buffers.
  for (const size of [10, 80_000, 1, 5_000, 0, 60_000]) assert.equal(back("ü".repeat(size / 4)), "ü".repeat(size / 4));
});

test("the order of names is kept", () => {
  const names = ["z", "a", "m", "aa"];
  const claims = verifier.verifySync(mint(Object.fromEntries(names.map((name) => [name, 1]))), { now: NOW });
  assert.deepEqual(Object.keys(claims).filter((name) => names.includes(name)), names);
});

test("registered claims of the wrong kind are refused", async () => {
  for (const claims of [{ sub: 1 }, { aud: 1 }, { aud: [1] }, { nbf: "x" }, { jti: 1 }, { sub: null }]) {
    await refused(() => mint(claims), "claim_invalid", Object.keys(claims)[0]);
  }
  for (const name of ["iss", "exp", "iat"]) await refused(() => mint({ [name]: 1 }), "claim_reserved", name);
});

test("a changed object does not change what was minted", async () => {
  const claims = { v: [1] };
  const promise = issuer.mint(claims, "1h", call);
  claims.v.push(2);
  assert.deepEqual((await verifier.verify(await promise, { now: NOW })).v, [1]);
});

test("the claims that come out are plain and fresh", () => {
  const token = mint({ v: { a: 1 } });
  const [one, two] = [verifier.verifySync(token, { now: NOW }), verifier.verifySync(token, { now: NOW })];
  assert.equal(Object.getPrototypeOf(one), Object.prototype);
  one.v.a = 2;
  assert.equal(two.v.a, 1);
});

test("JSON text goes in as it is", async () => {
  const members = '{ "a" : 1.0 , "b":1e2,"c":"\\u00fc" }';
  const token = await issuer.mintJson({ sub: "s" }, members, "1h", call);
  assert.equal(token, issuer.mintJsonSync({ sub: "s" }, members, "1h", call));
  assert.ok(payload(token).includes('"a" : 1.0 , "b":1e2,"c":"\\u00fc"'), payload(token));
  await thrown(() => issuer.mintJsonSync({}, "[1]", "1h"), "claims_not_object");
  await rejected(() => issuer.mintJson({}, '{"a":1,"a":2}', "1h"), "claim_duplicate");
});
