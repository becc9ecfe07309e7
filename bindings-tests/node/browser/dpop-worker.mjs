import { DpopKey } from "/dist/dpop/index.js";

addEventListener("message", async ({ data }) => {
  const key = await DpopKey.fromCryptoKey(data);
  postMessage({ jkt: key.jkt, proof: await key.proof({ method: "GET", url: new URL("/resource", location.href) }) });
});
