// What node-jsonwebtoken 9 makes of a string `expiresIn`: the peer of `expires_in::node_jsonwebtoken`.
//
//   node lifetimes.mjs [directory that holds node_modules] < cases.jsonl
//
// In, a line each:  {"input": "1h", "iat": 1700000000}
// Out, a line each: {"exp": 1700003600}, or {"error": true} where it refuses, or {"clock": true} for an iat of 0,
// which it replaces by its clock. `exp` is a JavaScript number: compare it as a double.
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";

const require = createRequire(process.argv[2] ? join(resolve(process.argv[2]), "from") : import.meta.url);
const jwt = require("jsonwebtoken");

const version = require("jsonwebtoken/package.json").version;
const msVersion = createRequire(require.resolve("jsonwebtoken"))("ms/package.json").version;
if (!version.startsWith("9.") || msVersion !== "2.1.3") {
  throw new Error(`needs jsonwebtoken 9 with ms 2.1.3, found ${version} with ms ${msVersion}`);
}

function expected({ input, iat }) {
  if (typeof input !== "string" || !Number.isInteger(iat)) {
    throw new Error("a case has a string `input` and a whole number `iat`");
  }
  if (iat === 0) return { clock: true };
  let token;
  try {
    token = jwt.sign({ iat }, "not a secret: only exp is read", { expiresIn: input });
  } catch (error) {
    // Every other refusal would be a fault of this script.
    if (!/"expiresIn" should be/.test(error.message)) throw error;
    return { error: true };
  }
  const { exp } = JSON.parse(Buffer.from(token.split(".")[1], "base64url"));
  return { exp };
}

for await (const line of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
  if (line !== "") process.stdout.write(`${JSON.stringify(expected(JSON.parse(line)))}\n`);
}
