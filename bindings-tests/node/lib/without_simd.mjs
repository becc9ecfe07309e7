// Runs every vector through the build without SIMD, and prints what came of it: for a process that has no SIMD.

import * as all from "tokenmint/base";
import * as verify from "tokenmint/verify/base";
import { Key } from "tokenmint";

import { corpus, read } from "./repository.mjs";
import { runAll, runVerify } from "../vectors/all.mjs";

let refusal;
try {
  Key.hmac("a secret of at least thirty-two bytes");
} catch (error) {
  refusal = error.code;
}
const given = { read, corpus: corpus() };
console.log(JSON.stringify({ refusal, all: await runAll(all, given), verify: await runVerify(verify, given) }));
