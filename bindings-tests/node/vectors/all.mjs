// Every vector file, by one surface. `read(path)` gives the text of a file of the repository; `corpus` that of the shared
// corpus, or undefined where it is not there.

import { Report } from "./check.mjs";
import { flows } from "./flows.mjs";
import { parse } from "./json.mjs";
import { lifetimes } from "./lifetimes.mjs";
import { mint } from "./mint.mjs";
import { dpop, proofs } from "./proofs.mjs";
import { statusLists } from "./status_lists.mjs";
import { fetches, transcripts } from "./transcripts.mjs";
import { corpus, verify } from "./verify.mjs";

export async function runAll(tokenmint, { read, corpus: shared, sync = false }) {
  const report = new Report();
  const load = async (name) => parse(await read(`bindings-tests/vectors/${name}`));
  const given = { read, sync, report };
  await lifetimes(tokenmint, { ...given, file: await load("lifetimes.json") });
  await mint(tokenmint, { ...given, file: await load("mint.json") });
  await verdicts(tokenmint, { ...given, corpus: shared });
  // There is no method for these that answers at once.
  if (!sync) await dpop(tokenmint, { ...given, file: await load("dpop.json") });
  if (!sync) await proofs(tokenmint, { ...given, file: await load("proofs.json") });
  await flows(tokenmint, { ...given, file: await load("flows.json") });
  const file = await load("transcripts.json");
  await transcripts(tokenmint, { ...given, file });
  if (!sync) await fetches(tokenmint, { ...given, file });
  return { counts: report.counts, failures: report.failures };
}

/** The files about verification, for the part of the package that does nothing else. */
export async function runVerify(tokenmint, { read, corpus: shared, sync = false }) {
  const report = new Report();
  await verdicts(tokenmint, { read, corpus: shared, sync, report });
  return { counts: report.counts, failures: report.failures };
}

async function verdicts(tokenmint, { read, corpus: shared, sync, report }) {
  const given = { read, sync, report };
  await verify(tokenmint, { ...given, file: parse(await read("bindings-tests/vectors/verify.json")) });
  await statusLists(tokenmint, { ...given, file: parse(await read("bindings-tests/vectors/status_lists.json")) });
  if (shared !== undefined) await corpus(tokenmint, { ...given, file: parse(shared) });
}
