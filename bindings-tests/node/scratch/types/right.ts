// What the types allow.

import { createServer } from "node:http";
import * as http2 from "node:http2";

import {
  Endpoint,
  Issuer,
  Key,
  KeySet,
  MemoryStore,
  RemoteKeySet,
  StatusLists,
  StoreError,
  TokenmintError,
  Verifier,
  decodeUnverified,
  formatExpiresIn,
  generateSecret,
  hashSecret,
  nodeHandler,
  nodeJsonwebtokenExpiry,
  parseExpiresIn,
  secretMatches,
} from "tokenmint";
import type { Algorithm, Claims, Command, ErrorCode, Explanation, Host, Lifetime, Reply, Store, Task, Time } from "tokenmint";
import { DpopKey, dpopFetch } from "tokenmint/dpop";
import { Verifier as Narrow } from "tokenmint/verify";

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
function same<A, B>(_: Same<A, B>): void {}

export async function all(jwk: object, pem: string, pair: Parameters<typeof Key.fromCryptoKey>[0]): Promise<void> {
  const algorithm: Algorithm = "ES256";
  const keys: KeySet = new KeySet(
    Key.hmac("secret", { kid: "k1" }),
    Key.hmac(new Uint8Array(32), { algorithm: "HS256" }),
    await Key.fromJwk(jwk, { algorithm }),
    await Key.fromJwk('{"kty":"oct"}'),
    Key.fromJwkSync(jwk),
    await Key.fromPem(pem, { kid: "k2", algorithm: "RS256" }),
    Key.fromPemSync(pem),
    await Key.generate("EdDSA", { kid: "k3" }),
    await Key.fromCryptoKey(pair, { algorithm: "PS512" }),
    Key.held("kms", { algorithm: "ES256", sign: async (message) => new Uint8Array(message.length) }),
    Key.held("hsm", { algorithm: "ES256", sign: (message: Uint8Array) => message, verify: () => true, public: Key.fromJwkSync(jwk) }),
  );
  const kid: string | undefined = keys.keys[0]?.kid;
  const canSign: boolean | undefined = keys.keys[0]?.canSign;
  const host: Host = { now: () => 0, random: (bytes) => void bytes.fill(1) };
  const issuer = new Issuer(keys, { issuer: "i", audience: ["a", "b"], lifetime: "1h", maxLifetime: 60, fixedClaims: { a: 1 }, host });
  const lifetime: Lifetime = "1h";
  const now: Time = new Date();
  same<ReturnType<typeof issuer.mintSync>, string>(true);
  same<ReturnType<typeof issuer.mint>, Promise<string>>(true);
  const token = await issuer.mint({ sub: "s", n: 2n ** 63n, list: [1, null, { a: true }] }, lifetime, { now, seed: new Uint8Array(32) });
  issuer.mintSync({ aud: ["a"] }, 60);
  await issuer.mintJson({}, '{"a":1}', "1h");

  const verifier = new Verifier(keys, { issuer: ["i"], anyAudience: true, require: ["sub"], algorithms: ["ES256"], maxAge: "1d", leewaySeconds: 5 });
  const claims: Claims = await verifier.verify(token, { now: 5 });
  const subject: string | undefined = claims.sub;
  const payload: Uint8Array = (await verifier.verifyJws(token)).payload;
  const explanation: Explanation = verifier.explainSync(token);
  const outcome: "passed" | "failed" | "not_reached" | "not_asked" | undefined = explanation.checks[0]?.outcome;
  const remote = new RemoteKeySet({ "https://a.example": "https://a.example/jwks.json" }, { cooldown: 30, timeoutMs: 5000, fetch });
  const statusLists = new StatusLists({ required: true, prefixes: ["https://a.example/status"], acceptUnreachableFor: "1h", fetch });
  same<Claims, Awaited<ReturnType<Verifier["verify"]>>>(true);
  await new Verifier(remote, { issuer: "https://a.example", audience: "app", statusLists }).verify("token");
  new Verifier(remote, { issuer: "https://a.example", audience: "a" });

  const later: Store = { execute: async (command) => answer(command) };
  const atOnce: Store = { execute: answer };
  const stores: Store[] = [later, atOnce, new MemoryStore({ capacity: 10 })];
  const task: Task<unknown> = issuer.clientCredentials({ clientId: "c", clientSecret: "s" });
  await task.run(stores[0]);
  const pairOfTokens = await issuer.refresh({ refreshToken: "x" }).run(later);
  const next: string = pairOfTokens.refreshToken;
  const seconds: number = pairOfTokens.expiresIn;
  for (const event of task.events) event.event satisfies string;
  await issuer.createClient({ id: "c", organization: "o", secret: "s", permissions: ["sessions"] }).run(atOnce);

  const endpoint = new Endpoint({ keys: [], mercoa: { issuer: "i", key: "k" } }, { store: later, onEvents: (events) => void events.length });
  const response: Response = await endpoint.fetch(new Request("https://a.example"));
  createServer(nodeHandler(endpoint));
  http2.createServer(nodeHandler(endpoint));
  http2.createSecureServer({ allowHTTP1: true }, nodeHandler(endpoint));
  endpoint.refuse("/auth/token", "body_incomplete").status satisfies number;

  try {
    parseExpiresIn("x");
  } catch (error) {
    if (error instanceof TokenmintError) {
      const code: ErrorCode = error.code;
      const number: number = error.number;
      const retry: number | undefined = error.retryAfterSeconds;
      void [code, number, retry, error.field, error.status, error.oauthError];
    }
  }
  const { header, claims: unverified } = decodeUnverified(token);
  same<ReturnType<typeof formatExpiresIn>, string>(true);
  same<ReturnType<typeof nodeJsonwebtokenExpiry>, number>(true);
  secretMatches(generateSecret().secret, hashSecret(new Uint8Array(3))) satisfies boolean;
  void [kid, canSign, subject, payload, outcome, next, seconds, response, header, unverified, Narrow];
}

export async function bound(pair: Parameters<typeof DpopKey.fromCryptoKey>[0]): Promise<Response> {
  const key: DpopKey = await DpopKey.fromCryptoKey((await DpopKey.generate()).pair ?? pair);
  const proof: string = await key.proof({ method: "GET", url: new URL("https://a.example"), nonce: "n", accessToken: "t" });
  const send: typeof fetch = dpopFetch(key, { fetch });
  return send("https://a.example", { headers: { dpop: proof, jkt: key.jkt } });
}

function answer(command: Command): Reply {
  switch (command.command) {
    case "load":
      return { reply: "loaded", entries: command.keys.map(() => undefined) };
    case "cas":
      return command.expect === undefined ? { reply: "done" } : { reply: "conflict", entry: undefined };
    case "throttle":
      return { reply: "admitted", tatUs: command.nowUs + command.cost * command.intervalUs };
    default:
      throw new StoreError("unavailable");
  }
}

// Every code has a name in the union, and a switch over them is checked.
export function isAboutTime(code: ErrorCode): boolean {
  switch (code) {
    case "token_expired":
    case "token_not_yet_valid":
      return true;
    default:
      return false;
  }
}
