// What earlier answers leave for later requests: `{{refresh_token}}`, `{{2.refresh_token}}`, `{{first.refresh_token}}`.

import { type Json, readJson } from "../shared/json-text.ts";

const PLACE = /\{\{\s*([^{}\s]+)\s*\}\}/g;

export class Values {
  #values = new Map<string, string>();

  /** Keeps the texts of an answer: by its number, by its name, and as the newest of their kind. */
  keep(body: string, number: number, name?: string): void {
    for (const [member, value] of texts(body)) {
      for (const prefix of name === undefined ? [`${number}`] : [`${number}`, name]) {
        this.#values.set(member === "" ? prefix : `${prefix}.${member}`, value);
      }
      this.#values.set(member === "" ? "token" : member, value);
    }
  }

  /** The newest of each kind: what a button can offer. */
  newest(): [name: string, value: string][] {
    return [...this.#values].filter(([name]) => /^[a-z_]+$/.test(name) && (name === "token" || name.includes("_token")));
  }

  /** Puts values into a text. Throws where one is not known. */
  fill(text: string, spell: (value: string) => string = (value) => value): string {
    return text.replace(PLACE, (_, name: string) => {
      const value = this.#values.get(name);
      if (value === undefined) {
        throw new Error(`No answer has given {{${name}}} yet.`);
      }
      return spell(value);
    });
  }

  clear(): void {
    this.#values.clear();
  }
}

/** The texts of a JSON answer; a bare one has no name. */
function texts(body: string): [name: string, value: string][] {
  let json: Json;
  try {
    json = readJson(body);
  } catch {
    return [];
  }
  if (typeof json === "string") {
    return [["", json]];
  }
  if (typeof json !== "object" || json === null || Array.isArray(json)) {
    return [];
  }
  return Object.entries(json).filter((entry): entry is [string, string] => typeof entry[1] === "string");
}
