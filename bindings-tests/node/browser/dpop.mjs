// A key that a page makes, keeps in its database, and hands to a worker.

import { DpopKey } from "/dist/dpop/index.js";

/** What a request of the database's gives. */
function done(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

const key = await DpopKey.generate();
const opening = indexedDB.open("keys", 1);
opening.onupgradeneeded = () => opening.result.createObjectStore("keys");
const database = await done(opening);
const keys = () => database.transaction("keys", "readwrite").objectStore("keys");
await done(keys().put(key.pair, "dpop"));
const pair = await done(keys().get("dpop"));
const kept = await DpopKey.fromCryptoKey(pair);

const worker = new Worker("/browser/dpop-worker.mjs", { type: "module" });
const told = await new Promise((resolve, reject) => {
  worker.onmessage = ({ data }) => resolve(data);
  worker.onerror = (event) => reject(new Error(event.message));
  worker.postMessage(pair);
});
const proof = await kept.proof({ method: "GET", url: new URL("/resource?all", location.href) });
globalThis.result = { jkt: key.jkt, kept: kept.jkt, extractable: pair.privateKey.extractable, proof, worker: told };
