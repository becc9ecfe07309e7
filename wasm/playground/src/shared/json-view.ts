// JSON made readable: indented, with the kinds of values in different colours, integers exact.

import { h } from "./dom.ts";

type Piece = readonly [kind: "name" | "string" | "number" | "word" | "sign", text: string];

export function jsonView(value: unknown, label: string): HTMLElement {
  const code = h("code", {});
  for (const [kind, text] of pieces(value, "\n")) {
    code.append(kind === "sign" ? text : h("span", { class: `json-${kind}` }, text));
  }
  return block(label, code);
}

/** A block of text that can be scrolled by keyboard. */
export function block(label: string, content: Node | string): HTMLElement {
  return h("pre", { class: "json", tabindex: "0", role: "group", "aria-label": label }, content);
}

/** The same as text. */
export function jsonText(value: unknown): string {
  return [...pieces(value, "\n")].map(([, text]) => text).join("");
}

function* pieces(value: unknown, line: string): Generator<Piece> {
  const deeper = `${line}  `;
  if (Array.isArray(value)) {
    if (value.length === 0) {
      yield ["sign", "[]"];
      return;
    }
    for (const [index, item] of value.entries()) {
      yield ["sign", index === 0 ? `[${deeper}` : `,${deeper}`];
      yield* pieces(item, deeper);
    }
    yield ["sign", `${line}]`];
  } else if (typeof value === "object" && value !== null) {
    const entries = Object.entries(value);
    if (entries.length === 0) {
      yield ["sign", "{}"];
      return;
    }
    for (const [index, [name, member]] of entries.entries()) {
      yield ["sign", index === 0 ? `{${deeper}` : `,${deeper}`];
      yield ["name", JSON.stringify(name)];
      yield ["sign", ": "];
      yield* pieces(member, deeper);
    }
    yield ["sign", `${line}}`];
  } else if (typeof value === "string") {
    yield ["string", JSON.stringify(value)];
  } else if (typeof value === "number" || typeof value === "bigint") {
    yield ["number", String(value)];
  } else {
    yield ["word", String(value)];
  }
}
