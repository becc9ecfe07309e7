// Mint: claims, a lifetime and a key; a token comes out.

import { decodeUnverified, Issuer, KeySet, TokenmintError } from "tokenmint";
import type { Case } from "../inspect/examples.ts";
import type { PageClock } from "../shared/clock.ts";
import { copyButton } from "../shared/copy.ts";
import { h } from "../shared/dom.ts";
import { errorText } from "../shared/errors.ts";
import { textField } from "../shared/field.ts";
import { jsonView } from "../shared/json-view.ts";
import { tokenView } from "../shared/token-view.ts";
import { claimsEditor } from "./claims-editor.ts";
import { keyChoice } from "./key-choice.ts";
import { lifetimeField } from "./lifetime.ts";

export function mintPanel(panel: HTMLElement, clock: PageClock, inspect: (given: Case) => void): void {
  const issuer = textField("Issuer (iss)", { value: "https://api.example.com" });
  const audience = textField("Audience (aud)", { value: "app", help: "Empty: none." });
  const lifetime = lifetimeField(clock);
  const claims = claimsEditor();
  const key = keyChoice();
  const status = h("p", { class: "verdict waiting", role: "status" }, "Nothing is minted yet.");
  const out = h("div", { class: "minted" });
  const button = h("button", { type: "submit", class: "primary" }, "Mint the token");

  async function mint(): Promise<void> {
    try {
      const members = claims.read();
      const { key: used, verifies } = await key.read();
      const named = { ...(issuer.control.value ? { issuer: issuer.control.value } : {}), ...(audience.control.value ? { audience: audience.control.value } : {}) };
      const maker = new Issuer(new KeySet(used), { issuer: "", ...named, host: clock });
      const token = await maker.mint(members, lifetime.value());
      // A claim may have said another audience than the policy.
      const { header, claims: said } = decodeUnverified(token) as { header: unknown; claims: { aud?: unknown } };
      const expected = { issuer: issuer.control.value, ...(typeof said.aud === "string" ? { audience: said.aud } : {}) };
      const given: Case = { token, key: verifies, expected };
      say("accepted", `Minted: ${token.length} characters.`);
      out.replaceChildren(
        tokenView(token),
        h(
          "div",
          { class: "row" },
          copyButton("Copy the token", () => token),
          h("button", { type: "button", class: "quiet", on: { click: () => inspect(given) } }, "Inspect this"),
        ),
        h("section", { class: "card part header" }, h("h3", {}, "Header"), jsonView(header, "Minted header as JSON")),
        h("section", { class: "card part payload" }, h("h3", {}, "Claims"), jsonView(said, "Minted claims as JSON")),
      );
    } catch (error) {
      out.replaceChildren();
      say("refused", `Not minted. ${errorText(error)}`);
      if (error instanceof TokenmintError && error.code.startsWith("claim")) {
        claims.refuse(error);
      }
    }
  }

  function say(kind: string, text: string): void {
    status.className = `verdict ${kind}`;
    status.textContent = text;
  }

  const form = h(
    "form",
    {
      class: "columns",
      autocomplete: "off",
      on: {
        submit: (event) => {
          event.preventDefault();
          void mint();
        },
        keydown: (event) => {
          if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
            event.preventDefault();
            void mint();
          }
        },
      },
    },
    h(
      "div",
      { class: "column" },
      h("h2", {}, "What it says"),
      claims.element,
      h("div", { class: "pair two" }, issuer.element, audience.element),
      lifetime.element,
    ),
    h("div", { class: "column" }, h("h2", {}, "What signs it"), h("div", { class: "card" }, key.element), h("div", { class: "row" }, button, h("span", { class: "row-label" }, "or Ctrl + Enter")), status, out),
  );
  panel.append(form);
}
