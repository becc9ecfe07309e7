// What `tokenmint/mint` offers: keys, minting, lifetimes and verification. What is named here stands before what
// `tokenmint/remote` calls the same.

export { Verifier } from "./explaining_verifier.js";
export type { HeldSigner } from "./key_like.js";
export { formatExpiresIn, nodeJsonwebtokenExpiry, parseExpiresIn, parseExpiresInJson } from "./lifetime.js";
export { type HeldKey, Key } from "./made_key.js";
export { Issuer, type IssuerPolicy } from "./minter.js";
export type { Integration, Rate } from "./options.js";
export * from "./remote_keys.js";
export type { Check, Explanation } from "./results.js";
