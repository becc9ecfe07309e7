// The four dialects behind `fetch`, and behind a real HTTP server.

import assert from "node:assert/strict";
import { createServer, request as httpRequest, Agent } from "node:http";
import { connect } from "node:net";
import { after, before, test } from "node:test";

import express from "express";

import * as tokenmint from "tokenmint";
import { Endpoint, Key, MemoryStore, StoreError, nodeHandler } from "tokenmint";

import { misused, refused, rejected } from "../../lib/expect.mjs";
import { NOW, SEED } from "../../lib/fixtures.mjs";
import { read } from "../../lib/repository.mjs";
import { Report } from "../../vectors/check.mjs";
import { LaterStore, MapStore } from "../../vectors/stores.mjs";
import { counted, exchange, isWhole } from "../../vectors/transcripts.mjs";

const FILE = JSON.parse(read("bindings-tests/vectors/transcripts.json"));
const BEARER = { authorization: "Bearer demo-mercoa-key", "content-type": "application/json" };
const PATH = "/entity/ent_a0f6ea94-0761-4a5e-a416-3c453cb7eced/token";
const BASE = "https://tokens.example";
const LARGE = "x".repeat(70_000);

test("fetch, on each kind of store", async () => {
  for (const store of [undefined, new MemoryStore(), new MapStore(tokenmint), new LaterStore(tokenmint)]) {
    const events = [];
    const endpoint = new Endpoint(FILE.config, { store, onEvents: (some) => events.push(...some) });
    // The directory is made once, though the first requests come together.
    const [one, two] = await Promise.all(
      [1, 2].map(() => endpoint.fetch(new Request(BASE + PATH, { method: "POST", headers: BEARER, body: '{"expiresIn":"1h"}' }))),
    );
    for (const response of [one, two]) {
      assert.ok(response instanceof Response);
      assert.deepEqual([response.status, response.headers.get("content-type"), response.headers.get("cache-control")], [200, "application/json", "no-store"]);
    }
    const [first, second] = [await one.json(), await two.json()];
    assert.ok(first.startsWith("eyJ") && first !== second);
    assert.equal(events.filter(({ event }) => event === "token_issued").length, 2);
    const directory = events.filter(({ event }) => event === "directory_changed").length;
    assert.ok(directory <= FILE.config.clients.length + FILE.config.api_keys.length + 10);
    const seen = async (request) => (await endpoint.fetch(request)).status;
    assert.equal(await seen(new Request(`${BASE}/.well-known/jwks.json`)), 200);
    assert.equal(await seen(new Request(BASE + PATH, { method: "POST", body: "{}" })), 401);
    assert.equal(await seen(new Request(BASE + PATH, { method: "POST", headers: BEARER, body: LARGE })), 413);
    assert.equal(await seen(new Request(`${BASE}/nothing/%C3%BC%20/?a=b%20c`)), 404);
    assert.equal(await seen(new Request(BASE + PATH, { method: "DELETE" })), 405);
    assert.equal(await seen(new Request(BASE + PATH, { method: "POST", headers: { ...BEARER, "content-type": "text/plain" }, body: "{}" })), 415);
  }
});

test("fetch reads bodies in pieces, and stops where they are too large", async () => {
  const endpoint = new Endpoint(FILE.config);
  const pieces = (...texts) =>
    new ReadableStream({
      start(controller) {
        for (const text of texts) controller.enqueue(new TextEncoder().encode(text));
        controller.close();
      },
    });
  const request = (body) => new Request(BASE + PATH, { method: "POST", headers: BEARER, body, duplex: "half" });
  assert.equal((await endpoint.fetch(request(pieces('{"expires', 'In":"1h"}')))).status, 200);
  let pulled = 0;
  const endless = new ReadableStream({
    pull(controller) {
      pulled += 1;
      controller.enqueue(new Uint8Array(16_384));
      // Whoever reads on for ever is found, and does not fill the machine.
      if (pulled === 1000) controller.close();
    },
  });
  assert.equal((await endpoint.fetch(request(endless))).status, 413);
  assert.ok(pulled < 50, `${pulled} pieces were read`);
  const broken = new ReadableStream({ pull: (controller) => controller.error(new Error("gone")) });
  const found = await endpoint.fetch(request(broken)).catch((error) => error);
  assert.ok(found instanceof Error || found.status === 400, String(found.status ?? found));
  const used = request("{}");
  await used.text();
  const after = await endpoint.fetch(used).catch((error) => error);
  assert.ok(after instanceof Error || after.status >= 400);
});

