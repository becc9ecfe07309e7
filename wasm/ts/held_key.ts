// Keys of a service that signs.

import * as raw from "#raw";
import { hostCrypto } from "#crypto";
import type { HostKey } from "./crypto/host.js";
import { invalid, TokenmintError } from "./error.js";
import type { HeldSigner } from "./key_like.js";
import { type KeyParts, newName, then } from "./key_parts.js";
import { guard, kind, optionalText, text } from "./module.js";

/** @internal */
export function heldKey(
  name: string,
  options: HeldSigner,
  publicHalf: raw.Key | undefined,
  publicHost: HostKey | undefined,
): KeyParts {
  const { algorithm } = options;
  const id = optionalText(options.kid, "kid");
  if (typeof options.sign !== "function") throw invalid("sign", `expected a function, found ${kind(options.sign)}`);
  if (text(name, "name") === "") throw invalid("name", "a key that is held needs a name");
  const called = newName(name);
  // Called as methods of what was given: it may be an object with a client in it.
  const sign: HostKey["sign"] = (message) => options.sign(message);
  const verify: HostKey["verify"] = options.verify && ((message, signature) => options.verify?.(message, signature) ?? false);
  return guard(() => {
    if (publicHalf === undefined) {
      return { raw: raw.Key.held(called, algorithm, id), host: { sync: false, sign, verify } };
    }
    const key = raw.Key.held_with_public(called, algorithm, publicHalf, id ?? publicHalf.kid());
    const name = publicHalf.host_name();
    const half = publicHost ?? (name === undefined ? undefined : hostCrypto.publicKey(algorithm, name));
    const judge = half?.verify;
    return { raw: key, host: { sync: false, sign: judge ? judged(sign, judge) : sign, verify: verify ?? judge } };
  });
}

/** What nobody could verify must not leave as a token, whatever a signer gives. */
function judged(sign: NonNullable<HostKey["sign"]>, verify: NonNullable<HostKey["verify"]>): HostKey["sign"] {
  return (message) => {
    const copy = message.slice(); // where the message stands may be written anew meanwhile
    return then(sign(message), (signature) => {
      if (!(signature instanceof Uint8Array)) return signature;
      return then(verify(copy, signature), (valid) => {
        if (valid) return signature;
        throw new TokenmintError("key_usage", "what the held key gave is no signature by its public half", { field: "sign" });
      });
    });
  };
}
