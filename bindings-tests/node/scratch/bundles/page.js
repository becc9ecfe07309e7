// A page that verifies a token, and nothing else.
import { KeySet, Verifier } from "tokenmint/verify";
import { JWKS, TOKEN } from "./token.js";

const verifier = new Verifier(KeySet.fromJwks(JWKS), { issuer: "https://api.example.com", audience: "app" });
verifier.verify(TOKEN).then(({ sub }) => (globalThis.result = sub));
