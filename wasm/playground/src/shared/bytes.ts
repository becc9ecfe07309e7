// Secrets as text: strict, and with an error that says where.

export function toBase64url(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) {
    text += String.fromCharCode(byte);
  }
  return btoa(text).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

export function fromBase64url(text: string): Uint8Array<ArrayBuffer> {
  const body = text.trim().replace(/={1,2}$/, "");
  const wrong = body.search(/[^A-Za-z0-9_-]/);
  if (wrong >= 0) {
    const hint = /[+/]/.test(body[wrong] ?? "") ? "; that is plain base64: write - for + and _ for /" : "";
    throw new Error(`character ${wrong + 1} is no base64url${hint}`);
  }
  if (body.length % 4 === 1) {
    throw new Error("a character is missing: no base64url has this length");
  }
  const bytes = Uint8Array.from(atob(body.replaceAll("-", "+").replaceAll("_", "/")), (char) => char.charCodeAt(0));
  if (toBase64url(bytes) !== body) {
    throw new Error("the last character holds bits that belong to no byte");
  }
  return bytes;
}

export function fromHex(text: string): Uint8Array<ArrayBuffer> {
  const body = text.trim().replace(/^0x/i, "").replace(/[\s:]/g, "");
  const wrong = body.search(/[^0-9a-f]/i);
  if (wrong >= 0) {
    throw new Error(`character ${wrong + 1} is no hex digit`);
  }
  if (body.length % 2 === 1) {
    throw new Error("a digit is missing: a byte has two");
  }
  return Uint8Array.from(body.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

export function randomBytes(length: number): Uint8Array<ArrayBuffer> {
  return crypto.getRandomValues(new Uint8Array(length));
}
