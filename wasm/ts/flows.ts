// How the flows are run, and how what they give is read.

import { invalid, textOf, TokenmintError } from "./error.js";
import type { Call } from "./host.js";
import { fromJson } from "./json.js";
import type { Lifetime } from "./lifetime.js";
import { camelCase, inOwnNames } from "./names.js";
import { Issuer as Minter } from "./minter.js";
import type { Task, Tell } from "./task.js";

/** What an entity token lets its holder's front end show and do; see docs/endpoints.md. */
export interface EntityOptions {
  expiresIn?: string | undefined;
  invoice?:
    | {
        status: readonly string[];
        lineItems?: "DISABLED" | "OPTIONAL" | "REQUIRED" | undefined;
        recurring?: boolean | undefined;
      }
    | undefined;
  pages?:
    | {
        paymentMethods?: boolean | undefined;
        representatives?: boolean | undefined;
        notifications?: boolean | undefined;
        counterparties?: boolean | undefined;
        approvals?: boolean | undefined;
        emailLog?: boolean | undefined;
      }
    | undefined;
  style?: { primaryColor: string } | undefined;
  vendors?: { network: "all" | "platform" | "entity"; disableCreation?: boolean | undefined } | undefined;
  entity?: { enableMercoaPayments?: boolean | undefined } | undefined;
  sessionId?: string | undefined;
}

/** A request for an entity token: for an entity or a group, or for a user of one. */
export interface EntityTokenRequest {
  /** An API key, or an entity token that is renewed. */
  bearer: string;
  entity?: string | undefined;
  group?: string | undefined;
  user?: string | undefined;
  expiresIn?: Lifetime | undefined;
  options?: EntityOptions | undefined;
}

/** What the methods of all flows have in common, and the one that is written by hand: its target is flat. */
export abstract class Flows extends Minter {
  /**
   * A flow by its name, with its input and output as docs/operations.md names their members.
   *
   * The task fails with `invalid_request` for a name that is none, with `field_required` or `field_invalid` at the path of a
   * field that is missing, not known or not acceptable, and with the flow's own errors.
   */
  abstract operation(name: string, input: object, call?: Call): Task<Record<string, unknown>>;

  /** `within`: the member of the input whose own members have the core's names behind it. @internal */
  protected abstract flow<T>(
    name: string,
    input: object,
    call: Call | undefined,
    read: (json: string) => T,
    within?: string,
    tell?: Tell,
  ): Task<T>;

  /**
   * A narrow token for an entity or a group, or for a user of one. Fails with `unauthenticated`, `forbidden`, `not_found`,
   * and `invalid_request` where the target is not one.
   */
  entityToken(input: EntityTokenRequest, call?: Call): Task<string> {
    const { entity, group, user, ...rest } = input ?? {};
    if ("target" in rest) throw invalid("target", "this field is not known: it is an entity, a group or a user");
    return this.flow("entity_token", { ...rest, target: { entity, group, user } }, call, tokenOf, undefined, ofEntityToken);
  }
}

/** Of the target, the core has a member of its own. */
function ofEntityToken(error: TokenmintError): TokenmintError {
  const own = inOwnNames(error);
  const { code, field, cause, retryAfterSeconds } = own;
  const text = textOf(own).replace("bearer, target,", "bearer, entity, group, user,");
  return new TokenmintError(code, text, { field: field?.replace(/^target\./, ""), cause, retryAfterSeconds });
}

function tokenOf(json: string): string {
  return (JSON.parse(json) as { token: string }).token;
}

/** The flows that change something give an empty object. @internal */
export function nothing(): void {}

/** A flow's output, its members by their names here; `known` are those whose own members are renamed, too. @internal */
export function outputOf<T>(json: string, ...known: readonly string[]): T {
  const output: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(fromJson(json) as object)) {
    if (value !== null) output[camelCase(name)] = known.includes(name) ? renamed(value) : value;
  }
  return output as T;
}

function renamed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(renamed);
  return Object.fromEntries(Object.entries(value as object).map(([name, value]) => [camelCase(name), value]));
}
