// What went wrong, as the page shows it: the code, the place, the sentence.

import { TokenmintError } from "tokenmint";
import { h } from "./dom.ts";
import { JsonError } from "./json-text.ts";

export function errorText(error: unknown): string {
  if (error instanceof JsonError) {
    const place = `line ${error.line}, column ${error.column}`;
    return error.path ? `${error.path}: ${error.message} (${place})` : `${error.message} (${place})`;
  }
  if (error instanceof TokenmintError) {
    const named = error.field && !error.message.startsWith(error.field) ? `${error.field}: ` : "";
    return `${error.code}: ${named}${error.message}`;
  }
  return error instanceof Error ? error.message : String(error);
}

export function errorLine(error: unknown): HTMLElement {
  const text = errorText(error);
  if (error instanceof TokenmintError) {
    const [code, ...rest] = text.split(": ");
    return h("p", { class: "error" }, h("code", {}, code), ` ${rest.join(": ")}`);
  }
  return h("p", { class: "error" }, text);
}
