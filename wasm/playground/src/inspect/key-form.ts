// The key to verify with.

import type { Algorithm } from "tokenmint";
import { h } from "../shared/dom.ts";
import { areaField, choice, selectField, setOptions } from "../shared/field.ts";
import { ASYMMETRIC, HMAC, type KeyKind, type KeyText } from "../shared/keys.ts";

const KINDS: readonly (readonly [KeyKind, string])[] = [
  ["text", "Secret"],
  ["base64url", "base64url"],
  ["hex", "hex"],
  ["pem", "PEM"],
  ["jwk", "JWK, JWKS"],
];

const HELP: Record<KeyKind, string> = {
  text: "A shared secret, taken as it stands, byte for byte.",
  base64url: "A shared secret, written in base64url.",
  hex: "A shared secret, written in hex digits.",
  pem: "A public key, a private key or a certificate. RSA keys do not say their algorithm: choose it.",
  jwk: "A JSON Web Key or a set of them; public, private or secret.",
};

const PLACEHOLDER: Record<KeyKind, string> = {
  text: "a secret of at least thirty-two bytes",
  base64url: "q83vEjRWeJA…",
  hex: "00 01 02 03 …",
  pem: "-----BEGIN PUBLIC KEY-----",
  jwk: '{ "keys": [ … ] }',
};

export interface KeyForm {
  readonly element: HTMLElement;
  value: KeyText;
  note(text: string, kind?: boolean | "warn"): void;
}

export function keyForm(changed: () => void): KeyForm {
  const kind = choice("Key", KINDS, () => {
    adapt();
    changed();
  });
  const text = areaField("The key itself", { rows: 4 });
  const algorithm = selectField("For the algorithm", []);
  text.control.addEventListener("input", changed);
  algorithm.control.addEventListener("change", changed);

  function adapt(): void {
    const hmac = kind.value !== "pem" && kind.value !== "jwk";
    const list = kind.value === "jwk" ? [...HMAC, ...ASYMMETRIC] : hmac ? HMAC : ASYMMETRIC;
    const names = list.map((name) => [name, name] as const);
    setOptions(algorithm.control, hmac ? names : [["", "as the key says"], ...names]);
    text.control.placeholder = PLACEHOLDER[kind.value];
    text.note("");
  }

  adapt();
  return {
    element: h("div", { class: "stack" }, kind.element, text.element, algorithm.element),
    get value() {
      const chosen = algorithm.control.value as Algorithm | "";
      return { kind: kind.value, text: text.control.value, ...(chosen ? { algorithm: chosen } : {}) };
    },
    set value({ kind: given, text: body, algorithm: chosen }: KeyText) {
      kind.value = given;
      adapt();
      text.control.value = body;
      algorithm.control.value = chosen ?? (algorithm.control.options[0]?.value || "");
    },
    note: (said, how) => text.note(said || HELP[kind.value], how),
  };
}
