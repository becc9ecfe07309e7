import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { Bench, quiet, tab } from "./support.js";
import { hmacToken } from "./tokens.js";

const bench = new Bench();
before(() => bench.start());
after(() => bench.stop());

const DIST = fileURLToPath(new URL("../dist/", import.meta.url));
const SECRET = "a secret of at least thirty-two bytes";
const TOKEN = hmacToken(SECRET);

/** Puts secrets wherever they can be put, and uses all three tools. */
async function useIt(page) {
  await tab(page, "Inspect");
  await page.getByLabel("Token", { exact: true }).fill(TOKEN);
  await page.getByLabel("The key itself").fill(SECRET);
  await page.getByRole("checkbox", { name: "any issuer" }).check();
  await page.getByRole("checkbox", { name: "any audience" }).check();
  await page.locator("#panel-inspect .verdict.accepted").waitFor();
  const mint = await tab(page, "Mint");
  await mint.getByRole("radio", { name: "text", exact: true }).last().check();
  await mint.getByLabel("Secret").fill(SECRET);
  await mint.getByLabel("Claims", { exact: true }).fill('{"sub": "typed by hand"}');
  await mint.getByRole("button", { name: "Mint the token" }).click();
  await mint.locator(".verdict.accepted").waitFor();
  const endpoints = await tab(page, "Endpoints");
  await endpoints.getByRole("radio", { name: "Merge" }).check();
  await endpoints.getByRole("button", { name: "Run it all" }).click();
  await endpoints.locator(".steps > li.as-told").nth(5).waitFor();
}

/** Whatever of it could be there again; the page has an example of its own. */
const TYPED = new RegExp(`a secret of at least|typed by hand|${TOKEN}`);

/** What fields hold, of all kinds. */
const typed = (page) => page.evaluate(() => [...document.querySelectorAll("input, textarea")].map((field) => field.value).join("\n"));

test("no request goes to anything but the page's own files", async () => {
  const { page, seen } = await bench.visit();
  await useIt(page);
  const files = new Set(readdirSync(DIST, { recursive: true }).map((file) => `${bench.base}${String(file)}`)).add(bench.base);
  assert.ok(seen.requests.length >= 4, seen.requests.join("\n"));
  assert.deepEqual(seen.requests.filter((url) => !files.has(url)), []);
  quiet(seen);
});

test("the policy stands in the page, and holds", async () => {
  const html = readFileSync(`${DIST}index.html`, "utf8");
  const policy = /http-equiv="Content-Security-Policy" content="([^"]+)"/.exec(html)?.[1] ?? "";
  const directives = new Map(policy.split(";").map((part) => part.trim().split(/\s+(.*)/s).slice(0, 2)));
  assert.equal(directives.get("default-src"), "'none'");
  assert.equal(directives.get("script-src"), "'self' 'wasm-unsafe-eval'");
  assert.equal(directives.get("style-src"), "'self'");
  assert.equal(directives.get("connect-src"), "'self'");
  assert.ok(html.indexOf("Content-Security-Policy") < html.indexOf("<script"), "the policy comes before the script");
  assert.doesNotMatch(html, /<script(?![^>]*\ssrc=)|<style|\sstyle=|\son\w+=/, "nothing inline");

  const { page, seen } = await bench.visit();
  const tried = await page.evaluate(async () => ({
    fetch: await fetch("https://example.com/").then(() => "sent", () => "refused"),
    socket: await new Promise((resolve) => {
      try {
        const socket = new WebSocket("wss://example.com/");
        socket.onerror = () => resolve("refused");
        socket.onopen = () => resolve("sent");
      } catch {
        resolve("refused");
      }
    }),
    image: await new Promise((resolve) => {
      const image = new Image();
      image.onload = () => resolve("loaded");
      image.onerror = () => resolve("refused");
      image.src = "https://example.com/pixel.png";
    }),
    inline: (() => {
      const script = document.createElement("script");
      try {
        script.append("window.inlined = true");
        document.body.append(script);
      } catch {}
      return window.inlined === true ? "ran" : "refused";
    })(),
    markup: (() => {
      try {
        document.createElement("div").innerHTML = "<b>x</b>";
        return "taken";
      } catch {
        return "refused";
      }
    })(),
  }));
  assert.deepEqual(tried, { fetch: "refused", socket: "refused", image: "refused", inline: "refused", markup: "refused" });
  assert.deepEqual(seen.requests.filter((url) => url.includes("example.com") && !seen.blocked.includes(url)), []);
});

test("secrets are in no URL, no storage, no cookie and no title", async () => {
  const { context, page } = await bench.visit();
  const title = await page.title();
  await useIt(page);
  // The name of a tool, for Back.
  assert.equal(page.url(), `${bench.base}#endpoints`);
  assert.equal(await page.title(), title);
  assert.deepEqual(await context.cookies(), []);
  const stored = await page.evaluate(async () => ({
    local: localStorage.length,
    session: sessionStorage.length,
    databases: (await indexedDB.databases()).length,
    caches: (await caches.keys()).length,
    state: history.state,
    entries: history.length,
    workers: (await navigator.serviceWorker.getRegistrations()).length,
  }));
  assert.deepEqual(stored, { local: 0, session: 0, databases: 0, caches: 0, state: null, entries: stored.entries, workers: 0 });
});

test("nothing that was typed comes back after a reload, or by the back button", async () => {
  const { page } = await bench.visit();
  await useIt(page);
  assert.match(await typed(page), /a secret of at least/);
  await page.reload();
  await page.waitForSelector("html[data-ready=true]");
  assert.doesNotMatch(await typed(page), TYPED);

  await useIt(page);
  await page.goto("about:blank");
  await page.goBack();
  await page.waitForSelector("html[data-ready=true]");
  // A page that lives on in the browser's memory is the same page; one that is built anew begins empty.
  const anew = await page.evaluate(() => performance.getEntriesByType("navigation")[0].type === "back_forward" && !window.kept);
  assert.ok(anew);
  assert.doesNotMatch(await typed(page), TYPED);
});

test("fields that may hold secrets are not remembered, completed or spell-checked", async () => {
  const { page } = await bench.visit();
  const careless = await page.evaluate(() =>
    [...document.querySelectorAll("input[type=text], textarea")]
      .filter((field) => field.autocomplete !== "off" || field.spellcheck || field.name !== "")
      .map((field) => field.labels?.[0]?.textContent),
  );
  assert.deepEqual(careless, []);
  assert.ok((await page.locator("input[type=text], textarea").count()) >= 12);
  await page.getByText("It stays in this page.").waitFor();
});
