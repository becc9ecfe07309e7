// The tab pattern of the ARIA Authoring Practices: one tab stop, arrows move and activate.

import { byId } from "./shared/dom.ts";

export type TabName = "inspect" | "mint" | "endpoints";
const NAMES: readonly TabName[] = ["inspect", "mint", "endpoints"];

export function startTabs(): (name: TabName) => void {
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
  }

  for (const [index, tab] of tabs.entries()) {
    tab.addEventListener("click", () => show(NAMES[index] ?? "inspect", false));
    tab.addEventListener("keydown", (event) => {
      const last = NAMES.length - 1;
      const to = { ArrowRight: index === last ? 0 : index + 1, ArrowLeft: index === 0 ? last : index - 1, Home: 0, End: last }[event.key];
      if (to !== undefined) {
        event.preventDefault();
        show(NAMES[to] ?? "inspect", true);
      }
    });
  }
  return (name) => {
    show(name, true);
    window.scrollTo({ top: 0 });
  };
}
