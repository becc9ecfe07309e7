import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Bench, quiet } from "./support.js";
import { hmacToken, keyToken } from "./tokens.js";

const bench = new Bench();
before(() => bench.start());
after(() => bench.stop());

const SECRET = "a secret of at least thirty-two bytes";

async function inspecting(options) {
  const visit = await bench.visit(options);
  const panel = visit.page.getByRole("tabpanel", { name: "Inspect" });
  const field = (name) => panel.getByLabel(name, { exact: true });
  return {
    ...visit,
    panel,
    field,
    verdict: panel.locator(".verdict"),
    card: (name) => panel.locator(".part", { has: visit.page.getByRole("heading", { name }) }),
    check: (name) => panel.locator(".checks li", { has: visit.page.locator(`.check-name code:text-is("${name}")`) }),
    async key(kind, text, algorithm) {
      await panel.getByRole("radio", { name: kind, exact: true }).check();
      await field("The key itself").fill(text);
      if (algorithm) {
        await field("For the algorithm").selectOption(algorithm);
      }
    },
    async expect(issuer, audience) {
      await field("Issuer (iss)").fill(issuer);
      await field("Audience (aud)").fill(audience);
    },
  };
}

/** Waits until the text is there. */
async function says(locator, text) {
  await locator.filter({ hasText: text }).first().waitFor();
}

test("a pasted token shows its header, its claims and its times, which tick", async () => {
  const { page, field, card, panel, seen } = await inspecting();
  await field("Token").fill(hmacToken(SECRET, { role: "viewer" }));
  await says(card("Header"), '"alg": "HS256"');
  await says(card("Claims"), '"role": "viewer"');
  const left = panel.locator(".words .left").nth(1);
  const first = await left.textContent();
  assert.match(first, /^5\d min \d+ s left$|^1 h left$/);
  await page.waitForFunction((was) => document.querySelectorAll(".words .left")[1].textContent !== was, first);
  const iso = await panel.locator(".words .times code").nth(1).textContent();
  assert.match(iso, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);

  await page.getByRole("button", { name: "move the page's clock 30 minutes forward" }).click();
  assert.match(await left.textContent(), /^2\d min \d+ s left$/);
  await page.getByRole("button", { name: "move the page's clock 1 day forward" }).click();
  assert.match(await left.textContent(), /^ended 23 h 3\d min ago$/);
  await page.getByRole("button", { name: "Reset the page's clock" }).click();
  assert.match(await left.textContent(), /^5\d min \d+ s left$/);
  quiet(seen);
});

test("integers beyond 2^53 are shown as they stand", async () => {
  const { field, card } = await inspecting();
  await field("Token").fill(hmacToken(SECRET, '{"id":9007199254740993,"exp":32503680000}'));
  await says(card("Claims"), "9007199254740993");
});

test("what stands in a token is text, never markup", async () => {
  const { page, field, card, seen } = await inspecting();
  await field("Token").fill(hmacToken(SECRET, { sub: "<img src=x onerror=alert(1)>", "<b>": 1 }));
  await says(card("Claims"), "<img src=x onerror=alert(1)>");
  assert.equal(await page.locator("#panel-inspect img, #panel-inspect b").count(), 0);
  quiet(seen);
});

test("a secret is read as text, base64url and hex", async () => {
  const { field, key, verdict, expect } = await inspecting();
  await field("Token").fill(hmacToken(SECRET));
  await expect("https://i.example", "app");
  const bytes = Buffer.from(SECRET);
  for (const [kind, text] of [["Secret", SECRET], ["base64url", bytes.toString("base64url")], ["hex", bytes.toString("hex")]]) {
    await key(kind, "another secret of at least thirty-two bytes");
    await key(kind, text);
    await says(verdict, "Accepted");
  }
  await key("Secret", `${SECRET}!`);
  await says(verdict, "signature_invalid");
});

test("other lengths of HMAC", async () => {
  const { field, key, verdict, expect, check } = await inspecting();
  const secret = "s".repeat(64);
  await field("Token").fill(hmacToken(secret, {}, "HS512"));
  await expect("https://i.example", "app");
  await key("Secret", secret);
  await says(verdict, "Refused");
  await says(check("key").or(check("algorithm")).filter({ hasText: "failed" }), "HS512");
  await key("Secret", secret, "HS512");
  await says(verdict, "Accepted");
});

test("PEM, a JWK and a JWKS verify; RSA names its algorithm", async () => {
  const { field, key, verdict, expect } = await inspecting();
  await expect("https://i.example", "app");
  for (const alg of ["ES256", "EdDSA", "RS256"]) {
    const { token, pem, jwk } = keyToken(alg);
    await field("Token").fill(token);
    await key("PEM", pem, alg === "RS256" ? alg : undefined);
    await says(verdict, "Accepted");
    await key("JWK, JWKS", JSON.stringify(keyToken(alg).jwk));
    await says(verdict, "signature_invalid");
    await key("JWK, JWKS", JSON.stringify(jwk));
    await says(verdict, "Accepted");
    await key("JWK, JWKS", JSON.stringify({ keys: [{ ...keyToken("ES256").jwk, kid: "other" }, jwk] }));
    await says(verdict, "Accepted");
  }
});

