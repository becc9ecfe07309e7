// A server of the built command, and a browser that notes everything the page does.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

const COMMAND = process.env.TOKENMINT ?? fileURLToPath(new URL("../../../target/debug/tokenmint", import.meta.url));
const SHOTS = process.env.SHOTS ?? fileURLToPath(new URL("../../../target/console/", import.meta.url));
const FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];
const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

export const KEY = "demo-admin-key";
export const SIZES = { desktop: { width: 1280, height: 900 }, phone: { width: 360, height: 740 } };

/** The demonstration, or a server of a configuration; `stop` ends it. */
async function serve(config) {
  const folder = mkdtempSync(join(tmpdir(), "console-"));
  const file = join(folder, "tokenmint.toml");
  writeFileSync(file, config ?? "");
  const args = config === undefined ? ["--demo"] : ["--config", file];
  const child = spawn(COMMAND, ["serve", ...args, "--port", "0"], { stdio: ["ignore", "pipe", "pipe"] });
  const server = { log: "", stop: () => (child.kill(), rmSync(folder, { recursive: true })) };
  child.stderr.on("data", (data) => (server.log += data));
  for await (const line of createInterface({ input: child.stdout })) {
    if (line.startsWith("admin ")) {
      server.admin = line.slice("admin ".length);
      child.stdout.resume();
      return server;
    }
  }
  throw new Error(`the server ended: ${server.log}`);
}

/** A server and a browser for the tests of one file. */
export class Bench {
  constructor(config) {
    this.config = config;
  }

  async start() {
    this.server = await serve(this.config);
    this.browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: FLAGS });
  }

  async stop() {
    await this.browser?.close();
    this.server?.stop();
  }

  /** A fresh visitor. `seen` holds the requests, and what the console and the policy had to complain of. */
  async visit({ size = "desktop", scheme = "light" } = {}) {
    const context = await this.browser.newContext({ viewport: SIZES[size], colorScheme: scheme });
    const page = await context.newPage();
    page.setDefaultTimeout(10_000);
    const seen = { requests: [], complaints: [] };
    context.on("request", (request) => seen.requests.push(request.url()));
    page.on("console", (message) => message.type() === "error" && seen.complaints.push(message.text()));
    page.on("pageerror", (error) => seen.complaints.push(String(error)));
    await page.goto(this.server.admin);
    await page.waitForSelector("html[data-ready=true]");
    return { context, page, seen };
  }
}

export async function signIn(page, key = KEY) {
  await page.getByLabel("Admin key").fill(key);
  await page.getByRole("button", { name: "Sign in" }).click();
}

/** Goes to a view. */
export async function view(page, name) {
  await page.getByRole("navigation").getByRole("link", { name, exact: true }).click();
  await page.getByRole("heading", { level: 1, name }).waitFor();
}

/** What axe finds, as `rule: element`. */
export async function findings(page) {
  await page.evaluate(AXE);
  return page.evaluate(async () => {
    const { violations } = await axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] });
    return violations.flatMap(({ id, impact, nodes }) => nodes.map((node) => `${impact} ${id}: ${node.target.join(" ")}: ${node.any.map((check) => check.message).join("; ")}`));
  });
}

/** Nothing stands out of the window to the right, but what scrolls by itself. */
export async function fits(page) {
  const wide = await page.evaluate(() => {
    const width = document.documentElement.clientWidth;
    const out = [...document.querySelectorAll("body *")].filter((element) => {
      const box = element.getBoundingClientRect();
      return box.width > 0 && box.right > width + 1 && !element.closest(".visually-hidden, nav ul");
    });
    return [document.documentElement.scrollWidth > width ? "scrolls" : [], ...out.map((element) => `${element.tagName}.${element.className}`)].flat();
  });
  assert.deepEqual(wide, []);
}

export async function shot(page, name) {
  mkdirSync(SHOTS, { recursive: true });
  await page.screenshot({ path: join(SHOTS, `${name}.png`), fullPage: true, animations: "disabled" });
}
