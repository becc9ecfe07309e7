// Keys that an issuer publishes, fetched from a real server.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, test } from "node:test";

import { Key, RemoteKeySet, Verifier } from "tokenmint";

import { misused, refused, rejected, thrown } from "../../lib/expect.mjs";
import { ISSUER, pair } from "../../lib/fixtures.mjs";

let server, origin, requests, answer;
const signer = Key.generateSync("ES256", { kid: "k1" });
const { issuer } = pair(signer);
const good = (response, keys = issuer.publicJwks(), headers = {}) =>
  response.writeHead(200, { "content-type": "application/json", ...headers }).end(JSON.stringify(keys));

before(async () => {
  server = createServer((request, response) => {
    requests.push(request);
    answer(response, request);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  origin = `http://127.0.0.1:${server.address().port}`;
});
after(() => {
  server.closeAllConnections();
  server.close();
});

/** A verifier whose keys come from the server; `clock.seconds` is the time. */
function remote(options = {}, issuers = { [ISSUER]: `${origin}/jwks.json` }) {
  requests = [];
  answer = (response) => good(response);
  const clock = { seconds: Math.floor(Date.now() / 1000) };
  const host = { now: () => clock.seconds * 1000, random: (into) => crypto.getRandomValues(into) };
  const keys = new RemoteKeySet(issuers, options);
  const verifier = new Verifier(keys, { issuer: Object.keys(issuers), audience: "app", host });
  return { keys, verifier, clock };
}

const mint = (claims = {}, from = issuer) => from.mintSync(claims, "1y");

test("one fetch serves many tokens, also those that wait for it", async () => {
  const { verifier } = remote();
  answer = (response) => setTimeout(good, 30, response);
  const found = await Promise.all(Array.from({ length: 50 }, (_, number) => verifier.verify(mint({ sub: `s${number}` }))));
  assert.deepEqual(found.map(({ sub }) => sub), found.map((_, number) => `s${number}`));
  assert.equal(requests.length, 1);
  assert.match(requests[0].headers.accept ?? "", /json|\*/);
  assert.ok((await verifier.explain(mint())).accepted);
  assert.equal(requests.length, 1);
});

test("a token that is refused fetches nothing anew", async () => {
  const { verifier } = remote();
  await verifier.verify(mint());
  const token = mint();
  await rejected(() => verifier.verify(`${token.slice(0, -6)}AAAAAA`), "signature_invalid");
  await rejected(() => verifier.verify("a.b"), "token_malformed");
  assert.equal(requests.length, 1);
});

test("keys are fetched again when their time is over", async () => {
  const { verifier, clock } = remote({ timeToLive: "10m", cooldown: 30 });
  await verifier.verify(mint());
  clock.seconds += 599;
  await verifier.verify(mint());
  assert.equal(requests.length, 1);
  clock.seconds += 2;
  await verifier.verify(mint());
  assert.equal(requests.length, 2);
});

test("cache-control shortens that time, and never lengthens it", async () => {
  const { verifier, clock } = remote({ timeToLive: "10m", cooldown: 5 });
  answer = (response) => good(response, undefined, { "cache-control": "public, max-age=60, must-revalidate" });
  await verifier.verify(mint());
  clock.seconds += 61;
  await verifier.verify(mint());
  assert.equal(requests.length, 2);
  answer = (response) => good(response, undefined, { "cache-control": "max-age=99999999" });
  clock.seconds += 61;
  await verifier.verify(mint());
  clock.seconds += 601;
  await verifier.verify(mint());
  assert.equal(requests.length, 4);
});

test("a rotated key is found at once, invented ids are not worth a fetch each", async () => {
  const { verifier, clock } = remote({ cooldown: 30 });
  await verifier.verify(mint());
  const second = pair(Key.generateSync("ES256", { kid: "k2" })).issuer;
  answer = (response) => good(response, { keys: [...issuer.publicJwks().keys, ...second.publicJwks().keys] });
  clock.seconds += 30;
  await verifier.verify(mint({}, second));
  assert.equal(requests.length, 2);
  const { createHash } = await import("node:crypto");
  const flood = Array.from({ length: 500 }, (_, number) => {
    const kid = createHash("sha256").update(String(number)).digest("hex");
    return rejected(() => verifier.verify(mint({}, pair(signer.withKid(kid)).issuer)), "key_not_found");
  });
  const errors = await Promise.all(flood);
  assert.equal(requests.length, 2);
  assert.ok(errors.every(({ retryAfterSeconds }) => retryAfterSeconds > 0 && retryAfterSeconds <= 30));
  clock.seconds += 31;
  await Promise.allSettled(Array.from({ length: 100 }, (_, number) => verifier.verify(mint({}, pair(signer.withKid(`x${number}`)).issuer))));
  assert.equal(requests.length, 3);
  await verifier.verify(mint());
});

const OUTAGES = {
  "a status 500": (response) => response.writeHead(500).end("oops"),
  "a status 404": (response) => response.writeHead(404).end(JSON.stringify({ keys: [] })),
  "no JSON": (response) => response.writeHead(200).end("<html>"),
  "no key set": (response) => response.writeHead(200).end("[]"),
  "bytes that are no UTF-8": (response) => response.writeHead(200).end(Buffer.from([0x7b, 0xff, 0x7d])),
  "a body that is too large": (response) => response.writeHead(200).end(" ".repeat(400_000)),
  "a body without an end": (response) => {
    response.writeHead(200);
    let parts = 0;
    // Whoever reads on for ever is found, and does not fill the machine.
    const timer = setInterval(() => (++parts < 1000 ? response.write(" ".repeat(65_536)) : response.end()), 1);
    response.on("close", () => clearInterval(timer));
  },
  "a connection that breaks": (response) => response.destroy(),
  "a body that breaks": (response) => {
    response.writeHead(200, { "content-length": 1000 });
    response.write("{");
    setTimeout(() => response.destroy(), 10);
  },
  "silence": () => {},
  "silence after the head": (response) => response.writeHead(200).flushHeaders(),
  "a redirection to another place": (response) => response.writeHead(302, { location: "http://localhost:1/jwks.json" }).end(),
  "a redirection to the same place": (response, request) =>
    request.url === "/jwks.json" ? response.writeHead(302, { location: "/else.json" }).end() : good(response),
};
for (const [name, outage] of Object.entries(OUTAGES)) {
  test(`an outage: ${name}`, async () => {
    const { verifier, clock } = remote({ cooldown: 30, timeToLive: "10m", lastKnownGood: "1h", timeoutMs: 300 });
    answer = outage;
    const error = await rejected(() => verifier.verify(mint()), "keys_unavailable");
    assert.equal(error.status, 503);
    assert.ok(error.retryAfterSeconds > 0 && error.retryAfterSeconds <= 30, String(error.retryAfterSeconds));
    const asked = requests.length;
    await rejected(() => verifier.verify(mint()), "keys_unavailable");
    assert.equal(requests.length, asked, "asked again within the cooldown");
    // It comes back, fails again, and the last keys serve for a while.
    answer = (response) => good(response);
    for (let tries = 1; ; tries++) {
      clock.seconds += 31;
      const found = await verifier.verify(mint()).catch((error) => error);
      if (found.iss === ISSUER) break;
      // On a slow machine even a good answer may take longer than the silence that is waited for.
      assert.ok(found.code === "keys_unavailable" && tries < 100, String(found));
    }
    answer = outage;
    clock.seconds += 700;
    assert.ok(await verifier.verify(mint()).catch(() => verifier.verify(mint())));
    clock.seconds += 3600 + 700;
    await rejected(() => verifier.verify(mint()), "keys_unavailable");
  });
}

test("shared secrets and private keys that are published are not used", async () => {
  const { verifier } = remote();
  const secret = Key.hmac("a secret that the world can read in the key set", { kid: "public" });
  const k = Buffer.from("a secret that the world can read in the key set").toString("base64url");
  answer = (response) => good(response, { keys: [{ kty: "oct", alg: "HS256", kid: "public", k }, ...issuer.publicJwks().keys] });
  await rejected(() => verifier.verify(mint({}, pair(secret).issuer)), "key_not_found");
  assert.ok(await verifier.verify(mint()));
});

test("several issuers have each their own keys", async () => {
  const other = pair(Key.generateSync("ES256", { kid: "k1" }), { issuer: "https://b.example" }).issuer;
  const { verifier } = remote({}, { [ISSUER]: `${origin}/a.json`, "https://b.example": `${origin}/b.json` });
  answer = (response, request) => good(response, request.url === "/b.json" ? other.publicJwks() : undefined);
  assert.equal((await verifier.verify(mint())).iss, ISSUER);
  assert.equal((await verifier.verify(mint({}, other))).iss, "https://b.example");
  const forged = pair(signer, { issuer: "https://b.example" }).issuer;
  await rejected(() => verifier.verify(mint({}, forged)), "signature_invalid");
  await rejected(() => verifier.verify(mint({}, pair(signer, { issuer: "https://c.example" }).issuer)), "issuer_mismatch");
  assert.equal(requests.length, 2);
});

test("what needs a fetch cannot be answered at once", async () => {
  const { verifier } = remote();
  await thrown(() => verifier.verifySync(mint()));
  await verifier.verify(mint());
  // Where the keys are there, either it works or it is refused by the same rule.
  const found = await refused(() => verifier.verifySync(mint())).catch(() => undefined);
  if (found !== undefined) assert.notEqual(found.code, "internal");
});

test("a fetch of one's own", async () => {
  const calls = [];
  const own = async (url, init) => {
    calls.push([String(url), init]);
    return new Response(JSON.stringify(issuer.publicJwks()), { status: 200 });
  };
  const { verifier } = remote({ fetch: own }, { [ISSUER]: "https://keys.example/jwks.json" });
  assert.ok(await verifier.verify(mint()));
  assert.equal(calls.length, 1);
  assert.equal(calls[0][0], "https://keys.example/jwks.json");
  assert.ok(calls[0][1].signal instanceof AbortSignal);
  assert.notEqual(calls[0][1].redirect ?? "follow", "follow");
  const { verifier: failing } = remote({ fetch: () => { throw new Error("at once"); } }, { [ISSUER]: "https://keys.example/jwks.json" });
  await rejected(() => failing.verify(mint()), "keys_unavailable");
  const { verifier: odd } = remote({ fetch: async () => undefined }, { [ISSUER]: "https://keys.example/jwks.json" });
  await rejected(() => odd.verify(mint()), "keys_unavailable");
});

test("addresses that would let others replace the keys are refused", async () => {
  for (const url of ["http://keys.example/jwks.json", "ftp://a.example/", "jwks.json", "", "https://user@a.example/", "https://a.example/#x", "file:///etc/passwd", "data:application/json,{}"]) {
    await refused(() => new RemoteKeySet({ [ISSUER]: url }), "policy_invalid");
  }
  new RemoteKeySet({ [ISSUER]: "http://keys.example/jwks.json" }, { allowPlainHttp: true });
  new RemoteKeySet({ [ISSUER]: "http://localhost:1/jwks.json" });
  await refused(() => new RemoteKeySet({}), "policy_invalid").catch(async () => {
    const verifier = new Verifier(new RemoteKeySet({}), { issuer: ISSUER, audience: "app" });
    await rejected(() => verifier.verify(mint()), "policy_invalid");
  });
  for (const options of [{ timeToLive: "x" }, { cooldown: -1 }, { algorithms: ["none"] }, { maxBody: -1 }, { timeoutMs: NaN }, { nonsense: 1 }]) {
    misused(() => new RemoteKeySet({ [ISSUER]: "https://a.example/" }, options), JSON.stringify(options));
  }
});

/** Waits for a number of turns of the microtask queue. */
async function turns(count) {
  for (let turn = 0; turn < count; turn++) await null;
}

test("keys that change at any moment of a call", async () => {
  const second = pair(Key.generateSync("ES256", { kid: "k2" })).issuer;
  const both = { keys: [...issuer.publicJwks().keys, ...second.publicJwks().keys] };
  const [first, next] = [mint({ sub: "first" }), mint({ sub: "next" }, second)];
  for (let offset = 0; offset < 80; offset++) {
    let answered;
    const own = () => (answered === undefined ? Promise.resolve(Response.json(issuer.publicJwks())) : new Promise((resolve) => (answered = () => resolve(Response.json(both)))));
    const { verifier, clock } = remote({ fetch: own, cooldown: 1 }, { [ISSUER]: "https://keys.example/jwks.json" });
    await verifier.verify(first);
    answered = () => {};
    clock.seconds += 5;
    const late = verifier.verify(next);
    await turns(5);
    answered();
    const calls = [late];
    for (let turn = 0; turn < 10; turn++) {
      await turns(turn === 0 ? offset : 1);
      calls.push(verifier.verify(first));
    }
    assert.deepEqual((await Promise.all(calls)).map(({ sub }) => sub), ["next", ...Array(10).fill("first")]);
  }
});

test("a verifier that is disposed at any moment of a call", async () => {
  for (let offset = 0; offset < 60; offset++) {
    for (const what of ["verifier", "keys"]) {
      const own = () => Promise.resolve(Response.json(issuer.publicJwks()));
      const found = remote({ fetch: own }, { [ISSUER]: "https://keys.example/jwks.json" });
      if (offset % 2) await found.verifier.verify(mint());
      const verified = found.verifier.verify(mint({ sub: "s" })).then(({ sub }) => sub, ({ code }) => code);
      await turns(offset);
      found[what].dispose();
      assert.ok(["s", "object_disposed"].includes(await verified), `${what} after ${offset} turns: ${await verified}`);
    }
  }
});

test("a fetch that never ends does not hold the others for ever", async () => {
  const { verifier } = remote({ fetch: () => new Promise(() => {}), timeoutMs: 50 }, { [ISSUER]: "https://keys.example/jwks.json" });
  let timer;
  const found = await Promise.race([
    verifier.verify(mint()).catch((error) => error.code),
    new Promise((resolve) => (timer = setTimeout(resolve, 60_000, "still waiting"))),
  ]);
  clearTimeout(timer);
  assert.equal(found, "keys_unavailable");
});
