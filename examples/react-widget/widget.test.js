import assert from "node:assert/strict";
import { createServer } from "node:http";
import { readFile } from "node:fs/promises";
import { extname, join } from "node:path";
import { after, before, test } from "node:test";
import { chromium } from "playwright-core";
import { Issuer, Key, KeySet } from "tokenmint";
import { build } from "vite";

const root = import.meta.dirname;
const TYPES = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css" };
let server, browser, base, issuer;

before(async () => {
  await build({ root, logLevel: "warn" });
  server = createServer(async ({ url }, response) => {
    if (url === "/.well-known/jwks.json") return response.end(JSON.stringify(issuer.publicJwks()));
    const path = url === "/" ? "/index.html" : url;
    const body = await readFile(join(root, "dist", path)).catch(() => undefined);
    response.writeHead(body ? 200 : 404, { "content-type": TYPES[extname(path)] ?? "text/plain" }).end(body);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  base = `http://127.0.0.1:${server.address().port}`;
  issuer = new Issuer(new KeySet(await Key.generate("EdDSA", { kid: "k1" })), { issuer: base, audience: "widget" });

  const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
  const args = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"];
  browser = await chromium.launch({ executablePath, args: [...args, "--disable-component-update", "--disable-sync"] });
});

after(async () => {
  await browser?.close();
  server?.close();
});

/** A page with the widget and this token; whatever the page complains of is an error. */
async function open(token) {
  const page = await browser.newPage();
  page.on("pageerror", (error) => assert.fail(error));
  await page.goto(`${base}/#${encodeURIComponent(token)}`);
  return page;
}

test("the widget shows what the token allows", async () => {
  const page = await open(await issuer.mint({ sub: "ent_1", pages: ["invoices", "vendors"] }, "15m"));
  assert.equal(await page.locator("h1").innerText(), "ent_1");
  assert.deepEqual(await page.locator("nav a").allInnerTexts(), ["Invoices", "Vendors"]);
});

test("and says why it shows nothing", async () => {
  const old = await issuer.mint({ sub: "ent_1" }, "1h", { now: 1_700_000_000 });
  const stranger = new Issuer(new KeySet(await Key.generate("EdDSA", { kid: "k1" })), { issuer: base, audience: "widget" });
  for (const [token, message] of [
    [old, "Your session has ended."],
    [await stranger.mint({ sub: "ent_1" }, "1h"), "You cannot see this (signature_invalid)."],
    ["no token", "You cannot see this (token_malformed)."],
  ]) {
    assert.equal(await (await open(token)).getByRole("alert").innerText(), message);
  }
});

test("and notices when the token expires", async () => {
  const page = await open(await issuer.mint({ sub: "ent_1", pages: [] }, 3));
  assert.equal(await page.locator("h1").innerText(), "ent_1");
  assert.equal(await page.getByRole("alert").innerText(), "Your session has ended.");
});
