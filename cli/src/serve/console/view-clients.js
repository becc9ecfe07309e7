// Clients: those of the store, created and changed. A secret is made here or by the server, and shown once.

import { h, say } from "./dom.js";
import { form } from "./form.js";
import { copyable, facts, folded, item, once, pages, press, refusal, section, sure } from "./parts.js";

export const id = "clients";
export const title = "Clients";
export const needs = ["list_clients", "create_client", "change_client", "rotate_client_secret", "disable_client"];

/** 32 random bytes in base64url. */
function secret() {
  const bytes = crypto.getRandomValues(new Uint8Array(32));
  return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

const ONCE = "Nobody can look it up later: only its hash is kept.";

export function view({ call, may }) {
  const [problem, items] = [h("div", { class: "problem" }), h("ul", { class: "items" })];
  const draw = ({ clients, next }, first) => {
    first && items.replaceChildren();
    items.append(...clients.map(client));
    if (items.children.length === 0 && !next) {
      items.append(h("li", { class: "nothing" }, "No client in the store."));
    }
  };
  const { more, load } = pages((page) => call("list_clients", page), draw, problem);

  const client = (one) => {
    const told = h("div", { class: "result" });
    const acts = [];
    if (may("rotate_client_secret") && !one.public) {
      acts.push(press("New secret", {
        style: "quiet small",
        name: `New secret for ${one.id}`,
        place: problem,
        act: async () => {
          if (await sure(`A new secret for ${one.id}?`, "The one before stays good for an hour.", "Make it")) {
            const made = await call("rotate_client_secret", { id: one.id, keep_for: "1h" });
            told.replaceChildren(once("Its new secret", { secret: made.secret }, ONCE));
            told.querySelector("h3").focus();
          }
        },
      }));
    }
    if (may("change_client")) {
      acts.push(press(one.disabled ? "Enable" : "Disable", {
        style: one.disabled ? "quiet small" : "danger small",
        name: `${one.disabled ? "Enable" : "Disable"} ${one.id}`,
        place: problem,
        act: async () => {
          if (one.disabled || (await sure(`Disable ${one.id}?`, "It and its tokens are refused until it is enabled again.", "Disable"))) {
            await call("change_client", { id: one.id, disabled: !one.disabled });
            await load();
            say(`${one.id} is ${one.disabled ? "enabled" : "disabled"}`);
          }
        },
      }));
    }
    const kind = one.public ? "public" : Object.keys(one.jwks ?? {}).length > 0 ? "public keys" : "secret";
    const head = [copyable(one.id, { name: "the client's id" }), h("span", { class: one.disabled ? "tag bad" : "tag good" }, one.disabled ? "disabled" : "enabled")];
    return item(head, facts([["Organization", one.organization], ["May", one.permissions.join(", ") || "nothing"], ["Scope", one.scope], ["Audience", one.audience.join(", ")], ["Proves itself by", kind]]), acts, told);
  };

  const create = may("create_client") && folded("Create a client", h("p", { class: "about" }, "A secret is made for it, unless it is public or proves itself by keys."), form("create_client", {
    first: ["id", "organization", "permissions", "scope"],
    without: ["secret", "secret_sha256"],
    submit: "Create it",
    act: async (input) => {
      const made = input.public || input.jwks ? undefined : secret();
      await call("create_client", made === undefined ? input : { ...input, secret: made });
      if (may("list_clients")) {
        await load();
      }
      return made === undefined ? h("p", { class: "done" }, "It is created.") : once(`The secret of ${input.id}`, { secret: made }, ONCE);
    },
  }));

  const listed = may("list_clients") && section("In the store", "Those of the configuration’s file are not among them.", problem, items, more);
  if (listed) {
    load().catch((error) => problem.replaceChildren(refusal(error)));
  }
  return [
    h("div", { class: "title" }, h("h1", { tabindex: "-1" }, "Clients"), h("p", { class: "about" }, "Who may ask for tokens, and for what.")),
    create || [],
    listed || problem,
  ];
}
