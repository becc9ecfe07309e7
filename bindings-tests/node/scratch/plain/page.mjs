import * as tokenmint from "./node_modules/tokenmint/dist/browser.js";

async function work({ Issuer, Key, KeySet }) {
  const found = {};
  for (const algorithm of ["HS256", "ES256", "RS256", "EdDSA"]) {
    const issuer = new Issuer(new KeySet(await Key.generate(algorithm)), { issuer: "i", audience: "a" });
    found[algorithm] = (await issuer.verifier().verify(await issuer.mint({ sub: algorithm }, "1h"))).sub;
  }
  return found;
}

const worker = await new Promise((resolve, reject) => {
  const worker = new Worker("./worker.mjs", { type: "module" });
  worker.onmessage = ({ data }) => resolve(data);
  worker.onerror = (event) => reject(new Error(event.message));
});
globalThis.result = { page: await work(tokenmint), worker };
