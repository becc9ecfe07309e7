// The built page on a static server of its own, and a browser that notes everything the page does.

import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

const DIST = fileURLToPath(new URL("../dist/", import.meta.url));
const SHOTS = fileURLToPath(new URL("../../../target/playground/", import.meta.url));
const TYPES = { ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".wasm": "application/wasm" };
const FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];

export const SIZES = { desktop: { width: 1280, height: 900 }, phone: { width: 360, height: 740 } };

/** Serves the built page in a folder, as a host would that has other things beside it. */
async function serve() {
  const server = createServer(async (request, response) => {
    const path = new URL(request.url, "http://host").pathname.replace(/^\/playground\//, "/");
    const file = join(DIST, normalize(path === "/" ? "/index.html" : path));
    try {
      const body = await readFile(file);
      response.writeHead(200, { "content-type": TYPES[extname(file)] ?? "application/octet-stream" }).end(body);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { server, origin: `http://127.0.0.1:${server.address().port}` };
}

/** A browser for the tests of one file: `before(() => use.start())`, `after(() => use.stop())`. */
export class Bench {
  async start() {
    Object.assign(this, await serve());
    this.browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: FLAGS });
  }

  async stop() {
    await this.browser?.close();
    await new Promise((resolve) => this.server.close(resolve));
  }

  /** A fresh visitor. `seen` holds the requests, and what the console and the policy had to complain of. */
  async visit({ size = "desktop", scheme = "light", options = {} } = {}) {
    const context = await this.browser.newContext({ viewport: SIZES[size], colorScheme: scheme, ...options });
    const page = await context.newPage();
    page.setDefaultTimeout(10_000);
    const seen = { requests: [], blocked: [], complaints: [] };
    context.on("request", (request) => seen.requests.push(request.url()));
    context.on("requestfailed", (request) => request.failure()?.errorText === "csp" && seen.blocked.push(request.url()));
    page.on("console", (message) => message.type() === "error" && seen.complaints.push(message.text()));
    page.on("pageerror", (error) => seen.complaints.push(String(error)));
    await page.goto(`${this.origin}/playground/`);
    await page.waitForSelector("html[data-ready=true]");
    return { context, page, seen };
  }

  /** The path under which the page and its files stand. */
  get base() {
    return `${this.origin}/playground/`;
  }
}

/** Nothing was complained of: no error, no breach of the policy. */
export function quiet(seen) {
  assert.deepEqual(seen.complaints, []);
}

export async function shot(page, name) {
  mkdirSync(SHOTS, { recursive: true });
  await page.screenshot({ path: join(SHOTS, `${name}.png`), fullPage: true });
}

/** The tab, and its panel once it shows. */
export async function tab(page, name) {
  await page.getByRole("tab", { name }).click();
  return page.getByRole("tabpanel", { name });
}
