// The request: method, path, headers, body. Values of earlier answers are put in by name.

import { h } from "../shared/dom.ts";
import { areaField, selectField, textField } from "../shared/field.ts";
import type { Ask } from "./stories/story.ts";

const METHODS = ["GET", "POST", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"].map((name) => [name, name] as const);

export interface Editor {
  readonly element: HTMLElement;
  value: Ask;
  /** Which values can be put in. */
  offer(names: readonly string[]): void;
  refuse(text: string): void;
}

export function editor(send: () => void): Editor {
  const method = selectField("Method", METHODS);
  const target = textField("Path");
  const headers = areaField("Headers", { rows: 4, help: "One “Name: value” a line." });
  const body = areaField("Body", { rows: 7 });
  const error = h("p", { class: "error", role: "alert" });
  const chips = h("div", { class: "row chips", role: "group", "aria-label": "Values of earlier answers, to put in where the cursor was" });
  let last: HTMLInputElement | HTMLTextAreaElement = body.control;
  for (const { control } of [target, headers, body]) {
    control.addEventListener("focus", () => {
      last = control;
    });
  }

  function put(name: string): void {
    last.focus();
    last.setRangeText(`{{${name}}}`, last.selectionStart ?? last.value.length, last.selectionEnd ?? last.value.length, "end");
  }

  const element = h(
    "form",
    {
      class: "card stack request",
      autocomplete: "off",
      on: {
        submit: (event) => {
          event.preventDefault();
          send();
        },
        keydown: (event) => {
          if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
            event.preventDefault();
            send();
          }
        },
      },
    },
    h("div", { class: "request-line" }, method.element, target.element),
    headers.element,
    body.element,
    chips,
    h("div", { class: "row" }, h("button", { type: "submit", class: "primary" }, "Send"), h("span", { class: "row-label" }, "to the endpoint in this page; or Ctrl + Enter")),
    error,
  );

  return {
    element,
    get value(): Ask {
      const text = body.control.value;
      return {
        method: method.control.value,
        target: target.control.value.trim(),
        headers: headers.control.value.split("\n").map((line) => line.trim()).filter((line) => line !== ""),
        ...(text === "" ? {} : { body: text }),
      };
    },
    set value(ask: Ask) {
      method.control.value = ask.method;
      target.control.value = ask.target;
      headers.control.value = ask.headers.join("\n");
      body.control.value = ask.body ?? "";
      error.textContent = "";
    },
    offer(names) {
      chips.replaceChildren(
        h("span", { class: "row-label" }, names.length > 0 ? "Put in" : "Tokens of the answers can be put in here, once there are any."),
        ...names.map((name) => h("button", { type: "button", class: "chip", on: { click: () => put(name) } }, `{{${name}}}`)),
      );
    },
    refuse(text) {
      error.textContent = text;
    },
  };
}
