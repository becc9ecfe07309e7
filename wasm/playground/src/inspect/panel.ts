// Inspect: a token, what it says, and whether it would be accepted.

import { decodeUnverified, Verifier } from "tokenmint";
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
  const expected = expectations(() => void later(), take);
  let verifier: Verifier | undefined;
  let signed: ((token: string) => Promise<string>) | undefined;
  let run = 0;
  /** What was loaded last. Its key and its expectations are for its token only. */
  let loaded: Case | undefined;

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
    key.note(reading.warning ?? `Read: ${reading.about}.`, reading.warning === undefined ? false : "warn");
    signed = reading.signed;
    try {
      verifier = new Verifier(reading.keys, { ...expected.options(), host: clock });
    } catch (error) {
      result.wait(`Nothing is verified yet. ${errorText(error)}`, true);
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
      const explanation = await used.explain(signed ? await signed(text) : text);
      // Judged anew every second: what was typed meanwhile has its own verdict.
      if (mine === run && text === clean(token.control.value)) {
        result.show(explanation, clock.now() / 1000, expected.unsaid());
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

  /** Expects what the token says of itself. */
  function take(): void {
    let claims: { iss?: unknown; aud?: unknown };
    try {
      ({ claims } = decodeUnverified(clean(token.control.value)) as { claims: typeof claims });
    } catch {
      result.wait("This token cannot be read, so there is nothing to take from it.", true);
      return;
    }
    const first = Array.isArray(claims.aud) ? (claims.aud as unknown[])[0] : claims.aud;
    const text = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);
    const [issuer, audience] = [text(claims.iss), text(first)];
    expected.set({ ...(issuer === undefined ? {} : { issuer }), ...(audience === undefined ? {} : { audience }) });
    void rebuild();
  }

  /** Another token in place of the one that was loaded: what belongs to that one is not for this. */
  function replaced(): void {
    const before = loaded;
    if (before?.key === undefined || isEdit(before.token, clean(token.control.value))) {
      return;
    }
    loaded = undefined;
    if (key.value.kind === before.key.kind && key.value.text === before.key.text) {
      key.value = { kind: "text", text: "" };
    }
    if (expected.is(before.expected)) {
      expected.clear();
    }
    void rebuild();
  }

  function load(given: Case): void {
    loaded = given;
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
    replaced();
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
      { class: "columns inspect" },
      h("div", { class: "column verdict-column" }, h("h2", {}, "Would it be accepted?"), result.verdict),
      h("div", { class: "column token-column" }, h("h2", {}, "A token"), token.element, examples, view.element),
      h("div", { class: "column key-column" }, h("div", { class: "card" }, key.element, expected.element), result.element),
    ),
  );
  shown();
  void rebuild();
  // Whoever comes sees at once what the page does, until something else is there.
  void example("good", clock).then((given) => token.control.value === "" && loaded === undefined && load(given));
  return load;
}

/** Without what is copied along from a header or a log. */
function clean(text: string): string {
  return text.trim().replace(/^bearer\s+/i, "");
}

/** Whether a token is another one with a few characters changed: what begins and ends as it did. */
function isEdit(before: string, after: string): boolean {
  const shorter = Math.min(before.length, after.length);
  let [head, tail] = [0, 0];
  while (head < shorter && before[head] === after[head]) {
    head += 1;
  }
  while (tail < shorter - head && before.at(-1 - tail) === after.at(-1 - tail)) {
    tail += 1;
  }
  return (head + tail) * 2 > Math.max(before.length, after.length);
}
