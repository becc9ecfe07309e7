// Judges tokens with jose.
//
// Reads one JSON object a line: {"token", "jwk", "alg", "aud", "iss", "now"}; `aud` and `iss` may be absent or null.
// Writes one JSON object a line, in the same order: {"ok": true, "claims": {...}} or {"ok": false, "error": "..."}.
// Claims that are integers over 2^53 come back rounded: JavaScript's JSON has doubles only.

import { webcrypto } from "node:crypto";
import { createInterface } from "node:readline";

// Node 18 has WebCrypto, and not under the name that jose uses.
globalThis.crypto ??= webcrypto;
const { importJWK, jwtVerify } = await import("jose");

async function judge(request) {
  const key = await importJWK(request.jwk, request.alg);
  const { payload } = await jwtVerify(request.token, key, {
    algorithms: [request.alg],
    audience: request.aud ?? undefined,
    issuer: request.iss ?? undefined,
    currentDate: new Date(request.now * 1000),
  });
  return payload;
}

for await (const line of createInterface({ input: process.stdin })) {
  let answer;
  try {
    answer = { ok: true, claims: await judge(JSON.parse(line)) };
  } catch (error) {
    answer = { ok: false, error: `${error.name}: ${error.message}` };
  }
  console.log(JSON.stringify(answer));
}
