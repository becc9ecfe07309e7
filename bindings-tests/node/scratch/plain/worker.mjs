import { Issuer, Key, KeySet } from "./node_modules/tokenmint/dist/browser.js";

const issuer = new Issuer(new KeySet(await Key.generate("ES256")), { issuer: "i", audience: "a" });
postMessage({ ES256: (await issuer.verifier().verify(await issuer.mint({ sub: "ES256" }, "1h"))).sub });
