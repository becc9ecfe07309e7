// The server: what it is, whose key this is, and the keys that sign.

import { h } from "./dom.js";
import { facts, section } from "./parts.js";
import { moment } from "./time.js";

export const id = "server";
export const title = "Server";

export function view({ told }) {
  const { version, started_at: started, key, issuers } = told;
  const rights = key.operations ? `${key.operations.length} of them: ${key.operations.join(", ")}` : "all";
  return [
    h("div", { class: "title" }, h("h1", { tabindex: "-1" }, "Server"), h("p", { class: "about" }, "What serves here, and by which keys.")),
    section("This process", undefined, facts([
      ["Version", version],
      ["Started", moment(started)],
      ["Your key", h("code", {}, key.id)],
      ["Its operations", rights],
    ])),
    section("Signing keys", "One key of each issuer signs; the others verify what they signed before, or will sign next.", h("ul", { class: "items" }, issuers.map((issuer) =>
      h("li", { class: "item" }, h("div", { class: "item-head" }, h("h3", {}, h("code", {}, issuer.issuer))), h("ul", { class: "keys" }, issuer.keys.map((one) =>
        h("li", {}, h("code", { class: "kid" }, one.kid ?? "no id"), h("span", { class: "tag plain" }, one.alg), h("span", { class: one.signs ? "tag good" : "tag plain" }, one.signs ? "signs" : "verifies")))))))),
  ];
}
