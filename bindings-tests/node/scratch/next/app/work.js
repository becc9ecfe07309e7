import { Endpoint, Issuer, Key, KeySet } from "tokenmint";
import { KeySet as Keys, Verifier } from "tokenmint/verify";

const POLICY = { issuer: "https://api.example.com", audience: "app" };

export async function work(name) {
  const keys = new KeySet(await Key.generate("ES256", { kid: "k1" }));
  const token = await new Issuer(keys, POLICY).mint({ sub: name }, "1h");
  const claims = await new Verifier(Keys.fromJwks(keys.publicJwks()), POLICY).verify(token);
  const config = { keys: [{ kid: "k", secret: "a secret of at least thirty-two bytes" }], mercoa: { issuer: "i", key: "k" } };
  const { status } = await new Endpoint(config).fetch(new Request("https://a.example/.well-known/jwks.json"));
  return Response.json({ token, sub: claims.sub, status });
}
