import type * as raw from "#raw";
import { invalid } from "./error.js";
import { type Call, type Host, microsecondsFor, seedFor } from "./host.js";
import type { HostKeys } from "./host_keys.js";
import { fromJson, toJson } from "./json.js";
import type { KeySet } from "./keyset.js";
import { guard, kind, text } from "./module.js";
import { inCoreNames, inOwnNames } from "./names.js";
import { Made, toolsOf } from "./minter.js";
import { Operations } from "./operations.js";
import { rawOf } from "./owned.js";
import { type Task, taskOf, type Tell } from "./task.js";

/** An issuer that an endpoint has made. @internal */
export function issuerOf(issuer: raw.Issuer, hosts: HostKeys, host: Host): Issuer {
  return new Issuer(new Made(issuer, hosts) as unknown as KeySet, { issuer: "", host });
}

/**
 * Mints tokens with the first key that can sign, and runs the flows. Immutable.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { Issuer, Key, KeySet } from "tokenmint";
 *
 * const keys = new KeySet(Key.hmac("a secret of at least thirty-two bytes", { kid: "k1" }));
 * const issuer = new Issuer(keys, { issuer: "https://api.example.com", audience: "app" });
 * const token = await issuer.mint({ sub: "ent_1", pages: ["invoices"] }, "1h");
 * const claims = await issuer.verifier().verify(token);
 * assert.equal(claims.sub, "ent_1");
 * assert.deepEqual(claims["pages"], ["invoices"]);
 * ```
 */
export class Issuer extends Operations {
  operation(name: string, input: object, call?: Call): Task<Record<string, unknown>> {
    return this.#operation(name, toJson(input), call, (json) => fromJson(json) as Record<string, unknown>);
  }

  /** @internal */
  protected flow<T>(
    name: string,
    input: object,
    call: Call | undefined,
    read: (json: string) => T,
    within?: string,
    tell: Tell = (error) => inOwnNames(error, within),
  ): Task<T> {
    if (typeof input !== "object" || input === null) throw invalid("input", `expected an object, found ${kind(input)}`);
    const named = inCoreNames(input) as Record<string, unknown>;
    if (within !== undefined) named[within] = inCoreNames(named[within]);
    return this.#operation(name, toJson(named), call, read, tell);
  }

  #operation<T>(name: string, input: string, call: Call | undefined, read: (json: string) => T, tell?: Tell): Task<T> {
    const issuer = rawOf(this) as raw.Issuer;
    const { hosts, host } = toolsOf(this);
    const [given, now, seed] = [text(name, "name"), microsecondsFor(host, call), seedFor(host, call)];
    return taskOf(guard(() => issuer.operation(given, input, now, seed)), hosts, read, tell);
  }
}
