// Headless Chromium and a static server. Pages reach nothing but that server.

import { createReadStream, existsSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { delimiter, extname, isAbsolute, join, normalize } from "node:path";
import { chromium } from "playwright-core";

const ARGUMENTS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
const TYPES = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".mjs": "text/javascript; charset=utf-8",
  ".json": "application/json",
  ".wasm": "application/wasm",
};
// What a strict page allows: no inline script, no eval, WebAssembly only.
const POLICY = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; img-src data:";
/** What a page allows that has forgotten WebAssembly. */
export const WITHOUT_WASM = POLICY.replace(" 'wasm-unsafe-eval'", "");

export async function launch(...more) {
  const named = process.env.CHROMIUM ?? "chromium";
  const places = isAbsolute(named) ? [named] : (process.env.PATH ?? "").split(delimiter).map((folder) => join(folder, named));
  const executablePath = places.find((place) => existsSync(place));
  if (executablePath === undefined) throw new Error(`there is no ${named}; the variable CHROMIUM names another`);
  return chromium.launch({ executablePath, args: [...ARGUMENTS, ...more] });
}

/**
 * Serves folders: `{"/dist/": "/path/to/dist"}`, and texts under the paths of `texts`; its pages may ask `connect`, too. Close
 * it by `close()`.
 */
export async function serve(folders, texts = {}, connect = "", policy = POLICY) {
  const server = createServer((request, response) => {
    const path = decodeURIComponent(new URL(request.url, "http://localhost").pathname);
    const headers = { "content-security-policy": `${policy}; connect-src 'self' ${connect}`, "cache-control": "no-store" };
    const type = TYPES[extname(path)] ?? "application/octet-stream";
    if (Object.hasOwn(texts, path)) {
      response.writeHead(200, { ...headers, "content-type": type }).end(texts[path]);
      return;
    }
    for (const [prefix, folder] of Object.entries(folders)) {
      const file = join(folder, normalize(path.slice(prefix.length)));
      if (path.startsWith(prefix) && file.startsWith(folder) && existsSync(file) && statSync(file).isFile()) {
        response.writeHead(200, { ...headers, "content-type": type });
        createReadStream(file).pipe(response);
        return;
      }
    }
    response.writeHead(404, headers).end();
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { origin: `http://127.0.0.1:${server.address().port}`, close: () => server.close() };
}

/**
 * Opens a page, waits for what its script puts into `globalThis.result`, and refuses errors and foreign requests. `elsewhere`
 * are texts by their addresses on other servers, which are answered here; `expected` is what the browser says that is no fault.
 */
export async function resultOf(browser, url, { timeout = 120_000, elsewhere = {}, expected = /^$/ } = {}) {
  const context = await browser.newContext();
  const faults = [];
  for (const [address, body] of Object.entries(elsewhere)) {
    await context.route(address, (route) => route.fulfill({ body, headers: { "access-control-allow-origin": "*" } }));
  }
  context.on("request", (request) => {
    const asked = request.url();
    const isKnown = asked.startsWith(new URL(url).origin) || Object.hasOwn(elsewhere, asked) || /^(data|blob):/.test(asked);
    if (!isKnown) faults.push(`asked for ${asked}`);
  });
  const page = await context.newPage();
  let over = false;
  page.on("pageerror", (error) => faults.push(error.stack ?? String(error)));
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type()) && !expected.test(message.text())) faults.push(message.text());
  });
  page.on("response", (response) => {
    if (response.status() >= 400 && !response.url().endsWith("/favicon.ico")) faults.push(`${response.status()} ${response.url()}`);
  });
  try {
    await page.goto(url);
    await Promise.race([
      page.waitForFunction(() => globalThis.result !== undefined, undefined, { timeout, polling: 50 }),
      failed(faults, () => over),
    ]);
    const result = await page.evaluate(() => globalThis.result);
    return { result, faults: faults.filter((fault) => !fault.includes("favicon")) };
  } finally {
    over = true;
    await context.close();
  }
}

/** A script that failed puts nothing anywhere: its error ends the wait. */
async function failed(faults, isOver) {
  while (!isOver()) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    const fault = faults.find((text) => !text.includes("favicon"));
    if (fault !== undefined) throw new Error(fault);
  }
}
