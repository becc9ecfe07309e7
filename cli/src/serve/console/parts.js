// What the views are made of.

import { fresh, h, say } from "./dom.js";

/** A text that can be copied. Where the browser gives pages no clipboard, it is selected. */
export function copyable(text, { secret = false, name }) {
  // What is long scrolls, so it can have the focus.
  const code = h("code", { class: secret ? "secret" : undefined, tabindex: secret ? "0" : undefined }, text);
  const button = h("button", {
    type: "button",
    class: "quiet small",
    "aria-label": `Copy ${name}`,
    on: {
      click: async () => {
        try {
          await navigator.clipboard.writeText(text);
          button.textContent = "Copied";
        } catch {
          getSelection().selectAllChildren(code);
          button.textContent = "Selected";
        }
        say(`${button.textContent}: ${name}`);
        setTimeout(() => (button.textContent = "Copy"), 2000);
      },
    },
  }, "Copy");
  return h("span", { class: "copyable" }, code, button);
}

/** Something that is told once. */
export function once(title, values, note) {
  const rows = Object.entries(values).map(([name, value]) => [h("dt", {}, name), h("dd", {}, copyable(value, { secret: true, name }))]);
  return h("div", { class: "once" }, h("h3", { tabindex: "-1" }, title), h("dl", { class: "pairs" }, rows), h("p", {}, note));
}

/** A refusal: its code, its field, and what it says. */
export function refusal(error) {
  return h("p", { class: "refusal", role: "alert" }, h("code", {}, error.code ?? "error"), error.field && [" at ", h("code", {}, error.field)], h("span", {}, error.message));
}

/** What happens at a press: the button waits, and a refusal is shown in a place. */
export function press(label, { style = "quiet", place, name, act }) {
  const button = h("button", {
    type: "button",
    class: style,
    "aria-label": name,
    on: {
      click: async () => {
        button.disabled = true;
        try {
          await act();
          place?.replaceChildren();
        } catch (error) {
          place?.replaceChildren(refusal(error));
        } finally {
          button.disabled = false;
        }
      },
    },
  }, label);
  return button;
}

/** Asks before what cannot be undone. */
export function sure(question, note, yes) {
  return new Promise((resolve) => {
    const title = fresh("question");
    const dialog = h("dialog", { "aria-labelledby": title, on: { close: () => (dialog.remove(), resolve(dialog.returnValue === "yes")) } },
      h("h2", { id: title }, question),
      h("p", {}, note),
      h("div", { class: "row end" },
        h("button", { type: "button", class: "quiet", on: { click: () => dialog.close("no") } }, "Keep"),
        h("button", { type: "button", class: "danger", on: { click: () => dialog.close("yes") } }, yes)));
    document.body.append(dialog);
    dialog.showModal();
  });
}

/** Terms and what they are; those without a value are left out. */
export function facts(pairs) {
  const known = pairs.filter(([, value]) => value !== undefined && value !== null && value !== "");
  return h("dl", { class: "facts" }, known.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value))));
}

/** Something of a list: its name, what it is, and what can be done with it. */
export function item(head, about, acts, ...more) {
  return h("li", { class: "item" }, h("div", { class: "item-head" }, head), about, acts.length > 0 && h("div", { class: "row acts" }, acts), more);
}

/** A heading, a sentence, and what belongs to it. */
export function section(title, about, ...children) {
  return h("section", { class: "card" }, h("div", { class: "card-head" }, h("h2", {}, title)), about && h("p", { class: "about" }, about), children);
}

/** Something that is not needed at once. */
export function folded(label, ...children) {
  return h("details", { class: "card folded" }, h("summary", {}, h("h2", {}, label)), children);
}

/** JSON as people read it. */
export function json(value) {
  return h("pre", { class: "json", tabindex: "0" }, JSON.stringify(value, null, 2));
}

/** Reads a list page by page: `show` gets the answer, and whether it is the first. */
export function pages(ask, show, place) {
  const more = h("div", { class: "row" });
  const load = async (after) => {
    const answer = await ask(after === undefined ? {} : { after });
    show(answer, after === undefined);
    more.replaceChildren(...(answer.next ? [press("More", { place, act: () => load(answer.next) })] : []));
  };
  return { more, load: () => load(undefined) };
}
