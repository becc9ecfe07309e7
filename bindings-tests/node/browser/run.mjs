// What the page and the worker have in common: every vector through the package for browsers.

import * as tokenmint from "/dist/browser.js";
import * as narrow from "/dist/verify/browser.js";
import { runAll, runVerify } from "/vectors/all.mjs";

export async function run() {
  // Empty where the corpus is not beside the repository.
  const corpus = await (await fetch("/corpus.json")).text();
  const given = {
    read: async (path) => {
      const response = await fetch(`/repository/${path}`);
      if (!response.ok) throw new Error(`${path}: ${response.status}`);
      return response.text();
    },
    corpus: corpus === "" ? undefined : corpus,
  };
  return { all: await runAll(tokenmint, given), verify: await runVerify(narrow, given) };
}