test("each check says how it ended, what it found, what it needed", async () => {
  const { page, panel, verdict, check } = await inspecting();
  await page.getByRole("button", { name: "Its time is over" }).click();
  await says(verdict, "token_expired");
  assert.equal(await verdict.getAttribute("class"), "verdict refused");
  await says(check("exp"), "failed");
  await says(check("exp").locator(".hint"), /ago/);
  await says(check("aud"), "passed");
  await says(check("sub"), "not asked");
  const names = await panel.locator(".checks .check-name code").allTextContents();
  assert.deepEqual(names, ["policy", "size", "framing", "header", "extensions", "algorithm", "key", "signature", "payload", "typ", "exp", "nbf", "iat", "iss", "aud", "sub", "jti", "required"]);

  await page.getByRole("button", { name: "Claims changed" }).click();
  await says(verdict, "signature_invalid");
  await says(check("payload"), "not reached");
  await says(check("exp"), "not reached");
  await page.getByRole("button", { name: "alg: none" }).click();
  await says(verdict, "Refused");
  await says(check("signature"), "not reached");
  await page.getByRole("button", { name: "For somebody else" }).click();
  await says(verdict, "audience_mismatch");
  await says(check("aud"), "billing");
  await page.getByRole("button", { name: "A good one" }).click();
  await says(verdict, "Accepted");
  assert.equal(await verdict.getAttribute("class"), "verdict accepted");
});

test("the verdict changes when the clock passes the end", async () => {
  const { page, verdict, check } = await inspecting();
  await page.getByRole("button", { name: "A good one" }).click();
  await says(verdict, "Accepted");
  await page.getByRole("button", { name: "move the page's clock 30 minutes forward" }).click();
  await says(verdict, "token_expired");
  await says(check("exp").locator(".hint"), /expired 150\d s ago/);
});

test("nothing is expected in silence: issuer and audience are said, or any", async () => {
  const { field, key, verdict, panel } = await inspecting();
  await field("Token").fill(hmacToken(SECRET));
  await key("Secret", SECRET);
  await says(verdict, "Say which issuer and audience you expect");
  assert.equal(await panel.locator(".checks li").count(), 0);
  await panel.getByRole("checkbox", { name: "any issuer" }).check();
  await panel.getByRole("checkbox", { name: "any audience" }).check();
  await says(verdict, "Accepted");
  assert.ok(await field("Issuer (iss)").isDisabled());
  await panel.getByText("More to expect").click();
  await field("Type (typ)").fill("at+jwt");
  await says(verdict, "type_mismatch");
  await field("Type (typ)").fill("");
  await field("Claims that must be there").fill("sub scope");
  await says(verdict, "claim_missing");
  await field("Claims that must be there").fill("");
  await field("Leeway in seconds").fill("soon");
  await says(verdict, "whole number");
});

test("a key that cannot be used says why", async () => {
  const { key, panel, verdict } = await inspecting();
  const note = panel.locator(".field", { hasText: "The key itself" }).locator(".note");
  for (const [kind, text, says] of [
    ["Secret", "short", /key_weak/],
    ["base64url", "a+b/", /character 2 is no base64url; that is plain base64/],
    ["hex", "0g", /character 2 is no hex digit/],
    ["PEM", "-----BEGIN PUBLIC KEY-----", /key_malformed/],
    ["JWK, JWKS", '{"keys":[}', /keys\[0\]: .*line 1, column 10/],
  ]) {
    await key(kind, text);
    await note.filter({ hasText: says }).waitFor();
    await verdict.filter({ hasText: "nothing is verified" }).waitFor();
    assert.equal(await panel.getByLabel("The key itself").getAttribute("aria-invalid"), "true");
  }
});

test("a text that is no JWT is named for what it may be", async () => {
  const { field, panel } = await inspecting();
  for (const [text, words] of [
    ["uiFYlIXU7RHFdXqnxJsEEcbxuAtp6_TQ71DY9_6A0", "opaque token"],
    ["a.b.c.d.e", "encrypted token (JWE)"],
    ["a.b", "three parts"],
  ]) {
    await field("Token").fill(text);
    await says(panel.locator(".part.opaque"), words);
  }
  await field("Token").fill(`  Bearer ${hmacToken(SECRET)}\n`);
  await says(panel.locator(".field", { hasText: "Token" }).locator(".note").first(), "left out here");
  await says(panel.locator(".part.payload"), '"sub": "u1"');
});
