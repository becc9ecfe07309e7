// Sessions: of a subject, listed, started and ended.

import { h, say } from "./dom.js";
import { form } from "./form.js";
import { copyable, facts, folded, item, json, once, pages, press, section, sure } from "./parts.js";
import { moment, span } from "./time.js";

export const id = "sessions";
export const title = "Sessions";
export const needs = ["list_sessions", "start_session", "revoke_session", "revoke_sessions", "revoke_subject"];

/** What the host says of it: in a line, where that is simple. */
function details(told) {
  const members = Object.entries(told ?? {});
  if (members.length === 0) {
    return [];
  }
  return members.every(([, value]) => Object(value) !== value) ? facts(members.map(([name, value]) => [name, String(value)])) : json(told);
}

export function view({ call, may }) {
  const found = h("div", { class: "stack" });
  let shown;

  const list = async (subject) => {
    const [problem, items, head] = [h("div", { class: "problem" }), h("ul", { class: "items" }), h("div", { class: "card-head" })];
    let count = 0;
    const draw = ({ sessions, next }) => {
      count += sessions.length;
      items.append(...sessions.toSorted((one, other) => (other.last_used_at ?? other.created_at) - (one.last_used_at ?? one.created_at)).map(session));
      const title = h("h3", {}, count === 0 ? "No session of " : `${count}${next ? " or more" : ""} of `, h("code", {}, subject));
      head.replaceChildren(title, ...(count > 0 && may("revoke_sessions") ? [all] : []));
      say(title.textContent);
    };
    const all = press("End all", {
      style: "danger small",
      place: problem,
      act: async () => {
        if (await sure(`End all sessions of ${subject}?`, "Each device has to sign in again.", "End all")) {
          await call("revoke_sessions", { subject });
          await list(subject);
        }
      },
    });
    const session = (one) => {
      const acts = may("revoke_session") ? [press("End", {
        style: "danger small",
        name: `End session ${one.session}`,
        place: problem,
        act: async () => {
          if (await sure("End this session?", `${one.session} of ${subject}, and the tokens that it gave.`, "End it")) {
            await call("revoke_session", { session: one.session });
            await list(subject);
          }
        },
      })] : [];
      const about = facts([["Client", one.client_id], ["Scope", one.scope], ["Started", moment(one.created_at)], ["Used", one.last_used_at && moment(one.last_used_at)], ["Ends", moment(one.expires_at)]]);
      return item(copyable(one.session, { name: "the session's id" }), about, acts, details(one.details));
    };
    const { more, load } = pages((page) => call("list_sessions", { subject, ...page }), draw, problem);
    await load();
    shown = subject;
    found.replaceChildren(h("div", { class: "card-part" }, head, problem, items, more));
  };

  const search = may("list_sessions") && section("Whose?", undefined, form("list_sessions", {
    first: ["subject"],
    without: ["after", "limit"],
    fields: { subject: { label: "Subject", note: "`sub` of the tokens: a user’s id." } },
    submit: "List sessions",
    act: async ({ subject = "" }) => void (await list(subject)),
  }), found);

  const start = may("start_session") && folded("Start a session", h("p", { class: "about" }, "For somebody of whom you have found out who it is. The tokens are shown once."), form("start_session", {
    first: ["subject", "client_id", "scope", "details"],
    submit: "Start it",
    act: async (input) => {
      const told = await call("start_session", input);
      if (may("list_sessions") && (shown === undefined || shown === input.subject)) {
        await list(input.subject);
      }
      return once("A session was started", { session: told.session, access_token: told.access_token, refresh_token: told.refresh_token }, `The access token lives ${span(told.expires_in)}, the refresh token ${span(told.refresh_expires_in)} if it is not used. This page shows them once.`);
    },
  }));

  const subject = may("revoke_subject") && folded("End everything of a subject", h("p", { class: "about" }, "Every token, session, API key and single-use token that was made until now."), form("revoke_subject", {
    fields: { subject: { label: "Subject" } },
    submit: "End everything",
    act: async (input) => {
      if (input.subject && !(await sure(`End everything of ${input.subject}?`, "Tokens, sessions, API keys and links are refused from now on. It cannot be undone.", "End everything"))) {
        return [];
      }
      await call("revoke_subject", input);
      return h("p", { class: "done" }, "It is ended.");
    },
  }));

  return [
    h("div", { class: "title" }, h("h1", { tabindex: "-1" }, "Sessions"), h("p", { class: "about" }, "The devices on which somebody is signed in.")),
    search || [],
    start || [],
    subject || [],
  ];
}
