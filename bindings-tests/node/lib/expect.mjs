import assert from "node:assert/strict";

import { TokenmintError } from "tokenmint";

/** The error of a call that must fail with this code, or one of a list, and where one is given at this field. */
export async function refused(call, code, field) {
  let error;
  try {
    await call();
  } catch (thrown) {
    error = thrown;
  }
  assert.ok(error !== undefined, `nothing was refused; ${code ?? "an error"} is expected`);
  assert.ok(error instanceof TokenmintError, `a foreign error: ${error?.stack ?? error}`);
  if (Array.isArray(code)) assert.ok(code.includes(error.code), `${error.code}: ${error.message}`);
  else if (code !== undefined) assert.equal(error.code, code, error.message);
  else assert.notEqual(error.code, "internal", error.message);
  if (field !== undefined) assert.equal(error.field, field);
  return error;
}

/** Like `refused`, for what a promise is rejected with: a call that throws at once is a fault. */
export async function rejected(call, code, field) {
  let promise;
  try {
    promise = call();
  } catch (error) {
    assert.fail(`thrown instead of rejected: ${error}`);
  }
  assert.ok(promise instanceof Promise);
  return refused(() => promise, code, field);
}

/** Like `refused`, for a call that answers at once: a promise is a fault. */
export async function thrown(call, code, field) {
  return refused(
    () => {
      const value = call();
      assert.ok(!(value instanceof Promise), "a promise instead of an error");
    },
    code,
    field,
  );
}

/** A call with what is no such argument: refused by a named error, and never by a trap or a fault inside. */
export function misused(call, name) {
  const judge = (error) =>
    assert.ok(error instanceof TokenmintError && error.code !== "internal", `${name ?? call}: ${error?.stack ?? error}`);
  try {
    const value = call();
    if (value instanceof Promise) {
      return value.then(() => assert.fail(`${name ?? call}: nothing was refused`), judge);
    }
  } catch (error) {
    return judge(error);
  }
  assert.fail(`${name ?? call}: nothing was refused`);
}
