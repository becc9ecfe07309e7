// A page in which the module does not start: the import succeeds, and every call says why.

import * as all from "/dist/browser.js";
import * as mint from "/dist/mint/browser.js";
import * as remote from "/dist/remote/browser.js";
import * as verify from "/dist/verify/browser.js";

const SECRET = "a secret of at least thirty-two bytes";

async function told({ TokenmintError }, call) {
  try {
    return await call();
  } catch (error) {
    return { code: error.code, message: error.message, isOurs: error instanceof TokenmintError };
  }
}

const result = {};
for (const [name, entry] of Object.entries({ all, mint, remote, verify })) {
  result[name] = await told(entry, () => entry.Key.hmac(SECRET));
  result[`${name}, a promise`] = await told(entry, () => entry.Key.fromJwk({ kty: "oct" }));
}
const slim = await import("/dist/verify/slim.js");
result.slim = await told(slim, () => slim.init("/dist/verify/tokenmint.wasm"));
globalThis.result = result;
