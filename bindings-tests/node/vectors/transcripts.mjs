import { bytes } from "./check.mjs";

const FILE = "transcripts.json";
const DIRECTORY_SEED = new Uint8Array(32).fill(0xee);

/** The requests by `Endpoint.handle`, whose answer is a task. */
export async function transcripts(tokenmint, { file, sync, report }) {
  const endpoint = await create(tokenmint, file.config, sync, {});
  for (const wanted of file.cases) {
    const store = new tokenmint.MemoryStore();
    await drive(endpoint.prepare({ now: wanted.exchanges[0].now - 1, seed: DIRECTORY_SEED }), store, sync);
    const operate = (name, input, now, seed) => drive(endpoint.issuer().operation(name, input, { now, seed }), store, sync);
    await exchange(FILE, wanted, report, operate, async (request, now, seed) => {
      const task = endpoint.handle(request, { now, seed });
      const response = await drive(task, store, sync);
      return { ...response, headers: pairs(response.headers), body: text(response.body) };
    });
  }
}

/** The requests by `Endpoint.fetch`, on Request and Response, with the time and the seed from the host. */
export async function fetches(tokenmint, { file, report }) {
  const name = `${FILE} by fetch`;
  let now, seed;
  const host = { now: () => now * 1000, random: (into) => into.set(seed.subarray(0, into.length)) };
  for (const wanted of file.cases) {
    // Browsers tell the length by themselves, or not at all.
    if (wanted.exchanges.some(({ request }) => "content-length" in (request?.headers ?? {}))) {
      wanted.exchanges.forEach(() => report.skip(name));
      continue;
    }
    const store = new tokenmint.MemoryStore();
    const endpoint = await create(tokenmint, file.config, false, { host, store });
    [now, seed] = [wanted.exchanges[0].now - 1, DIRECTORY_SEED];
    await endpoint.prepare().run(store);
    const operate = (name, input, at, random) => {
      [now, seed] = [at, random];
      return endpoint.issuer().operation(name, input).run(store);
    };
    await exchange(name, wanted, report, operate, async (asked, at, random) => {
      [now, seed] = [at, random];
      const request = requestOf(file.config.server.public_url, asked);
      if (request === undefined) return undefined;
      const response = await endpoint.fetch(request);
      return { status: response.status, headers: pairs([...response.headers]), body: counted(await response.text(), asked) };
    });
  }
}

/** Whoever reads a stream stops behind the largest body, and has counted no further. */
export function counted(body, asked) {
  const length = new TextEncoder().encode(asked.body).length;
  return length > 65_536 ? body.replace("the body has more than 65536 bytes", `the body has ${length} bytes`) : body;
}

/** Whether the length that a header tells is that of the body. No client of HTTP sends another one. */
export function isWhole({ headers, body }) {
  const told = headers["content-length"];
  return told === undefined || told === String(new TextEncoder().encode(body).length);
}

/** A Request, or undefined where fetch would send another target or header than the one that is asked for. */
function requestOf(base, { method, target, headers, body }) {
  const request = new Request(base + target, { method, headers, body: body === "" ? undefined : body });
  const url = new URL(request.url);
  if (url.pathname + url.search !== target) return undefined;
  for (const [name, value] of Object.entries(headers)) if (request.headers.get(name) !== value) return undefined;
  // A text body has a content type of its own where none is given.
  if (body !== "" && headers["content-type"] === undefined) request.headers.delete("content-type");
  return request;
}

/** Runs the exchanges of a case: requests by `ask`, and what the host does itself by `operate`. */
export async function exchange(name, wanted, report, operate, ask) {
  const bodies = [];
  for (const [number, { now, seed, operation, input, request, response }] of wanted.exchanges.entries()) {
    if (operation !== undefined) {
      const body = JSON.stringify(await operate(operation, input, now, bytes(seed)));
      report.same(name, `${wanted.id}, exchange ${number}`, { body }, response);
      bodies.push(body);
      continue;
    }
    const headers = Object.entries(request.headers ?? {}).map(([name, value]) => [name, fill(value, bodies)]);
    const asked = {
      method: request.method,
      target: fill(request.target, bodies),
      headers: Object.fromEntries(headers),
      body: fill(request.body ?? "", bodies),
    };
    const found = await ask(asked, now, bytes(seed));
    bodies.push(found?.body ?? response.body);
    if (found === undefined) report.skip(name);
    else report.same(name, `${wanted.id}, exchange ${number}`, found, response);
  }
}

/** Puts parts of earlier bodies in the places that name them: `{{0.access_token}}`, or `{{0}}`. */
function fill(text, bodies) {
  return text.replace(/{{(\d+)(?:\.(\w+))?}}/g, (_, index, member) => {
    const body = JSON.parse(bodies[Number(index)]);
    return member ? body[member] : body;
  });
}

function create(tokenmint, config, sync, options) {
  return sync ? new tokenmint.Endpoint(config, options) : tokenmint.Endpoint.create(config, options);
}

function drive(task, store, sync) {
  return sync ? task.runSync(store) : task.run(store);
}

function text(body) {
  return typeof body === "string" ? body : new TextDecoder().decode(body);
}

function pairs(headers) {
  return Array.isArray(headers) ? Object.fromEntries(headers) : { ...headers };
}
