// What `tokenmint/verify` offers: what verifies with keys that are given.

export type { Algorithm } from "./algorithm.js";
export type { ErrorCode } from "./codes.js";
export { type ErrorDetails, TokenmintError } from "./error.js";
export type { Fetch, FetchedResponse, FetchOptions } from "./fetches.js";
export type { Call, Host, Time } from "./host.js";
export { Key } from "./key.js";
export type { CryptoKeyLike, CryptoKeyPairLike, KeyObjectLike } from "./key_like.js";
export { KeySet, type SkippedKey } from "./keyset.js";
export type { Lifetime } from "./lifetime.js";
export type { Claims, Jws } from "./results.js";
export { StatusLists, type StatusListsOptions } from "./status_lists.js";
export { decodeUnverified, type Unverified } from "./unverified.js";
export { Verifier, type VerifierOptions, type VerifyCall } from "./verifier.js";
