// What `tokenmint/dpop` offers: tokens that are bound to a key of the client's. WebCrypto alone: no WebAssembly is loaded.

export type { ErrorCode } from "./codes.js";
export { dpopFetch, type DpopFetchOptions } from "./dpop_fetch.js";
export { DpopKey, type ProofRequest } from "./dpop_key.js";
export { type ErrorDetails, TokenmintError } from "./error.js";
export type { CryptoKeyLike, CryptoKeyPairLike } from "./key_like.js";
export type { PlatformFetch, PlatformRequest, PlatformResponse } from "./platform.js";
