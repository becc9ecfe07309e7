const { Issuer, Key, KeySet, MemoryStore, TokenmintError } = require("tokenmint");

describe("in Jest", () => {
  const key = Key.hmac("a secret of at least thirty-two bytes", { kid: "k1" });
  const issuer = new Issuer(new KeySet(key), { issuer: "https://api.example.com", audience: "app" });

  test("a token", async () => {
    const token = await issuer.mint({ sub: "ent_1" }, "1h");
    expect((await issuer.verifier().verify(token)).sub).toBe("ent_1");
    expect(issuer.verifier().verifySync(issuer.mintSync({ big: 2n ** 63n }, "1h")).big).toBe(2n ** 63n);
  });

  // Jest's own globals are other objects than those of Node: no check may depend on their identity.
  test("bytes and keys of another realm", async () => {
    const bytes = new Uint8Array(40).fill(7);
    expect(Key.hmac(bytes).algorithm).toBe("HS256");
    expect(() => Key.hmac("short")).toThrow(TokenmintError);
    const ec = await Key.generate("ES256");
    const own = new Issuer(new KeySet(ec), { issuer: "i", audience: "a" });
    expect(own.verifier().verifySync(own.mintSync({}, "1h")).iss).toBe("i");
    const seeded = issuer.mintSync({}, "1h", { now: new Date(1_700_000_000_000), seed: new Uint8Array(32) });
    expect(seeded).toBe(issuer.mintSync({}, "1h", { now: 1_700_000_000, seed: Buffer.alloc(32) }));
  });

  test("a flow", async () => {
    const store = new MemoryStore();
    await issuer.createClient({ id: "c1", organization: "o", secret: "s1", permissions: ["client_credentials"] }).run(store);
    const { accessToken } = await issuer.clientCredentials({ clientId: "c1", clientSecret: "s1" }).run(store);
    expect((await issuer.check({ token: accessToken }).run(store)).clientId).toBe("c1");
    await expect(issuer.check({ token: "x" }).run(store)).rejects.toBeInstanceOf(TokenmintError);
  });
});
