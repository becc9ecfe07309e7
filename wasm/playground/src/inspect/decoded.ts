// Header and claims of a token, explained but not verified.

import { decodeUnverified } from "tokenmint";
import type { PageClock } from "../shared/clock.ts";
import { copyButton } from "../shared/copy.ts";
import { h, setText } from "../shared/dom.ts";
import { errorLine } from "../shared/errors.ts";
import { jsonText, jsonView } from "../shared/json-view.ts";
import { fromNow, isoTime, localTime, spokenTime } from "../shared/time.ts";
import { CLAIMS, HEADER, TIMES } from "./registered.ts";

type Members = Record<string, unknown>;

export interface Decoded {
  readonly element: HTMLElement;
  show(token: string): void;
}

export function decoded(clock: PageClock): Decoded {
  const element = h("div", { class: "decoded" });
  let ticking: (() => void)[] = [];
  clock.onTick(() => ticking.forEach((tick) => tick()));

  function show(token: string): void {
    ticking = [];
    if (token === "") {
      element.replaceChildren(card("Header", "header", [empty("What signed it, and how.")]), card("Claims", "payload", [empty("Who made it, for whom, and until when.")]));
      return;
    }
    let parts: { header: Members; claims: Members };
    try {
      parts = decodeUnverified(token) as { header: Members; claims: Members };
    } catch (error) {
      element.replaceChildren(card("Not readable", "opaque", [errorLine(error), guess(token)]));
      return;
    }
    element.replaceChildren(
      card("Header", "header", [jsonView(parts.header, "Header as JSON"), table(parts.header, HEADER, false)], parts.header),
      card("Claims", "payload", [jsonView(parts.claims, "Claims as JSON"), table(parts.claims, CLAIMS, true)], parts.claims),
    );
  }

  function table(members: Members, words: Record<string, string>, times: boolean): HTMLElement | false {
    const known = Object.keys(members).filter((name) => Object.hasOwn(words, name));
    if (known.length === 0) {
      return false;
    }
    return h("dl", { class: "words" }, ...known.flatMap((name) => [h("dt", {}, h("code", {}, name)), row(name, members[name], words[name] ?? "", times)]));
  }

  function row(name: string, value: unknown, words: string, times: boolean): HTMLElement {
    const cell = h("dd", {}, words);
    if (!times || !TIMES.has(name)) {
      return cell;
    }
    const seconds = typeof value === "bigint" ? Number(value) : value;
    if (typeof seconds !== "number") {
      cell.append(h("span", { class: "error" }, " Not a number, so not a time."));
      return cell;
    }
    if (localTime(seconds) === undefined) {
      cell.append(h("span", { class: "error" }, " Beyond every calendar. In milliseconds, perhaps?"));
      return cell;
    }
    const spoken = h("span", {});
    const left = h("strong", { class: "left" });
    const tick = (): void => {
      const now = clock.now() / 1000;
      setText(spoken, spokenTime(seconds, now) ?? "");
      setText(left, relation(name, seconds, now));
      left.classList.toggle("over", (name === "exp" && now >= seconds) || (name === "nbf" && now < seconds));
    };
    tick();
    ticking.push(tick);
    cell.append(h("span", { class: "times" }, spoken, h("code", {}, isoTime(seconds) ?? ""), left));
    return cell;
  }

  return { element, show };
}

function relation(name: string, seconds: number, now: number): string {
  const distance = fromNow(seconds, now);
  if (name !== "exp") {
    return distance;
  }
  return now >= seconds ? `ended ${distance}` : `${distance.replace("in ", "").replace("now", "under 1 s")} left`;
}

function card(title: string, kind: string, content: (Node | false)[], copied?: unknown): HTMLElement {
  const head = h("div", { class: "card-head" }, h("h3", {}, title), copied !== undefined && copyButton("Copy JSON", () => jsonText(copied)));
  return h("section", { class: `card part ${kind}` }, head, ...content);
}

function empty(text: string): HTMLElement {
  return h("p", { class: "empty" }, text);
}

/** What a text that is no JWT may be. */
function guess(token: string): HTMLElement {
  const dots = token.split(".").length - 1;
  const text =
    dots === 4
      ? "Four dots: an encrypted token (JWE) has five parts. Only who holds the key can look inside."
      : dots === 0
        ? "No dots: perhaps an opaque token. It says nothing by itself; its issuer looks it up, for instance at /introspect."
        : "A JSON Web Token has three parts: header, claims and signature, each in base64url, with dots between.";
  return h("p", { class: "note" }, text);
}
