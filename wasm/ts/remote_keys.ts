// What `tokenmint/remote` offers: what verifies, also with keys that issuers publish. What is named here stands before what
// `tokenmint/verify` calls the same.

export { RemoteKeySet, type RemoteKeySetOptions } from "./remote.js";
export { Verifier } from "./remote_verifier.js";
export * from "./verify.js";
