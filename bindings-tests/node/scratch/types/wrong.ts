// What the types refuse: each line beneath a mark must be an error.

import { Endpoint, Issuer, Key, KeySet, MemoryStore, TokenmintError, Verifier, parseExpiresIn } from "tokenmint";
import { DpopKey } from "tokenmint/dpop";
import type { Algorithm, ErrorCode, Store } from "tokenmint";

declare const key: Key;
declare const keys: KeySet;
declare const issuer: Issuer;
declare const verifier: Verifier;
declare const error: TokenmintError;

// @ts-expect-error no such algorithm
export const none: Algorithm = "none";
// @ts-expect-error no such code
export const code: ErrorCode = "no_such_code";
// @ts-expect-error the codes are a closed set
export const closed: boolean = error.code === "no_such_code";
// @ts-expect-error a key is made by its functions
new Key();
// @ts-expect-error an issuer needs keys
new Issuer("secret", { issuer: "i" });
// @ts-expect-error a key is no set
new Issuer(key, { issuer: "i" });
// @ts-expect-error a policy needs its issuer
new Issuer(keys, {});
// @ts-expect-error an unknown member
new Issuer(keys, { issuer: "i", lifetme: "1h" });
// @ts-expect-error an unknown member
new Verifier(keys, { issuer: "i", audience: "a", leeway: 1 });
// @ts-expect-error a lifetime is needed
issuer.mintSync({});
// @ts-expect-error a lifetime is no Date
issuer.mintSync({}, new Date());
// @ts-expect-error a lifetime is no BigInt
parseExpiresIn(5n);
// @ts-expect-error a promise is no token
verifier.verifySync(issuer.mint({}, "1h"));
// @ts-expect-error a promise is no text
export const text: string = issuer.mint({}, "1h");
// @ts-expect-error the code cannot be changed
error.code = "internal";
// @ts-expect-error a key does not change
key.kid = "x";
// @ts-expect-error the keys of a set do not change
keys.keys.push(key);
// @ts-expect-error a store answers
export const silent: Store = { execute: () => undefined };
// @ts-expect-error a store has `execute`
export const empty: Store = {};
// @ts-expect-error no such operation
issuer.noSuchOperation({});
// @ts-expect-error a required member
issuer.clientCredentials({ clientId: "c" });
// @ts-expect-error the members are in camelCase
issuer.clientCredentials({ client_id: "c", client_secret: "s" });
// @ts-expect-error a held key signs
Key.held("kms", { algorithm: "ES256" });
// @ts-expect-error a signature is bytes
Key.held("kms", { algorithm: "ES256", sign: () => "text" });
// @ts-expect-error a capacity is a number
new MemoryStore({ capacity: "10" });
// @ts-expect-error a configuration is an object or its text
new Endpoint(1);
// @ts-expect-error a flow is run: a task is no promise
await issuer.refresh({ refreshToken: "x" });
// @ts-expect-error nor has it results for a chain
issuer.refresh({ refreshToken: "x" }).then((pair) => pair.accessToken);
// @ts-expect-error an async function does not give a task
export const forgotten = async () => issuer.refresh({ refreshToken: "x" });
// @ts-expect-error what can be wrong with a body is a closed set
new Endpoint({}).refuse("/", "not_found");
// @ts-expect-error a key that proves is made by its functions
new DpopKey();
// @ts-expect-error a proof is for an address
export const proof = async (key: DpopKey) => key.proof({ method: "GET" });
