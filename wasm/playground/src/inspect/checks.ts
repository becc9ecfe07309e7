// Every check of `explain`, in its order: how it ended, what it saw, what it needs, what may help.

import type { Check, Explanation } from "tokenmint";
import { h, setText } from "../shared/dom.ts";
import { localTime } from "../shared/time.ts";
import { TIMES } from "./registered.ts";

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

interface Row {
  readonly element: HTMLElement;
  show(check: Check): void;
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

  function show(check: Check): void {
    const [mark, words] = OUTCOMES[check.outcome] ?? ["?", check.outcome];
    element.className = check.outcome;
    setText(sign, mark);
    setText(outcome, words);
    setText(seen, check.seen ?? "");
    setText(when, TIMES.has(name) && /^\d+$/.test(check.seen ?? "") ? (localTime(Number(check.seen)) ?? "") : "");
    setText(limit, check.limit ?? "");
    setText(error, check.error ? `${check.error.code}: ${check.error.message}` : "");
    setText(hint, check.hint ?? "");
    seenPart.hidden = check.seen === undefined;
    limitPart.hidden = check.limit === undefined;
    facts.hidden = seenPart.hidden && limitPart.hidden;
    error.hidden = !check.error;
    hint.hidden = check.hint === undefined;
  }
  return { element, show };
}

export interface Checks {
  readonly element: HTMLElement;
  show(explanation: Explanation): void;
  /** No verdict: why not. */
  wait(text: string, bad?: boolean): void;
}

export function checks(): Checks {
  const verdict = h("p", { class: "verdict", role: "status" });
  const list = h("ol", { class: "checks" });
  const element = h("div", {}, verdict, list);
  let rows: Row[] = [];
  let names = "";

  function say(kind: string, text: string): void {
    verdict.className = `verdict ${kind}`;
    setText(verdict, text);
  }

  function show({ accepted, error, checks: all }: Explanation): void {
    const message = all.find((check) => check.error)?.error?.message ?? "";
    say(accepted ? "accepted" : "refused", accepted ? "Accepted. Every check that was asked for passed." : `Refused. ${error}: ${message}`);
    // The rows stay as long as the checks do: a tick changes texts, and a selection inside survives.
    const wanted = all.map((check) => check.name).join();
    if (wanted !== names) {
      names = wanted;
      rows = all.map((check) => row(check.name));
      list.replaceChildren(...rows.map((each) => each.element));
    }
    all.forEach((check, index) => rows[index]?.show(check));
  }

  function wait(text: string, bad = false): void {
    say(bad ? "refused" : "waiting", text);
    names = "";
    rows = [];
    list.replaceChildren();
  }
  return { element, show, wait };
}
