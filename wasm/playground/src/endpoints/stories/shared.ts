import { type Dialect, get, introspect, single } from "./story.ts";

export const shared: Dialect = {
  id: "shared",
  name: "Shared",
  about: "What the dialects have in common: public keys, and the question whether a token stands.",
  stories: [
    single("The public keys", "One RSA key, of Ledger's tokens. Shared secrets are never listed.", 200, get("/.well-known/jwks.json")),
    single("Is this token good?", "Make a Mercoa token first, or put one in. Garbage is answered as an ended token: active: false.", 200, introspect("Bearer demo-mercoa-key", "garbage")),
    single("Without credentials", "Nobody may try other people's tokens.", 401, {
      method: "POST",
      target: "/introspect",
      headers: ["Content-Type: application/x-www-form-urlencoded"],
      body: "token=garbage",
    }),
    single("A path that is not there", "The first segment of a path chooses the shape of the error.", 404, get("/nowhere")),
  ],
};
