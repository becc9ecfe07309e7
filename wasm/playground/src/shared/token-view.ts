// A token with its parts in their colours; the dots stay part of the text, so that a selection copies the token.

import { h } from "./dom.ts";

export function tokenView(token: string): HTMLElement {
  const parts = token.split(".");
  const names = parts.length === 3 ? ["header", "payload", "signature"] : [];
  const code = h("code", {});
  for (const [index, part] of parts.entries()) {
    code.append(index > 0 ? "." : "", h("span", { class: `part-${names[index] ?? "opaque"}` }, part));
  }
  return h("pre", { class: "token", tabindex: "0", role: "group", "aria-label": "Token" }, code);
}
