// Times as people say them, which go on; the whole of it in the title.

import { h } from "./dom.js";

const UNITS = [
  ["d", 86400],
  ["h", 3600],
  ["min", 60],
  ["s", 1],
];

/** How far this machine's clock is behind the server's, in seconds. */
let behind = 0;

export function serverTime(seconds) {
  behind = seconds - Math.round(Date.now() / 1000);
}

function now() {
  return Math.round(Date.now() / 1000) + behind;
}

/** Two units at most: `2 h 5 min`. */
export function span(seconds) {
  const first = UNITS.findIndex(([, size]) => seconds >= size);
  if (first < 0) {
    return "0 s";
  }
  let rest = seconds;
  const said = [];
  for (const [unit, size] of UNITS.slice(first, first + 2)) {
    const count = Math.floor(rest / size);
    rest -= count * size;
    if (count > 0) {
      said.push(`${count} ${unit}`);
    }
  }
  return said.join(" ");
}

function words(at) {
  const off = at - now();
  if (Math.abs(off) < 2) {
    return "now";
  }
  return off > 0 ? `in ${span(off)}` : `${span(-off)} ago`;
}

/** A moment, in seconds since 1970. */
export function moment(at) {
  const iso = new Date(at * 1000).toISOString().replace(".000Z", "Z");
  return h("time", { datetime: iso, title: iso, "data-at": at }, words(at));
}

/** Lets the moments of the page go on. */
setInterval(() => {
  for (const element of document.querySelectorAll("time[data-at]")) {
    const said = words(Number(element.dataset.at));
    if (element.textContent !== said) {
      element.textContent = said;
    }
  }
}, 5000);
