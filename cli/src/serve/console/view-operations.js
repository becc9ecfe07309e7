// Any operation of the API, by its schema.

import { fresh, h } from "./dom.js";
import { form, marked, operations } from "./form.js";
import { json } from "./parts.js";

export const id = "operations";
export const title = "Any operation";

export function view({ call, may }) {
  const known = operations().filter(({ name }) => may(name));
  const titles = [...new Set(known.map(({ title }) => title))];
  const place = h("section", { class: "card", "aria-live": "off" });
  const id = fresh("operation");
  const select = h("select", { id, on: { change: () => show() } }, titles.map((group) =>
    h("optgroup", { label: group }, known.filter(({ title }) => title === group).map(({ name }) => h("option", { value: name }, name)))));
  const show = () => {
    const chosen = known.find(({ name }) => name === select.value);
    place.replaceChildren(
      h("h2", {}, h("code", {}, chosen.name)),
      h("p", { class: "about" }, ...marked(chosen.says)),
      form(chosen.name, {
        submit: `Call ${chosen.name}`,
        act: async (input) => [h("h3", { tabindex: "-1" }, "The answer"), json(await call(chosen.name, input))],
      }),
    );
  };
  if (known.length > 0) {
    show();
  }
  return [
    h("div", { class: "title" }, h("h1", { tabindex: "-1" }, "Any operation"), h("p", { class: "about" }, "Whatever the admin API has and your key is for, with every field.")),
    known.length === 0 ? h("p", { class: "nothing" }, "This key is for no operation.") : [h("div", { class: "field" }, h("label", { for: id }, "Operation"), select), place],
  ];
}
