// Forms by the schemas of /v1/openapi.json: every field of an operation's input, with what the document says of it.

import { fresh, h, say } from "./dom.js";
import { refusal } from "./parts.js";

let described;

/** The document that forms are made by. */
export function use(document) {
  described = document;
}

/** The operations of the document. */
export function operations() {
  return Object.entries(described.paths)
    .filter(([, path]) => path.post)
    .map(([, { post }]) => ({ name: post.operationId, title: post.tags[0], says: post.description, input: resolve(post.requestBody.content["application/json"].schema) }));
}

function resolve(schema) {
  return schema.$ref ? described.components.schemas[schema.$ref.split("/").at(-1)] : schema;
}

/** What kind of thing a field holds. */
function kind(schema) {
  const of = resolve(schema);
  const types = [of.type].flat();
  if (of.enum) {
    return { name: "choice", values: of.enum };
  }
  if (of.anyOf) {
    const plain = of.anyOf.map((one) => one.type);
    return { name: plain.includes("array") ? "texts" : plain.includes("integer") ? "lifetime" : "text" };
  }
  if (types.includes("array")) {
    const items = resolve(of.items);
    return items.enum ? { name: "choices", values: items.enum } : { name: items.type === "string" ? "lines" : "json", example: "[]" };
  }
  const simple = { boolean: "truth", integer: "number", object: "json" };
  const found = types.find((type) => simple[type]);
  return { name: found ? simple[found] : of.format === "password" ? "secret" : "text", example: "{}" };
}

class Unreadable extends Error {
  constructor(field, message) {
    super(message);
    Object.assign(this, { code: "field_invalid", field });
  }
}

const lines = (text) => text.split("\n").map((line) => line.trim()).filter((line) => line !== "");

/** A field: its element, and what is in it; undefined where nothing is given. */
function field(name, schema, { required, label = name, note, value }) {
  const what = kind(schema);
  const id = fresh("field");
  const about = h("p", { class: "note", id: `${id}-about` }, ...marked(note ?? schema.description ?? ""));
  const wrong = h("p", { class: "note bad", id: `${id}-wrong` });
  const common = { id, name, "aria-describedby": `${id}-wrong ${id}-about`, required, autocomplete: "off", spellcheck: "false", autocapitalize: "none" };
  const title = [label, !required && h("span", { class: "optional" }, "optional")];
  const text = (type) => h("input", { ...common, type, value });
  const area = (rows, placeholder) => h("textarea", { ...common, rows, placeholder }, value ?? "");
  let input;
  let read = () => (input.value === "" ? undefined : input.value);
  switch (what.name) {
    case "choice":
      input = h("select", common, !required && h("option", { value: "" }, "—"), what.values.map((one) => h("option", { value: one, selected: one === value }, one)));
      break;
    case "truth":
      input = h("select", common, h("option", { value: "" }, "—"), h("option", { value: "true" }, "yes"), h("option", { value: "false" }, "no"));
      read = () => (input.value === "" ? undefined : input.value === "true");
      break;
    case "choices": {
      const boxes = what.values.map((one) => h("input", { type: "checkbox", value: one, checked: value?.includes(one) }));
      input = h("fieldset", { id, "aria-describedby": common["aria-describedby"] }, h("legend", {}, title), h("div", { class: "boxes" }, boxes.map((box) => h("label", { class: "box" }, box, box.value))));
      read = () => {
        const chosen = boxes.filter((box) => box.checked).map((box) => box.value);
        return chosen.length === 0 && !required ? undefined : chosen;
      };
      break;
    }
    case "lines":
    case "texts":
      input = area(2, "one on a line");
      read = () => {
        const given = lines(input.value);
        return given.length === 0 ? undefined : what.name === "texts" && given.length === 1 ? given[0] : given;
      };
      break;
    case "json":
      input = area(3, what.example);
      read = () => {
        try {
          return input.value.trim() === "" ? undefined : JSON.parse(input.value);
        } catch (error) {
          throw new Unreadable(name, `It is no JSON: ${error.message}`);
        }
      };
      break;
    case "number":
    case "lifetime":
      input = text("text");
      input.placeholder = what.name === "lifetime" ? "1h, or seconds" : "";
      read = () => {
        const given = input.value.trim();
        return given === "" ? undefined : /^\d{1,15}$/.test(given) ? Number(given) : given;
      };
      break;
    case "secret":
      input = h("input", { ...common, type: "password", autocomplete: "new-password" });
      break;
    default:
      input = text("text");
  }
  const element = h("div", { class: "field" }, input.matches("fieldset") ? input : [h("label", { for: id }, title), input], wrong, about);
  const refuse = (message) => {
    wrong.textContent = message ?? "";
    const at = input.matches("fieldset") ? input.querySelector("input") : input;
    at[message === undefined ? "removeAttribute" : "setAttribute"]("aria-invalid", "true");
    if (message !== undefined) {
      element.closest("details:not([open])")?.setAttribute("open", "");
      at.focus();
    }
  };
  return { name, element, read: () => read(), refuse, clear: () => refuse(undefined) };
}

/** What stands in back quotes is code. */
export function marked(text) {
  return text.split("`").map((part, at) => (at % 2 === 1 ? h("code", {}, part) : part));
}

/**
 * A form for an operation. `first` are the fields that stand before "More", all where it is left out; `without` are not shown;
 * `fields` has what differs of some: `label`, `note`, `value`, `required`. `act` gets the input.
 */
export function form(operation, { first, without = [], fields: differing = {}, submit, act }) {
  const { input } = operations().find(({ name }) => name === operation);
  const names = Object.keys(input.properties ?? {}).filter((name) => !without.includes(name));
  const required = input.required ?? [];
  const shown = first ?? [...names.filter((name) => required.includes(name)), ...names.filter((name) => !required.includes(name))];
  const make = (name) => field(name, input.properties[name], { required: required.includes(name), ...differing[name] });
  const [above, below] = [shown.map(make), names.filter((name) => !shown.includes(name)).map(make)];
  const fields = [...above, ...below];
  const problem = h("div", { class: "problem" });
  const result = h("div", { class: "result" });
  const button = h("button", { class: "primary" }, submit);
  const element = h("form", { novalidate: true, class: "form", on: { submit: (event) => (event.preventDefault(), send()) } },
    h("div", { class: "fields" }, above.map((one) => one.element)),
    below.length > 0 && h("details", { class: "more" }, h("summary", {}, `More: ${below.length} ${below.length === 1 ? "field" : "fields"}`), h("div", { class: "fields" }, below.map((one) => one.element))),
    problem, h("div", { class: "row" }, button), result);
  const send = async () => {
    fields.forEach((one) => one.clear());
    problem.replaceChildren();
    result.replaceChildren();
    button.disabled = true;
    try {
      const values = fields.map((one) => [one.name, one.read()]).filter(([, value]) => value !== undefined);
      const shows = await act(Object.fromEntries(values));
      result.replaceChildren(...[shows ?? []].flat());
      (result.querySelector("h3[tabindex]") ?? button).focus();
    } catch (error) {
      problem.replaceChildren(refusal(error));
      // A path such as `claims.plan` begins with its field.
      const at = error.field && fields.find((one) => error.field.split(/[.[]/)[0] === one.name);
      at?.refuse(error.message);
      say(`Refused: ${error.message}`);
    } finally {
      button.disabled = false;
    }
  };
  return element;
}
