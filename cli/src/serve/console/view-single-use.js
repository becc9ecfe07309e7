// Single-use tokens: made for a link or as a code, looked at, cancelled.

import { h } from "./dom.js";
import { form } from "./form.js";
import { facts, json, once, section } from "./parts.js";
import { moment } from "./time.js";

export const id = "single-use";
export const title = "Single use";
export const needs = ["issue_single_use", "peek_single_use", "cancel_single_use"];

export function view({ call, may }) {
  const issue = may("issue_single_use") && section("Make one", "A token that is good once, for one purpose: for a link in a mail, or a short code of digits.", form("issue_single_use", {
    first: ["purpose", "lifetime", "subject"],
    submit: "Make it",
    act: async (input) => {
      const told = await call("issue_single_use", input);
      return [once(input.digits ? "The code" : "The token", { token: told.token }, "This page shows it once."), facts([["Ends", moment(told.expires_at)]])];
    },
  }));
  const peek = may("peek_single_use") && section("Look at one", "It stays good.", form("peek_single_use", {
    first: ["purpose", "token"],
    submit: "Look",
    act: async (input) => {
      const told = await call("peek_single_use", input);
      return [facts([["Subject", told.subject ?? "nobody"], ["Ends", moment(told.expires_at)]]), json(told.payload)];
    },
  }));
  const cancel = may("cancel_single_use") && section("Cancel one", "By itself, or whichever is in a slot.", form("cancel_single_use", {
    submit: "Cancel it",
    act: async (input) => {
      await call("cancel_single_use", input);
      return h("p", { class: "done" }, "It is good no longer.");
    },
  }));
  return [
    h("div", { class: "title" }, h("h1", { tabindex: "-1" }, "Single use"), h("p", { class: "about" }, "Reset links, invitations and codes.")),
    issue || [],
    h("div", { class: "two" }, peek || [], cancel || []),
  ];
}
