import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Bench, quiet, tab } from "./support.js";
import { claimsOf, signedBy } from "./tokens.js";

const bench = new Bench();
before(() => bench.start());
after(() => bench.stop());

async function minting(options) {
  const visit = await bench.visit(options);
  const panel = await tab(visit.page, "Mint");
  const field = (name) => panel.getByLabel(name, { exact: true });
  const status = panel.locator(".verdict");
  return {
    ...visit,
    panel,
    field,
    status,
    async mint() {
      await panel.getByRole("button", { name: "Mint the token" }).click();
      await status.filter({ hasText: "Minted" }).waitFor();
      return panel.getByRole("group", { name: "Token" }).textContent();
    },
  };
}

for (const alg of ["HS256", "HS384", "HS512", "EdDSA", "ES256", "ES384", "RS256", "PS256"]) {
  test(`${alg}: Node's crypto agrees with the signature, and Inspect accepts the token`, async () => {
    const { page, panel, field, mint, seen } = await minting();
    await field("Algorithm").selectOption(alg);
    if (!alg.startsWith("HS")) {
      await panel.locator(".public .json").waitFor();
    }
    const token = await mint();
    const key = alg.startsWith("HS") ? Buffer.from(await field("Secret").inputValue(), "base64url") : JSON.parse(await panel.locator(".public .json").textContent());
    assert.equal(JSON.parse(Buffer.from(token.split(".")[0], "base64url")).alg, alg);
    assert.ok(signedBy(token, key));
    assert.ok(!signedBy(token.replace(/\.[^.]*\./, ".e30."), key));
    const { exp, iat, iss, aud, sub } = claimsOf(token);
    assert.deepEqual([exp - iat, iss, aud, sub], [3600, "https://api.example.com", "app", "ent_1"]);

    await panel.getByRole("button", { name: "Inspect this" }).click();
    await page.locator("#panel-inspect .verdict.accepted").waitFor();
    assert.equal(await page.evaluate(() => document.activeElement.id), "tab-inspect");
    quiet(seen);
  });
}

test("expiresIn says what it means, and what node-jsonwebtoken would have read", async () => {
  const { panel, field } = await minting();
  const meaning = panel.locator(".meaning");
  const note = panel.locator(".field", { hasText: "expiresIn" }).locator(".note").first();
  for (const [text, words] of [
    ["1h", /^3,600 s = 1h: minted now, it ends at \d+ \w+ \d{4}, .*\d{4}-\d\d-\d\dT\S+Z$/],
    ["3600", /3,600 s = 1h.*node-jsonwebtoken would have read 3 s: there, digits alone in a text are milliseconds/],
    ["1.5 hours", /^5,400 s = 90m/],
    ["7d", /^604,800 s/],
  ]) {
    await field("expiresIn").fill(text);
    await meaning.filter({ hasText: words }).waitFor();
  }
  for (const [text, code, words] of [
    ["", "lifetime_empty", /^No lifetime\./],
    ["soon", "lifetime_syntax", /Nothing is minted/],
    ["1h30m", "lifetime_syntax", /Nothing is minted/],
    ["1 month", "lifetime_unit", /Nothing is minted/],
    ["-1h", "lifetime_not_positive", /node-jsonwebtoken would have read over 1 h before it was made/],
    ["500ms", "lifetime_under_one_second", /node-jsonwebtoken would have read over at once/],
    ["99999999y", "lifetime_overflow", /Nothing is minted/],
  ]) {
    await field("expiresIn").fill(text);
    await note.filter({ hasText: code }).waitFor();
    await meaning.filter({ hasText: words }).waitFor();
  }
  await panel.getByRole("radio", { name: "number" }).check();
  await field("expiresIn").fill("3600");
  await meaning.filter({ hasText: "3,600 s" }).waitFor();
  assert.doesNotMatch(await meaning.textContent(), /node-jsonwebtoken/);
  for (const text of ["1.5", "1h", ""]) {
    await field("expiresIn").fill(text);
    await note.filter({ hasText: "lifetime_type" }).waitFor();
  }
});

test("the end moves with the clock, and the token is minted by it", async () => {
  const { page, field, mint } = await minting();
  const before = claimsOf(await mint()).iat;
  await page.getByRole("button", { name: "move this tool's clock 1 day forward" }).click();
  await field("expiresIn").fill("45s");
  const { iat, exp } = claimsOf(await mint());
  assert.ok(iat - before >= 86_400 && iat - before < 86_430);
  assert.equal(exp - iat, 45);
});

test("wrong claims are named by their path", async () => {
  const { panel, field, status } = await minting();
  const note = panel.locator(".field", { hasText: "Claims" }).locator(".note").first();
  for (const [text, words] of [
    ['{"a": {"b": [1, 2,, 3]}}', /^a\.b\[2\]: .*line 1, column 19/],
    ['{"a": 1,\n "a": 2}', /^a: this name stands here twice \(line 2, column 2\)/],
    ['{"pages": {"x": tru}}', /^pages\.x: no JSON value begins like this/],
    ["{'a': 1}", /a name in double quotes/],
    ['{"a": 1,}', /a comma too many/],
    ["[1]", /Claims are one JSON object/],
    ["", /the text ends here/],
  ]) {
    await field("Claims").fill(text);
    await note.filter({ hasText: words }).waitFor();
    assert.equal(await field("Claims").getAttribute("aria-invalid"), "true");
  }
  for (const [text, words] of [
    ['{"exp": 1}', /^claim_reserved: exp/],
    ['{"sub": 1}', /^claim_invalid: sub/],
  ]) {
    await field("Claims").fill(text);
    await panel.getByRole("button", { name: "Mint the token" }).click();
    await status.filter({ hasText: "Not minted" }).waitFor();
    await note.filter({ hasText: words }).waitFor();
  }
});

test("integers beyond 2^53 and odd names survive", async () => {
  const { field, mint } = await minting();
  await field("Claims").fill('{"id": 9007199254740993, "__proto__": {"x": 1}, "low": -9223372036854775808}');
  const text = Buffer.from((await mint()).split(".")[1], "base64url").toString();
  assert.match(text, /"id":9007199254740993,/);
  assert.match(text, /"__proto__":\{"x":1\}/);
  assert.match(text, /"low":-9223372036854775808/);
});

test("an own secret, in each spelling; a weak one is refused", async () => {
  const { panel, field, mint, status } = await minting();
  const secret = Buffer.from("a secret of at least thirty-two bytes");
  for (const [kind, text] of [["text", secret.toString()], ["hex", secret.toString("hex")], ["base64url", secret.toString("base64url")]]) {
    await panel.getByRole("radio", { name: kind, exact: true }).last().check();
    await field("Secret").fill(text);
    assert.ok(signedBy(await mint(), secret), kind);
  }
  await field("Secret").fill("c2hvcnQ");
  await panel.locator(".note.bad", { hasText: "key_weak" }).waitFor();
  await panel.getByRole("button", { name: "Mint the token" }).click();
  await status.filter({ hasText: "Not minted" }).waitFor();
});

test("a new key is another key, and Copy copies the token", async () => {
  const { page, panel, field, mint } = await minting({ options: { permissions: ["clipboard-read", "clipboard-write"] } });
  const first = await field("Secret").inputValue();
  await panel.getByRole("button", { name: "New key" }).click();
  assert.notEqual(await field("Secret").inputValue(), first);
  const token = await mint();
  await panel.getByRole("button", { name: "Copy the token" }).click();
  await panel.getByRole("button", { name: "Copied" }).waitFor();
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), token);
});
