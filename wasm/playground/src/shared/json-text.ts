// JSON as people type it: read with exact integers, and with errors that name the path, the line and the column.
// JSON.parse gives neither, and takes the last of two equal names in silence.

export type Json = null | boolean | number | bigint | string | Json[] | { [name: string]: Json };

export class JsonError extends Error {
  constructor(
    message: string,
    readonly path: string,
    readonly line: number,
    readonly column: number,
  ) {
    super(message);
  }
}

const NUMBER = /-?(?:0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?/y;
const STRING = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;

/** The path in words: `claims.pages[0]`. */
export function pathText(path: readonly (string | number)[]): string {
  return path
    .map((part, index) => {
      if (typeof part === "number") {
        return `[${part}]`;
      }
      const plain = /^[A-Za-z_$][\w$-]*$/.test(part);
      return plain ? `${index > 0 ? "." : ""}${part}` : `[${JSON.stringify(part)}]`;
    })
    .join("");
}

export function readJson(text: string): Json {
  const reader = new Reader(text);
  const value = reader.value();
  reader.end();
  return value;
}

class Reader {
  #at = 0;
  #path: (string | number)[] = [];

  constructor(readonly text: string) {}

  value(): Json {
    this.#blanks();
    const char = this.text[this.#at];
    switch (char) {
      case "{":
        return this.#object();
      case "[":
        return this.#list();
      case '"':
        return this.#string();
      case undefined:
        throw this.#error("a value is missing: the text ends here");
      default:
        return this.#word(char);
    }
  }

  end(): void {
    this.#blanks();
    if (this.#at < this.text.length) {
      throw this.#error("something stands behind the value");
    }
  }

  #object(): Json {
    const object: { [name: string]: Json } = {};
    this.#at += 1;
    this.#blanks();
    if (this.#take("}")) {
      return object;
    }
    do {
      this.#blanks();
      if (this.text[this.#at] !== '"') {
        const comma = this.text[this.#at] === "}";
        throw this.#error(comma ? "a comma too many: behind it a name is expected" : "a name in double quotes is expected");
      }
      const start = this.#at;
      const name = this.#string();
      if (Object.hasOwn(object, name)) {
        this.#at = start;
        this.#path.push(name);
        throw this.#error("this name stands here twice");
      }
      this.#path.push(name);
      this.#blanks();
      if (!this.#take(":")) {
        throw this.#error("a colon is expected behind the name");
      }
      const value = this.value();
      // Plain assignment would let a claim named __proto__ vanish.
      Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true });
      this.#path.pop();
      this.#blanks();
    } while (this.#take(","));
    if (!this.#take("}")) {
      throw this.#error("a comma or } is expected");
    }
    return object;
  }

  #list(): Json {
    const list: Json[] = [];
    this.#at += 1;
    this.#blanks();
    if (this.#take("]")) {
      return list;
    }
    do {
      this.#path.push(list.length);
      list.push(this.value());
      this.#path.pop();
      this.#blanks();
    } while (this.#take(","));
    if (!this.#take("]")) {
      throw this.#error("a comma or ] is expected");
    }
    return list;
  }

  #string(): string {
    STRING.lastIndex = this.#at;
    const found = STRING.exec(this.text);
    if (!found) {
      throw this.#error("this text does not end, or holds a line break or a wrong escape");
    }
    this.#at = STRING.lastIndex;
    return JSON.parse(found[0]) as string;
  }

  #word(char: string): Json {
    for (const [word, value] of [["true", true], ["false", false], ["null", null]] as const) {
      if (this.text.startsWith(word, this.#at)) {
        this.#at += word.length;
        return value;
      }
    }
    NUMBER.lastIndex = this.#at;
    const found = NUMBER.exec(this.text);
    if (!found) {
      throw this.#error(char === "'" ? "texts stand in double quotes" : "no JSON value begins like this");
    }
    const [digits, fraction, exponent] = found;
    const number = Number(digits);
    if (!Number.isFinite(number)) {
      throw this.#error("this number is too large");
    }
    this.#at = NUMBER.lastIndex;
    const whole = fraction === undefined && exponent === undefined;
    return whole && !Number.isSafeInteger(number) ? BigInt(digits) : number;
  }

  #blanks(): void {
    while (/[ \t\r\n]/.test(this.text[this.#at] ?? "")) {
      this.#at += 1;
    }
  }

  #take(char: string): boolean {
    const found = this.text[this.#at] === char;
    this.#at += found ? 1 : 0;
    return found;
  }

  #error(message: string): JsonError {
    const before = this.text.slice(0, this.#at).split("\n");
    return new JsonError(message, pathText(this.#path), before.length, (before.at(-1)?.length ?? 0) + 1);
  }
}
