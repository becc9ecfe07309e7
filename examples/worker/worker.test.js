import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { after, before, test } from "node:test";
import { hashSecret, Key, RemoteKeySet, Verifier } from "tokenmint";
import workerd from "workerd";

let server;
let base;

before(async () => {
  const env = {
    ...process.env,
    SIGNING_KEY: JSON.stringify(await Key.generateJwk("ES256", { kid: "k1" })),
    PARTNER_KEY_SHA256: hashSecret("demo-key"),
  };
  const options = ["--socket-addr=http=127.0.0.1:0", "--control-fd=3"];
  server = spawn(workerd.default, ["serve", ...options, "worker.capnp"], {
    cwd: import.meta.dirname,
    env,
    stdio: ["ignore", "inherit", "inherit", "pipe"],
  });
  // workerd says on this pipe which port it got.
  for await (const line of server.stdio[3]) {
    const { event, port } = JSON.parse(line);
    if (event === "listen") base = `http://127.0.0.1:${port}`;
    break;
  }
  assert.ok(base, "workerd does not listen");
});

after(() => server?.kill());

const send = (path, token, body) => {
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  return fetch(base + path, { headers, ...(body !== undefined && { method: "POST", body }) });
};

async function mint(pages) {
  const response = await send("/widget-token", "demo-key", JSON.stringify({ entity: "ent_1", pages }));
  assert.equal(response.status, 200);
  return (await response.json()).token;
}

test("a vendor's endpoint gives tokens of the same key, also to many who ask at once", async () => {
  const ask = (id) => send(`/entity/${id}/token`, "demo-key", JSON.stringify({ expiresIn: "1h" }));
  // The worker has only begun: these requests share what the first of them makes.
  const responses = await Promise.all(Array.from({ length: 8 }, () => ask("ent_1")));
  const keys = new RemoteKeySet({ "https://api.example.com": `${base}/.well-known/jwks.json` });
  const verifier = new Verifier(keys, { issuer: "https://api.example.com", anyAudience: true });
  for (const response of responses) {
    assert.equal(response.status, 200);
    assert.equal((await verifier.verify(await response.json())).iss, "https://api.example.com");
  }
  assert.equal((await ask("ent_2")).status, 404);
});

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

test("what is refused", async () => {
  assert.equal((await send("/widget-token", "demo-kez", "{}")).status, 401);
  assert.equal((await send("/widget-token", "demo-key", "{")).status, 400);
  assert.equal((await send("/elsewhere", "")).status, 404);
});
