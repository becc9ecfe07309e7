// A receiver of security events that checks them by jose: sent to it (RFC 8935), and asked for (RFC 8936).

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, test } from "node:test";
import { createRemoteJWKSet, exportJWK, generateKeyPair, createLocalJWKSet, jwtVerify } from "jose";

const name = "https://id.example.com";
const pushed = { audience: "https://pushed.example", authorization: "Bearer the-secret-of-the-receiver" };
const polled = { audience: "https://polled.example", client: "receiver", secret: "the-secret-of-the-poller" };
const hash = (text) => createHash("sha256").update(text).digest("base64url");
const event = (type) => `https://schemas.openid.net/secevent/caep/event-type/${type}`;

const folder = mkdtempSync(join(tmpdir(), "tokenmint-events-"));
let receiver, server, base, admin, keys;

/** What has come, and who waits for more. */
const inbox = [];
let arrived = () => {};
/** How the receiver answers; it checks first. */
let answers = async (set) => {
  await check(set, pushed.audience);
  return [202];
};

async function check(set, audience, by = keys) {
  const { payload, protectedHeader } = await jwtVerify(set, by, { issuer: name, audience, typ: "secevent+jwt" });
  assert.equal(protectedHeader.alg, "ES256");
  assert.equal(typeof payload.jti, "string");
  assert.deepEqual([payload.sub, payload.exp], [undefined, undefined]);
  return payload;
}

/** The first that has come of which this is so. */
async function until(found) {
  for (;;) {
    const one = inbox.find(found);
    if (one) return one;
    await new Promise((resolve) => (arrived = resolve));
  }
}

