// Endpoints: pick a vendor's dialect, run a story or send a request, watch the answers and the events.

import { decodeUnverified } from "tokenmint";
import type { Case } from "../inspect/examples.ts";
import type { PageClock } from "../shared/clock.ts";
import { h } from "../shared/dom.ts";
import { errorText } from "../shared/errors.ts";
import { choice } from "../shared/field.ts";
import { editor } from "./editor.ts";
import { history } from "./history.ts";
import { type Exchange, Service } from "./service.ts";
import { DIALECTS } from "./stories/index.ts";
import type { Ask, Dialect, Step, Story } from "./stories/story.ts";
import { storyView } from "./story-view.ts";

export function endpointsPanel(panel: HTMLElement, clock: PageClock, inspect: (given: Case) => void): void {
  let starting: Promise<Service> | undefined;
  let service: Service | undefined;

  function started(): Promise<Service> {
    starting ??= Service.start(clock).then((made) => (service = made));
    return starting;
  }

  const request = editor(() => void send(request.value));
  const answers = history({
    edit(ask) {
      request.value = ask;
      request.element.querySelector<HTMLElement>("textarea")?.focus();
    },
    inspect,
    tokenCase: (text) => tokenCase(text, service),
  });
  const picked = h("div", { class: "picked" });
  const about = h("p", { class: "about" });
  const stories = h("div", { class: "stories", role: "group", "aria-label": "Stories and requests" });
  const dialect = choice("Endpoint", DIALECTS.map(({ id, name }) => [id, name] as const), () => showDialect());

  async function send(ask: Ask, name?: string): Promise<Exchange | undefined> {
    request.refuse("");
    try {
      const running = await started();
      const exchange = await running.send(ask, name);
      answers.add(exchange);
      request.offer(running.values.newest().map(([known]) => known));
      return exchange;
    } catch (error) {
      request.refuse(errorText(error));
      return undefined;
    }
  }

  async function run(step: Step): Promise<Exchange | undefined> {
    if (step.ask) {
      request.value = step.ask;
      return send(step.ask, step.as);
    }
    clock.advance(step.wait ?? 0);
    return undefined;
  }

  function load(step: Step): void {
    if (step.ask) {
      request.value = step.ask;
    }
  }

  function showStory(story: Story, button?: HTMLElement): void {
    for (const each of stories.children) {
      each.setAttribute("aria-pressed", String(each === button));
    }
    picked.replaceChildren(storyView(story, { load, run }));
    const first = story.steps.find((step) => step.ask);
    if (first) {
      load(first);
    }
  }

  function showDialect(): void {
    const chosen = DIALECTS.find(({ id }) => id === dialect.value) as Dialect;
    about.textContent = chosen.about;
    const buttons = chosen.stories.map((story) => {
      const button = h("button", { type: "button", class: "chip", "aria-pressed": "false", on: { click: () => showStory(story, button) } }, story.title);
      return button;
    });
    stories.replaceChildren(...buttons);
    // A story says more than a single request, so the first one of several steps is shown.
    const index = Math.max(0, chosen.stories.findIndex((story) => story.steps.length > 1));
    const story = chosen.stories[index];
    if (story) {
      showStory(story, buttons[index]);
    }
  }

  function startOver(): void {
    starting = service = undefined;
    clock.reset();
    answers.clear();
    request.offer([]);
    showDialect();
  }

  // Its RSA key takes a while, so it is made before the first request; what may fail then is told with that request.
  const early = (): void => void started().catch(() => (starting = undefined));
  panel.addEventListener("pointerenter", early, { once: true });
  panel.addEventListener("focusin", early, { once: true });
  panel.append(
    h("h2", { class: "visually-hidden" }, "Four endpoints, in this page"),
    dialect.element,
    about,
    h(
      "div",
      { class: "columns" },
      h("div", { class: "column" }, stories, picked, h("h3", { class: "section" }, "The request"), request.element),
      h(
        "div",
        { class: "column answer-column" },
        h("div", { class: "card-head" }, h("h3", { class: "section" }, "Answers"), h("button", { type: "button", class: "quiet", on: { click: startOver } }, "Start over")),
        answers.element,
      ),
    ),
  );
  request.offer([]);
  showDialect();
}

/** A token with the key and the expectations that the service knows for it. */
function tokenCase(text: string, service: Service | undefined): Case | undefined {
  let parts: { header: { kid?: unknown }; claims: { iss?: unknown } };
  try {
    parts = decodeUnverified(text) as typeof parts;
  } catch {
    return undefined;
  }
  const { kid } = parts.header;
  const { iss } = parts.claims;
  const key = typeof kid === "string" ? service?.verifies[kid] : undefined;
  return { token: text, ...(key ? { key } : {}), expected: typeof iss === "string" ? { issuer: iss } : {} };
}
