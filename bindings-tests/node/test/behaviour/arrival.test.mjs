// Requests that do not arrive whole, over HTTP/1.1, HTTP/2 and the Fetch API: refused in their dialect's shape, and nothing is
// done. A body that was lost must not be taken for an empty one: that ends every token of an organization.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import http2 from "node:http2";
import { request as httpsRequest } from "node:https";
import { connect } from "node:net";
import { after, before, test as unlimited } from "node:test";

import { Endpoint, MemoryStore, nodeHandler } from "tokenmint";

import { CERTIFICATE, CERTIFICATE_KEY } from "../../lib/certificate.mjs";
import { refused, rejected } from "../../lib/expect.mjs";
import { read } from "../../lib/repository.mjs";

const { config } = JSON.parse(read("bindings-tests/vectors/transcripts.json"));
const BASE = "https://tokens.example";
const ENTITY = "/entity/ent_a0f6ea94-0761-4a5e-a416-3c453cb7eced/token";
const END = "/organization/invalidateTokens";
const KEY = { authorization: "Bearer demo-mercoa-key", "content-type": "application/json" };
const WHOLE = '{"sessionIds":["nobody"]}';
const POST = `POST ${END} HTTP/1.1\r\nHost: x\r\nAuthorization: ${KEY.authorization}\r\nContent-Type: application/json\r\n`;
const GET = { method: "GET", headers: {}, end: "header" };
/** Longer than the time that a body may take. */
const test = (name, body) => unlimited(name, { timeout: 120_000 }, body);

let endpoint, one, two, token, warnings;
before(async () => {
  warnings = [];
  process.on("warning", (warning) => warnings.push(warning));
  endpoint = new Endpoint(config, { store: new MemoryStore() });
  one = createServer(nodeHandler(endpoint));
  two = http2.createServer(nodeHandler(endpoint));
  for (const server of [one, two]) await once(server.listen(0, "127.0.0.1"), "listening");
  token = await (await post(ENTITY, KEY, '{"expiresIn":"1h"}')).json();
});
after(() => {
  one.closeAllConnections();
  one.close();
  two.close();
  assert.deepEqual(warnings, []);
});

function post(path, headers, body) {
  return endpoint.fetch(new Request(BASE + path, { method: "POST", headers, body, duplex: "half" }));
}

/** Whether the token from the beginning is good still: it can be renewed. */
async function isAlive() {
  return (await post(ENTITY, { ...KEY, authorization: `Bearer ${token}` }, "{}")).status === 200;
}

/** Sends bytes over HTTP/1.1; `then` says what comes behind them. Gives what came back until the server closed. */
async function raw(text, then = () => {}) {
  const socket = connect(one.address().port, "127.0.0.1");
  let answer = "";
  socket.on("data", (part) => (answer += part)).on("error", () => {});
  const closed = new Promise((resolve) => socket.on("close", resolve));
  socket.write(text, () => then(socket));
  await closed;
  return answer;
}

/** Whether an answer over HTTP/1.1 is the dialect's own. */
function isOwn(answer, code) {
  const { status, body } = endpoint.refuse(END, code);
  assert.match(answer, new RegExp(`^HTTP/1.1 ${status} `));
  assert.match(answer, /\r\nconnection: close\r\n/i);
  assert.ok(answer.endsWith(`\r\n\r\n${body}`), answer);
}

/** A request over HTTP/2, and what came back: until its end, since Node's client does not close what it could not send. */
async function stream(session, path, { method = "POST", headers = KEY, end = true, body = "" } = {}, then = () => {}) {
  const request = session.request({ ":method": method, ":path": path, ...headers }, { endStream: end === "header" });
  let [status, text] = [undefined, ""];
  request.setEncoding("utf8").on("response", (head) => (status = head[":status"])).on("data", (part) => (text += part));
  request.on("error", () => {});
  const closed = new Promise((resolve) => request.on("close", resolve).on("end", resolve));
  if (body !== "") await new Promise((resolve) => request.write(body, resolve));
  if (end === true) request.end();
  then(request);
  await closed;
  return { status, body: text };
}

async function session(port = two.address().port, origin = "http://127.0.0.1", options = {}) {
  const session = http2.connect(`${origin}:${port}`, options);
  session.on("error", () => {});
  await once(session, "connect");
  return session;
}

test("refuse answers in each dialect's shape", async () => {
  const text = "the body did not arrive whole; nothing was done";
  const shapes = {
    [END]: { errorName: "BadRequest", content: text },
    "/v1/auth/token": { error: { message: text } },
    "/auth/token?a=b": { name: "Bad Request", message: text, status_code: 400 },
    "/api/integrations/create-link-token": { detail: text },
    "/introspect": { error: "invalid_request", error_description: text },
  };
  for (const [target, expected] of Object.entries(shapes)) {
    const { status, headers, body } = endpoint.refuse(target, "body_incomplete");
    assert.deepEqual([status, JSON.parse(body), headers["cache-control"]], [400, expected, "no-store"], target);
  }
  const statuses = ["body_timeout", "length_required", "body_too_large"].map((code) => endpoint.refuse("/", code).status);
  assert.deepEqual(statuses, [408, 411, 413]);
  await refused(() => endpoint.refuse("/", "not_found"), "field_invalid", "code");
  await refused(() => endpoint.refuse("/a b", "body_timeout"), "field_invalid", "target");
});

