// JSON as the package reads it: integers that a number cannot hold are BigInts.

const MARK = "\u0000integer:";
const TOKENS = /"(?:[^"\\]|\\.)*"|(?<![\d.])-?\d{16,}(?![\d.eE])/g;

export function parse(text) {
  const marked = text.replace(TOKENS, (part) => (part[0] === '"' || isExact(part) ? part : JSON.stringify(MARK + part)));
  return JSON.parse(marked, (_, value) =>
    typeof value === "string" && value.startsWith(MARK) ? BigInt(value.slice(MARK.length)) : value,
  );
}

function isExact(integer) {
  return Number.isSafeInteger(Number(integer));
}

/** Where two values differ, or undefined. Members that are undefined count as absent; 0 and -0 are two. */
export function different(found, wanted, place = "$") {
  if (Object.is(found, wanted)) return undefined;
  if (isObject(found) && isObject(wanted) && Array.isArray(found) === Array.isArray(wanted)) {
    const names = new Set([...Object.keys(found), ...Object.keys(wanted)]);
    for (const name of names) {
      const inner = different(found[name], wanted[name], `${place}.${name}`);
      if (inner !== undefined) return inner;
    }
    return undefined;
  }
  return `${place}: ${show(found)} instead of ${show(wanted)}`;
}

function isObject(value) {
  return typeof value === "object" && value !== null;
}

function show(value) {
  if (Object.is(value, -0)) return "-0";
  const text = JSON.stringify(value, (_, inner) => (typeof inner === "bigint" ? `${inner}n` : inner));
  return text === undefined ? String(value) : text.slice(0, 2000);
}
