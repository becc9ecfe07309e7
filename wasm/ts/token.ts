import { TokenmintError } from "./error.js";
import { kind } from "./module.js";

/** The longest token in characters: the core's bound, so that nothing longer is copied. @internal */
export const MAX_TOKEN = 64 * 1024;

/** A parameter that is to be a token. @internal */
export function tokenText(token: unknown): string {
  if (typeof token !== "string") throw new TokenmintError("token_malformed", `expected a text, found ${kind(token)}`);
  if (token.length > MAX_TOKEN) {
    throw new TokenmintError("token_too_large", `the token has more than ${MAX_TOKEN} characters`);
  }
  return token;
}