test("a store that fails answers 503, and a host that throws is heard", async () => {
  const away = { execute: () => { throw new StoreError("unavailable"); } };
  const endpoint = new Endpoint(FILE.config, { store: away });
  const response = await endpoint.fetch(new Request(BASE + PATH, { method: "POST", headers: BEARER, body: "{}" })).catch((error) => error);
  assert.ok(response.status === 503, String(response.status ?? response));
  const task = endpoint.handle({ method: "POST", target: PATH, headers: BEARER, body: "{}" });
  assert.equal((await task.run(away)).status, 503);
  // Once the store is back, the directory is made after all.
  let down = true;
  const inner = new MemoryStore();
  const flaky = { execute: (command) => { if (down) throw new StoreError("unavailable"); return inner.execute(command); } };
  const second = new Endpoint(FILE.config, { store: flaky });
  const ask = () => second.fetch(new Request(BASE + PATH, { method: "POST", headers: BEARER, body: "{}" }));
  assert.equal((await ask().catch((error) => error)).status, 503);
  down = false;
  assert.equal((await ask()).status, 200);
});

test("handle takes what is HTTP, and nothing else", async () => {
  const endpoint = new Endpoint(FILE.config);
  const wrong = [
    { method: "GET", target: "/a b", headers: {} },
    { method: "G ET", target: "/", headers: {} },
    { method: "", target: "/", headers: {} },
    { method: "GET", target: "", headers: {} },
    { method: "GET", target: "/", headers: { x: "a\r\nb: c" } },
    { method: "GET", target: "/", headers: { x: "a\nb: c" } },
    { method: "GET", target: "/", headers: { x: "a\0" } },
    { method: "GET", target: "/", headers: { "a b": "c" } },
    { method: "GET", target: "/", headers: { "a\r\nb": "c" } },
    { method: "GET", target: "/", headers: { "a:b": "c" } },
    { method: "GET", target: "/", headers: { "": "c" } },
    { method: "GET", target: "/\r\nx: y", headers: {} },
  ];
  for (const request of wrong) {
    await refused(() => endpoint.handle(request), ["invalid_request", "field_invalid"]).catch((error) => assert.fail(`${JSON.stringify(request)}: ${error.message}`));
  }
  for (const request of [undefined, null, {}, "GET /", { method: 1, target: "/", headers: {} }, { method: "GET", target: "/", headers: { x: 1 } }, { method: "GET", target: "/", headers: {}, body: 1 }]) {
    misused(() => endpoint.handle(request), JSON.stringify(request));
  }
  // Bodies are texts or bytes.
  const store = new MemoryStore();
  await endpoint.prepare({ now: NOW, seed: SEED }).run(store);
  const call = { now: NOW, seed: SEED };
  const body = '{"expiresIn":"1h"}';
  const answers = [];
  for (const given of [body, new TextEncoder().encode(body), Buffer.from(body)]) {
    answers.push(await endpoint.handle({ method: "POST", target: PATH, headers: BEARER, body: given }, call).run(store));
  }
  assert.equal(answers[0].status, 200);
  assert.deepEqual(answers[1], answers[0]);
  assert.deepEqual(answers[2], answers[0]);
  const bytes = await endpoint.handle({ method: "POST", target: PATH, headers: BEARER, body: new Uint8Array([0xff, 0xfe]) }, call).run(store);
  assert.equal(bytes.status, 400);
});

test("configurations", async () => {
  const key = { kid: "k1", alg: "ES256", held: true };
  const config = { keys: [key], mercoa: { issuer: "https://m.example", key: "k1" } };
  await refused(() => new Endpoint(config), ["policy_invalid", "key_missing"]);
  const both = await Key.generateJwk("ES256");
  const held = Key.fromJwkSync(both);
  for (const endpoint of [new Endpoint(config, { keys: { k1: held } }), await Endpoint.create(JSON.stringify(config), { keys: { k1: held } })]) {
    const response = await endpoint.fetch(new Request(`${BASE}/.well-known/jwks.json`));
    assert.deepEqual((await response.json()).keys.map(({ x, kid }) => [x, kid]), [[both.x, "k1"]]);
  }
  for (const wrong of [{}, [], "[", "x", null, undefined, 1, { nonsense: 1 }, { ...FILE.config, keys: [] }]) {
    misused(() => new Endpoint(wrong), JSON.stringify(wrong));
    await misused(() => Endpoint.create(wrong), JSON.stringify(wrong));
  }
  await rejected(() => Endpoint.create({ ...FILE.config, nonsense: 1 }), "policy_invalid");
  // Nothing is read from files or from the environment.
  for (const keys of [[{ kid: "k1", secret_file: "/etc/hostname" }], [{ kid: "k1", secret_env: "HOME" }]]) {
    await refused(() => new Endpoint({ keys, mercoa: { issuer: "i", key: "k1" } }));
  }
});

