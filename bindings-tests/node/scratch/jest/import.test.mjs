import { expect, test } from "@jest/globals";
import { Issuer, Key, KeySet } from "tokenmint";

test("imported in Jest", async () => {
  const issuer = new Issuer(new KeySet(await Key.generate("EdDSA")), { issuer: "i", audience: "a" });
  expect((await issuer.verifier().verify(await issuer.mint({ sub: "s" }, "1h"))).sub).toBe("s");
});
