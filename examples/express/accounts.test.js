import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { accounts, hashed } from "./accounts.js";

const links = [];
let server;
let base;

before(async () => {
  const users = new Map([["alice", hashed("correct horse")]]);
  const app = await accounts(users, (_user, link) => links.push(link.split("#")[1]));
  await new Promise((resolve) => (server = app.listen(0, "127.0.0.1", resolve)));
  base = `http://127.0.0.1:${server.address().port}`;
});

after(() => server?.close());

async function send(path, token, body, status = 200) {
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  const response = await fetch(base + path, { headers, ...(body && { method: "POST", body: JSON.stringify(body) }) });
  assert.equal(response.status, status, path);
  assert.equal(response.headers.get("cache-control"), "no-store");
  const text = await response.text();
  return text.startsWith("{") ? JSON.parse(text) : undefined;
}

const login = (device, password = "correct horse") => send("/login", "", { user: "alice", password, device });

test("log-in, devices, log out everywhere", async () => {
  await send("/login", "", { user: "alice", password: "wrong" }, 401);
  await send("/login", "", { user: "bob", password: "" }, 401);
  const [phone, laptop] = [await login("phone"), await login("laptop")];
  const { accessToken } = await send("/refresh", "", { refreshToken: phone.refreshToken });
  const { sessions } = await send("/devices", accessToken);
  assert.deepEqual(new Set(sessions.map(({ details }) => details.device)), new Set(["phone", "laptop"]));
  assert.ok(sessions.every(({ createdAt, expiresAt }) => createdAt < expiresAt));

  await send("/logout-everywhere", accessToken, {});
  for (const token of [accessToken, phone.accessToken, laptop.accessToken, ""]) await send("/devices", token, undefined, 401);
  await send("/refresh", "", { refreshToken: laptop.refreshToken }, 400);
});

test("a reset link works once, and ends all sessions", async () => {
  const tablet = await login("tablet");
  for (const user of ["alice", "bob", "alice"]) await send("/forgot", "", { user });
  const [older, newer] = links;
  assert.equal(links.length, 2);
  await send("/reset", "", { token: older, password: "x" }, 404);
  await send("/reset", "", { token: newer, password: "correct horse" });
  await send("/reset", "", { token: newer, password: "x" }, 400);
  await send("/devices", tablet.accessToken, undefined, 401);
});

test("an API key for a customer", async () => {
  const { apiKey } = await send("/api-keys", (await login("phone")).accessToken, {});
  assert.match(apiKey, /^acme_/);
  assert.deepEqual(await send("/reports", apiKey), { owner: "alice", reports: [] });
  await send("/reports", `${apiKey.slice(0, -1)}!`, undefined, 401);
});

test("the example is short", () => {
  assert.ok(readFileSync(new URL("accounts.js", import.meta.url), "utf8").split("\n").length <= 100);
});
