// API keys of customers.

import { h, say } from "./dom.js";
import { form } from "./form.js";
import { copyable, facts, folded, item, once, pages, press, section, sure } from "./parts.js";
import { moment } from "./time.js";

export const id = "api-keys";
export const title = "API keys";
export const needs = ["list_api_keys", "create_api_key", "rotate_api_key", "revoke_api_key"];

const ONCE = "Nobody can look it up later: only its hash is kept.";

export function view({ call, may }) {
  const found = h("div", { class: "stack" });

  const list = async (owner) => {
    const [problem, items, head] = [h("div", { class: "problem" }), h("ul", { class: "items" }), h("div", { class: "card-head" })];
    let count = 0;
    const draw = ({ api_keys: keys, next }) => {
      count += keys.length;
      items.append(...keys.map(one));
      const title = h("h3", {}, count === 0 ? "No key of " : `${count}${next ? " or more" : ""} of `, h("code", {}, owner));
      head.replaceChildren(title);
      say(title.textContent);
    };
    const one = (key) => {
      const told = h("div", { class: "result" });
      const [rotate, revoke] = [may("rotate_api_key") && !key.revoked, may("revoke_api_key") && !key.revoked];
      const acts = [
        rotate && press("New secret", {
          style: "quiet small",
          name: `New secret for ${key.id}`,
          place: problem,
          act: async () => {
            if (await sure("A new secret for this key?", "The one before stays good for an hour.", "Make it")) {
              const made = await call("rotate_api_key", { id: key.id, keep_for: "1h" });
              told.replaceChildren(once("The new key", { api_key: made.api_key }, ONCE));
              told.querySelector("h3").focus();
            }
          },
        }),
        revoke && press("End", {
          style: "danger small",
          name: `End ${key.id}`,
          place: problem,
          act: async () => {
            if (await sure("End this API key?", `${key.id} of ${owner}, with all its secrets.`, "End it")) {
              await call("revoke_api_key", { id: key.id });
              await list(owner);
            }
          },
        }),
      ].filter((act) => act);
      const head = [copyable(key.id, { name: "the key's id" }), h("span", { class: key.revoked ? "tag bad" : "tag good" }, key.revoked ? "ended" : "good")];
      return item(head, facts([["Name", key.name], ["Scope", key.scope], ["Made", moment(key.created_at)], ["Ends", key.expires_at && moment(key.expires_at)]]), acts, told);
    };
    const { more, load } = pages((page) => call("list_api_keys", { owner, ...page }), draw, problem);
    await load();
    found.replaceChildren(h("div", { class: "card-part" }, head, problem, items, more));
  };

  const search = may("list_api_keys") && section("Whose?", undefined, form("list_api_keys", {
    first: ["owner"],
    without: ["after", "limit"],
    fields: { owner: { label: "Owner", note: "The customer’s id." } },
    submit: "List keys",
    act: async ({ owner = "" }) => void (await list(owner)),
  }), found);

  const create = may("create_api_key") && folded("Create an API key", form("create_api_key", {
    first: ["owner", "name", "scope", "lifetime"],
    submit: "Create it",
    act: async (input) => {
      const made = await call("create_api_key", input);
      if (may("list_api_keys")) {
        await list(input.owner);
      }
      return once("The key", { api_key: made.api_key }, ONCE);
    },
  }));

  return [
    h("div", { class: "title" }, h("h1", { tabindex: "-1" }, "API keys"), h("p", { class: "about" }, "Keys that customers put into programs of their own.")),
    search || [],
    create || [],
  ];
}
