import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { Bench, findings, fits, KEY, shot, signIn, view } from "./support.js";

const hash = (key) => createHash("sha256").update(key).digest("base64url");

/** Two issuers, a key for all and one that may do little. */
const CONFIG = `
[[keys]]
kid = "k1"
secret = "a secret of at least thirty-two bytes"

[oauth]
issuer = "https://id.example.com"
key = "k1"
audience = "https://api.example.com"
session_secret = "another secret of at least 32 bytes"

[mercoa]
issuer = "https://second.example.com"
key = "k1"

[admin]
listen = "127.0.0.1:0"
keys = [
  { id = "demo", key_sha256 = "${hash(KEY)}" },
  { id = "support", key_sha256 = "${hash("support-key")}", operations = ["list_sessions", "revoke_session"] },
]
`;

describe("the console", () => {
  const bench = new Bench(CONFIG);
  before(() => bench.start());
  after(() => bench.stop());

  test("a client is created, a session started, seen, told of and ended", async () => {
    const { page, seen } = await bench.visit();
    await signIn(page);
    await view(page, "Clients");
    await page.getByText("Create a client").click();
    const create = page.locator("details", { hasText: "Create a client" });
    await create.getByLabel("id", { exact: false }).first().fill("web");
    await create.getByLabel("organization").fill("acme");
    await create.getByLabel("sessions", { exact: true }).check();
    await create.getByRole("button", { name: "Create it" }).click();
    const secret = await create.locator(".once code").textContent();
    assert.match(secret, /^[\w-]{43}$/);
    const item = page.locator(".item", { hasText: "acme" });
    await item.getByText("enabled").waitFor();

    // Shown once: another look at the view has it no more.
    await view(page, "Server");
    await view(page, "Clients");
    await item.waitFor();
    assert.equal((await page.content()).includes(secret), false);

    await item.getByRole("button", { name: "Disable web" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Disable" }).click();
    await item.getByText("disabled").waitFor();
    await item.getByRole("button", { name: "Enable web" }).click();
    await item.getByText("enabled").waitFor();
    await item.getByRole("button", { name: "New secret for web" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Make it" }).click();
    assert.notEqual(await item.locator(".once code").textContent(), secret);

    await view(page, "Sessions");
    await page.getByText("Start a session").click();
    const start = page.locator("details", { hasText: "Start a session" });
    await start.getByLabel("subject").first().fill("user_1");
    await start.getByLabel("client_id").fill("web");
    await start.getByLabel("details").fill('{"device": "phone"}');
    await start.getByRole("button", { name: "Start it" }).click();
    await start.locator(".once").waitFor();
    const session = page.locator(".items .item", { hasText: "phone" });
    await session.waitFor();
    const id = await session.locator("code").first().textContent();

    const event = (name) => page.locator(".rail .event", { hasText: name }).filter({ hasText: id });
    await event("session_opened").waitFor();
    await session.getByRole("button", { name: `End session ${id}` }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Keep" }).click();
    assert.equal(await session.count(), 1);
    await session.getByRole("button", { name: `End session ${id}` }).click();
    await page.getByRole("dialog").getByRole("button", { name: "End it" }).click();
    await page.getByRole("heading", { name: "No session of user_1" }).waitFor();
    await event("session_revoked").waitFor();
    assert.deepEqual(seen.complaints, []);
  });

  test("the key stays in the page's memory: not in storage, not in an address, not in a reload", async () => {
    const { page, context, seen } = await bench.visit();
    await signIn(page);
    await view(page, "Sessions");
    await page.getByLabel("Subject", { exact: true }).first().fill("somebody-secret");
    await page.getByRole("button", { name: "List sessions" }).click();
    await page.getByRole("heading", { name: "No session of" }).waitFor();
    const { admin } = bench.server;
    const address = new URL(page.url());
    assert.deepEqual([address.origin, address.pathname, address.search, address.hash], [admin, "/", "", "#/sessions"]);
    assert.ok(seen.requests.every((url) => url.startsWith(`${admin}/`) && !url.includes(KEY) && !url.includes("somebody")), seen.requests.join("\n"));
    const stored = await page.evaluate(async () => [localStorage.length, sessionStorage.length, document.cookie, (await indexedDB.databases()).length, (await caches.keys()).length]);
    assert.deepEqual(stored, [0, 0, "", 0, 0]);
    assert.deepEqual((await context.storageState()).cookies, []);
    assert.equal((await page.content()).includes(KEY), false);
    await page.reload();
    await page.getByLabel("Admin key").waitFor();
    assert.equal(await page.getByRole("navigation").count(), 0);
    assert.equal(await page.getByLabel("Admin key").inputValue(), "");
  });

  test("signing out ends what is shown and what is followed", async () => {
    const { page } = await bench.visit();
    await signIn(page);
    await page.locator(".rail .live[data-state=live]").waitFor();
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByLabel("Admin key").waitFor();
    assert.equal(await page.locator(".event").count(), 0);
    const asked = page.waitForRequest(/\/v1\//, { timeout: 1500 });
    await assert.rejects(asked);
  });

  test("a key that may do little sees these parts only", async () => {
    const { page, seen } = await bench.visit();
    await signIn(page, "support-key");
    await page.getByRole("navigation").waitFor();
    assert.deepEqual(await page.getByRole("navigation").getByRole("link").allTextContents(), ["Server", "Sessions", "Any operation"]);
    assert.equal(await page.locator(".rail").count(), 0);
    await view(page, "Any operation");
    assert.deepEqual(await page.getByLabel("Operation", { exact: true }).locator("option").allTextContents(), ["revoke_session", "list_sessions"]);
    await view(page, "Sessions");
    assert.equal(await page.getByText("Start a session").count(), 0);
    await page.goto(`${bench.server.admin}/#/clients`);
    assert.deepEqual(seen.complaints, []);
  });

  test("a wrong key is refused with its code; nothing of the page is there for it", async () => {
    const { page } = await bench.visit();
    for (const key of ["wrong", "ключ"]) {
      await signIn(page, key);
      await page.locator(".refusal").filter({ hasText: key === "wrong" ? "unauthenticated at Authorization" : "visible ASCII" }).waitFor();
      assert.equal(await page.getByRole("navigation").count(), 0);
    }
  });

  test("an error stands at its field, with its code", async () => {
    const { page } = await bench.visit();
    await signIn(page);
    await view(page, "Single use");
    const card = page.locator("section", { hasText: "Make one" }).first();
    await card.getByRole("button", { name: "Make it" }).click();
    await card.locator(".refusal").filter({ hasText: "field_required at purpose" }).waitFor();
    assert.equal(await card.getByLabel("purpose").getAttribute("aria-invalid"), "true");
    await card.getByLabel("purpose").fill("reset");
    await card.getByLabel("lifetime").fill("soon");
    await card.getByRole("button", { name: "Make it" }).click();
    await card.locator(".refusal").filter({ hasText: "at lifetime" }).waitFor();
    assert.equal(await card.getByLabel("purpose").getAttribute("aria-invalid"), null);
    await card.getByLabel("lifetime").fill("3600");
    await card.getByText("More:").click();
    await card.getByLabel("payload").fill('{"mail": ');
    await card.getByRole("button", { name: "Make it" }).click();
    await card.locator(".refusal").filter({ hasText: "field_invalid at payload" }).waitFor();
    await card.getByLabel("payload").fill('{"mail": "a@example.com"}');
    await card.getByRole("button", { name: "Make it" }).click();
    const token = await card.locator(".once code").textContent();
    const other = (title) => page.locator(".two section", { hasText: title });
    await other("Look at one").getByLabel("purpose").fill("reset");
    await other("Look at one").getByLabel("token").fill(token);
    await other("Look at one").getByRole("button", { name: "Look" }).click();
    await other("Look at one").getByText("a@example.com").waitFor();
    await other("Cancel one").getByLabel("purpose").fill("reset");
    await other("Cancel one").getByLabel("token").fill(token);
    await other("Cancel one").getByRole("button", { name: "Cancel it" }).click();
    await other("Cancel one").locator(".done").waitFor();
    await other("Look at one").getByRole("button", { name: "Look" }).click();
    await other("Look at one").locator(".refusal").waitFor();
  });

  test("any operation by its schema, by the issuer that is chosen", async () => {
    const { page } = await bench.visit();
    await signIn(page);
    await view(page, "Any operation");
    await page.getByLabel("Operation", { exact: true }).selectOption("create_entity");
    await page.getByLabel("Issuer").selectOption("https://second.example.com");
    await page.getByLabel("Operation", { exact: true }).selectOption("create_user");
    const asked = page.waitForRequest((request) => request.url().includes("create_user"));
    const main = page.getByRole("main");
    await main.getByLabel("id", { exact: false }).first().fill("u1");
    await main.getByRole("button", { name: "Call create_user" }).click();
    assert.match((await asked).url(), /\?issuer=https%3A%2F%2Fsecond\.example\.com$/);
  });

  test("what comes from the server is text, never markup", async () => {
    const { page, seen } = await bench.visit();
    await signIn(page);
    await view(page, "Sessions");
    await page.getByLabel("Subject", { exact: true }).first().fill("<img src=x onerror=alert(1)>");
    await page.getByRole("button", { name: "List sessions" }).click();
    await page.getByRole("heading", { name: "No session of <img" }).waitFor();
    assert.equal(await page.locator("main img").count(), 0);
    assert.deepEqual(seen.complaints, []);
  });

  test("Back goes to the view before, and stays in the page", async () => {
    const { page } = await bench.visit();
    await signIn(page);
    await view(page, "Sessions");
    await view(page, "Clients");
    await page.goBack();
    await page.getByRole("heading", { level: 1, name: "Sessions" }).waitFor();
    await page.goForward();
    await page.getByRole("heading", { level: 1, name: "Clients" }).waitFor();
  });

  for (const size of ["desktop", "phone"]) {
    for (const scheme of ["light", "dark"]) {
      test(`${size}, ${scheme}: axe finds nothing, nothing stands out`, async () => {
        const { page } = await bench.visit({ size, scheme });
        const look = async (name) => {
          await fits(page);
          assert.deepEqual(await findings(page), [], name);
          await shot(page, `${name}-${size}-${scheme}`);
        };
        await signIn(page, "wrong");
        await page.locator(".refusal").waitFor();
        await look("sign-in");
        await signIn(page);
        await page.getByRole("navigation").waitFor();
        await look("server");
        await view(page, "Sessions");
        const start = page.locator("details", { hasText: "Start a session" });
        for (const [user, details] of [["user_7", '{"device": "phone"}'], ["user_7", ""]]) {
          await start.evaluate((element) => (element.open = true));
          await start.getByLabel("subject").first().fill(user);
          await start.getByLabel("details").fill(details);
          await start.getByRole("button", { name: "Start it" }).click();
          await start.locator(".once").waitFor();
        }
        await look("sessions");
        await page.getByRole("button", { name: "End all" }).click();
        await page.getByRole("dialog").waitFor();
        await look("question");
        await page.getByRole("dialog").getByRole("button", { name: "Keep" }).click();
        await view(page, "Clients");
        const create = page.locator("details", { hasText: "Create a client" });
        await create.evaluate((element) => (element.open = true));
        await create.getByLabel("id", { exact: false }).first().fill(`billing-${size}-${scheme}`);
        await create.getByLabel("organization").fill("acme");
        await create.getByLabel("client_credentials", { exact: true }).check();
        await create.getByRole("button", { name: "Create it" }).click();
        await create.locator(".once").waitFor();
        await look("clients");
        await view(page, "Single use");
        await page.getByRole("button", { name: "Make it" }).click();
        await page.locator(".refusal").waitFor();
        await look("single-use");
        await view(page, "API keys");
        const keys = page.locator("details", { hasText: "Create an API key" });
        await keys.evaluate((element) => (element.open = true));
        await keys.getByLabel("owner").first().fill(`customer-${size}-${scheme}`);
        await keys.getByRole("button", { name: "Create it" }).click();
        await keys.locator(".once").waitFor();
        await look("api-keys");
        await view(page, "Events");
        await page.locator("main .event").first().waitFor();
        await look("events");
        await view(page, "Any operation");
        await page.getByLabel("Operation", { exact: true }).selectOption("list_clients");
        await page.getByRole("button", { name: "Call list_clients" }).click();
        await page.locator(".result .json").waitFor();
        await look("operations");
      });
    }
  }
});
