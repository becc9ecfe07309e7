// What the verifier expects. Nothing is dropped in silence: "any" is said, as in code.

import { parseExpiresIn, type VerifierOptions } from "tokenmint";
import { h } from "../shared/dom.ts";
import { checkbox, textField } from "../shared/field.ts";

export interface Expected {
  readonly issuer?: string;
  readonly audience?: string;
  readonly type?: string;
}

export interface Expectations {
  readonly element: HTMLElement;
  /** Throws where something cannot be meant. What is not said yet is not asked for: {@link unsaid} names it. */
  options(): VerifierOptions;
  /** What nobody has said yet, of issuer and audience. */
  unsaid(): string[];
  /** Whether it is as it was set. */
  is(expected: Expected): boolean;
  clear(): void;
  set(expected: Expected): void;
}

export function expectations(changed: () => void, take: () => void): Expectations {
  const issuer = textField("Issuer (iss)", { placeholder: "https://api.example.com" });
  const anyIssuer = checkbox("any issuer");
  const audience = textField("Audience (aud)", { placeholder: "app" });
  const anyAudience = checkbox("any audience");
  const type = textField("Type (typ)", { placeholder: "JWT" });
  const anyType = checkbox("any type");
  const leeway = textField("Leeway in seconds", { placeholder: "0", help: "How far clocks may differ." });
  const subject = textField("Subject (sub)", { placeholder: "whoever" });
  const maxAge = textField("Oldest acceptable age", { placeholder: "any", help: "Counted from iat: 15m, 1h, 3600." });
  const required = textField("Claims that must be there", { placeholder: "none", help: "Names with blanks between." });
  const withoutExpiry = checkbox("a token without exp will do");

  const pairs = [
    [issuer, anyIssuer],
    [audience, anyAudience],
    [type, anyType],
  ] as const;
  for (const [field, any] of pairs) {
    any.control.addEventListener("change", () => {
      field.control.disabled = any.control.checked;
      changed();
    });
    field.control.addEventListener("input", changed);
  }
  for (const field of [leeway, subject, maxAge, required]) {
    field.control.addEventListener("input", changed);
  }
  withoutExpiry.control.addEventListener("change", changed);

  function options(): VerifierOptions {
    const seconds = leeway.control.value.trim();
    if (!/^\d{0,6}$/.test(seconds)) {
      throw new Error("The leeway is a whole number of seconds.");
    }
    const age = maxAge.control.value;
    return {
      ...(anyIssuer.control.checked || !issuer.control.value ? { anyIssuer: true } : { issuer: issuer.control.value }),
      ...(anyAudience.control.checked || !audience.control.value ? { anyAudience: true } : { audience: audience.control.value }),
      ...(anyType.control.checked ? { anyTokenType: true } : type.control.value ? { tokenType: type.control.value } : {}),
      ...(seconds ? { leewaySeconds: Number(seconds) } : {}),
      ...(subject.control.value ? { subject: subject.control.value } : {}),
      ...(age ? { maxAge: parseExpiresIn(age) } : {}),
      ...(required.control.value.trim() ? { require: required.control.value.trim().split(/\s+/) } : {}),
      ...(withoutExpiry.control.checked ? { withoutExpiry: true } : {}),
    };
  }

  function unsaid(): string[] {
    const open = ([field, any]: (typeof pairs)[number]): boolean => !any.control.checked && field.control.value === "";
    return [...(open(pairs[0]) ? ["issuer"] : []), ...(open(pairs[1]) ? ["audience"] : [])];
  }

  function is(expected: Expected): boolean {
    const said = (field: (typeof pairs)[number][0], any: (typeof pairs)[number][1]): string | undefined => (any.control.checked ? undefined : field.control.value);
    return said(issuer, anyIssuer) === expected.issuer && said(audience, anyAudience) === expected.audience;
  }

  function clear(): void {
    set({ issuer: "", audience: "" });
  }

  function set(expected: Expected): void {
    for (const [[field, any], value] of [
      [pairs[0], expected.issuer],
      [pairs[1], expected.audience],
    ] as const) {
      field.control.value = value ?? "";
      any.control.checked = value === undefined;
      field.control.disabled = value === undefined;
    }
    type.control.value = expected.type ?? "";
    type.control.disabled = anyType.control.checked = withoutExpiry.control.checked = false;
    for (const field of [leeway, subject, maxAge, required]) {
      field.control.value = "";
    }
  }

  const element = h(
    "fieldset",
    { class: "stack group" },
    h("legend", {}, "What you expect of it"),
    h("div", { class: "row" }, h("button", { type: "button", class: "quiet small", on: { click: take } }, "Take from the token"), h("span", { class: "row-label" }, "To try it: a server has them written down.")),
    h("div", { class: "pair" }, issuer.element, anyIssuer.element),
    h("div", { class: "pair" }, audience.element, anyAudience.element),
    h(
      "details",
      { class: "more" },
      h("summary", {}, "More to expect: type, subject, age, leeway"),
      h("div", { class: "stack" }, h("div", { class: "pair" }, type.element, anyType.element), subject.element, maxAge.element, required.element, leeway.element, withoutExpiry.element),
    ),
  );
  return { element, options, unsaid, is, clear, set };
}