// --- a real server

let server, port, events;
before(async () => {
  events = [];
  const endpoint = new Endpoint(FILE.config, { onEvents: (some) => events.push(...some) });
  server = createServer(nodeHandler(endpoint));
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  port = server.address().port;
});
after(() => server.close());

const agent = new Agent({ keepAlive: true, maxSockets: 4 });
after(() => agent.destroy());

function ask({ method = "POST", target = PATH, headers = BEARER, body, to = port }) {
  return new Promise((resolve, reject) => {
    const request = httpRequest({ host: "127.0.0.1", port: to, method, path: target, headers, agent }, (response) => {
      const parts = [];
      response.on("data", (part) => parts.push(part)).on("error", reject);
      response.on("end", () => resolve({ status: response.statusCode, headers: response.headers, raw: response.rawHeaders, body: Buffer.concat(parts).toString() }));
    });
    request.on("error", reject);
    for (const part of [body ?? []].flat()) request.write(part);
    request.end();
  });
}

/** Sends bytes as they are, and gives all that comes back. */
function raw(text) {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1");
    let answer = "";
    socket.setTimeout(30_000, () => socket.destroy());
    socket.on("data", (part) => (answer += part.toString("latin1"))).on("error", reject).on("close", () => resolve(answer));
    socket.write(text, "latin1");
  });
}

test("over HTTP: a token", async () => {
  const answer = await ask({ body: '{"expiresIn":"1h"}' });
  assert.equal(answer.status, 200);
  assert.ok(JSON.parse(answer.body).startsWith("eyJ"));
  assert.equal(Number(answer.headers["content-length"]), Buffer.byteLength(answer.body));
  assert.ok(events.some(({ event }) => event === "token_issued"));
});

test("over HTTP: a chunked body", async () => {
  const answer = await ask({ headers: { ...BEARER, "transfer-encoding": "chunked" }, body: ['{"expires', 'In":', '"1h"}'] });
  assert.equal(answer.status, 200);
});

test("over HTTP: a body that is too large is refused, and the server goes on", async () => {
  assert.equal((await ask({ body: LARGE })).status, 413);
  assert.equal((await ask({ headers: { ...BEARER, "transfer-encoding": "chunked" }, body: [LARGE, LARGE] })).status, 413);
  const told = await raw(`POST ${PATH} HTTP/1.1\r\nHost: x\r\nAuthorization: ${BEARER.authorization}\r\nContent-Type: application/json\r\nContent-Length: 999999999\r\n\r\n`);
  assert.match(told, /^HTTP\/1.1 413 /);
  assert.equal((await ask({ body: "{}" })).status, 200);
});

test("over HTTP: HEAD has no body", async () => {
  const get = await ask({ method: "GET", target: "/.well-known/jwks.json", headers: {} });
  assert.equal(get.status, 200);
  const head = await ask({ method: "HEAD", target: "/.well-known/jwks.json", headers: {} });
  assert.deepEqual([head.body, head.status === 200 || head.status === 405], ["", true]);
  // The connection is still in step.
  assert.equal((await ask({ method: "GET", target: "/.well-known/jwks.json", headers: {} })).body, get.body);
});

test("over HTTP: two credentials are none", async () => {
  const lines = (name, ...values) => values.map((value) => `${name}: ${value}\r\n`).join("");
  const request = (headers) => `POST ${PATH} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: 2\r\n${headers}\r\n{}`;
  assert.match(await raw(request(lines("Authorization", BEARER.authorization))), /^HTTP\/1.1 200 /);
  for (const values of [[BEARER.authorization, "Bearer other"], ["Bearer other", BEARER.authorization], [BEARER.authorization, BEARER.authorization]]) {
    assert.match(await raw(request(lines("Authorization", ...values))), /^HTTP\/1.1 4\d\d /, values.join(" and "));
  }
});

