// Errors: one class, a closed set of codes, and what each carries.

import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { test } from "node:test";

import { Key, TokenmintError, Verifier, parseExpiresIn } from "tokenmint";

import { refused } from "../../lib/expect.mjs";
import { ISSUER, NOW, pair } from "../../lib/fixtures.mjs";
import { PACKAGE, read } from "../../lib/repository.mjs";

const { issuer, verifier, keys } = pair();

test("an expired token says so in every field", async () => {
  const token = issuer.mintSync({}, 60, { now: NOW });
  const error = await refused(() => verifier.verifySync(token, { now: NOW + 60 }), "token_expired", "exp");
  assert.ok(error instanceof TokenmintError && error instanceof Error);
  assert.equal(error.name, "TokenmintError");
  assert.deepEqual([error.number, error.status, error.oauthError, error.retryAfterSeconds], [313, 401, "invalid_token", undefined]);
  assert.ok(error.message.length > 0 && error.stack.includes("errors.test.mjs"), error.stack);
  assert.ok(String(error).startsWith("TokenmintError: "));
  const later = await verifier.verify(token, { now: NOW + 60 }).catch((caught) => caught);
  assert.deepEqual({ ...later, message: later.message }, { ...error, message: error.message });
  assert.ok(later.stack.includes("errors.test.mjs"), later.stack);
});

test("the table is that of docs/errors.md", async () => {
  const rows = [...read("docs/errors.md").matchAll(/^\| (\d+) \| `(\w+)` \| (\d+) \| `(\w+)` \|/gm)];
  assert.ok(rows.length >= 70, `${rows.length} rows`);
  const { readdirSync, readFileSync } = await import("node:fs");
  const types = readdirSync(`${PACKAGE}/dist`, { recursive: true })
    .filter((name) => /\.d\.[cm]?ts$/.test(name))
    .map((name) => readFileSync(`${PACKAGE}/dist/${name}`, "utf8"))
    .join("\n");
  for (const [, , name] of rows) assert.ok(types.includes(`"${name}"`), `${name} is not in the types`);
});

test("each family has its code", async () => {
  const cases = [
    [() => parseExpiresIn("x"), "lifetime_syntax", undefined, 400],
    [() => Key.hmac("short"), "key_weak", undefined, 400],
    [() => verifier.verifySync("a.b"), "token_malformed", undefined, 401],
    [() => verifier.verifySync("!.!.!"), "token_encoding", undefined, 401],
    [() => issuer.mintSync({ exp: 1 }, 60), "claim_reserved", "exp", 400],
    [() => new Verifier(keys, { issuer: ISSUER, anyAudience: true }).verifySync(issuer.mintSync({ nbf: 4_000_000_000 }, 60)), "token_not_yet_valid", "nbf", 401],
    [() => new Verifier(keys, { issuer: "other", anyAudience: true }).verifySync(issuer.mintSync({}, 60)), "issuer_mismatch", "iss", 401],
    [() => new Verifier(keys, { anyIssuer: true, audience: "x" }).verifySync(issuer.mintSync({}, 60)), "audience_mismatch", "aud", 401],
    [() => new Verifier(keys, { anyIssuer: true, anyAudience: true, subject: "x" }).verifySync(issuer.mintSync({ sub: "y" }, 60)), "subject_mismatch", "sub", 401],
    [() => new Verifier(keys, { anyIssuer: true, anyAudience: true, tokenType: "at+jwt" }).verifySync(issuer.mintSync({}, 60)), "type_mismatch", undefined, 401],
    [() => new Verifier(keys, { anyIssuer: true, anyAudience: true, require: ["role"] }).verifySync(issuer.mintSync({}, 60)), "claim_missing", "role", 401],
    [() => new Verifier(keys, { anyIssuer: true, anyAudience: true, maxAge: 60 }).verifySync(issuer.mintSync({}, "1y", { now: NOW }), { now: NOW + 61 }), "token_too_old", undefined, 401],
    [() => verifier.verifySync(issuer.mintSync({}, 60).replace(/.$/, (last) => (last === "A" ? "E" : "A"))), "signature_invalid", undefined, 401],
  ];
  for (const [call, code, field, status] of cases) {
    const error = await refused(call, code, field);
    assert.equal(error.status, status);
    assert.equal(typeof error.number, "number");
  }
});

test("a required policy and a wrong one", async () => {
  const wrong = [{}, { issuer: "" }, { issuer: "i", lifetime: "x" }, { issuer: "i", audience: 1 }, { issuer: "i", sessionSecret: "short" }];
  const { Issuer } = await import("tokenmint");
  for (const policy of wrong) {
    await refused(() => new Issuer(keys, policy), ["policy_invalid", "key_weak", "lifetime_syntax", "lifetime_unit"]);
  }
});

test("import and require give the same classes", () => {
  const required = createRequire(import.meta.url)("tokenmint");
  assert.equal(required.TokenmintError, TokenmintError);
  assert.equal(required.Key, Key);
  assert.throws(() => required.parseExpiresIn("x"), TokenmintError);
});

test("an explanation shows each check", async () => {
  const token = issuer.mintSync({ sub: "s" }, 60, { now: NOW });
  const other = new Verifier(keys, { issuer: ISSUER, audience: "other" });
  for (const found of [other.explainSync(token, { now: NOW + 99 }), await other.explain(token, { now: NOW + 99 })]) {
    assert.equal(found.accepted, false);
    assert.equal(found.error, "token_expired");
    const failed = found.checks.filter(({ outcome }) => outcome === "failed").map(({ name }) => name);
    assert.deepEqual(failed, ["exp", "aud"]);
    assert.ok(found.checks.length > 10);
    for (const check of found.checks) {
      assert.ok(["passed", "failed", "not_reached", "not_asked"].includes(check.outcome));
      assert.equal(check.error !== undefined, check.outcome === "failed");
      if (check.error) assert.equal(typeof check.error.code, "string");
    }
    assert.ok(!JSON.stringify(found).includes(token.split(".")[2]));
  }
});
