// A story's steps, each with a button, and what came of it.

import { h, setText } from "../shared/dom.ts";
import { span } from "../shared/time.ts";
import type { Exchange } from "./service.ts";
import type { Step, Story } from "./stories/story.ts";
import { eventName, statusText } from "./words.ts";

export interface StoryActions {
  /** Puts the step's request into the editor. */
  load(step: Step): void;
  /** Does the step; undefined where seconds have passed, or where it could not be sent. */
  run(step: Step): Promise<Exchange | undefined>;
}

export function storyView(story: Story, actions: StoryActions): HTMLElement {
  const rows = story.steps.map((step, index) => row(step, index, actions));
  const all = h("button", { type: "button", class: "primary", on: { click: () => void runAll() } }, story.steps.length > 1 ? "Run it all" : "Send it");

  async function runAll(): Promise<void> {
    all.setAttribute("aria-disabled", "true");
    rows.forEach((each) => each.clear());
    for (const each of rows) {
      if (!(await each.run())) {
        break;
      }
    }
    all.removeAttribute("aria-disabled");
  }

  return h(
    "section",
    { class: "card story", "aria-label": story.title },
    h("div", { class: "card-head" }, h("h3", {}, story.title), all),
    h("p", { class: "about" }, story.about),
    h("ol", { class: "steps" }, ...rows.map((each) => each.element)),
  );
}

interface Row {
  readonly element: HTMLElement;
  /** False where it could not be done. */
  run(): Promise<boolean>;
  clear(): void;
}

function row(step: Step, index: number, actions: StoryActions): Row {
  const result = h("p", { class: "step-result" });
  const title = step.ask
    ? h("button", { type: "button", class: "link", title: "Show this request in the editor", on: { click: () => actions.load(step) } }, step.title)
    : h("span", {}, step.title);
  const press = step.ask ? "Send" : `+${span(step.wait ?? 0)}`;
  const button = h("button", { type: "button", class: "quiet small", "aria-label": `${press}: step ${index + 1}, ${step.title}`, on: { click: () => void run() } }, press);
  const line = step.ask ? h("code", { class: "step-line" }, `${step.ask.method} ${step.ask.target}`) : false;
  const events = h("p", { class: "step-events" });
  const element = h("li", {}, h("div", { class: "step-head" }, title, button), line, result, events);
  clear();

  function clear(): void {
    element.className = "";
    events.replaceChildren();
    setText(result, step.ask ? "" : "The clock moves forward.");
  }

  async function run(): Promise<boolean> {
    const exchange = await actions.run(step);
    if (!step.ask) {
      element.className = "as-told";
      setText(result, `The clock moved ${span(step.wait ?? 0)} forward.`);
      return true;
    }
    if (!exchange) {
      element.className = "other";
      setText(result, "Not sent: an earlier step gives what it needs.");
      return false;
    }
    events.replaceChildren(...exchange.events.map(({ event }) => eventName(event)));
    const asTold = exchange.status === step.status;
    element.className = asTold ? "as-told" : "other";
    setText(result, `${statusText(exchange.status)}. ${asTold ? (step.why ?? "") : `Told was ${step.status}: something is different from the story.`}`);
    return true;
  }
  return { element, run, clear };
}
