// Inspect: a token, what it says, and whether it would be accepted.

import { Verifier } from "tokenmint";
import type { PageClock } from "../shared/clock.ts";
import { debounce, h } from "../shared/dom.ts";
import { errorText } from "../shared/errors.ts";
import { areaField } from "../shared/field.ts";
import { readKeys } from "../shared/keys.ts";
import { checks } from "./checks.ts";
import { decoded } from "./decoded.ts";
import { type Case, EXAMPLES, example } from "./examples.ts";
import { expectations } from "./expectations.ts";
import { keyForm } from "./key-form.ts";

const HELP = "It stays in this page. Paste real ones without fear, and close the tab when you are done.";

export function inspectPanel(panel: HTMLElement, clock: PageClock): (given: Case) => void {
  const token = areaField("Token", { rows: 7, help: HELP, placeholder: "eyJhbGciOi…" });
  const view = decoded(clock);
  const result = checks();
  const key = keyForm(() => void later());
  const expected = expectations(() => void later());
  let verifier: Verifier | undefined;
  let run = 0;

  const later = debounce(() => void rebuild());

  /** Reads key and expectations anew. */
  async function rebuild(): Promise<void> {
    run += 1;
    const mine = run;
    verifier = undefined;
    const given = key.value;
    if (given.text === "") {
      key.note("");
      result.wait("Give the key that should have signed it, and every check is shown here.");
      return;
    }
    let reading;
    try {
      reading = await readKeys(given);
    } catch (error) {
      if (mine === run) {
        key.note(errorText(error), true);
        result.wait("This key cannot be used, so nothing is verified.", true);
      }
      return;
    }
    if (mine !== run) {
      return;
    }
    key.note(`Read: ${reading.about}.`);
    try {
      verifier = new Verifier(reading.keys, { ...expected.options(), host: clock });
    } catch (error) {
      result.wait(`Nothing is verified yet. ${missing(error)}`, true);
      return;
    }
    await judge();
  }

  async function judge(): Promise<void> {
    const text = clean(token.control.value);
    if (!verifier) {
      return;
    }
    if (text === "") {
      result.wait("Key and expectations are ready. Paste a token.");
      return;
    }
    const mine = run;
    const used = verifier;
    try {
      const explanation = await used.explain(text);
      if (mine === run) {
        result.show(explanation);
      }
    } catch (error) {
      if (mine === run) {
        result.wait(errorText(error), true);
      }
    }
  }

  function shown(): void {
    const text = clean(token.control.value);
    token.note(text === token.control.value ? "" : "Blanks and “Bearer” around it were left out here; a server would refuse them.");
    view.show(text);
  }

  function load(given: Case): void {
    token.control.value = given.token;
    if (given.key) {
      key.value = given.key;
      expected.set(given.expected);
    }
    shown();
    void rebuild();
  }

  token.control.addEventListener("input", () => {
    shown();
    void judge();
  });
  clock.onTick(() => void judge());

  const examples = h(
    "div",
    { class: "row", role: "group", "aria-label": "Examples" },
    h("span", { class: "row-label" }, "Or try"),
    ...EXAMPLES.map(([name, words]) => h("button", { type: "button", class: "chip", on: { click: () => void example(name, clock).then(load) } }, words)),
  );
  panel.append(
    h(
      "div",
      { class: "columns" },
      h("div", { class: "column" }, h("h2", {}, "A token"), token.element, examples, view.element),
      h("div", { class: "column" }, h("h2", {}, "Would it be accepted?"), h("div", { class: "card" }, key.element, expected.element), result.element),
    ),
  );
  shown();
  void rebuild();
  return load;
}

/** Without what is copied along from a header or a log. */
function clean(text: string): string {
  return text.trim().replace(/^bearer\s+/i, "");
}

function missing(error: unknown): string {
  const text = errorText(error);
  return text.includes("policy_invalid") ? `Say which issuer and audience you expect, or that any will do. (${text})` : text;
}
