// Elements, without markup: what comes from the server is text.

/** An element: `class`, `on: {click}`, and attributes, of which false and undefined are left out. */
export function h(name, properties = {}, ...children) {
  const element = document.createElement(name);
  for (const [property, value] of Object.entries(properties)) {
    if (property === "on") {
      Object.entries(value).forEach(([type, listener]) => element.addEventListener(type, listener));
    } else if (value !== undefined && value !== false) {
      element.setAttribute(property, value === true ? "" : value);
    }
  }
  element.append(...children.flat(9).filter((child) => child !== undefined && child !== false));
  return element;
}

let last = 0;

/** An id that no other element has. */
export function fresh(what) {
  last += 1;
  return `${what}-${last}`;
}

/** Tells those who do not see the page. */
export function say(text) {
  document.querySelector("#said").textContent = text;
}
