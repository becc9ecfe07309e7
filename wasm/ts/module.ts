// The one instance of the WebAssembly module, and the gate through which every call of it goes.

import type { InitOutput } from "#raw";
import { fromText, TokenmintError } from "./error.js";

export { bytes, kind, optionalText, text } from "./parameters.js";

/** What is done before a call: nothing while all is well. Else it starts the module, or says why no call is made. */
let before: (() => void) | undefined = refusal(
  () => new TokenmintError("policy_invalid", "the WebAssembly module is not loaded yet: await init() first"),
);

function refusal(error: () => TokenmintError): () => never {
  return () => {
    throw error();
  };
}

/** The module's memory. @internal */
export let memory: WebAssembly.Memory;

/** Takes the instance, once it is there. @internal */
export function started(instance: InitOutput): void {
  memory = instance.memory;
  before = undefined;
}

/** Starts the module when it is called for the first time. @internal */
export function startsLater(start: () => void): void {
  before = () => {
    start();
    ready();
  };
}

/** Takes a module and starts it; what does not start says so in every call. @internal */
export function startBytes(bytes: BufferSource, start: (module: WebAssembly.Module) => InitOutput): void {
  try {
    started(start(new WebAssembly.Module(bytes)));
  } catch (cause) {
    refused(cause, bytes);
  }
}

/** Says from now on why the module did not start. @internal */
export function refused(cause: unknown, bytes?: BufferSource): void {
  before = refusal(() => notStarted(cause, bytes));
}

/** Why a module of these bytes did not start. @internal */
export function notStarted(cause: unknown, bytes?: BufferSource): TokenmintError {
  // Whether a module is right may be asked under every policy; only compiling it is forbidden.
  if (bytes !== undefined && globalThis.WebAssembly?.validate(bytes)) {
    const allow = "the page's Content Security Policy does not allow WebAssembly: add 'wasm-unsafe-eval' to its script-src";
    return new TokenmintError("module_blocked", allow, { cause });
  }
  const instead = "this platform cannot run this build of the module: import tokenmint/base, or /base of another entry";
  return new TokenmintError("module_unsupported", instead, { cause });
}

/** Whether there is an instance. @internal */
export function isStarted(): boolean {
  return memory !== undefined;
}

/** Fails where the module cannot be called: `internal` behind a trap, `module_...` where it did not start. @internal */
export function ready(): void {
  before?.();
}

/** Calls the module. Nothing else may run inside: whatever is thrown there is taken for the module's. @internal */
export function guard<T>(call: () => T): T {
  ready();
  try {
    return call();
  } catch (thrown) {
    throw failure(thrown);
  }
}

/**
 * What is thrown by the module: errors of the core come as texts. Anything else is a trap, behind which nobody knows in
 * what state the memory is, so that no call follows it.
 *
 * @internal
 */
export function failure(thrown: unknown, cause?: unknown): TokenmintError {
  if (thrown instanceof TokenmintError) return thrown;
  if (typeof thrown === "string") return fromText(thrown, cause);
  before = refusal(() => new TokenmintError("internal", "the module stopped after an internal error", { cause: thrown }));
  return new TokenmintError("internal", "an internal rule was broken; please report it", { cause: thrown });
}
