// Calls of the admin API. The key is in this module's memory, and nowhere else: no storage, no URL.

const BASE = new URL("../v1/", import.meta.url);
let key;
/** What is done where the key is good no longer. */
let lost = () => {};

/** Why a call was refused: by the server, with its code and field, or because it could not be reached. */
export class Refusal extends Error {
  constructor({ status = 0, error = "no_answer", field, message }) {
    super(message);
    Object.assign(this, { status, code: error, field });
  }
}

/** Takes a key, and gives what the server tells of itself and of the key. */
export async function signIn(given, whenLost) {
  key = given;
  try {
    const server = await get("server");
    lost = whenLost;
    return server;
  } catch (refusal) {
    signOut();
    throw refusal;
  }
}

export function signOut() {
  key = undefined;
  lost = () => {};
}

/** Runs an operation by the issuer of this name. */
export function call(operation, input, issuer) {
  const query = issuer === undefined ? "" : `?${new URLSearchParams({ issuer })}`;
  return ask(`${operation}${query}`, { method: "POST", body: JSON.stringify(input), headers: { "content-type": "application/json" } });
}

export function get(path, signal) {
  return ask(path, { signal });
}

async function ask(path, { headers, ...rest }) {
  const used = key;
  if (!/^[!-~]+$/.test(used)) {
    throw new Refusal({ status: 401, error: "unauthenticated", field: "Authorization", message: "An admin key is visible ASCII characters." });
  }
  let answer;
  let body;
  try {
    const authorization = `Bearer ${used}`;
    answer = await fetch(new URL(path, BASE), { ...rest, headers: { ...headers, authorization }, cache: "no-store", credentials: "omit", redirect: "error", referrerPolicy: "no-referrer" });
    body = await answer.json();
  } catch (error) {
    if (error.name === "AbortError") {
      throw error;
    }
    throw new Refusal({ status: answer?.status, message: "The server gave no answer that can be read." });
  }
  if (answer.ok) {
    return body;
  }
  const refusal = new Refusal({ ...body, status: answer.status });
  // What a call is about may be unauthenticated, too; then no header is at fault.
  if (refusal.status === 401 && refusal.field === "Authorization" && used === key) {
    lost(refusal);
  }
  throw refusal;
}
