// The tab pattern of the ARIA Authoring Practices: one tab stop, arrows move and activate. Each tab has an address, so that
// Back leads to the tab before. Nothing but its name stands there.

import { byId } from "./shared/dom.ts";

export type TabName = "inspect" | "mint" | "endpoints";
const NAMES: readonly TabName[] = ["inspect", "mint", "endpoints"];

export function startTabs(shows: (name: TabName) => void): (name: TabName) => void {
  const tabs = NAMES.map((name) => byId(`tab-${name}`));

  function show(shown: TabName, focus: boolean): void {
    for (const [index, name] of NAMES.entries()) {
      const selected = name === shown;
      tabs[index]?.setAttribute("aria-selected", String(selected));
      tabs[index]?.setAttribute("tabindex", selected ? "0" : "-1");
      byId(`panel-${name}`).hidden = !selected;
      if (selected && focus) {
        tabs[index]?.focus();
      }
    }
    shows(shown);
  }

  /** Shows a tab that the visitor chose. Where arrows pass by, only the last is remembered. */
  function go(name: TabName, focus: boolean, passing = false): void {
    if (passing || location.hash === `#${name}`) {
      history.replaceState(null, "", `#${name}`);
    } else {
      history.pushState(null, "", `#${name}`);
    }
    show(name, focus);
  }

  /** Shows what the address says; of any other place in the page it stays as it is. */
  function follow(): void {
    const named = NAMES.find((name) => location.hash === `#${name}`);
    if (named ?? location.hash === "") {
      show(named ?? "inspect", false);
    }
  }

  for (const [index, tab] of tabs.entries()) {
    tab.addEventListener("click", () => go(NAMES[index] ?? "inspect", false));
    tab.addEventListener("keydown", (event) => {
      const last = NAMES.length - 1;
      const to = { ArrowRight: index === last ? 0 : index + 1, ArrowLeft: index === 0 ? last : index - 1, Home: 0, End: last }[event.key];
      if (to !== undefined) {
        event.preventDefault();
        go(NAMES[to] ?? "inspect", true, true);
      }
    });
  }
  window.addEventListener("popstate", follow);
  follow();
  return (name) => {
    go(name, true);
    window.scrollTo({ top: 0 });
  };
}