test("HTTP/1.1: a body that breaks off", async () => {
  const begun = [
    `${POST}Content-Length: 25\r\n\r\n`,
    `${POST}Content-Length: 25\r\n\r\n{"sessionIds"`,
    `${POST}Transfer-Encoding: chunked\r\n\r\n`,
    `${POST}Transfer-Encoding: chunked\r\n\r\n5\r\n{"ses`,
    `${POST}Transfer-Encoding: chunked\r\n\r\n5\r\n{"ses\r\n`,
    `${POST}Transfer-Encoding: chunked\r\n\r\n0\r\n`,
  ];
  for (const text of begun) {
    for (const then of [(socket) => socket.end(), (socket) => socket.destroy(), (socket) => socket.resetAndDestroy()]) {
      assert.doesNotMatch(await raw(text, then), /^HTTP\/1.1 2/, text);
    }
  }
  for (const chunks of ["zz\r\n", "5\r\n{\"sessionIds\r\n0\r\n\r\n", "-1\r\n\r\n", "0\r\nbad trailer\r\n\r\n"]) {
    assert.match(await raw(`${POST}Transfer-Encoding: chunked\r\n\r\n${chunks}`), /^HTTP\/1.1 4\d\d /, chunks);
  }
  for (const length of ["0\r\nTransfer-Encoding: chunked", "5\r\nContent-Length: 6", "x", "-1"]) {
    assert.match(await raw(`${POST}Content-Length: ${length}\r\n\r\n0\r\n\r\n`), /^HTTP\/1.1 4\d\d /, length);
  }
  assert.ok(await isAlive());
});

test("HTTP/2: a body that breaks off", async () => {
  for (const body of ["", '{"sessionIds"']) {
    for (const code of [http2.constants.NGHTTP2_CANCEL, http2.constants.NGHTTP2_NO_ERROR, http2.constants.NGHTTP2_INTERNAL_ERROR]) {
      const client = await session();
      const { status } = await stream(client, END, { body, end: false }, (request) => request.close(code));
      assert.ok(status === undefined || status >= 400, `${status}`);
      // What the server makes of it is done, once it has answered another request.
      assert.equal((await stream(client, "/.well-known/jwks.json", GET)).status, 200);
      client.close();
    }
    const client = await session();
    await stream(client, END, { body, end: false }, () => client.destroy());
    // Fewer bytes than were announced: the server's own rule (RFC 9113 section 8.1.1).
    const other = await session();
    const { status } = await stream(other, END, { body, headers: { ...KEY, "content-length": 25 } });
    assert.ok(status === undefined || status === 400, `${status}`);
    other.destroy();
  }
  // As it looks where a client's library, such as Node's own, ends a body before it resets the stream.
  const client = await session();
  assert.equal((await stream(client, END)).status, 411);
  client.close();
  assert.ok(await isAlive());
});

test("Fetch: a body that breaks off", async () => {
  const broken = (...texts) => {
    const parts = texts.map((text) => new TextEncoder().encode(text));
    return new ReadableStream({
      pull: (controller) => (parts.length > 0 ? controller.enqueue(parts.shift()) : controller.error(new Error("gone"))),
    });
  };
  for (const body of [broken(), broken('{"sessionIds"'), broken(WHOLE)]) {
    const answer = await post(END, KEY, body);
    const { status, body: text } = endpoint.refuse(END, "body_incomplete");
    assert.deepEqual([answer.status, await answer.text()], [status, text]);
  }
  for (const [length, body] of [["25", undefined], ["25", "{}"], ["0", "{}"]]) {
    assert.equal((await post(END, { ...KEY, "content-length": length }, body)).status, 400, `${length} ${body}`);
  }
  // Whoever has read the body is told, and gets no answer to another request than was sent.
  const used = new Request(BASE + END, { method: "POST", headers: KEY, body: WHOLE });
  await used.text();
  await rejected(() => endpoint.fetch(used), "policy_invalid", "body");
  const locked = new Request(BASE + END, { method: "POST", headers: KEY, body: WHOLE });
  locked.body.getReader();
  await rejected(() => endpoint.fetch(locked), "policy_invalid", "body");
  assert.ok(await isAlive());
});

