// What `tokenmint` offers. What is named here stands before what `tokenmint/mint` calls the same.

export { Verifier } from "./bound_verifier.js";
export { generateSecret, type GeneratedSecret, hashSecret, secretMatches } from "./credential.js";
export {
  type BodyFault,
  Endpoint,
  type EndpointOptions,
  type EndpointRequest,
  type EndpointResponse,
} from "./endpoint.js";
export { StoreError, type StoreReason } from "./error.js";
export type { Event } from "./event.js";
export type { EntityOptions, EntityTokenRequest } from "./flows.js";
export { Issuer } from "./issuer.js";
export { MemoryStore } from "./memory_store.js";
export * from "./mint.js";
export { nodeHandler, type NodeRequest, type NodeResponse } from "./node_http.js";
export type * from "./operations.js";
export type { PlatformRequest, PlatformResponse } from "./platform.js";
export { type BoundRequest, ProofWindow } from "./proof_window.js";
export type {
  Admitted,
  Cas,
  Command,
  Conflict,
  Denied,
  Done,
  Entry,
  List,
  Listed,
  Load,
  Loaded,
  Removed,
  Reply,
  Store,
  Sweep,
  Throttle,
} from "./store.js";
export { Task } from "./task.js";
export { type SourceToken, type TokenFetch, TokenSource, type TokenSourceOptions } from "./token_source.js";
