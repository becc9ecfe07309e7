// Status lists. What a fetch brings is handed in by a `fetch` of the test's own, which answers when a step says so.

import { camel } from "./check.mjs";

const FILE = "status_lists.json";

export async function statusLists(tokenmint, { file, report }) {
  const keys = tokenmint.KeySet.fromJwks({ keys: [file.key] });
  for (const { id, options, steps } of file.cases) {
    const run = new Run(tokenmint, file, keys, options);
    for (const [at, step] of steps.entries()) {
      run.now = step.now;
      if (step.token !== undefined) {
        report.same(FILE, `${id} step ${at}`, run.ask(step.token), expected(step));
      } else if (!(await run.handIn(step, steps.slice(at + 1)))) {
        report.skip(FILE);
      }
    }
    await run.end();
  }
}

/** `fetch` and its like, or a code with the field. */
function expected({ output, error, field }) {
  return output === undefined ? { code: error, field } : { output };
}

class Run {
  /** The fetches that have no answer, each with the call that is to make it. */
  #fetches = [];
  #calls = [];
  #verifier;
  #TokenmintError;

  constructor({ StatusLists, TokenmintError, Verifier }, { issuer, audience }, keys, options) {
    const fetch = (url) => new Promise((resolve, reject) => this.#fetches.push({ url, resolve, reject }));
    // Whoever waits, waits for a step.
    const statusLists = new StatusLists({ ...camel(options), fetch, timeoutMs: 600_000 });
    const host = { now: () => this.now * 1000, random: (into) => crypto.getRandomValues(into) };
    this.#verifier = new Verifier(keys, { issuer, audience, host, statusLists });
    this.#TokenmintError = TokenmintError;
  }

  /** What is said about a token: by a call that may wait, and where it does not, by one that answers at once, too. */
  ask(token) {
    const before = this.#fetches.length;
    const call = this.#verifier.verify(token).catch((error) => error);
    this.#calls.push(call);
    const fetch = this.#fetches[before];
    if (fetch !== undefined) {
      fetch.call = call;
      return { output: "fetch" };
    }
    try {
      this.#verifier.verifySync(token);
      return { output: "valid" };
    } catch (error) {
      if (!(error instanceof this.#TokenmintError)) throw error;
      return error.code === "policy_invalid" ? { output: "wait" } : { code: error.code, field: error.field };
    }
  }

  /** Answers a fetch, or one that a later token of the case is fetched for; false where there is none. */
  async handIn({ url, body }, later) {
    if (!this.#fetches.some((fetch) => fetch.url === url)) {
      const token = later.find((step) => step.token !== undefined)?.token;
      if (token === undefined || this.ask(token).output !== "fetch") return false;
    }
    const at = this.#fetches.findIndex((fetch) => fetch.url === url);
    const [fetch] = this.#fetches.splice(at, 1);
    if (body === null) fetch.reject(new Error("no answer"));
    else fetch.resolve(new Response(body));
    await fetch.call;
    return true;
  }

  async end() {
    for (const fetch of this.#fetches.splice(0)) fetch.reject(new Error("the case is over"));
    await Promise.all(this.#calls);
  }
}
