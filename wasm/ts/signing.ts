// The question for a signature.

import * as raw from "#raw";
import { TokenmintError } from "./error.js";
import { askedMessage, enterBytes } from "./exchange.js";
import { bytes } from "./module.js";
import type { Question } from "./question.js";

/** @internal */
export const signing: Question<Uint8Array> = {
  ask(key, algorithm) {
    if (key.sign === undefined) throw notHere(algorithm);
    const message = askedMessage();
    // A copy: a slice of a Buffer is none.
    return key.sign(key.sync ? message : new Uint8Array(message));
  },
  answer: (signature) => raw.answer_signed(enterBytes(bytes(signature, "signature"))),
};

/** The error of a key whose private half was not given to the host. @internal */
export function notHere(algorithm: string): TokenmintError {
  return new TokenmintError(
    "key_cannot_sign",
    `the private half of the ${algorithm} key is not with the host: read it by Key.fromJwk or Key.fromPem`,
  );
}
