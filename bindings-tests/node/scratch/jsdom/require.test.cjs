const { Endpoint, Issuer, Key, KeySet, MemoryStore, TokenmintError } = require("tokenmint");
const narrow = require("tokenmint/verify");

const SECRET = "a secret of at least thirty-two bytes";
const POLICY = { issuer: "https://api.example.com", audience: "app" };

test("this is jsdom, which has neither TextEncoder nor crypto.subtle", () => {
  expect(typeof document).toBe("object");
  expect([typeof TextEncoder, typeof TextDecoder, typeof crypto.subtle]).toEqual(["undefined", "undefined", "undefined"]);
});

test("tokens with a secret", async () => {
  const issuer = new Issuer(new KeySet(Key.hmac(SECRET, { kid: "k1" })), POLICY);
  const claims = { sub: "ent_1", name: "Zoë 𝄞 \u0000 日本", big: 2n ** 63n };
  for (const token of [issuer.mintSync(claims, "1h"), await issuer.mint(claims, "1h")]) {
    expect(await issuer.verifier().verify(token)).toMatchObject(claims);
    const verifier = new narrow.Verifier(new narrow.KeySet(narrow.Key.hmac(SECRET)), POLICY);
    expect(verifier.verifySync(token)).toMatchObject(claims);
    expect(() => verifier.verifySync(`${token}x`)).toThrow(narrow.TokenmintError);
  }
  // Half a pair is no character of Unicode: as everywhere, it becomes the one that stands for that.
  const half = new Issuer(new KeySet(Key.hmac(`${SECRET}\ud800`)), POLICY).mintSync({}, "1h");
  const whole = new Issuer(new KeySet(Key.hmac(`${SECRET}\ufffd`)), POLICY).verifier();
  expect(whole.verifySync(half).iss).toBe(POLICY.issuer);
});

test("flows and endpoints", async () => {
  const issuer = new Issuer(new KeySet(Key.hmac(SECRET)), POLICY);
  const store = new MemoryStore();
  await issuer.createClient({ id: "c1", organization: "o", secret: "s1", permissions: ["client_credentials"] }).run(store);
  const { accessToken } = await issuer.clientCredentials({ clientId: "c1", clientSecret: "s1" }).run(store);
  expect((await issuer.check({ token: accessToken }).run(store)).clientId).toBe("c1");
  const endpoint = new Endpoint({ keys: [{ kid: "k1", secret: SECRET }], mercoa: { issuer: "i", key: "k1" } });
  const answer = await endpoint.respond({ method: "GET", target: "/.well-known/jwks.json" });
  expect([answer.status, answer.body]).toEqual([200, '{"keys":[]}']);
});

test("what needs WebCrypto says so", async () => {
  for (const algorithm of ["ES256", "RS256", "EdDSA"]) {
    const error = await Key.generate(algorithm).catch((error) => error);
    expect(error).toBeInstanceOf(TokenmintError);
    expect([error.code, error.message]).toEqual(["key_unsupported", expect.stringContaining("crypto.subtle")]);
  }
});

test("the entries that are told where the module is", async () => {
  const { readFileSync } = require("node:fs");
  for (const [entry, wasm] of [["tokenmint/slim", "tokenmint/tokenmint.wasm"], ["tokenmint/verify/slim", "tokenmint/verify/tokenmint.wasm"]]) {
    const { init, Key, KeySet, Verifier } = require(entry);
    await init(readFileSync(require.resolve(wasm)));
    expect(() => new Verifier(new KeySet(Key.hmac(SECRET)), POLICY).verifySync("x.y.z")).toThrow("token");
  }
});
