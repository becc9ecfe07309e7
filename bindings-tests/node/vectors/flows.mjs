import { bytes, camel, camelName, outcome, snakeName } from "./check.mjs";
import { LaterStore, MapStore } from "./stores.mjs";

const FILE = "flows.json";

export async function flows(tokenmint, { file, sync, report }) {
  const stores = [() => new tokenmint.MemoryStore(), () => new MapStore(tokenmint)];
  if (!sync) stores.push(() => new LaterStore(tokenmint));
  for (const wanted of file.cases) {
    const issuer = issuerOf(tokenmint, file.issuer, wanted.policy);
    for (const fresh of stores) {
      await run(tokenmint, { issuer, store: fresh(), wanted, sync, report, start: byName });
    }
    await run(tokenmint, { issuer, store: stores.at(-1)(), wanted, sync, report, start: byMethod });
  }
}

async function run(tokenmint, { issuer, store, wanted, sync, report, start }) {
  for (const [number, step] of wanted.steps.entries()) {
    const call = { now: step.now, seed: bytes(step.seed) };
    let task;
    const output = await outcome(tokenmint, async () => {
      task = start(issuer, step, call);
      const found = sync ? task.runSync(store) : await task.run(store);
      if (start !== byMethod) return found;
      // A text alone is the one member of the operation's output.
      return typeof found === "string" ? { [step.op === "check_proof" ? "jkt" : "token"]: found } : snake(found);
    });
    const id = `${wanted.id}, step ${number}, ${step.op}, ${start.name} on ${store.constructor.name}`;
    report.same(FILE, id, absent(output), step.error ?? absent(step.output));
    report.same(FILE, `${id}, events`, task?.events, step.events);
  }
}

function byName(issuer, step, call) {
  return issuer.operation(step.op, step.input, call);
}

/** By the method of the operation's name, whose members are in camelCase. */
function byMethod(issuer, step, call) {
  const { target, ...members } = step.input;
  const input = { ...camel(members), ...target };
  if (step.op === "create_link") input.details = camel(input.details);
  if (input.options) input.options = camel(input.options);
  return issuer[camelName(step.op)](input, call);
}

/** What is in these has the names of whoever gave it. */
const OWN = new Set(["claims", "jwks", "payload", "settings"]);

/** A result's members by the names of the file; what somebody wrote into claims is their own. */
function snake(value) {
  if (value === undefined) return {};
  if (Array.isArray(value) || typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [snakeName(name), OWN.has(name) ? inner : plain(inner)]));
}

function plain(value) {
  return value instanceof Date ? value.getTime() / 1000 : Array.isArray(value) ? value.map(plain) : isObject(value) ? snake(value) : value;
}

/** What is absent may be null in the file. */
function absent(value) {
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).filter(([, inner]) => inner !== null && inner !== undefined));
}

function isObject(value) {
  return typeof value === "object" && value !== null;
}

function issuerOf(tokenmint, described, changes = {}) {
  const { key, ...policy } = { ...described, ...changes };
  const { Issuer, Key, KeySet } = tokenmint;
  const own = camel(policy);
  const rules = (issuer) => ({ ...camel(issuer), rules: issuer.rules.map(camel) });
  if (own.trustedIssuers) own.trustedIssuers = own.trustedIssuers.map(rules);
  return new Issuer(new KeySet(Key.fromJwkSync(key)), own);
}
