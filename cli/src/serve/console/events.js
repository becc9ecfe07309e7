// What happens, as it happens: one long poll after the other.

import { get } from "./api.js";
import { h } from "./dom.js";

const MOST = 300;
const PAUSE_MS = 3000;

/** Events in a list, newest first; a plain word narrows them. */
export class Events {
  #events = [];
  #lists = new Set();
  #words = "";
  #stop = new AbortController();
  #state = "";

  /** Follows them until `close`. */
  async follow() {
    let after;
    const { signal } = this.#stop;
    while (!signal.aborted) {
      try {
        const page = await get(after === undefined ? "events" : `events?after=${after}`, signal);
        if (page.missed) {
          this.#add({ event: "some events were missed", ts: new Date().toISOString(), level: "warn" });
        }
        page.events.forEach((event) => this.#add(event));
        // The server does not let more than some wait.
        const early = after !== undefined && page.events.length === 0;
        after = page.next;
        this.#tell("live");
        if (early) {
          await pause(1000);
        }
      } catch (error) {
        if (signal.aborted || error.status === 401) {
          return;
        }
        this.#tell(error.status === 403 ? "refused" : "lost");
        await pause(PAUSE_MS);
      }
    }
  }

  close() {
    this.#stop.abort();
  }

  /** A list of the latest, which goes on. */
  list(most = MOST) {
    const state = h("p", { class: "live" });
    const list = h("ol", { class: "events", tabindex: "0", "aria-label": "Events, newest first" });
    const shown = { list, state, most };
    this.#lists.add(shown);
    this.#draw(shown);
    return h("div", { class: "events-box" }, state, list);
  }

  /** Shows those that have this text somewhere. */
  narrow(words) {
    this.#words = words.toLowerCase();
    this.#lists.forEach((shown) => this.#draw(shown));
  }

  /** Lists that are no longer in the page need no more. */
  tidy() {
    this.#lists.forEach((shown) => !shown.list.isConnected && this.#lists.delete(shown));
  }

  #add(event) {
    this.#events.unshift(event);
    this.#events.length = Math.min(this.#events.length, MOST);
    for (const shown of this.#lists) {
      shown.list.querySelector(".nothing")?.remove();
      if (this.#fits(event)) {
        shown.list.prepend(line(event, "event came"));
        while (shown.list.children.length > shown.most) {
          shown.list.lastElementChild.remove();
        }
      }
    }
  }

  #fits(event) {
    return this.#words === "" || JSON.stringify(event).toLowerCase().includes(this.#words);
  }

  #draw(shown) {
    const events = this.#events.filter((event) => this.#fits(event)).slice(0, shown.most);
    const nothing = h("li", { class: "nothing" }, "Nothing yet. What the log leaves out is not here, either.");
    shown.list.replaceChildren(...(events.length > 0 ? events.map((event) => line(event)) : [nothing]));
    this.#tellOne(shown);
  }

  #tell(state) {
    if (this.#state !== state) {
      this.#state = state;
      this.#lists.forEach((shown) => this.#tellOne(shown));
    }
  }

  #tellOne({ state }) {
    const texts = { live: "Live", lost: "No answer: trying again", refused: "This key may not see them", "": "Connecting" };
    state.textContent = texts[this.#state];
    state.dataset.state = this.#state;
  }
}

function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** A line of the log; by which request it came stands in its title, since that is long and seldom asked for. */
function line({ number, ts, level, target, event, request_id: request, trace_id: trace, parent_id: parent, ...rest }, style = "event") {
  const said = Object.entries(rest).filter(([, value]) => value !== null);
  return h("li", { class: level === "warn" ? `${style} alarm` : event === "admin_call" ? `${style} call` : style, title: request && `request_id ${request}\ntrace_id ${trace}` },
    h("div", { class: "event-head" }, h("span", { class: "event-name" }, event), h("time", { datetime: ts, title: ts }, ts.slice(11, 19))),
    said.length > 0 && h("div", { class: "event-facts" }, said.map(([name, value]) => h("span", {}, h("b", {}, name), ` ${value}`))));
}
