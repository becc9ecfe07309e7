// What the platform calls its own, where a program has types for it.

/** `Request` of the platform's own types. */
export type PlatformRequest = typeof globalThis extends { Request: { prototype: infer T } } ? T : never;

/** `Response` of the platform's own types. */
export type PlatformResponse = typeof globalThis extends { Response: { prototype: infer T } } ? T : never;

/** `fetch` of the platform's own types. */
export type PlatformFetch = typeof globalThis extends { fetch: infer T } ? T : never;
