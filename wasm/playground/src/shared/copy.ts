// A button that copies.

import { h, setText } from "./dom.ts";

export function copyButton(label: string, text: () => string): HTMLButtonElement {
  const button = h("button", { type: "button", class: "quiet", on: { click: () => void copy() } }, label);
  let timer: ReturnType<typeof setTimeout> | undefined;
  async function copy(): Promise<void> {
    let done = true;
    try {
      await navigator.clipboard.writeText(text());
    } catch {
      done = false; // no permission, or no secure context
    }
    // A live region that appears with its text is often not read, so the button itself says it.
    setText(button, done ? "Copied" : "Not allowed");
    button.setAttribute("aria-live", "polite");
    clearTimeout(timer);
    timer = setTimeout(() => setText(button, label), 1600);
  }
  return button;
}
