import { TokenmintError } from "../error.js";

/** The platform's WebCrypto, which tests in jsdom and pages of plain http have not. @internal */
export function subtle(): SubtleCrypto {
  const found = globalThis.crypto?.subtle as SubtleCrypto | undefined;
  if (found !== undefined) return found;
  throw new TokenmintError(
    "key_unsupported",
    "RSA, EC and Ed25519 need crypto.subtle, which is not here: pages have it on https and on localhost",
  );
}
