// What a call asks of the host's keys. A key that answers at once is asked within the call; while one that answers later
// is asked, other calls may be made.

import * as raw from "#raw";
import { encode, fromBase64url } from "#memory";
import type { HostKey, MayWait } from "./crypto/host.js";
import { TokenmintError } from "./error.js";
import { ASKED, askedKey, entered, leftError } from "./exchange.js";
import { attempt, type HostKeys } from "./host_keys.js";
import { then } from "./key_parts.js";
import { failure } from "./module.js";

/** A question to a key. @internal */
export interface Question<T> {
  /** Asks the key; fails where it cannot be asked. */
  ask(key: HostKey, algorithm: string): MayWait<T>;
  /** Goes on with what the key said; gives what the call gave. */
  answer(said: T): number;
}

/** Takes a call to its end and reads its result; throws the error that it comes to. @internal */
export function settle<T, R>(
  result: number,
  hosts: HostKeys,
  question: Question<T>,
  read: (length: number) => R,
): MayWait<R> {
  try {
    if (result === ASKED) return answered(hosts, question, read);
    if (result < 0) throw leftError(result);
    return read(result);
  } catch (thrown) {
    throw failure(thrown);
  }
}

function answered<T, R>(hosts: HostKeys, question: Question<T>, read: (length: number) => R): MayWait<R> {
  const name = askedKey();
  const key = hosts.find(name);
  // Only the host's own crypto runs within a call: a function of the program's could make another.
  const aside = key.sync ? undefined : raw.Question.put_aside();
  const said = attempt(() => question.ask(key, name.slice(0, name.indexOf(" "))));
  return then(said, (said) => {
    aside?.take_up();
    return settle(question.answer(said), hosts, question, read);
  });
}

/** The question whether a token's signature is that of a key. @internal */
export function verification(token: string): Question<boolean> {
  const dot = token.lastIndexOf(".");
  return {
    ask(key) {
      if (key.verify === undefined) {
        throw new TokenmintError("policy_invalid", "the public half of the key is not known: nothing verifies with it", {
          field: "keys",
        });
      }
      const message = key.sync ? entered(dot) : encode(token.slice(0, dot));
      return key.verify(message, fromBase64url(token.slice(dot + 1)));
    },
    // Only `true` is yes, whatever a program's function gives.
    answer: (valid) => raw.answer_verified(valid === true),
  };
}

/** What was found at once; fails where it comes later. @internal */
export function now<T>(found: MayWait<T>, late: () => TokenmintError): T {
  if (!(found instanceof Promise)) return found;
  found.catch(() => undefined);
  throw late();
}
