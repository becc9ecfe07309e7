import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Bench, tab } from "./support.js";

const bench = new Bench();
before(() => bench.start());
after(() => bench.stop());

const focused = (page) => page.evaluate(() => document.activeElement?.id || document.activeElement?.tagName);

test("the tabs: one stop, arrows move and activate, Home and End, around the ends", async () => {
  const { page } = await bench.visit();
  await page.locator("#tab-inspect").focus();
  for (const [key, name] of [
    ["ArrowRight", "mint"],
    ["ArrowRight", "endpoints"],
    ["ArrowRight", "inspect"],
    ["ArrowLeft", "endpoints"],
    ["Home", "inspect"],
    ["End", "endpoints"],
    ["ArrowLeft", "mint"],
  ]) {
    await page.keyboard.press(key);
    assert.equal(await focused(page), `tab-${name}`, key);
    assert.deepEqual(await page.getByRole("tab", { selected: true }).allTextContents(), [{ inspect: "Inspect", mint: "Mint", endpoints: "Endpoints" }[name]]);
    assert.equal(await page.locator("[role=tab][tabindex='0']").count() + (await page.locator("[role=tab]:not([tabindex])").count()), 1);
    assert.equal(await page.locator("[role=tabpanel]:not([hidden])").getAttribute("id"), `panel-${name}`);
  }
  await page.keyboard.press("Tab");
  assert.notEqual((await focused(page)).slice(0, 4), "tab-");
});

test("the skip link comes first, shows itself, and leads behind the bar", async () => {
  const { page } = await bench.visit();
  await page.keyboard.press("Tab");
  const skip = page.getByRole("link", { name: "Skip to the tools" });
  assert.ok(await skip.evaluate((link) => link === document.activeElement && link.getBoundingClientRect().top >= 0));
  await page.keyboard.press("Enter");
  await page.keyboard.press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement.labels?.[0]?.textContent), "Token");
});

test("choices move by arrows", async () => {
  const { page } = await bench.visit();
  await page.getByRole("radio", { name: "Secret", exact: true }).focus();
  await page.keyboard.press("ArrowRight");
  assert.ok(await page.getByRole("radio", { name: "base64url" }).first().isChecked());
  await tab(page, "Endpoints");
  await page.getByRole("radio", { name: "Mercoa" }).focus();
  await page.keyboard.press("ArrowLeft");
  assert.ok(await page.getByRole("radio", { name: "Shared" }).isChecked());
});

test("all of it without a mouse: example, verdict, mint, story", async () => {
  const { page } = await bench.visit();
  const press = async (name) => {
    for (let count = 0; count < 80; count += 1) {
      await page.keyboard.press("Tab");
      const here = await page.evaluate(() => document.activeElement.getAttribute("aria-label") ?? document.activeElement.textContent);
      if (here === name) {
        await page.keyboard.press("Enter");
        return;
      }
    }
    assert.fail(`no stop at ${name}`);
  };
  await press("A good one");
  await page.locator("#panel-inspect .verdict.accepted").waitFor();
  await page.locator("#tab-inspect").focus();
  await page.keyboard.press("ArrowRight");
  await press("Mint the token");
  await page.locator("#panel-mint .verdict.accepted").waitFor();
  await press("Inspect this");
  await page.locator("#panel-inspect .verdict.accepted").waitFor();
  assert.equal(await focused(page), "tab-inspect");
  await page.keyboard.press("End");
  await press("Run it all");
  await page.locator(".history > li").nth(2).waitFor();
});

for (const name of ["Inspect", "Mint", "Endpoints"]) {
  test(`${name}: every stop of the Tab key shows where it is`, async () => {
    const { page } = await bench.visit();
    await tab(page, name);
    await page.evaluate(() => document.activeElement.blur());
    const stops = new Set();
    for (let count = 0; count < 60; count += 1) {
      await page.keyboard.press("Tab");
      const stop = await page.evaluate(() => {
        const element = document.activeElement;
        if (element === document.body) {
          return null;
        }
        // A radio button is drawn by the text beside it.
        const drawn = element.matches(".segments input") ? element.nextElementSibling : element;
        const { outlineStyle, outlineWidth } = getComputedStyle(drawn);
        const box = drawn.getBoundingClientRect();
        return {
          name: element.getAttribute("aria-label") ?? element.labels?.[0]?.textContent ?? element.textContent,
          shown: outlineStyle !== "none" && Number.parseFloat(outlineWidth) >= 2 && box.width > 0 && box.bottom > 0 && box.top < innerHeight,
        };
      });
      if (stop === null) {
        break;
      }
      assert.ok(stop.shown, `${stop.name} has no visible focus`);
      assert.ok(stop.name.trim(), "a stop without a name");
      stops.add(stop.name);
    }
    assert.ok(stops.size > 12, [...stops].join(", "));
  });
}
