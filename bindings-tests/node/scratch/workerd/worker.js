import { Endpoint, Issuer, Key, KeySet, Verifier } from "tokenmint";
import { DpopKey } from "tokenmint/dpop";

const POLICY = { issuer: "https://api.example.com", audience: "app" };
const config = { keys: [{ kid: "k", secret: "a secret of at least thirty-two bytes" }], mercoa: { issuer: "i", key: "k" } };
const endpoint = new Endpoint(config);

export default {
  async fetch(request) {
    if (new URL(request.url).pathname !== "/work") return endpoint.fetch(request);
    const found = {};
    for (const algorithm of ["HS256", "ES256", "RS256", "EdDSA"]) {
      const keys = new KeySet(await Key.generate(algorithm, { kid: "k1" }));
      const token = await new Issuer(keys, POLICY).mint({ sub: algorithm }, "1h");
      found[algorithm] = (await new Verifier(keys, POLICY).verify(token)).sub;
    }
    found.jkt = (await DpopKey.generate()).jkt.length;
    return Response.json(found);
  },
};