before(async () => {
  receiver = createServer(async (request, response) => {
    let set = "";
    for await (const part of request) set += part;
    const [status, body] = await answers(set);
    response.writeHead(status, { "content-type": "application/json" });
    response.end(body && JSON.stringify(body));
    inbox.push({ set, status, headers: request.headers, method: request.method });
    arrived();
  });
  await new Promise((resolve) => receiver.listen(0, "127.0.0.1", resolve));
  const config = join(folder, "tokenmint.toml");
  writeFileSync(
    config,
    `
    [[keys]]
    kid = "events-1"
    alg = "ES256"
    generate = true
    [oauth]
    issuer = "${name}"
    key = "events-1"
    audience = "https://api.example.com"
    session_secret_generate = true
    [[oauth.event_receivers]]
    audience = "${pushed.audience}"
    push_url = "http://127.0.0.1:${receiver.address().port}/events"
    authorization = "${pushed.authorization}"
    [[oauth.event_receivers]]
    audience = "${polled.audience}"
    client_id = "${polled.client}"
    [[clients]]
    id = "${polled.client}"
    organization = "org"
    secret_sha256 = "${hash(polled.secret)}"
    permissions = []
    [admin]
    listen = "127.0.0.1:0"
    keys = [{ id = "tests", key_sha256 = "${hash("demo-admin-key")}" }]
    `,
  );
  server = spawn(process.env.TOKENMINT, ["serve", "--quiet", "--config", config, "--port", "0"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const lines = createInterface({ input: server.stdout })[Symbol.asyncIterator]();
  base = (await lines.next()).value;
  admin = (await lines.next()).value.replace("admin ", "");
  keys = createRemoteJWKSet(new URL("/.well-known/jwks.json", base));
});

after(() => {
  server?.kill();
  receiver?.close();
  rmSync(folder, { recursive: true });
});

async function operation(operation, input) {
  const response = await fetch(new URL(`/v1/${operation}`, admin), {
    method: "POST",
    headers: { authorization: "Bearer demo-admin-key", "content-type": "application/json" },
    body: JSON.stringify(input),
  });
  assert.equal(response.status, 200, await response.clone().text());
  return response.json();
}

async function poll(body, status = 200) {
  const response = await fetch(new URL("/oauth/events", base), {
    method: "POST",
    headers: {
      authorization: `Basic ${btoa(`${polled.client}:${polled.secret}`)}`,
      "content-type": "application/json",
    },
    body: JSON.stringify(body),
  });
  assert.equal(response.status, status);
  return response.json();
}

test("a session that ends is told to both, each by a token of its own", { timeout: 120_000 }, async () => {
  const { session } = await operation("start_session", { subject: "u1" });
  await operation("revoke_session", { session });
  const { set, headers, method } = await until(({ status }) => status === 202);
  assert.equal(method, "POST");
  assert.equal(headers["content-type"], "application/secevent+jwt");
  assert.equal(headers.accept, "application/json");
  assert.equal(headers.authorization, pushed.authorization);
  const payload = await check(set, pushed.audience);
  assert.deepEqual(payload.sub_id, {
    format: "complex",
    session: { format: "opaque", id: session },
    user: { format: "iss_sub", iss: name, sub: "u1" },
  });
  const { event_timestamp } = payload.events[event("session-revoked")];
  assert.ok(Math.abs(event_timestamp - Date.now() / 1000) < 3600);

  const { sets, moreAvailable } = await poll({ returnImmediately: true });
  assert.equal(moreAvailable, false);
  const [[jti, token]] = Object.entries(sets);
  const other = await check(token, polled.audience);
  assert.deepEqual([other.jti, other.txn, other.sub_id], [jti, payload.txn, payload.sub_id]);
  assert.notEqual(jti, payload.jti);
  // Until it is acknowledged; then no more.
  assert.deepEqual(Object.keys((await poll({ maxEvents: 1 })).sets), [jti]);
  assert.deepEqual(await poll({ ack: [jti] }), { sets: {}, moreAvailable: false });
});

test("an event by a key that jose does not know is refused, told, and not sent again", { timeout: 120_000 }, async () => {
  const { publicKey } = await generateKeyPair("ES256");
  const stranger = createLocalJWKSet({ keys: [{ ...(await exportJWK(publicKey)), kid: "events-1", alg: "ES256" }] });
  // The receiver has the wrong keys for one event.
  const trusting = answers;
  answers = async (set) => {
    await assert.rejects(check(set, pushed.audience, stranger), { code: "ERR_JWS_SIGNATURE_VERIFICATION_FAILED" });
    return [400, { err: "invalid_key", description: "the signature is nobody's whom I know" }];
  };
  await operation("revoke_subject", { subject: "u2" });
  const refused = await until(({ status }) => status === 400);
  answers = trusting;
  await operation("revoke_subject", { subject: "u3" });
  const of = ({ set }) => JSON.parse(Buffer.from(set.split(".")[1], "base64url")).sub_id.sub;
  await until((one) => of(one) === "u3");
  assert.deepEqual(inbox.filter((one) => of(one) === "u2"), [refused]);

  // As a receiver that asks says it.
  const { sets } = await poll({});
  const ids = Object.keys(sets);
  for (const [jti, token] of Object.entries(sets)) {
    await assert.rejects(check(token, polled.audience, stranger), { code: "ERR_JWS_SIGNATURE_VERIFICATION_FAILED" });
    assert.equal((await check(token, polled.audience)).jti, jti);
  }
  assert.equal(ids.length, 2);
  const setErrs = { [ids[0]]: { err: "invalid_key", description: "the signature is nobody's whom I know" } };
  assert.deepEqual(Object.keys((await poll({ setErrs })).sets), [ids[1]]);
});

test("a receiver that is away gets the same event later", { timeout: 120_000 }, async () => {
  const trusting = answers;
  answers = async () => {
    answers = trusting;
    return [503];
  };
  await operation("revoke_subject", { subject: "u4" });
  const first = await until(({ status }) => status === 503);
  const jti = (await check(first.set, pushed.audience)).jti;
  const again = await until(({ set, status }) => status === 202 && set.split(".")[1] === first.set.split(".")[1]);
  assert.equal((await check(again.set, pushed.audience)).jti, jti);
});