test("over HTTP: what is malformed", async () => {
  const host = "Host: x\r\nConnection: close\r\n";
  const cases = [
    [`GET / HTTP/1.1\r\n${host}\r\n`, /^HTTP\/1.1 404 /],
    [`GET http://other.example/.well-known/jwks.json HTTP/1.1\r\n${host}\r\n`, /^HTTP\/1.1 (200|400|404) /],
    [`OPTIONS * HTTP/1.1\r\n${host}\r\n`, /^HTTP\/1.1 4\d\d /],
    [`GET //..//%2e%2e/ HTTP/1.1\r\n${host}\r\n`, /^HTTP\/1.1 4\d\d /],
    [`GET /\xff\xfe HTTP/1.1\r\n${host}\r\n`, /^HTTP\/1.1 4\d\d /],
    [`GET / HTTP/1.1\r\n${host}X: \xff\x80\r\n\r\n`, /^HTTP\/1.1 4\d\d /],
    [`nonsense\r\n\r\n`, /^HTTP\/1.1 400 /],
    [`PATCH / HTTP/1.1\r\n${host}\r\n`, /^HTTP\/1.1 4\d\d /],
  ];
  for (const [text, expected] of cases) assert.match(await raw(text), expected, JSON.stringify(text));
  assert.equal((await ask({ body: "{}" })).status, 200);
});

test("over HTTP: whoever hangs up in the middle does no harm", async () => {
  const head = `POST ${PATH} HTTP/1.1\r\nHost: x\r\nAuthorization: ${BEARER.authorization}\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{`;
  for (let i = 0; i < 20; i++) {
    await new Promise((resolve) => {
      const socket = connect(port, "127.0.0.1", () => socket.write(head, () => socket.destroy()));
      socket.on("close", resolve).on("error", () => {});
    });
  }
  assert.equal((await ask({ body: "{}" })).status, 200);
});

test("over HTTP: every transcript", async (t) => {
  const report = new Report();
  const given = { now: NOW, seed: SEED };
  const host = { now: () => given.now * 1000, random: (into) => into.set(given.seed.subarray(0, into.length)) };
  for (const wanted of FILE.cases) {
    const store = new MemoryStore();
    const endpoint = new Endpoint(FILE.config, { host, store });
    Object.assign(given, { now: wanted.exchanges[0].now - 1, seed: new Uint8Array(32).fill(0xee) });
    await endpoint.prepare().run(store);
    const listener = createServer(nodeHandler(endpoint));
    await new Promise((resolve) => listener.listen(0, "127.0.0.1", resolve));
    const to = listener.address().port;
    const operate = (name, input, now, seed) => endpoint.issuer().operation(name, input, { now, seed }).run(store);
    await exchange("transcripts", wanted, report, operate, async (request, now, seed) => {
      Object.assign(given, { now, seed });
      if (!isWhole(request) || Object.values(request.headers).some((value) => value !== value.trim())) return undefined;
      const length = request.body === "" ? {} : { "content-length": Buffer.byteLength(request.body) };
      const { status, headers, body } = await ask({ ...request, headers: { ...request.headers, ...length }, to });
      const { date, connection, "keep-alive": alive, "transfer-encoding": encoding, "content-length": size, ...rest } = headers;
      // Node tells every length; the core, only that of key sets, and of what HEAD leaves out.
      if ((request.target === "/.well-known/jwks.json" && status === 200) || request.method === "HEAD") rest["content-length"] = size;
      return { status, headers: rest, body: counted(body, request) };
    });
    listener.closeAllConnections();
    listener.close();
  }
  assert.deepEqual(report.failures.slice(0, 10), []);
  t.diagnostic(JSON.stringify(report.counts));
  assert.ok(report.counts.transcripts > 450);
});

test("as a middleware of Express, under a path and behind other routes", async () => {
  const app = express();
  app.get("/health", (_, response) => response.send("ok"));
  app.use(nodeHandler(new Endpoint(FILE.config)));
  const listener = app.listen(0, "127.0.0.1");
  await new Promise((resolve) => listener.once("listening", resolve));
  const to = listener.address().port;
  assert.equal((await ask({ method: "GET", target: "/health", headers: {}, to })).body, "ok");
  assert.equal((await ask({ body: '{"expiresIn":"1h"}', to })).status, 200);
  listener.closeAllConnections();
  listener.close();

  // Where somebody has read the body, there is none left: that is said, instead of a token with other options.
  const parsed = express();
  parsed.use(express.json());
  parsed.use(nodeHandler(new Endpoint(FILE.config)));
  let said;
  parsed.use((error, _request, response, _next) => {
    said = error;
    response.status(500).end();
  });
  const second = parsed.listen(0, "127.0.0.1");
  await new Promise((resolve) => second.once("listening", resolve));
  const answer = await ask({ body: '{"expiresIn":"1h"}', to: second.address().port });
  assert.equal(answer.status, 500);
  assert.match(said?.message ?? answer.body, /express\.json|parsed|body/);
  second.closeAllConnections();
  second.close();
});
