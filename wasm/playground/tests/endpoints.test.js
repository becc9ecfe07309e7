import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Bench, quiet, tab } from "./support.js";

const bench = new Bench();
before(() => bench.start());
after(() => bench.stop());

async function serving() {
  const visit = await bench.visit();
  const panel = await tab(visit.page, "Endpoints");
  const answers = panel.locator(".history > li > details");
  return {
    ...visit,
    panel,
    answers,
    steps: panel.locator(".steps > li"),
    field: (name) => panel.getByLabel(name, { exact: true }),
    async story(dialect, title) {
      await panel.getByRole("radio", { name: dialect }).check();
      await panel.locator(".stories").getByRole("button", { name: title, exact: true }).click();
    },
    /** Presses a step's button, and waits for what comes of it. */
    async step(number) {
      await panel.getByRole("button", { name: new RegExp(`: step ${number}, `) }).click();
      await panel.locator(`.steps > li:nth-child(${number}):is(.as-told, .other)`).waitFor();
    },
    /** The newest answer: its status, its body, the names of its events. */
    async newest() {
      const first = answers.first();
      return {
        status: Number.parseInt(await first.locator(".status").textContent(), 10),
        body: await first.locator(".answer-body > .json").textContent(),
        events: await first.locator(".event-name").allTextContents(),
      };
    },
  };
}

test("every story of every endpoint goes as it is told", async () => {
  const { page, panel, steps, seen } = await serving();
  let stories = 0;
  for (const dialect of await panel.getByRole("radio").all()) {
    await dialect.check();
    const titles = await panel.locator(".stories .chip").allTextContents();
    assert.ok(titles.length >= 4);
    for (const title of titles) {
      await panel.locator(".stories .chip", { hasText: title }).first().click();
      const count = await steps.count();
      await panel.getByRole("button", { name: count > 1 ? "Run it all" : "Send it" }).click();
      await page.waitForFunction(
        () => [...document.querySelectorAll(".steps > li")].every((step) => step.matches(".as-told, .other")) || document.querySelector(".steps > li.other"),
      );
      const results = await steps.allTextContents();
      assert.equal(await panel.locator(".steps > li.as-told").count(), count, `${title}: ${results.join("\n")}`);
      stories += 1;
    }
  }
  assert.ok(stories >= 24, `${stories}`);
  quiet(seen);
});

test("a link is redeemed once, and the second time is refused", async () => {
  const { story, step, newest } = await serving();
  await story("Merge", "A link works once");
  await step(1);
  assert.match((await newest()).body, /"link_token": "[\w-]{40}"/);
  await step(2);
  const redeemed = await newest();
  assert.equal(redeemed.status, 200);
  assert.match(redeemed.body, /"public_token"/);
  assert.deepEqual(redeemed.events, ["link_redeemed"]);
  await step(3);
  const again = await newest();
  assert.equal(again.status, 400);
  assert.match(again.body, /used already/);
  assert.deepEqual(again.events, ["link_reuse"]);
});

test("a refresh token replays within the grace, and ends the session behind it", async () => {
  const { page, story, step, newest } = await serving();
  await story("Ledger", "Refresh and replay");
  await step(1);
  await step(2);
  const refreshed = await newest();
  await step(3);
  const replayed = await newest();
  assert.equal(replayed.status, 200);
  assert.equal(JSON.parse(replayed.body).refresh_token, JSON.parse(refreshed.body).refresh_token);
  assert.ok(replayed.events.includes("refresh_replayed"));
  await page.getByRole("button", { name: "move this tool's clock 10 seconds forward" }).click();
  await page.getByRole("button", { name: "move this tool's clock 10 seconds forward" }).click();
  await step(5);
  const reused = await newest();
  assert.equal(reused.status, 401);
  assert.ok(reused.events.includes("refresh_reuse_detected"), reused.events.join());
  await step(6);
  assert.equal((await newest()).status, 401);
});

test("without moving the clock the replay is not yet theft", async () => {
  const { story, step, newest, panel } = await serving();
  await story("Ledger", "Refresh and replay");
  for (const number of [1, 2, 3]) {
    await step(number);
  }
  await step(5);
  assert.equal((await newest()).status, 200);
  // The story told 401, so the step says that it went otherwise.
  assert.equal(await panel.locator(".steps > li.other").count(), 1);
});

