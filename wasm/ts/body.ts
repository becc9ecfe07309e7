// Bodies, part by part: bounded in length and in time.

import { encode } from "#memory";
import { bytes } from "./module.js";

/** What a stream's reader gives, or its iterator. @internal */
export interface Part {
  readonly done?: boolean | undefined;
  readonly value?: unknown;
}

/** The parts of a body as one, and whether its end was seen. @internal */
export interface Gathered {
  readonly body: Uint8Array;
  readonly ended: boolean;
}

/**
 * Reads a body. At most one byte more than `most` is kept, which is enough to see that it is too large; behind `furthest`
 * bytes nothing more is read.
 *
 * @internal
 */
export async function gather(next: () => Promise<Part>, most: number, furthest = most): Promise<Gathered> {
  const parts: Uint8Array[] = [];
  let [kept, seen, ended] = [0, 0, false];
  while (!ended && seen <= furthest) {
    const { done, value } = await next();
    if (done === true) {
      ended = true;
    } else {
      const part = typeof value === "string" ? encode(value) : bytes(value, "body");
      const taken = part.subarray(0, most + 1 - kept);
      if (taken.length > 0) parts.push(taken);
      [kept, seen] = [kept + taken.length, seen + part.length];
    }
  }
  const body = new Uint8Array(kept);
  let at = 0;
  for (const part of parts) {
    body.set(part, at);
    at += part.length;
  }
  return { body, ended };
}

/** Reads a stream, at most one byte more than `most`; it is told where no more of it is wanted. @internal */
export async function gatherStream(
  stream: ReadableStream<Uint8Array> | null | undefined,
  most: number,
  milliseconds: number,
): Promise<Uint8Array> {
  if (stream === null || stream === undefined) return new Uint8Array();
  const reader = stream.getReader();
  let found: Gathered | undefined;
  try {
    found = await inTime(gather(() => reader.read(), most), milliseconds);
    return found.body;
  } finally {
    // Without waiting: what the sender does then is its own affair.
    if (found?.ended !== true) reader.cancel().catch(() => undefined);
  }
}

/** Something took longer than it may. @internal */
export class Late extends Error {}

/** A promise that is not waited for longer, also where what it stands for looks at no signal. @internal */
export async function inTime<T>(promise: Promise<T>, milliseconds: number): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Late(`there was no end to it within ${milliseconds} ms`)), milliseconds);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
