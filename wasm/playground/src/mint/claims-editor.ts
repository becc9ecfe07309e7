// The claims as JSON, judged while they are typed.

import { h } from "../shared/dom.ts";
import { errorText } from "../shared/errors.ts";
import { areaField } from "../shared/field.ts";
import { type Json, readJson } from "../shared/json-text.ts";
import { jsonText } from "../shared/json-view.ts";

const START = {
  sub: "ent_1",
  role: "viewer",
  pages: { invoices: true, paymentMethods: false },
};

export interface ClaimsEditor {
  readonly element: HTMLElement;
  /** The claims; throws where they are no JSON object. */
  read(): { [name: string]: Json };
  /** Says that the claims were refused. */
  refuse(error: unknown): void;
}

export function claimsEditor(): ClaimsEditor {
  const field = areaField("Claims", {
    rows: 11,
    value: jsonText(START),
    help: "iss, iat and exp are the issuer's to say; jti is drawn where none is given.",
  });
  const tidy = h("button", { type: "button", class: "quiet", on: { click: format } }, "Tidy up");

  function read(): { [name: string]: Json } {
    const value = readJson(field.control.value);
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      throw new Error("Claims are one JSON object: { … }");
    }
    return value;
  }

  function judge(): void {
    try {
      read();
      field.note("");
    } catch (error) {
      field.note(errorText(error), true);
    }
  }

  function format(): void {
    try {
      field.control.value = jsonText(read());
    } catch {
      // The line below the field says already what is wrong.
    }
    judge();
  }

  field.control.classList.add("tall");
  field.control.addEventListener("input", judge);
  return {
    element: h("div", { class: "stack" }, field.element, h("div", { class: "row" }, tidy)),
    read,
    refuse: (error) => field.note(errorText(error), true),
  };
}
