import { TokenmintError } from "./error.js";
import { toJson } from "./json.js";
import { guard, kind } from "./module.js";
import { inCoreNames, named, NESTED, snakeCase } from "./names.js";

/** What the core makes of {@link configJson}; its errors are told in the names of JavaScript. @internal */
export function configuredBy<T>(make: () => T): T {
  return named(() => guard(make));
}

/** Options in the core's names, as JSON. @internal */
export function configJson(options: object, ...without: string[]): string {
  if (typeof options !== "object" || options === null) {
    throw new TokenmintError("policy_invalid", `expected an object, found ${kind(options)}`);
  }
  const config: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(options)) {
    if (without.includes(name)) continue;
    const inner = snakeCase(name);
    config[inner] = name === "trustedIssuers" ? trusted(value) : NESTED.has(inner) ? inCoreNames(value) : value;
  }
  return named(() => policyJson(config));
}

/** Trusted issuers and their rules in the core's names; the names of claims are those of whoever gave them. */
function trusted(issuers: unknown): unknown {
  if (!Array.isArray(issuers)) return issuers;
  return issuers.map(inCoreNames).map((issuer: unknown) => {
    if (typeof issuer !== "object" || issuer === null || !("rules" in issuer)) return issuer;
    return Array.isArray(issuer.rules) ? { ...issuer, rules: issuer.rules.map(inCoreNames) } : issuer;
  });
}

/** A configuration as JSON. @internal */
export function policyJson(config: unknown): string {
  try {
    return toJson(config);
  } catch (error) {
    if (!(error instanceof TokenmintError)) throw error;
    const { field, message } = error;
    throw new TokenmintError("policy_invalid", field === undefined ? message : message.slice(field.length + 2), { field });
  }
}