test("a request is edited by hand, with values of earlier answers", async () => {
  const { panel, field, story, step, newest, answers } = await serving();
  await story("Ledger", "Open a session");
  await panel.getByRole("button", { name: "Send it" }).click();
  await panel.locator(".steps > li.as-told").waitFor();
  await field("Path").fill("/auth/token/refresh");
  await field("Headers").fill("Content-Type: application/json");
  await field("Body").fill('{"refresh_token": ""}');
  await field("Body").evaluate((area) => area.setSelectionRange(19, 19));
  await panel.getByRole("button", { name: "{{refresh_token}}" }).click();
  assert.equal(await field("Body").inputValue(), '{"refresh_token": "{{refresh_token}}"}');
  await panel.getByRole("button", { name: "Send", exact: true }).last().click();
  await answers.nth(1).waitFor();
  assert.equal((await newest()).status, 200);
  const sent = answers.first().locator(".more");
  await sent.locator("summary").click();
  assert.match(await sent.textContent(), /POST \/auth\/token\/refresh.*"refresh_token": "eyJ/s);

  await field("Method").selectOption("DELETE");
  await field("Body").fill("");
  await field("Body").press("Control+Enter");
  await answers.nth(2).waitFor();
  assert.equal((await newest()).status, 405);
  assert.match(await answers.first().locator(".pairs").textContent(), /allowPOST/i);

  await answers.nth(2).locator("summary").first().click();
  await answers.nth(2).getByRole("button", { name: "Edit the request" }).click();
  assert.equal(await field("Path").inputValue(), "/auth/token");

  for (const [name, text, words] of [
    ["Body", "{{nothing}}", "No answer has given {{nothing}} yet."],
    ["Headers", "nonsense", "A header is “Name: value”"],
    ["Path", "/a b", /field_invalid|invalid_request|target/],
  ]) {
    await field(name).fill(text);
    await panel.getByRole("button", { name: "Send", exact: true }).last().click();
    await panel.getByRole("alert").filter({ hasText: words }).waitFor();
    await field(name).fill("");
  }
  assert.equal(await answers.count(), 3);
});

test("a step whose values are not there yet says so", async () => {
  const { story, step, steps } = await serving();
  await story("Merge", "A link works once");
  await step(2);
  await steps.nth(1).filter({ hasText: "Not sent: an earlier step gives what it needs." }).waitFor();
});

test("tokens of the answers are handed to Inspect with their keys", async () => {
  const { page, panel, story, answers } = await serving();
  for (const [dialect, title, button] of [["Ledger", "Open a session", "Inspect access_token"], ["Mercoa", "A token for an entity", "Inspect it"]]) {
    await tab(page, "Endpoints");
    await story(dialect, title);
    await panel.getByRole("button", { name: "Send it" }).click();
    await panel.locator(".steps > li.as-told").waitFor();
    await answers.first().getByRole("button", { name: button }).click();
    await page.locator("#panel-inspect .verdict.accepted").waitFor();
    await page.locator("#panel-inspect .words dd strong.left").last().waitFor();
  }
});

test("starting over forgets sessions, answers and the moved clock", async () => {
  const { page, panel, field, story, step, answers, newest } = await serving();
  await story("Ledger", "Refresh and replay");
  await step(1);
  await answers.first().getByRole("button", { name: "Edit the request" }).click();
  const token = JSON.parse((await newest()).body).refresh_token;
  await page.getByRole("button", { name: "move this tool's clock 1 minute forward" }).click();
  await panel.getByRole("button", { name: "Start over" }).click();
  assert.equal(await answers.count(), 0);
  assert.equal(await page.locator(".clock-moved").textContent(), "real time");
  await field("Path").fill("/auth/token/refresh");
  await field("Body").fill(JSON.stringify({ refresh_token: token }));
  await panel.getByRole("button", { name: "Send", exact: true }).last().click();
  await answers.first().waitFor();
  assert.equal((await newest()).status, 401);
});
