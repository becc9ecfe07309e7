// Which key mints: an algorithm, and behind it a secret to see and change, or a key pair of which the public half shows.

import { type Algorithm, Key } from "tokenmint";
import { copyButton } from "../shared/copy.ts";
import { h } from "../shared/dom.ts";
import { errorText } from "../shared/errors.ts";
import { choice, selectField, textField } from "../shared/field.ts";
import { jsonView } from "../shared/json-view.ts";
import { type KeyKind, type KeyText, secretBytes } from "../shared/keys.ts";
import { ALGORITHMS, forget, isHmac, newSecret, pageKey, publicHalf } from "./keys.ts";

export interface KeyChoice {
  readonly element: HTMLElement;
  /** The key, and what verifies for it. */
  read(): Promise<{ key: Key; verifies: KeyText }>;
}

export function keyChoice(): KeyChoice {
  const algorithm = selectField("Algorithm", ALGORITHMS);
  const secret = textField("Secret");
  const spelling = choice<KeyKind>("Written in", [["base64url", "base64url"], ["text", "text"], ["hex", "hex"]], () => judge());
  const again = h("button", { type: "button", class: "quiet", on: { click: () => void fresh() } }, "New key");
  const pair = h("div", { class: "public" });
  const shared = h("div", { class: "stack" }, secret.element, spelling.element);

  const chosen = (): Algorithm => algorithm.control.value as Algorithm;

  function hmac(): Key {
    return Key.hmac(secretBytes(spelling.value, secret.control.value), { algorithm: chosen() });
  }

  function judge(): void {
    try {
      hmac();
      secret.note("Made in this page just now. Change it, or paste your own.");
    } catch (error) {
      secret.note(errorText(error), true);
    }
  }

  async function show(): Promise<void> {
    const hmacChosen = isHmac(chosen());
    shared.hidden = !hmacChosen;
    pair.hidden = hmacChosen;
    if (hmacChosen) {
      judge();
      return;
    }
    const mine = chosen();
    let text = "";
    const copy = copyButton("Copy JWK", () => text);
    copy.disabled = true;
    const shown = h("div", { class: "jwk" }, h("p", { class: "empty" }, "Making a key pair…"));
    // The place is kept while the key is made: RSA takes its time, and the button below stays where it is.
    pair.replaceChildren(
      h("div", { class: "card-head" }, h("h3", {}, "Public key"), copy),
      shown,
      h("p", { class: "note" }, "The private half cannot be read by anybody, this page included. It is gone when you leave."),
    );
    try {
      const key = await pageKey(mine);
      text = publicHalf(key).text;
      copy.disabled = false;
      shown.replaceChildren(jsonView(key.publicJwk(), "Public key as JWK"));
    } catch (error) {
      forget(mine);
      shown.replaceChildren(h("p", { class: "error", role: "alert" }, errorText(error)));
    }
  }

  async function fresh(): Promise<void> {
    if (isHmac(chosen())) {
      secret.control.value = newSecret(chosen());
      spelling.value = "base64url";
    } else {
      forget(chosen());
    }
    await show();
  }

  async function read(): Promise<{ key: Key; verifies: KeyText }> {
    if (isHmac(chosen())) {
      return { key: hmac(), verifies: { kind: spelling.value, text: secret.control.value, algorithm: chosen() } };
    }
    const key = await pageKey(chosen());
    return { key, verifies: publicHalf(key) };
  }

  algorithm.control.addEventListener("change", () => void (isHmac(chosen()) ? fresh() : show()));
  secret.control.addEventListener("input", judge);
  void fresh();
  return { element: h("div", { class: "stack" }, h("div", { class: "with-button" }, algorithm.element, again), shared, pair), read };
}
