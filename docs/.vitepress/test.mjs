// The site as it was built: every link leads to a page and a heading that are there, and in Chromium a reader finds an error by its name.

import assert from "node:assert/strict";
import { existsSync, readFileSync, readdirSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { dirname, extname, join, normalize } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const SITE = join(process.env.TOKENMINT_TARGET ?? join(ROOT, "target"), "site");

const files = readdirSync(SITE, { recursive: true }).filter((name) => statSync(join(SITE, name)).isFile());
const html = new Map(files.filter((name) => name.endsWith(".html")).map((name) => [`/${name}`, readFileSync(join(SITE, name), "utf8")]));
const ids = new Map([...html].map(([path, text]) => [path, new Set([...text.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id))]));

test("every link of the site leads to a page and a heading", () => {
  const faults = [];
  let links = 0;
  for (const [path, text] of html) {
    for (const [, href] of text.matchAll(/<a[^>]* href="([^"]+)"/g)) {
      if (/^(https:|mailto:)/.test(href)) continue;
      links += 1;
      const { pathname, hash } = new URL(href.replaceAll("&amp;", "&"), `http://site${path}`);
      const to = [pathname, `${pathname}.html`, `${pathname}index.html`].find((name) => html.has(name));
      if (to === undefined && !files.includes(pathname.slice(1))) faults.push(`${path}: ${href}: there is no such page`);
      else if (hash !== "" && !ids.get(to).has(decodeURIComponent(hash.slice(1)))) faults.push(`${path}: ${href}: there is no such heading`);
    }
  }
  assert.deepEqual(faults, []);
  assert.ok(links > 500, `${links} links`);
});

const TYPES = { ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".css": "text/css", ".woff2": "font/woff2", ".json": "application/json" };

/** A server of files and nothing else, as most hosts of sites are. */
const server = createServer((request, response) => {
  const path = decodeURIComponent(new URL(request.url, "http://site").pathname);
  const file = join(SITE, normalize(path.endsWith("/") ? `${path}index.html` : path));
  if (!file.startsWith(SITE) || !existsSync(file)) return void response.writeHead(404).end();
  response.writeHead(200, { "content-type": TYPES[extname(file)] ?? "application/octet-stream" }).end(readFileSync(file));
});
let browser;
let origin;

before(async () => {
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  origin = `http://127.0.0.1:${server.address().port}`;
  const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
  browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking"] });
});
after(async () => {
  await browser.close();
  server.close();
});

/** A page of which every fault is written down: errors, and whatever is asked of other servers. */
async function open(path, viewport) {
  const page = await browser.newPage({ viewport });
  const faults = [];
  page.on("pageerror", (error) => faults.push(String(error)));
  page.on("console", (message) => message.type() === "error" && faults.push(message.text()));
  page.on("request", (request) => request.url().startsWith(origin) || request.url().startsWith("data:") || faults.push(request.url()));
  await page.goto(origin + path);
  return { page, faults };
}

test("who comes with a task is one click from its page", async () => {
  const { page, faults } = await open("/", { width: 1280, height: 800 });
  await page.click('main a:text("Sign-in sessions")');
  await page.waitForSelector('h1:text("Sign-in sessions")');
  await page.click('label:text("server.py")');
  assert.ok(await page.isVisible("text=def signed_in"), "the tab of Python is shown");
  assert.deepEqual(faults, []);
});

test("who has the name of an error finds what to do", async () => {
  const { page, faults } = await open("/", { width: 360, height: 740 });
  await page.click("button[aria-label='Search']");
  await page.fill("input[type=search]", "audience_mismatch");
  await page.click(".results a >> nth=0");
  await page.waitForURL("**/errors.html#audience_mismatch");
  assert.ok(await page.isVisible("#audience_mismatch"));
  assert.deepEqual(faults, []);
});

test("no page is wider than a phone", async () => {
  const { page } = await open("/errors.html", { width: 360, height: 740 });
  const width = await page.evaluate(() => document.documentElement.scrollWidth);
  assert.ok(width <= 360, `${width} px`);
});
