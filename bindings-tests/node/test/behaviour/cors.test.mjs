// Pages of other origins: what the endpoint lets a browser give to them, over node:http and the Fetch API, and in Chromium.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, request as httpRequest } from "node:http";
import { after, before, test } from "node:test";

import { Endpoint, MemoryStore, nodeHandler } from "tokenmint";

import { launch, serve } from "../../lib/browser.mjs";
import { read } from "../../lib/repository.mjs";

const { config } = JSON.parse(read("bindings-tests/vectors/transcripts.json"));
const TOKEN = "/entity/ent_a0f6ea94-0761-4a5e-a416-3c453cb7eced/token";
const JWKS = "/.well-known/jwks.json";
const KEY = { authorization: "Bearer demo-mercoa-key", "content-type": "application/json" };
const OTHER = "https://evil.example";
const ASKS = { "access-control-request-method": "POST", "access-control-request-headers": "authorization,content-type" };

let listed, unlisted, endpoint, server, base;
before(async () => {
  const page = { "/page.html": "<title>A page</title>" };
  [listed, unlisted] = await Promise.all([1, 2].map(() => serve({}, page, "http://127.0.0.1:*")));
  endpoint = new Endpoint({ ...config, server: { ...config.server, cors_origins: [listed.origin] } }, { store: new MemoryStore() });
  server = createServer(nodeHandler(endpoint));
  await once(server.listen(0, "127.0.0.1"), "listening");
  base = `http://127.0.0.1:${server.address().port}`;
});
after(() => {
  for (const each of [server, listed, unlisted]) each.close();
  server.closeAllConnections();
});

/** What an answer says of other origins. */
function said(status, headers) {
  return { status, ...Object.fromEntries(Object.entries(headers).filter(([name]) => name === "vary" || name.startsWith("access-control-"))) };
}

/** The two ways in. The platform's `fetch` sends no such headers, so the first is asked by node:http. */
const WAYS = {
  nodeHandler: async (method, path, headers, body) => {
    const request = httpRequest(base + path, { method, headers, agent: false });
    request.end(body);
    const [response] = await once(request, "response");
    response.resume();
    return said(response.statusCode, response.headers);
  },
  fetch: async (method, path, headers, body) => {
    const response = await endpoint.fetch(new Request(base + path, { method, headers, body }));
    return said(response.status, Object.fromEntries(response.headers));
  },
};

test("each way in tells pages of other origins what is for them", async () => {
  const page = listed.origin;
  const readable = { "access-control-allow-origin": page, "access-control-expose-headers": "Retry-After", vary: "Origin" };
  const anybody = { "access-control-allow-origin": "*", "access-control-expose-headers": "Retry-After" };
  for (const [name, ask] of Object.entries(WAYS)) {
    const post = (origin, headers = KEY) => ask("POST", TOKEN, { ...headers, origin }, "{}");
    assert.deepEqual(await post(page), { status: 200, ...readable }, name);
    assert.deepEqual(await post(page, {}), { status: 401, ...readable }, name);
    for (const origin of [OTHER, "null", unlisted.origin]) {
      assert.deepEqual(await post(origin), { status: 200, vary: "Origin" }, `${name} ${origin}`);
      assert.deepEqual(await ask("OPTIONS", TOKEN, { ...ASKS, origin }), { status: 204, vary: "Origin" }, `${name} ${origin}`);
      assert.deepEqual(await ask("GET", JWKS, { origin }), { status: 200, ...anybody }, `${name} ${origin}`);
    }
    assert.deepEqual(await ask("OPTIONS", TOKEN, { ...ASKS, origin: page }), {
      status: 204,
      "access-control-allow-origin": page,
      "access-control-allow-methods": "POST",
      "access-control-allow-headers": "authorization,content-type",
      "access-control-max-age": "7200",
      vary: "Origin",
    });
  }
});

test("a page may read that its request did not arrive whole", async () => {
  const refused = (headers) => endpoint.refuse(TOKEN, "body_timeout", headers).headers["access-control-allow-origin"];
  assert.equal(refused({ Origin: listed.origin }), listed.origin);
  assert.deepEqual([refused([["origin", OTHER]]), refused()], [undefined, undefined]);
  const broken = new ReadableStream({ start: (controller) => controller.error(new Error("gone")) });
  const headers = { origin: listed.origin };
  const response = await endpoint.fetch(new Request(base + TOKEN, { method: "POST", headers, body: broken, duplex: "half" }));
  assert.deepEqual([response.status, response.headers.get("access-control-allow-origin")], [400, listed.origin]);
});

test("Chromium gives answers to pages of listed origins, and to no other", async () => {
  const browser = await launch();
  try {
    const found = [];
    for (const { origin } of [listed, unlisted]) {
      const page = await browser.newPage();
      await page.goto(`${origin}/page.html`);
      found.push(
        await page.evaluate(
          async ([base, token, jwks, headers]) => {
            const status = (path, options) => fetch(base + path, options).then((response) => response.status, (error) => error.name);
            return {
              // With a preflight, since a page may not send these headers by itself.
              token: await status(token, { method: "POST", headers, body: "{}" }),
              // Refused by the dialect: what is wrong can be read as well.
              wrong: await status(token, { method: "POST", body: "{}" }),
              jwks: await status(jwks),
            };
          },
          [base, TOKEN, JWKS, KEY],
        ),
      );
      await page.close();
    }
    assert.deepEqual(found, [
      { token: 200, wrong: 401, jwks: 200 },
      { token: "TypeError", wrong: "TypeError", jwks: 200 },
    ]);
  } finally {
    await browser.close();
  }
});
