// tokenmint for Node beside its peers and the raw limit. Started by `cargo xtask bench node`; an argument picks rows by
// their table and name: `node bench.mjs "verify HS256"`, `node bench.mjs jose`, `node bench.mjs start`.
//
// The work is that of `bench/src/work.rs`: one entity token of 309 bytes of JSON. The rows of a table take turns in short
// batches within one process, so that a slow spell of the machine meets them all, and each ratio is taken within one turn.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import crypto from "node:crypto";
import { readFileSync } from "node:fs";
import { loadavg } from "node:os";
import { createSigner, createVerifier } from "fast-jwt";
import { jwtVerify, SignJWT } from "jose";
import jsonwebtoken from "jsonwebtoken";
import { Issuer, Key, KeySet, Verifier } from "tokenmint";

const ISSUER = "https://api.example.com";
const AUDIENCE = "mercoa-react";
const SECRET = "0123456789abcdef0123456789ABCDEF";
const IAT = 1_700_000_000;
const LIFETIME = 1_577_880_000; // 50 years: the peers, who read the clock, find the tokens valid
const GIVEN = {
  sub: "ent_a0f6ea94-0761-4a5e-a416-3c453cb7eced",
  aud: AUDIENCE,
  jti: "0b7f1c8e-55a1-4d0c-9a53-6f2b7d1e9c40",
  sessionId: "ses_42",
  pages: { paymentMethods: true, counterparties: false },
  vendors: { network: "all", disableCreation: true },
};
const ALL = { iss: ISSUER, iat: IAT, exp: IAT + LIFETIME, ...GIVEN };
const { jti: _, ...NAMELESS } = GIVEN;
const AT = { now: IAT };

const filter = (process.argv[2] ?? "").toLowerCase();
/** Work that answers at once, or later. */
const now = (work) => ({ work, later: false });
const later = (work) => ({ work, later: true });

/** Whether a row is asked for. */
const wanted = (title, name) => `${title} ${name}`.toLowerCase().includes(filter);

/** Measures the rows, and prints them with their ratio to the first, which is always there. */
async function table(title, rows, turns) {
  const names = Object.keys(rows).filter((name, at) => at === 0 || wanted(title, name));
  if (names.length === 1 && !wanted(title, names[0])) return;
  const batches = {};
  for (const name of names) batches[name] = await batch(rows[name]);
  const samples = Object.fromEntries(names.map((name) => [name, []]));
  for (let turn = 0; turn < turns; turn++) {
    for (const name of shuffled(names)) {
      await took(rows[name], 2); // what ran before has filled the processor's caches with its own
      samples[name].push(await took(rows[name], batches[name]));
    }
  }
  print(title, "us", samples);
}

function print(title, unit, samples) {
  const [limit] = Object.values(samples);
  console.log(`\n### ${title}\n\n| | ${unit}, median | 10 % .. 90 % | x first row |\n|---|---:|---:|---:|`);
  for (const [name, found] of Object.entries(samples)) {
    const sorted = found.toSorted((a, b) => a - b);
    const [low, high] = [0.1, 0.9].map((part) => sorted[Math.floor(sorted.length * part)].toFixed(2));
    console.log(`| ${name} | ${median(found).toFixed(2)} | ${low} .. ${high} | ${ratio(found, limit).toFixed(2)} |`);
  }
}

/** Microseconds of one call. */
async function took({ work, later }, count) {
  const start = process.hrtime.bigint();
  if (later) for (let i = 0; i < count; i++) await work();
  else for (let i = 0; i < count; i++) work();
  return Number(process.hrtime.bigint() - start) / count / 1000;
}

/** How many calls take about 2 ms, once they are compiled. */
async function batch(row) {
  const end = performance.now() + 100;
  while (performance.now() < end) await took(row, 8);
  let count = 1;
  while ((await took(row, count)) * count < 1000 && count < 1 << 16) count *= 2;
  return count;
}

