// `expiresIn`, and what it means, while it is typed.

import { formatExpiresIn, type Lifetime, nodeJsonwebtokenExpiry, parseExpiresIn, TokenmintError } from "tokenmint";
import type { PageClock } from "../shared/clock.ts";
import { h, setText } from "../shared/dom.ts";
import { choice, textField } from "../shared/field.ts";
import { isoTime, localTime, span } from "../shared/time.ts";

type Sent = "text" | "number";

export interface LifetimeField {
  readonly element: HTMLElement;
  value(): Lifetime;
}

export function lifetimeField(clock: PageClock): LifetimeField {
  const field = textField("expiresIn", { value: "1h" });
  const sent = choice<Sent>("Sent as", [["text", "text"], ["number", "number"]], () => show());
  const seconds = h("strong", {});
  const until = h("span", {});
  const iso = h("code", {});
  const node = h("p", { class: "hint" });
  const meaning = h("div", { class: "meaning" }, h("p", {}, seconds, " ", until, " ", iso), node);
  const spoken = h("p", { class: "visually-hidden", role: "status" });

  function value(): Lifetime {
    const text = field.control.value;
    return sent.value === "text" ? text : text.trim() === "" ? Number.NaN : Number(text);
  }

  function show(): void {
    const given = value();
    const now = Math.floor(clock.now() / 1000);
    try {
      const parsed = parseExpiresIn(given);
      field.note(sent.value === "text" ? `As in "expiresIn": ${JSON.stringify(field.control.value)}` : `As in "expiresIn": ${given}`);
      setText(seconds, `${parsed.toLocaleString("en")} s`);
      setText(until, `= ${formatExpiresIn(parsed)}: minted now, it ends at ${localTime(now + parsed) ?? "no time that a calendar knows"},`);
      setText(iso, isoTime(now + parsed) ?? "");
      setText(node, elsewhere(given, parsed, now));
      setText(spoken, `${span(parsed)}. ${node.textContent}`);
    } catch (error) {
      const text = error instanceof TokenmintError ? `${error.code}: ${error.message}` : String(error);
      field.note(text, true);
      setText(seconds, "No lifetime.");
      setText(until, "Nothing is minted with it.");
      setText(iso, "");
      setText(node, elsewhere(given, undefined, now));
      setText(spoken, text);
    }
    node.hidden = node.textContent === "";
  }

  field.control.addEventListener("input", show);
  clock.onTick(show);
  show();
  return { element: h("div", { class: "stack" }, h("div", { class: "lifetime" }, field.element, sent.element), meaning, spoken), value };
}

/** What node-jsonwebtoken would have read, where that is something else. */
function elsewhere(given: Lifetime, parsed: number | undefined, now: number): string {
  if (typeof given === "number") {
    return "";
  }
  let theirs: number;
  try {
    theirs = nodeJsonwebtokenExpiry(given, now) - now;
  } catch {
    return parsed === undefined ? "" : "node-jsonwebtoken refuses this text.";
  }
  if (theirs === parsed) {
    return "";
  }
  const words = theirs < 0 ? `over ${span(theirs)} before it was made` : theirs === 0 ? "over at once" : theirs < 60 ? `${theirs} s` : `${theirs} s, that is ${span(theirs)}`;
  const why = /^\d+$/.test(given) ? ": there, digits alone in a text are milliseconds" : "";
  return `node-jsonwebtoken would have read ${words}${why}.`;
}
