import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Bench, quiet, tab } from "./support.js";
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

  await page.getByRole("button", { name: "move this tool's clock 30 minutes forward" }).click();
  assert.match(await left.textContent(), /^2\d min \d+ s left$/);
  await page.getByRole("button", { name: "move this tool's clock 1 day forward" }).click();
  assert.match(await left.textContent(), /^ended 23 h 3\d min ago$/);
  await page.getByRole("button", { name: "Reset this tool's clock" }).click();
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
  await page.getByRole("button", { name: "move this tool's clock 30 minutes forward" }).click();
  await says(verdict, "token_expired");
  await says(check("exp").locator(".hint"), /expired 25 min( \d+ s)? ago/);
});

test("nothing is expected in silence: issuer and audience are said, or any", async () => {
  const { field, key, verdict, panel, check } = await inspecting();
  await field("Token").fill(hmacToken(SECRET));
  await key("Secret", SECRET);
  await says(verdict, "Say which issuer and audience you expect");
  assert.equal(await verdict.getAttribute("class"), "verdict open");
  await says(check("signature"), "passed");
  await says(check("iss"), "not asked");
  await panel.getByRole("checkbox", { name: "any issuer" }).check();
  await says(verdict, "Say which audience you expect");
  await panel.getByRole("checkbox", { name: "any audience" }).check();
  await says(verdict, "Accepted");
  assert.ok(await field("Issuer (iss)").isDisabled());
  await panel.getByText("More to expect").click();
  await field("Type (typ)").fill("at+jwt");
  await says(verdict, "type_mismatch");
  await says(check("typ").locator(".hint"), /expect type “JWT” under “More to expect”, in code tokenType: "JWT"; or “any type”, in code anyTokenType: true\./);
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

test("it opens with an example, which makes room for a token of one's own", async () => {
  const { field, verdict, panel, seen } = await inspecting();
  await says(verdict, "Accepted");
  const token = await field("Token").inputValue();
  // A change of the example is judged by its key: that is what one wants to see.
  await field("Token").fill(token.replace(/.$/, (last) => (last === "A" ? "Q" : "A")));
  await says(verdict, "Wrong signature");
  assert.notEqual(await field("The key itself").inputValue(), "");
  await field("Token").fill(hmacToken(SECRET));
  await says(verdict, "Give the key");
  assert.deepEqual([await field("The key itself").inputValue(), await field("Issuer (iss)").inputValue(), await field("Audience (aud)").inputValue()], ["", "", ""]);
  assert.equal(await panel.locator(".checks li").count(), 0);
  quiet(seen);
});

test("what one has typed oneself stays when another token comes", async () => {
  const { field, key, expect } = await inspecting();
  await key("Secret", SECRET);
  await expect("https://i.example", "app");
  await field("Token").fill(hmacToken(SECRET));
  assert.deepEqual([await field("The key itself").inputValue(), await field("Issuer (iss)").inputValue()], [SECRET, "https://i.example"]);
});

test("a wrong signature is told before anything is expected, in words", async () => {
  const { field, key, verdict, check } = await inspecting();
  await field("Token").fill(hmacToken(SECRET));
  await key("Secret", `${SECRET}!`);
  await says(verdict, "Refused. Wrong signature: this key did not sign it, or it was changed since (signature_invalid).");
  await says(check("signature"), "failed");
  await key("Secret", SECRET);
  await says(verdict, "The signature is right");
  await field("Token").fill(hmacToken(SECRET, { exp: 1_700_000_000 }));
  await says(verdict, "Its time is over");
});

test("what is expected can be taken from the token", async () => {
  const { page, field, key, verdict, panel } = await inspecting();
  const take = panel.getByRole("button", { name: "Take from the token" });
  await field("Token").fill(hmacToken(SECRET, { aud: ["app", "other"] }));
  await key("Secret", SECRET);
  await take.click();
  await says(verdict, "Accepted");
  assert.deepEqual([await field("Issuer (iss)").inputValue(), await field("Audience (aud)").inputValue()], ["https://i.example", "app"]);
  await field("Token").fill(hmacToken(SECRET, '{"sub":"u1","exp":32503680000}'));
  await take.click();
  await says(verdict, "Accepted");
  assert.ok(await page.getByRole("checkbox", { name: "any issuer" }).isChecked());
  await field("Token").fill("opaque");
  await take.click();
  await says(verdict, "nothing to take from it");
});

test("a short secret can be tried, with a warning", async () => {
  const { field, key, verdict, expect, panel } = await inspecting();
  const note = panel.locator(".field", { hasText: "The key itself" }).locator(".note");
  await expect("https://i.example", "app");
  for (const [alg, needed] of [["HS256", 32], ["HS384", 48], ["HS512", 64]]) {
    await field("Token").fill(hmacToken("secret", {}, alg));
    await key("Secret", "secret", alg);
    await says(verdict, "Accepted");
    await says(note, `Warning: 6 bytes are too short a secret for ${alg}, which needs ${needed}`);
    await says(note, "key_weak");
    await key("Secret", "Secret", alg);
    await says(verdict, "Wrong signature");
  }
  // All else is judged as ever, also how the signature is written.
  await field("Token").fill(hmacToken("secret", {}, "HS512"));
  await key("Secret", "secret", "HS256");
  await says(verdict, "Refused");
  await key("Secret", "secret", "HS512");
  await says(verdict, "Accepted");
  await field("Token").fill(`${hmacToken("secret", {}, "HS512")}==`);
  await says(verdict, "Refused");
  await field("Token").fill(hmacToken("secret", { aud: "billing" }, "HS512"));
  await says(verdict, "audience_mismatch");
});

test("times are told as people say them", async () => {
  const { page, field, card } = await inspecting();
  const times = (name) => card("Claims").locator("dt", { hasText: name }).locator("xpath=following-sibling::dd[1]").locator(".times");
  const noon = Math.floor(new Date().setHours(12, 0, 0, 0) / 1000);
  await field("Token").fill(hmacToken(SECRET, { iat: noon, nbf: noon - 86_400, exp: noon + 86_400, auth_time: 1_700_000_000 }));
  await says(times("iat"), /^today at 12:00:00/);
  await says(times("nbf"), /^yesterday at 1[123]:00:00/);
  await says(times("exp"), /^tomorrow at 1[123]:00:00/);
  await says(times("auth_time"), /^1[45] Nov 2023/);
  await page.getByRole("button", { name: "move this tool's clock 1 day forward" }).click();
  await says(times("iat"), /^yesterday/);
});

test("the clock of one tool does not move another's", async () => {
  const { page, verdict } = await inspecting();
  const moved = page.locator(".clock-moved");
  await says(verdict, "Accepted");
  await tab(page, "Endpoints");
  await page.getByRole("button", { name: "move this tool's clock 1 day forward" }).click();
  await says(moved, "1 d ahead");
  await tab(page, "Mint");
  await says(moved, "real time");
  await page.getByRole("button", { name: "move this tool's clock 10 seconds forward" }).click();
  await says(moved, "10 s ahead");
  await tab(page, "Inspect");
  await says(moved, "real time");
  await page.waitForTimeout(1100);
  await says(verdict, "Accepted");
  await tab(page, "Endpoints");
  await says(moved, "1 d ahead");
});

test("Back leads to the tab before, and stays in the page", async () => {
  const { page } = await inspecting();
  const shown = async (name) => page.getByRole("tabpanel", { name }).waitFor();
  await tab(page, "Mint");
  await page.getByRole("button", { name: "Mint the token" }).click();
  await page.getByRole("button", { name: "Inspect this" }).click();
  await shown("Inspect");
  await page.goBack();
  await shown("Mint");
  await page.goBack();
  await shown("Inspect");
  await page.goForward();
  await shown("Mint");
  await page.reload();
  await shown("Mint");
});

test("the verdict stands beside the token at 800 px, and first at 360 px", async () => {
  for (const [width, beside] of [[1280, true], [800, true], [360, false]]) {
    const { verdict, field } = await inspecting({ options: { viewport: { width, height: 740 } } });
    await says(verdict, "Accepted");
    const [said, token] = [await verdict.boundingBox(), await field("Token").boundingBox()];
    if (beside) {
      assert.ok(said.x > token.x + token.width && said.y < token.y + token.height, `${width}`);
    } else {
      assert.ok(said.y + said.height < token.y, `${width}`);
    }
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
