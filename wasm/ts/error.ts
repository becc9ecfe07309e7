import { ERROR_CODES, type ErrorCode } from "./codes.js";

/** What else there is to say about an error. */
export interface ErrorDetails {
  /** The field, header or claim at fault. */
  field?: string | undefined;
  /** Whole seconds until a retry can succeed. */
  retryAfterSeconds?: number | undefined;
  /** The error that led to it, for instance of a store's client. */
  cause?: unknown;
}

/**
 * The one error of this package: what went wrong, as a code for programs and a message for people. It never holds a token,
 * a key or a secret.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { parseExpiresIn, TokenmintError } from "tokenmint";
 *
 * assert.throws(
 *   () => parseExpiresIn("1 fortnight"),
 *   (error) => error instanceof TokenmintError && error.code === "lifetime_unit" && error.status === 400,
 * );
 * ```
 */
export class TokenmintError extends Error {
  /** The stable name, the same in every language. */
  readonly code: ErrorCode;
  /** The stable number, as in docs/errors.md. */
  readonly number: number;
  /** The HTTP status that fits best. */
  readonly status: number;
  /** The `error` value of OAuth 2.0 (RFC 6749 section 5.2, RFC 6750 section 3.1). */
  readonly oauthError: string;
  /** The field, header or claim at fault; none where the whole input is. */
  declare readonly field?: string;
  /** Whole seconds until a retry can succeed, where that is known. */
  declare readonly retryAfterSeconds?: number;

  static {
    Object.defineProperty(this.prototype, "name", { value: "TokenmintError", writable: true, configurable: true });
  }

  /** An error with a code; stores throw {@link StoreError} instead. */
  constructor(code: ErrorCode, message: string, { field, retryAfterSeconds, cause }: ErrorDetails = {}) {
    super(field === undefined ? message : `${shown(field)}: ${message}`, cause === undefined ? undefined : { cause });
    this.code = code;
    [this.number, this.status, this.oauthError] = ERROR_CODES[code];
    if (field !== undefined) this.field = field;
    if (retryAfterSeconds !== undefined) this.retryAfterSeconds = retryAfterSeconds;
  }
}

/** Why a store could not do its part. There are no other reasons. */
export type StoreReason = "unavailable" | "unknown" | "corrupt" | "too_large";

/**
 * What a store throws: `unavailable` where certainly nothing was changed, `unknown` where nobody knows, `corrupt` for a
 * record that cannot be read, `too_large` for one that does not fit.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { StoreError } from "tokenmint";
 *
 * const error = new StoreError("unavailable", { cause: new Error("connection refused") });
 * assert.equal(error.code, "store_unavailable");
 * ```
 */
export class StoreError extends TokenmintError {
  /** The reason, without the code's prefix. */
  readonly reason: StoreReason;

  static {
    Object.defineProperty(this.prototype, "name", { value: "StoreError", writable: true, configurable: true });
  }

  /** A store's error; its cause reaches the caller of the flow. */
  constructor(reason: StoreReason, options: { cause?: unknown } = {}) {
    super(`store_${reason}`, `the store says: ${reason}`, options);
    this.reason = reason;
  }
}

/** An error of the core, from the text in which it crosses; `cause`: what a store has thrown. @internal */
export function fromText(text: string, cause?: unknown): TokenmintError {
  const [code, message, field, retry] = apart(text) as [ErrorCode, string, string?, string?];
  const retryAfterSeconds = retry === undefined ? undefined : Number(retry);
  const isStores = code.startsWith("store_");
  return new TokenmintError(code, message, { field, retryAfterSeconds, cause: isStores ? cause : undefined });
}

/** The texts that cross in one: their lengths, `-` for one that is left out, then the texts. @internal */
export function apart(whole: string): (string | undefined)[] {
  let at = whole.indexOf(":") + 1;
  const lengths = whole.slice(0, at - 1).split(",");
  return lengths.map((length) => (length === "-" ? undefined : whole.slice(at, (at += Number(length)))));
}

/** The same error, told of the place where its field stands. @internal */
export function within(place: string, error: TokenmintError): TokenmintError {
  const { code, field } = error;
  if (field === undefined) return new TokenmintError(code, textOf(error), { field: place });
  return new TokenmintError(code, textOf(error), { field: `${place}.${field}` });
}

/** An error's message without the field that stands in front of it. @internal */
export function textOf({ field, message }: TokenmintError): string {
  return field === undefined ? message : message.slice(shown(field).length + 2);
}

/** A parameter that is not what the function takes. @internal */
export function invalid(field: string, message: string): TokenmintError {
  return new TokenmintError("field_invalid", message, { field });
}

/** A name, which may be whatever somebody sent, on one line and not endlessly. */
function shown(name: string): string {
  const characters = [...name];
  const short = characters.length > 80 ? `${characters.slice(0, 80).join("")}...` : name;
  return short.replace(/[\u0000-\u001f\u007f-\u009f]/g, (control) => JSON.stringify(control).slice(1, -1));
}