/** In an order of chance, so that nobody always runs behind the same row. */
function shuffled(names) {
  const places = names.map((name) => ({ name, at: Math.random() }));
  return places.sort((a, b) => a.at - b.at).map(({ name }) => name);
}

function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[sorted.length >> 1];
}

const ratio = (samples, to) => median(samples.map((sample, turn) => sample / to[turn]));

/** One key for everyone: as node:crypto has it, and as text. */
function material(algorithm) {
  if (algorithm === "HS256") {
    const key = crypto.createSecretKey(Buffer.from(SECRET));
    return { key: Key.hmac(SECRET), secret: key, open: key, secretText: SECRET, openText: SECRET };
  }
  const [kind, options] = { RS256: ["rsa", { modulusLength: 2048 }], ES256: ["ec", { namedCurve: "P-256" }], EdDSA: ["ed25519"] }[algorithm];
  const { privateKey: secret, publicKey: open } = crypto.generateKeyPairSync(kind, options);
  const secretText = secret.export({ type: "pkcs8", format: "pem" });
  const openText = open.export({ type: "spki", format: "pem" });
  return { key: Key.fromPemSync(secretText, { algorithm }), secret, open, secretText, openText };
}

/** The raw primitive over the same input. */
function limits(algorithm, { secret, open }, input) {
  if (algorithm === "HS256") {
    const mac = now(() => crypto.createHmac("sha256", secret).update(input).digest("base64url"));
    return ["createHmac, base64url", mac, mac];
  }
  const bytes = Buffer.from(input);
  const hash = algorithm === "EdDSA" ? null : "sha256";
  const how = (key) => (algorithm === "ES256" ? { key, dsaEncoding: "ieee-p1363" } : key);
  const [signs, verifies] = [how(secret), how(open)];
  const signature = crypto.sign(hash, bytes, signs);
  assert.ok(crypto.verify(hash, bytes, verifies, signature));
  return ["node:crypto", now(() => crypto.sign(hash, bytes, signs)), now(() => crypto.verify(hash, bytes, verifies, signature))];
}

