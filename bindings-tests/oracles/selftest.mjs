// Prints requests for the oracles, with the verdict that each deserves: {"case", "expect", "claims", ...request}.
//
// HMAC, RSA and EC tokens are signed by jsonwebtoken, EdDSA tokens by jose. The keys are new in each run.

import { createSecretKey, generateKeyPairSync, randomBytes, webcrypto } from "node:crypto";

globalThis.crypto ??= webcrypto;
const { SignJWT } = await import("jose");
const { default: jsonwebtoken } = await import("jsonwebtoken");

const now = 1_700_000_000;
const claims = { iss: "https://a.example", aud: "app", sub: "ent_1", iat: now, exp: now + 60, roles: ["a", "é"] };

const pair = (kind, options) => generateKeyPairSync(kind, options);
const oct = (bytes) => {
  const key = createSecretKey(randomBytes(bytes));
  return { privateKey: key, publicKey: key };
};
const keys = {
  HS256: [oct(32), oct(32)],
  HS384: [oct(48), oct(48)],
  HS512: [oct(64), oct(64)],
  RS256: [pair("rsa", { modulusLength: 2048 }), pair("rsa", { modulusLength: 2048 })],
  ES256: [pair("ec", { namedCurve: "P-256" }), pair("ec", { namedCurve: "P-256" })],
  EdDSA: [pair("ed25519"), pair("ed25519")],
};

const sign = (alg, key, payload) =>
  alg === "EdDSA"
    ? new SignJWT(payload).setProtectedHeader({ alg, typ: "JWT" }).sign(key)
    : jsonwebtoken.sign(payload, key, { algorithm: alg });

const withoutSignature = (token) => {
  const header = Buffer.from(JSON.stringify({ alg: "none", typ: "JWT" })).toString("base64url");
  return `${header}.${token.split(".")[1]}.`;
};
const withOtherPayload = (token) => {
  const [header, , signature] = token.split(".");
  return [header, Buffer.from(JSON.stringify({ ...claims, sub: "ent_2" })).toString("base64url"), signature].join(".");
};

for (const [alg, [own, other]] of Object.entries(keys)) {
  const token = await sign(alg, own.privateKey, claims);
  const request = { token, jwk: own.publicKey.export({ format: "jwk" }), alg, aud: "app", iss: claims.iss, now };
  const otherAlg = alg === "HS256" ? "HS384" : "HS256";
  const cases = {
    "the token as it is": [true, {}],
    "no audience and no issuer demanded": [true, { aud: null, iss: null }],
    "the last second": [true, { now: claims.exp - 1 }],
    "the second of its expiry": [false, { now: claims.exp }],
    "another audience": [false, { aud: "other" }],
    "another issuer": [false, { iss: "https://b.example" }],
    "another algorithm demanded": [false, { alg: otherAlg }],
    "another key": [false, { token: await sign(alg, other.privateKey, claims) }],
    "another payload": [false, { token: withOtherPayload(token) }],
    "alg none": [false, { token: withoutSignature(token) }],
    "no token": [false, { token: "" }],
  };
  for (const [name, [expect, change]] of Object.entries(cases)) {
    console.log(JSON.stringify({ case: `${alg}, ${name}`, expect, claims, ...request, ...change }));
  }
}
