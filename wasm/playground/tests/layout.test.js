import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Bench, quiet, shot, tab } from "./support.js";

const bench = new Bench();
before(() => bench.start());
after(() => bench.stop());

/** What stands out of the window to the right. */
function tooWide(page) {
  return page.evaluate(() => {
    const width = document.documentElement.clientWidth;
    const scrolls = document.documentElement.scrollWidth > width;
    const wide = [...document.querySelectorAll("body *")].filter((element) => {
      const box = element.getBoundingClientRect();
      return box.width > 0 && box.right > width + 1 && !element.closest(".visually-hidden, .summary-line, .step-line");
    });
    return { scrolls, wide: wide.map((element) => `${element.tagName}.${element.className}`) };
  });
}

const FITS = { scrolls: false, wide: [] };

for (const size of ["desktop", "phone"]) {
  for (const scheme of ["light", "dark"]) {
    test(`${size}, ${scheme}: nothing stands out of the window, nothing moves by itself`, async () => {
      const { page, seen } = await bench.visit({ size, scheme });
      await page.evaluate(() => {
        window.shifted = 0;
        new PerformanceObserver((list) => {
          for (const entry of list.getEntries()) {
            window.shifted += entry.hadRecentInput ? 0 : entry.value;
          }
        }).observe({ type: "layout-shift", buffered: true });
      });
      // What moves shortly after a press is an answer; so first a while without one, in which the clock ticks.
      await page.waitForTimeout(1500);
      assert.equal(await page.evaluate(() => window.shifted), 0);
      assert.deepEqual(await tooWide(page), FITS);
      await shot(page, `inspect-opened-${size}-${scheme}`);
      await page.getByRole("button", { name: "A good one" }).click();
      await page.locator("#panel-inspect .verdict.accepted").waitFor();
      await page.waitForTimeout(1100);
      assert.deepEqual(await tooWide(page), FITS);
      await shot(page, `inspect-good-${size}-${scheme}`);
      await page.getByRole("button", { name: "Its time is over" }).click();
      await page.locator("#panel-inspect .verdict.refused").waitFor();
      await page.getByText("More to expect").click();
      assert.deepEqual(await tooWide(page), FITS);
      await shot(page, `inspect-refused-${size}-${scheme}`);

      const mint = await tab(page, "Mint");
      assert.deepEqual(await tooWide(page), FITS);
      await mint.getByLabel("expiresIn").fill("3600");
      await mint.getByLabel("Algorithm", { exact: true }).selectOption("RS256");
      await mint.locator(".public .json").waitFor();
      await mint.getByRole("button", { name: "Mint the token" }).click();
      await mint.locator(".verdict.accepted").waitFor();
      assert.deepEqual(await tooWide(page), FITS);
      await shot(page, `mint-${size}-${scheme}`);
      await mint.getByLabel("expiresIn").fill("1h30m");
      await mint.getByLabel("Claims", { exact: true }).fill('{"pages": {"invoices": tru}}');
      await mint.getByRole("button", { name: "Mint the token" }).click();
      await mint.locator(".verdict.refused").waitFor();
      await shot(page, `mint-refused-${size}-${scheme}`);

      const endpoints = await tab(page, "Endpoints");
      assert.deepEqual(await tooWide(page), FITS);
      await shot(page, `endpoints-empty-${size}-${scheme}`);
      await endpoints.getByRole("radio", { name: "Ledger" }).check();
      await endpoints.getByRole("button", { name: "Refresh and replay" }).click();
      await endpoints.getByRole("button", { name: "Run it all" }).click();
      await endpoints.locator(".steps > li.as-told").nth(5).waitFor();
      assert.deepEqual(await tooWide(page), FITS);
      await shot(page, `endpoints-ledger-${size}-${scheme}`);
      await endpoints.getByRole("radio", { name: "Merge" }).check();
      await endpoints.getByRole("button", { name: "A magic link" }).click();
      await endpoints.getByRole("button", { name: "Run it all" }).click();
      await endpoints.locator(".steps > li.as-told").nth(4).waitFor();
      for (const summary of await endpoints.locator(".history summary").all()) {
        if (!(await summary.evaluate((element) => element.parentElement.open))) {
          await summary.click();
        }
      }
      assert.deepEqual(await tooWide(page), FITS);
      await shot(page, `endpoints-merge-${size}-${scheme}`);
      quiet(seen);
    });
  }
}

test("the theme follows the system until it is chosen, and the choice is kept by the page only", async () => {
  const { page } = await bench.visit({ scheme: "dark" });
  const paper = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const button = page.getByRole("button", { name: "Dark" });
  const dark = await paper();
  assert.equal(await button.getAttribute("aria-pressed"), "true");
  await page.emulateMedia({ colorScheme: "light" });
  const light = await paper();
  assert.notEqual(light, dark);
  await button.click();
  assert.equal(await paper(), dark);
  await page.emulateMedia({ colorScheme: "light" });
  assert.equal(await paper(), dark);
  await page.reload();
  await page.waitForSelector("html[data-ready=true]");
  assert.equal(await paper(), light);
});

test("the button stays in its place while a key is made", async () => {
  const { page } = await bench.visit();
  const mint = await tab(page, "Mint");
  // A generator as slow as one likes.
  await page.evaluate(() => {
    const generate = crypto.subtle.generateKey.bind(crypto.subtle);
    const slow = new Promise((resolve) => (window.letItGo = resolve));
    crypto.subtle.generateKey = (...args) => slow.then(() => generate(...args));
  });
  const place = async () => (await mint.getByRole("button", { name: "Mint the token" }).boundingBox()).y;
  for (const alg of ["RS256", "EdDSA"]) {
    await mint.getByLabel("Algorithm", { exact: true }).selectOption(alg);
    await mint.getByText("Making a key pair").waitFor();
  }
  const before = await place();
  await page.evaluate(() => window.letItGo());
  await mint.locator(".public .json").waitFor();
  assert.equal(await place(), before);
  await mint.getByLabel("Algorithm", { exact: true }).selectOption("RS256");
  await mint.locator(".public .json", { hasText: "RS256" }).waitFor();
  assert.equal(await place(), before);
});

test("at 320 px, which is 1280 px at a zoom of 400 %, nothing stands out either", async () => {
  const { page } = await bench.visit({ options: { viewport: { width: 320, height: 600 } } });
  for (const name of ["Inspect", "Mint", "Endpoints"]) {
    await tab(page, name);
    assert.deepEqual(await tooWide(page), FITS, name);
  }
});