/** What jose takes without importing it for each token. */
function webKey({ secret, open }, algorithm, use) {
  const hash = { name: "HMAC", hash: "SHA-256" };
  if (algorithm === "HS256") return crypto.subtle.importKey("raw", secret.export(), hash, false, [use]);
  const kind = { RS256: { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" }, ES256: { name: "ECDSA", namedCurve: "P-256" }, EdDSA: { name: "Ed25519" } };
  const [format, bytes] = use === "sign" ? ["pkcs8", secret.export({ type: "pkcs8", format: "der" })] : ["spki", open.export({ type: "spki", format: "der" })];
  return crypto.subtle.importKey(format, bytes, kind[algorithm], false, [use]);
}

/** Everyone's minting, and their verifying of a token: each checks the signature, `exp`, `iss` and `aud`. */
async function sides(algorithm, keys) {
  const set = new KeySet(keys.key);
  const issuer = new Issuer(set, { issuer: ISSUER });
  const verifier = new Verifier(set, { issuer: ISSUER, audience: AUDIENCE });
  const mints = {
    "tokenmint, sync": now(() => issuer.mintSync(GIVEN, LIFETIME, AT)),
    "tokenmint, async": later(() => issuer.mint(GIVEN, LIFETIME, AT)),
  };
  const verifiers = {
    "tokenmint, sync": (token) => now(() => verifier.verifySync(token)),
    "tokenmint, async": (token) => later(() => verifier.verify(token)),
  };
  if (algorithm === "HS256") {
    mints["tokenmint, sync, by the system's clock"] = now(() => issuer.mintSync(GIVEN, LIFETIME));
    mints["tokenmint, sync, and with an id that is drawn"] = now(() => issuer.mintSync(NAMELESS, LIFETIME));
  }

  const checks = { issuer: ISSUER, audience: AUDIENCE, algorithms: [algorithm] };
  if (algorithm !== "EdDSA") {
    // It has no EdDSA. It takes a token without `exp`: the look at it is ours.
    const decoded = (token, key) => {
      const claims = jsonwebtoken.verify(token, key, checks);
      if (claims.exp === undefined) throw new Error("there is no exp");
      return claims;
    };
    mints["jsonwebtoken, KeyObject"] = now(() => jsonwebtoken.sign(ALL, keys.secret, { algorithm }));
    mints["jsonwebtoken, text"] = now(() => jsonwebtoken.sign(ALL, keys.secretText, { algorithm }));
    verifiers["jsonwebtoken, KeyObject"] = (token) => now(() => decoded(token, keys.open));
    verifiers["jsonwebtoken, text"] = (token) => now(() => decoded(token, keys.openText));
  }

  const sign = createSigner({ key: keys.secretText, algorithm });
  const demands = { key: keys.openText, algorithms: [algorithm], allowedIss: ISSUER, allowedAud: AUDIENCE, requiredClaims: ["exp"] };
  const [fresh, cached] = [createVerifier({ ...demands, cache: false }), createVerifier({ ...demands, cache: true })];
  const small = createVerifier({ ...demands, cache: 1 }); // two tokens by turns push each other out
  mints["fast-jwt"] = now(() => sign(ALL));
  verifiers["fast-jwt, cache off"] = (token) => now(() => fresh(token));
  verifiers["fast-jwt, cache hit"] = (token) => now(() => cached(token));
  verifiers["fast-jwt, cache miss"] = (token) => {
    const tokens = [token, sign({ ...ALL, jti: ALL.jti.replace("0", "1") })];
    let at = 1;
    return now(() => small(tokens[(at = 1 - at)]));
  };

  const [signs, verifies] = [await webKey(keys, algorithm, "sign"), await webKey(keys, algorithm, "verify")];
  const header = { alg: algorithm, typ: "JWT" };
  const demanded = { ...checks, requiredClaims: ["exp"] };
  mints.jose = later(() => new SignJWT(ALL).setProtectedHeader(header).sign(signs));
  verifiers.jose = (token) => later(async () => (await jwtVerify(token, verifies, demanded)).payload);
  return { mints, verifiers };
}

/** Everyone accepts what the others mint, with the same claims, and nobody an altered token, an old one or a stranger's. */
async function agree(algorithm, { key }, { mints, verifiers }) {
  const other = (policy, call) => new Issuer(new KeySet(key), { issuer: ISSUER, ...policy }).mintSync(GIVEN, 60, call);
  const bad = [other({}, AT), other({ issuer: "https://other.example" })];
  bad.push(new Issuer(new KeySet(key), { issuer: ISSUER }).mintSync({ ...GIVEN, aud: "another" }, 60));
  for (const [by, { work }] of Object.entries(mints)) {
    const token = await work();
    const at = token.lastIndexOf(".") + 10;
    const altered = token.slice(0, at) + (token[at] === "A" ? "B" : "A") + token.slice(at + 1);
    for (const [name, verify] of Object.entries(verifiers)) {
      const what = `${name} of a token by ${by}, ${algorithm}`;
      const claims = await verify(token).work();
      if (by.endsWith("drawn")) assert.deepEqual(Object.keys(claims).sort(), Object.keys(ALL).sort(), what);
      else if (by.endsWith("clock")) assert.equal(claims.exp - claims.iat, LIFETIME, what);
      else assert.deepEqual({ ...claims }, ALL, what);
      for (const refused of [altered, ...bad]) await assert.rejects(async () => verify(refused).work(), Error, what);
    }
  }
}

async function run(algorithm) {
  const keys = material(algorithm);
  const both = await sides(algorithm, keys);
  await agree(algorithm, keys, both);
  const token = both.mints["tokenmint, sync"].work();
  if (algorithm === "HS256") assert.equal(token.length, 493);
  const [limit, sign, verify] = limits(algorithm, keys, token.slice(0, token.lastIndexOf(".")));
  const verifications = Object.fromEntries(Object.entries(both.verifiers).map(([name, of]) => [name, of(token)]));
  const turns = algorithm === "HS256" ? 201 : 101;
  await table(`mint ${algorithm}`, { [limit]: sign, ...both.mints }, turns);
  await table(`verify ${algorithm}`, { [limit]: verify, ...verifications }, turns);
}

/** Cost against the size of the payload. */
async function payload() {
  const { key } = material("HS256");
  const issuer = new Issuer(new KeySet(key), { issuer: ISSUER });
  const verifier = new Verifier(new KeySet(key), { issuer: ISSUER, audience: AUDIENCE });
  const { sub, aud, jti } = GIVEN;
  const [mints, verifications] = [{}, {}];
  for (const kib of [0.2, 0.5, 1, 2, 4, 8, 16]) {
    const claims = { sub, aud, jti, text: "x".repeat(kib * 1024 - 199) };
    const token = issuer.mintSync(claims, LIFETIME, AT);
    const row = `${JSON.stringify(verifier.verifySync(token)).length} bytes`;
    mints[row] = now(() => issuer.mintSync(claims, LIFETIME, AT));
    verifications[row] = now(() => verifier.verifySync(token));
  }
  await table("payload, mint HS256, sync", mints, 51);
  await table("payload, verify HS256, sync", verifications, 51);
}

/** From the import to the first token, each time in a new process. */
function start() {
  const title = "start: import to first token";
  const claims = JSON.stringify(ALL);
  const policy = `{ issuer: "${ISSUER}" }`;
  const mint = `new Issuer(new KeySet(Key.hmac("${SECRET}")), ${policy}).mintSync(${JSON.stringify(GIVEN)}, ${LIFETIME})`;
  const programs = {
    "tokenmint, import": `const { Issuer, Key, KeySet } = await import("tokenmint"); ${mint};`,
    "tokenmint, require": `const { Issuer, Key, KeySet } = require("tokenmint"); ${mint};`,
    jsonwebtoken: `const { default: jwt } = await import("jsonwebtoken"); jwt.sign(${claims}, "${SECRET}");`,
    "fast-jwt": `const { createSigner } = await import("fast-jwt"); createSigner({ key: "${SECRET}" })(${claims});`,
    jose: `const { SignJWT } = await import("jose");
      await new SignJWT(${claims}).setProtectedHeader({ alg: "HS256" }).sign(new TextEncoder().encode("${SECRET}"));`,
  };
  const names = Object.keys(programs).filter((name) => wanted(title, name));
  if (names.length === 0) return;
  const samples = Object.fromEntries(names.map((name) => [name, []]));
  for (let turn = 0; turn < 15; turn++) {
    for (const name of shuffled(names)) {
      const program = `import { createRequire } from "node:module"; const require = createRequire(process.cwd() + "/x.js");
        const start = performance.now(); ${programs[name]} console.log(performance.now() - start);`;
      const options = { cwd: import.meta.dirname, encoding: "utf8" };
      samples[name].push(Number(execFileSync(process.execPath, ["--input-type=module", "-e", program], options)));
    }
  }
  print(title, "ms", samples);
}

const version = (name) => {
  const file = new URL(`node_modules/${name}/package.json`, import.meta.url);
  return `${name} ${JSON.parse(readFileSync(file, "utf8")).version}`;
};
const peers = ["tokenmint", "jsonwebtoken", "fast-jwt", "jose"].map(version).join(", ");
console.log(`Node ${process.version}, OpenSSL ${process.versions.openssl}; ${peers}; load ${loadavg()[0].toFixed(1)}`);
console.log('"x first row" is the median over all turns of the ratio to the first row within the same turn.');
for (const algorithm of ["HS256", "RS256", "ES256", "EdDSA"]) await run(algorithm);
await payload();
start();
