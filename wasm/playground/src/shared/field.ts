// Labelled form fields. None of them is remembered by the browser: any of them may hold a secret.

import { h, newId } from "./dom.ts";

const PRIVATE = { autocomplete: "off", autocapitalize: "off", autocorrect: "off", spellcheck: "false" } as const;

export interface Field<E extends HTMLElement> {
  /** Label, control, and the line below it. */
  readonly element: HTMLElement;
  readonly control: E;
  /** What the line below says; an error where `bad`, a warning where `kind` says so. */
  note(text: string, kind?: boolean | "warn"): void;
}

function field<E extends HTMLElement>(label: string, control: E, help: string): Field<E> {
  control.id = newId("field");
  const line = h("p", { class: "note", id: `${control.id}-note` }, help);
  control.setAttribute("aria-describedby", line.id);
  const element = h("div", { class: "field" }, h("label", { for: control.id }, label), control, line);
  return {
    element,
    control,
    note(text, kind = false) {
      const bad = kind === true;
      const said = text || help;
      if (line.textContent !== said) {
        line.textContent = said;
      }
      line.classList.toggle("bad", bad);
      line.classList.toggle("warn", kind === "warn");
      if (bad) {
        control.setAttribute("aria-invalid", "true");
      } else {
        control.removeAttribute("aria-invalid");
      }
    },
  };
}

export function textField(label: string, options: { help?: string; value?: string; placeholder?: string } = {}): Field<HTMLInputElement> {
  const control = h("input", { type: "text", ...PRIVATE, placeholder: options.placeholder });
  control.value = options.value ?? "";
  return field(label, control, options.help ?? "");
}

export function areaField(
  label: string,
  options: { help?: string; value?: string; placeholder?: string; rows?: number } = {},
): Field<HTMLTextAreaElement> {
  const control = h("textarea", { ...PRIVATE, rows: options.rows ?? 4, placeholder: options.placeholder });
  control.value = options.value ?? "";
  return field(label, control, options.help ?? "");
}

export function selectField(label: string, values: readonly (readonly [value: string, text: string])[], help = ""): Field<HTMLSelectElement> {
  const control = h("select", { autocomplete: "off" });
  setOptions(control, values);
  return field(label, control, help);
}

/** Replaces the choices; the chosen one stays where it is still there. */
export function setOptions(select: HTMLSelectElement, values: readonly (readonly [string, string])[]): void {
  const chosen = select.value;
  select.replaceChildren(...values.map(([value, text]) => h("option", { value }, text)));
  if (values.some(([value]) => value === chosen)) {
    select.value = chosen;
  }
}

export function checkbox(label: string, checked = false): { element: HTMLElement; control: HTMLInputElement } {
  const control = h("input", { type: "checkbox", autocomplete: "off" });
  control.checked = checked;
  return { element: h("label", { class: "check" }, control, h("span", {}, label)), control };
}

export interface Choice<T extends string> {
  readonly element: HTMLFieldSetElement;
  value: T;
}

/** Radio buttons in a row. */
export function choice<T extends string>(
  legend: string,
  values: readonly (readonly [value: T, text: string])[],
  changed: (value: T) => void,
): Choice<T> {
  const name = newId("choice");
  const inputs = values.map(([value], index) => {
    const input = h("input", { type: "radio", name, value, autocomplete: "off", on: { change: () => changed(value) } });
    input.checked = index === 0;
    return input;
  });
  const element = h(
    "fieldset",
    { class: "choice" },
    h("legend", {}, legend),
    h("div", { class: "segments" }, ...inputs.map((input, index) => h("label", {}, input, h("span", {}, values[index]?.[1] ?? "")))),
  );
  return {
    element,
    get value() {
      return (inputs.find((input) => input.checked)?.value ?? "") as T;
    },
    set value(value: T) {
      for (const input of inputs) {
        input.checked = input.value === value;
      }
    },
  };
}
