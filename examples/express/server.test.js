import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { RemoteKeySet, Verifier } from "tokenmint";
import { service } from "./server.js";

let server;
let base;

before(async () => {
  const app = await service();
  await new Promise((resolve) => (server = app.listen(0, "127.0.0.1", resolve)));
  base = `http://127.0.0.1:${server.address().port}`;
});

after(() => server?.close());

function send(path, token, body) {
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  return fetch(base + path, { headers, ...(body !== undefined && { method: "POST", body }) });
}

async function mint(pages) {
  const response = await send("/widget-token", "demo-key", JSON.stringify({ entity: "ent_1", pages }));
  assert.equal(response.status, 200);
  return (await response.json()).token;
}

test("a token opens what it is for, and nothing else", async () => {
  const [good, narrow] = [await mint(["invoices"]), await mint(["vendors"])];
  assert.deepEqual(await (await send("/invoices", good)).json(), { entity: "ent_1", invoices: [] });
  assert.equal((await send("/invoices", narrow)).status, 403);
  const altered = await send("/invoices", good.slice(1));
  assert.deepEqual([altered.status, altered.headers.get("www-authenticate")], [401, 'Bearer error="invalid_token"']);
});

test("others verify by the published keys", async () => {
  const keys = new RemoteKeySet({ "https://api.example.com": `${base}/.well-known/jwks.json` });
  const verifier = new Verifier(keys, { issuer: "https://api.example.com", audience: "widget" });
  assert.equal((await verifier.verify(await mint([]))).sub, "ent_1");
});

test("the endpoints below /mercoa", async () => {
  const response = await send("/mercoa/entity/ent_1/token", "demo-key", JSON.stringify({ expiresIn: "1h" }));
  assert.equal(response.status, 200);
  assert.equal((await send("/mercoa/entity/ent_2/token", "demo-key", "{}")).status, 404);
});

test("what is refused", async () => {
  assert.equal((await send("/widget-token", "demo-kez", "{}")).status, 401);
  assert.equal((await send("/widget-token", "demo-key", "{}")).status, 400);
  assert.equal((await send("/invoices", "")).status, 401);
});
