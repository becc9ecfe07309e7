import { Endpoint, Issuer, Key, KeySet, Verifier } from "tokenmint";
import { KeySet as Keys, Verifier as Narrow } from "tokenmint/verify";

const POLICY = { issuer: "https://api.example.com", audience: "app" };

export async function work() {
  const found = {};
  for (const algorithm of ["HS256", "ES256", "RS256", "EdDSA"]) {
    const keys = new KeySet(await Key.generate(algorithm, { kid: "k1" }));
    const issuer = new Issuer(keys, POLICY);
    const token = await issuer.mint({ sub: algorithm }, "1h");
    const claims = await new Verifier(keys, POLICY).verify(token);
    found[algorithm] = claims.sub;
    if (algorithm !== "HS256") found[`${algorithm} verify`] = (await new Narrow(Keys.fromJwks(issuer.publicJwks()), POLICY).verify(token)).sub;
  }
  const config = { keys: [{ kid: "k", secret: "a secret of at least thirty-two bytes" }], mercoa: { issuer: "i", key: "k" } };
  found.status = (await new Endpoint(config).fetch(new Request("https://a.example/.well-known/jwks.json"))).status;
  return found;
}
