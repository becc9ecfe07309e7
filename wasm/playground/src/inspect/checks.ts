// Every check of `explain`, in its order: how it ended, what it saw, what it needs, what may help.

import type { Check, Explanation } from "tokenmint";
import { h, setText } from "../shared/dom.ts";
import { spokenSpans, spokenTime, spokenTimes } from "../shared/time.ts";
import { TIMES } from "./registered.ts";

/** Checks of which nobody has said yet what is expected. */
const HELD_OPEN: Record<string, string> = { iss: "issuer", aud: "audience" };

const OUTCOMES: Record<string, readonly [sign: string, words: string]> = {
  passed: ["✓", "passed"],
  failed: ["✗", "failed"],
  not_reached: ["–", "not reached"],
  not_asked: ["○", "not asked"],
};

const TITLES: Record<string, string> = {
  policy: "What is expected is said",
  size: "Size",
  framing: "Three parts",
  header: "Header",
  extensions: "No unknown extensions",
  issuer_keys: "Keys of the issuer",
  algorithm: "Algorithm",
  key: "Key",
  signature: "Signature",
  payload: "Payload",
  typ: "Type",
  exp: "Not over yet",
  nbf: "Begun already",
  iat: "Not too old",
  iss: "Issuer",
  aud: "Audience",
  sub: "Subject",
  jti: "Id",
  required: "Required claims",
};

/** What the verdict says in words, before the code. */
const WORDS: Record<string, string> = {
  signature_invalid: "Wrong signature: this key did not sign it, or it was changed since",
  token_expired: "Its time is over",
  token_not_yet_valid: "Its time has not begun",
  issuer_mismatch: "Another issuer",
  audience_mismatch: "For somebody else",
  type_mismatch: "Another type of token",
  claim_missing: "A claim is missing",
};

/** Where in this page, and in code, a check can be told to expect something else. */
function wayOut({ name, outcome, seen }: Check): string {
  if (name !== "typ" || outcome !== "failed") {
    return "";
  }
  // It is shown as JSON.
  const type = seen?.startsWith('"') ? (JSON.parse(seen) as string) : undefined;
  const expected = type === undefined ? "" : `type “${type}” under “More to expect”, in code tokenType: ${seen}; or `;
  return `If it is meant, expect ${expected}“any type”, in code anyTokenType: true.`;
}

interface Row {
  readonly element: HTMLElement;
  show(check: Check, now: number): void;
}

function row(name: string): Row {
  const sign = h("span", { class: "sign", "aria-hidden": "true" });
  const outcome = h("span", { class: "outcome" });
  const seen = h("code", {});
  const when = h("span", {});
  const limit = h("code", {});
  const seenPart = h("div", {}, h("dt", {}, "found"), h("dd", {}, seen, " ", when));
  const limitPart = h("div", {}, h("dt", {}, "needed"), h("dd", {}, limit));
  const error = h("p", { class: "error" });
  const hint = h("p", { class: "hint" });
  const facts = h("dl", { class: "facts" }, seenPart, limitPart);
  const element = h("li", {}, sign, h("div", { class: "check-body" }, h("p", { class: "check-name" }, h("span", {}, TITLES[name] ?? name), " ", h("code", {}, name), " ", outcome), facts, error, hint));

  function show(check: Check, now: number): void {
    const [mark, words] = OUTCOMES[check.outcome] ?? ["?", check.outcome];
    element.className = check.outcome;
    setText(sign, mark);
    setText(outcome, words);
    setText(seen, check.seen ?? "");
    setText(when, TIMES.has(name) && /^\d+$/.test(check.seen ?? "") ? (spokenTime(Number(check.seen), now) ?? "") : "");
    const spoken = (text: string): string => (TIMES.has(name) ? spokenTimes(text, now) : text);
    setText(limit, spoken(check.limit ?? ""));
    setText(error, check.error ? `${check.error.code}: ${spoken(check.error.message)}` : "");
    const hints = [spokenSpans(check.hint ?? ""), wayOut(check)].filter((text) => text !== "");
    setText(hint, hints.join(" "));
    seenPart.hidden = check.seen === undefined;
    limitPart.hidden = check.limit === undefined;
    facts.hidden = seenPart.hidden && limitPart.hidden;
    error.hidden = !check.error;
    hint.hidden = hints.length === 0;
  }
  return { element, show };
}

export interface Checks {
  readonly element: HTMLElement;
  /** Beside the token, or first. */
  readonly verdict: HTMLElement;
  /** By this time, in seconds; `unsaid` is what nobody has said yet, and everything but that is judged. */
  show(explanation: Explanation, now: number, unsaid: readonly string[]): void;
  /** No verdict: why not. */
  wait(text: string, bad?: boolean): void;
}

export function checks(): Checks {
  const verdict = h("p", { class: "verdict", role: "status" });
  const list = h("ol", { class: "checks" });
  const element = h("div", {}, list);
  let rows: Row[] = [];
  let names = "";

  function say(kind: string, text: string): void {
    verdict.className = `verdict ${kind}`;
    setText(verdict, text);
  }

  function show({ accepted, error, checks: all }: Explanation, now: number, unsaid: readonly string[]): void {
    const message = all.find((check) => check.error)?.error?.message ?? "";
    if (!accepted) {
      const words = WORDS[error ?? ""];
      say("refused", words ? `Refused. ${words} (${error}).` : `Refused. ${error}: ${message}`);
    } else if (unsaid.length > 0) {
      say("open", `The signature is right, and nothing else speaks against it. Say which ${unsaid.join(" and ")} you expect, or that any will do.`);
    } else {
      say("accepted", "Accepted. Every check that was asked for passed.");
    }
    // The rows stay as long as the checks do: a tick changes texts, and a selection inside survives.
    const wanted = all.map((check) => check.name).join();
    if (wanted !== names) {
      names = wanted;
      rows = all.map((check) => row(check.name));
      list.replaceChildren(...rows.map((each) => each.element));
    }
    all.forEach((check, index) => {
      const open = check.name === "policy" ? unsaid.length > 0 : unsaid.includes(HELD_OPEN[check.name] ?? "");
      rows[index]?.show(open ? { ...check, outcome: "not_asked" } : check, now);
    });
  }

  function wait(text: string, bad = false): void {
    say(bad ? "refused" : "waiting", text);
    names = "";
    rows = [];
    list.replaceChildren();
  }
  return { element, verdict, show, wait };
}
