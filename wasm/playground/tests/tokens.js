// Tokens and keys made by Node's own crypto, so that nothing is judged by what made it.

import { createHmac, createPublicKey, generateKeyPairSync, sign, verify } from "node:crypto";

const encode = (value) => Buffer.from(typeof value === "string" ? value : JSON.stringify(value)).toString("base64url");
const now = () => Math.floor(Date.now() / 1000);

/** Claims that end in an hour; `claims` is added, or JSON text as it stands. */
export function payload(claims = {}) {
  return typeof claims === "string" ? claims : { iss: "https://i.example", aud: "app", sub: "u1", iat: now(), exp: now() + 3600, ...claims };
}

export function hmacToken(secret, claims, alg = "HS256") {
  const input = `${encode({ alg, typ: "JWT" })}.${encode(payload(claims))}`;
  return `${input}.${createHmac(`sha${alg.slice(2)}`, secret).update(input).digest("base64url")}`;
}

const KINDS = {
  ES256: ["ec", { namedCurve: "P-256" }, "sha256", { dsaEncoding: "ieee-p1363" }],
  RS256: ["rsa", { modulusLength: 2048 }, "sha256", {}],
  EdDSA: ["ed25519", {}, null, {}],
};

/** A key pair, and a token that it signed. */
export function keyToken(alg, claims) {
  const [type, options, hash, how] = KINDS[alg];
  const { publicKey, privateKey } = generateKeyPairSync(type, options);
  const input = `${encode({ alg, typ: "JWT", kid: "k" })}.${encode(payload(claims))}`;
  const token = `${input}.${sign(hash, Buffer.from(input), { key: privateKey, ...how }).toString("base64url")}`;
  return { token, pem: publicKey.export({ type: "spki", format: "pem" }), jwk: { ...publicKey.export({ format: "jwk" }), kid: "k", alg } };
}

const HASHES = { 256: "sha256", 384: "sha384", 512: "sha512" };

/** Whether a token is signed by a secret (bytes) or by the private half of a public JWK. */
export function signedBy(token, key) {
  const [header, claims, signature] = token.split(".");
  const { alg } = JSON.parse(Buffer.from(header, "base64url"));
  const input = Buffer.from(`${header}.${claims}`);
  const hash = HASHES[alg.slice(2)];
  if (alg.startsWith("HS")) {
    return createHmac(hash, key).update(input).digest("base64url") === signature;
  }
  const how = alg.startsWith("ES") ? { dsaEncoding: "ieee-p1363" } : alg.startsWith("PS") ? { padding: 6, saltLength: -1 } : {};
  return verify(alg === "EdDSA" ? null : hash, input, { key: createPublicKey({ key, format: "jwk" }), ...how }, Buffer.from(signature, "base64url"));
}

export function claimsOf(token) {
  return JSON.parse(Buffer.from(token.split(".")[1], "base64url"));
}
