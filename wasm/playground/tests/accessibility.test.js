import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";
import { Bench, tab } from "./support.js";

const bench = new Bench();
before(() => bench.start());
after(() => bench.stop());

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** What axe finds, as `rule: element`. */
async function findings(page) {
  await page.evaluate(AXE);
  return page.evaluate(async () => {
    const { violations } = await axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] });
    return violations.flatMap(({ id, impact, nodes }) => nodes.map((node) => `${impact} ${id}: ${node.target.join(" ")}: ${node.any.map((check) => check.message).join("; ")}`));
  });
}

for (const size of ["desktop", "phone"]) {
  for (const scheme of ["light", "dark"]) {
    test(`${size}, ${scheme}: axe finds nothing, empty or full`, async () => {
      const { page } = await bench.visit({ size, scheme });
      assert.deepEqual(await findings(page), []);
      await page.getByRole("button", { name: "Its time is over" }).click();
      await page.locator("#panel-inspect .verdict.refused").waitFor();
      await page.getByText("More to expect").click();
      assert.deepEqual(await findings(page), []);

      const mint = await tab(page, "Mint");
      await mint.getByLabel("expiresIn").fill("3600");
      await mint.getByRole("button", { name: "Mint the token" }).click();
      await mint.locator(".verdict.accepted").waitFor();
      assert.deepEqual(await findings(page), []);
      await mint.getByLabel("Claims", { exact: true }).fill("{");
      await mint.getByRole("button", { name: "Mint the token" }).click();
      await mint.locator(".verdict.refused").waitFor();
      assert.deepEqual(await findings(page), []);

      const endpoints = await tab(page, "Endpoints");
      assert.deepEqual(await findings(page), []);
      await endpoints.getByRole("radio", { name: "Ledger" }).check();
      await endpoints.getByRole("button", { name: "Refresh and replay" }).click();
      await endpoints.getByRole("button", { name: "Run it all" }).click();
      await endpoints.locator(".steps > li.as-told").nth(5).waitFor();
      assert.deepEqual(await findings(page), []);
    });
  }
}

test("results are told by live regions that were there before", async () => {
  const { page } = await bench.visit();
  const live = (panel) => page.locator(`#panel-${panel} [role=status]`);
  await page.evaluate(() => document.querySelectorAll("[role=status]").forEach((region) => (region.dataset.old = "yes")));
  await page.getByRole("button", { name: "A good one" }).click();
  await live("inspect").filter({ hasText: "Accepted" }).waitFor();
  const mint = await tab(page, "Mint");
  await mint.getByRole("button", { name: "Mint the token" }).click();
  await live("mint").filter({ hasText: "Minted" }).waitFor();
  await mint.getByLabel("expiresIn").fill("90m");
  await live("mint").filter({ hasText: "1 h 30 min" }).waitFor();
  const endpoints = await tab(page, "Endpoints");
  await endpoints.getByRole("radio", { name: "Merge" }).check();
  await endpoints.getByRole("button", { name: "Run it all" }).click();
  await live("endpoints").filter({ hasText: "Answer 6: 200 OK" }).waitFor();
  assert.equal(await page.locator("[role=status]:not([data-old])").count(), 0);
});
