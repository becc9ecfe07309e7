// Every answer so far, the newest on top and open.

import type { Event } from "tokenmint";
import type { Case } from "../inspect/examples.ts";
import { copyButton } from "../shared/copy.ts";
import { h } from "../shared/dom.ts";
import { type Json, readJson } from "../shared/json-text.ts";
import { block, jsonText, jsonView } from "../shared/json-view.ts";
import { clockFace } from "../shared/time.ts";
import type { Exchange } from "./service.ts";
import type { Ask } from "./stories/story.ts";
import { eventName, eventText, statusText } from "./words.ts";

export interface HistoryActions {
  /** Puts a request back into the editor. */
  edit(ask: Ask): void;
  /** Hands a token over to Inspect. */
  inspect(given: Case): void;
  /** What is known of a token; undefined where the text is none. */
  tokenCase(text: string): Case | undefined;
}

export interface History {
  readonly element: HTMLElement;
  add(exchange: Exchange): void;
  clear(): void;
}

export function history(actions: HistoryActions): History {
  const status = h("p", { class: "visually-hidden", role: "status" });
  const empty = h("p", { class: "empty" }, "No answer yet. Run a story, or send a request.");
  const list = h("ol", { class: "history", reversed: true });
  const element = h("div", { class: "answers" }, status, empty, list);
  let newest: HTMLDetailsElement | undefined;

  function add(exchange: Exchange): void {
    if (newest) {
      newest.open = false;
    }
    const entry = view(exchange, actions);
    newest = entry;
    list.prepend(h("li", {}, entry));
    empty.hidden = true;
    // Beside the request the answers scroll for themselves.
    element.parentElement?.scrollTo({ top: 0 });
    status.textContent = `Answer ${exchange.number}: ${statusText(exchange.status)}. ${exchange.events.map((event) => eventText(event.event)).join(" ")}`;
  }

  function clear(): void {
    newest = undefined;
    list.replaceChildren();
    empty.hidden = false;
    status.textContent = "";
  }

  return { element, add, clear };
}

function view(exchange: Exchange, actions: HistoryActions): HTMLDetailsElement {
  const { sent, status } = exchange;
  const family = status < 300 ? "good" : status < 500 ? "refusal" : "fault";
  const summary = h(
    "summary",
    {},
    h("span", { class: "number" }, `${exchange.number}`),
    h("span", { class: `status ${family}` }, statusText(status)),
    h("code", { class: "summary-line" }, `${sent.method} ${sent.target}`),
    h("time", {}, clockFace(exchange.at).time),
  );
  const json = parsed(exchange.body);
  const text = json === undefined ? exchange.body : jsonText(json);
  const tokens = json === undefined ? [] : found(json, actions);
  const details = h(
    "details",
    { open: true },
    summary,
    h(
      "div",
      { class: "answer-body" },
      exchange.body === "" ? h("p", { class: "empty" }, "No body.") : json === undefined ? block(`Body of answer ${exchange.number}`, text) : jsonView(json, `Body of answer ${exchange.number}`),
      h(
        "div",
        { class: "row" },
        exchange.body !== "" && copyButton("Copy", () => (typeof json === "string" ? json : text)),
        ...tokens.map(([name, given]) => h("button", { type: "button", class: "quiet", on: { click: () => actions.inspect(given) } }, `Inspect ${name}`)),
        h("button", { type: "button", class: "quiet", on: { click: () => actions.edit(exchange.ask) } }, "Edit the request"),
      ),
      h("h4", {}, "Events"),
      events(exchange.events),
      h("h4", {}, "Response headers"),
      pairs(exchange.headers),
      h("details", { class: "more" }, h("summary", {}, "The request as it was sent"), block(`Request ${exchange.number}`, requestText(sent))),
    ),
  );
  return details;
}

function parsed(body: string): Json | undefined {
  try {
    return readJson(body);
  } catch {
    return undefined;
  }
}

/** The tokens in an answer that can be looked into. */
function found(json: Json, actions: HistoryActions): [string, Case][] {
  const texts: [string, unknown][] = typeof json === "string" ? [["it", json]] : typeof json === "object" && json !== null ? Object.entries(json) : [];
  return texts.flatMap(([name, value]) => {
    const given = typeof value === "string" ? actions.tokenCase(value) : undefined;
    return given ? [[name, given] as [string, Case]] : [];
  });
}

function events(all: readonly Event[]): HTMLElement {
  if (all.length === 0) {
    return h("p", { class: "empty" }, "None: nothing changed.");
  }
  return h(
    "ul",
    { class: "events" },
    ...all.map(({ event, ...facts }) =>
      h(
        "li",
        {},
        eventName(event),
        ` ${eventText(event)} `,
        h("span", { class: "event-facts" }, Object.entries(facts).filter(([, value]) => value !== undefined).map(([name, value]) => `${name} ${String(value)}`).join(" · ")),
      ),
    ),
  );
}

function pairs(headers: readonly (readonly [string, string])[]): HTMLElement {
  return h("dl", { class: "pairs" }, ...headers.flatMap(([name, value]) => [h("dt", {}, h("code", {}, name)), h("dd", {}, h("code", {}, value))]));
}

function requestText({ method, target, headers, body }: Ask): string {
  return [`${method} ${target}`, ...headers, ...(body === undefined ? [] : ["", body])].join("\n");
}
