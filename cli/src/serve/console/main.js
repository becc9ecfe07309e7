// The page: a sign-in by an admin key, and then the views that this key is for.

import { call, get, signIn, signOut } from "./api.js";
import { h, say } from "./dom.js";
import { Events } from "./events.js";
import { operations, use } from "./form.js";
import { refusal } from "./parts.js";
import { serverTime } from "./time.js";
import * as apiKeys from "./view-api-keys.js";
import * as clients from "./view-clients.js";
import * as anything from "./view-operations.js";
import * as server from "./view-server.js";
import * as sessions from "./view-sessions.js";
import * as singleUse from "./view-single-use.js";

const events = {
  id: "events",
  title: "Events",
  needs: ["events"],
  view: (bench) => {
    const search = h("input", { type: "search", id: "narrow", autocomplete: "off", spellcheck: "false", on: { input: () => bench.events.narrow(search.value) } });
    bench.events.narrow("");
    return [
      h("div", { class: "title" }, h("h1", { tabindex: "-1" }, "Events"), h("p", { class: "about" }, "What this process writes to its log, as it happens: ids and fingerprints, never a token or a secret.")),
      h("div", { class: "field" }, h("label", { for: "narrow" }, "Only those with this text"), search),
      h("section", { class: "card", "aria-label": "Events" }, bench.events.list()),
    ];
  },
};

const VIEWS = [server, sessions, clients, singleUse, apiKeys, events, anything];

const page = document.querySelector("#page");
const tools = document.querySelector("#tools");
let bench;

function welcome(problem) {
  bench?.events.close();
  bench = undefined;
  signOut();
  tools.replaceChildren(theme());
  const key = h("input", { type: "password", id: "key", autocomplete: "off", spellcheck: "false", "aria-describedby": "key-about", required: true });
  const wrong = h("div", {}, problem ? refusal(problem) : []);
  const button = h("button", { class: "primary" }, "Sign in");
  const enter = async (event) => {
    event.preventDefault();
    button.disabled = true;
    wrong.replaceChildren();
    try {
      const given = key.value.trim();
      const told = await signIn(given, welcome);
      use(await get("openapi.json"));
      start(told);
    } catch (error) {
      wrong.replaceChildren(refusal(error));
      key.select();
    } finally {
      button.disabled = false;
    }
  };
  page.replaceChildren(h("main", { class: "welcome", id: "content", tabindex: "-1" },
    h("form", { class: "card lonely", on: { submit: enter } },
      h("h1", {}, "What your server does, and for whom"),
      h("p", { class: "about" }, "Sessions, clients, keys and events of this server. Whatever is done here is a call of its admin API, by your key."),
      h("div", { class: "field" }, h("label", { for: "key" }, "Admin key"), key, h("p", { class: "note", id: "key-about" }, "It stays in this page’s memory: a reload forgets it.")),
      wrong,
      h("div", { class: "row" }, button))));
  key.focus();
  document.title = "tokenmint console";
}

function theme() {
  const root = document.documentElement;
  const dark = () => (root.dataset.theme ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
  const button = h("button", {
    type: "button",
    class: "quiet small",
    "aria-pressed": String(dark()),
    on: {
      click: () => {
        root.dataset.theme = dark() ? "light" : "dark";
        button.setAttribute("aria-pressed", String(dark()));
      },
    },
  }, "Dark");
  return button;
}

function start(told) {
  serverTime(told.now);
  const allowed = told.key.operations;
  const known = new Set([...operations().map(({ name }) => name), "events"]);
  const may = (name) => known.has(name) && (allowed === null || allowed === undefined || allowed.includes(name));
  bench = { told, may, issuer: told.issuers[0]?.issuer, events: new Events(), call: (name, input) => call(name, input, bench.issuer) };
  const views = VIEWS.filter(({ needs = [] }) => needs.length === 0 || needs.some(may));
  bench.views = views;
  tools.replaceChildren(...issuers(told), h("span", { class: "who" }, "key ", h("code", {}, told.key.id)), theme(), h("button", { type: "button", class: "quiet small", on: { click: () => welcome() } }, "Sign out"));
  const nav = h("nav", { "aria-label": "Views" }, h("ul", {}, views.map(({ id, title }) => h("li", {}, h("a", { href: `#/${id}` }, title)))));
  const rail = may("events") && h("aside", { class: "rail", "aria-labelledby": "rail-title" }, h("h2", { id: "rail-title" }, "As it happens"), bench.events.list(40));
  page.replaceChildren(h("div", { class: "frame" }, nav, h("main", { id: "content", tabindex: "-1" }), ...(rail ? [rail] : [])));
  if (may("events")) {
    bench.events.follow();
  }
  show();
}

/** Which issuer does it, where there are several. */
function issuers({ issuers: all }) {
  if (all.length < 2) {
    return [];
  }
  const select = h("select", { id: "issuer", on: { change: () => ((bench.issuer = select.value), show()) } }, all.map(({ issuer }) => h("option", { value: issuer }, issuer)));
  return [h("label", { class: "issuer", for: "issuer" }, h("span", {}, "Issuer"), select)];
}

/** Shows the view that the address names. Nothing but its name stands there. */
function show() {
  if (bench === undefined) {
    return;
  }
  const view = bench.views.find(({ id }) => `#/${id}` === location.hash) ?? bench.views[0];
  const main = document.querySelector("main");
  main.replaceChildren(...view.view(bench).flat());
  document.querySelector(".frame").dataset.view = view.id;
  for (const link of document.querySelectorAll("nav a")) {
    link.toggleAttribute("aria-current", link.hash === `#/${view.id}`);
    if (link.hash === `#/${view.id}`) {
      link.setAttribute("aria-current", "page");
      link.scrollIntoView({ block: "nearest", inline: "center" });
    }
  }
  bench.events.tidy();
  document.title = `${view.title}: tokenmint console`;
  scrollTo(0, 0);
  main.querySelector("h1")?.focus({ preventScroll: true });
  say(view.title);
}

addEventListener("hashchange", () => {
  // The link to the content is no view.
  if (location.hash !== "#content") {
    show();
  }
});
document.querySelector(".skip").addEventListener("click", (event) => {
  event.preventDefault();
  document.querySelector("#content")?.focus();
});
welcome();
document.documentElement.dataset.ready = "true";
