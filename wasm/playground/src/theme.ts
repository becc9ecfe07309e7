// Light or dark: the system's choice until the visitor makes one. It is kept by the page only, as everything here.

import { byId } from "./shared/dom.ts";

export function startTheme(): void {
  const button = byId("theme");
  const system = matchMedia("(prefers-color-scheme: dark)");
  let chosen: boolean | undefined;

  function show(): void {
    const dark = chosen ?? system.matches;
    if (chosen !== undefined) {
      document.documentElement.dataset["theme"] = dark ? "dark" : "light";
    }
    button.setAttribute("aria-pressed", String(dark));
  }

  button.addEventListener("click", () => {
    chosen = !(chosen ?? system.matches);
    show();
  });
  system.addEventListener("change", show);
  show();
}