test("a body without an end is not waited for", async () => {
  const client = await session();
  const endless = () => new ReadableStream({ pull: () => new Promise(() => {}) });
  const cancelled = [];
  const begun = new ReadableStream({ start: (controller) => controller.enqueue(new TextEncoder().encode("{")), cancel: () => cancelled.push(1) });
  const [chunked, announced, overTwo, ...overFetch] = await Promise.all([
    raw(`${POST}Transfer-Encoding: chunked\r\n\r\n5\r\n{"ses\r\n`),
    raw(`${POST}Content-Length: 25\r\n\r\n{"ses`),
    stream(client, END, { end: false, body: '{"ses' }),
    post(END, KEY, endless()),
    post(END, KEY, begun),
  ]);
  isOwn(chunked, "body_timeout");
  isOwn(announced, "body_timeout");
  const { status, body } = endpoint.refuse(END, "body_timeout");
  assert.deepEqual(overTwo, { status, body });
  for (const answer of overFetch) assert.deepEqual([answer.status, await answer.text()], [status, body]);
  assert.deepEqual(cancelled, [1]);
  // The session goes on.
  assert.equal((await stream(client, "/.well-known/jwks.json", GET)).status, 200);
  client.close();
  assert.ok(await isAlive());
});

test("a body that is too large is not read to its end", async () => {
  const told = (length) => `the body has ${length} bytes, at most 65536 are read`;
  const part = "x".repeat(65_536);
  // By what its head says: none of it is waited for.
  const announced = await raw(`${POST}Content-Length: 1000000000\r\n\r\n`);
  assert.match(announced, /^HTTP\/1.1 413 /);
  assert.ok(announced.endsWith(JSON.stringify({ errorName: "ContentTooLarge", content: told(1_000_000_000) })), announced);
  // Endless chunks: the server hangs up.
  let sent = 0;
  const endless = await raw(`${POST}Transfer-Encoding: chunked\r\n\r\n`, (socket) => {
    const more = () => {
      for (; sent < 1e9 && socket.writable; sent += part.length) if (!socket.write(`10000\r\n${part}\r\n`)) return;
    };
    socket.on("drain", more);
    more();
  });
  assert.match(endless, /^(HTTP\/1.1 413 |$)/);
  assert.ok(sent < 5e8, `${sent}`);
  // Over HTTP/2 the answer comes, and the stream is closed behind it.
  const client = await session();
  for (const headers of [KEY, { ...KEY, "content-length": 1_000_000_000 }]) {
    let reset;
    const answer = await stream(client, END, { headers, end: false }, (request) => {
      const more = () => {
        while (!request.destroyed && !request.closed && request.write(part));
      };
      reset = new Promise((resolve) => request.on("aborted", resolve));
      request.on("drain", more);
      more();
    });
    await reset;
    assert.equal(answer.status, 413);
    assert.equal(JSON.parse(answer.body).content, told(headers["content-length"] ?? "more than 65536"));
  }
  client.destroy();
  assert.ok(await isAlive());
});

test("HTTP/2: answered as over HTTP/1.1", async () => {
  const client = await session();
  assert.equal((await stream(client, "/entity/ent_0/token", { headers: { ...KEY, "content-length": 0 } })).status, 404);
  assert.equal((await stream(client, "/entity/ent_0/token", { end: "header" })).status, 404);
  const given = await stream(client, ENTITY, { body: '{"expiresIn":"1h"}' });
  assert.equal(given.status, 200);
  assert.ok(JSON.parse(given.body).startsWith("eyJ"));
  const set = await stream(client, "/.well-known/jwks.json", GET);
  assert.equal(set.status, 200);
  assert.deepEqual(await stream(client, "/.well-known/jwks.json", { ...GET, method: "HEAD" }), { status: 200, body: "" });
  assert.equal((await stream(client, ENTITY, { headers: {}, body: "{}" })).status, 401);
  assert.equal((await stream(client, "/nothing", GET)).status, 404);
  assert.equal((await stream(client, ENTITY, { method: "DELETE", end: "header" })).status, 405);
  assert.equal((await stream(client, ENTITY, { body: "x".repeat(70_000) })).status, 413);
  client.close();
});

test("TLS, where HTTP/2 and HTTP/1.1 share a port", async () => {
  const server = http2.createSecureServer({ cert: CERTIFICATE, key: CERTIFICATE_KEY, allowHTTP1: true }, nodeHandler(endpoint));
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address();
  const client = await session(port, "https://localhost", { ca: CERTIFICATE });
  assert.equal((await stream(client, ENTITY, { body: "{}" })).status, 200);
  client.close();
  const request = httpsRequest({ host: "localhost", port, ca: CERTIFICATE, method: "POST", path: ENTITY, headers: KEY, agent: false });
  request.end("{}");
  const [response] = await once(request, "response");
  assert.equal(response.statusCode, 200);
  response.resume();
  await once(response, "close");
  server.close();
});

// Last: without it, nobody knows that a token which was ended would have been seen.
test("an empty body that arrived ends every token", async () => {
  assert.ok(await isAlive());
  assert.equal((await post(END, { authorization: KEY.authorization, "content-length": "0" })).status, 200);
  assert.ok(!(await isAlive()));
});
