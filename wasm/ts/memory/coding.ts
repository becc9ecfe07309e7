// UTF-8 there and back where the platform has no TextEncoder, as jsdom in Jest: by what has always been there. The build puts
// these in the place of the globals.

/** The text's own bytes; half a surrogate pair is none of Unicode, and becomes the character for that. */
function encode(text: string): Uint8Array<ArrayBuffer> {
  const escaped = encodeURIComponent(text.replace(/\p{Surrogate}/gu, "\ufffd"));
  const characters = escaped.replace(/%(..)/g, (_, byte: string) => String.fromCharCode(parseInt(byte, 16)));
  return Uint8Array.from(characters, (character) => character.charCodeAt(0));
}

class Encoder {
  encode(text = ""): Uint8Array<ArrayBuffer> {
    return encode(text);
  }

  encodeInto(text: string, into: Uint8Array): { read: number; written: number } {
    const bytes = encode(text);
    into.set(bytes);
    return { read: text.length, written: bytes.length };
  }
}

class Decoder {
  decode(bytes: Uint8Array = new Uint8Array()): string {
    return decodeURIComponent(Array.from(bytes, (byte) => `%${byte.toString(16).padStart(2, "0")}`).join(""));
  }
}

const encoder = globalThis.TextEncoder ?? Encoder;
const decoder = globalThis.TextDecoder ?? Decoder;

export { decoder as TextDecoder, encoder as TextEncoder };
