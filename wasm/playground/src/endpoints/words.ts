// Statuses and events in words.

import { h } from "../shared/dom.ts";

const STATUSES: Record<number, string> = {
  200: "OK",
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  409: "Conflict",
  410: "Gone",
  413: "Content Too Large",
  415: "Unsupported Media Type",
  420: "Enhance Your Calm",
  422: "Unprocessable Content",
  429: "Too Many Requests",
  500: "Internal Server Error",
  501: "Not Implemented",
  503: "Service Unavailable",
};

export function statusText(status: number): string {
  return `${status} ${STATUSES[status] ?? ""}`.trim();
}

const EVENTS: Record<string, string> = {
  token_issued: "A token was made.",
  token_refused: "A token was not made.",
  token_revoked: "A token was revoked.",
  session_opened: "A session was opened.",
  refresh_rotated: "A refresh token was changed for its successor.",
  refresh_replayed: "The same successor was given again: the first answer may have been lost.",
  refresh_reuse_detected: "A used refresh token came back: somebody has a copy. The session was ended.",
  session_revoked: "A session was ended.",
  watermark_raised: "All earlier tokens of somebody were ended.",
  link_issued: "A link was made.",
  link_redeemed: "A link was redeemed.",
  link_replayed: "The same redeemer asked again and got the same answer.",
  link_reuse: "A used link came back.",
  account_token_issued: "An account token was made.",
  account_token_rotated: "An account token was replaced.",
  account_deleted: "A linked account was deleted, and its token ended.",
  limit_hit: "A rate limit denied a request.",
  store_regressed: "The store has lost a write.",
  clock_skew: "The store's clock and the host's differ.",
  directory_changed: "The directory was changed.",
};

/** Events that somebody should look at. */
const ALARMS: ReadonlySet<string> = new Set(["refresh_reuse_detected", "link_reuse", "limit_hit", "store_regressed", "clock_skew", "token_refused"]);

export function eventName(name: string): HTMLElement {
  return h("code", { class: ALARMS.has(name) ? "event-name alarm" : "event-name" }, name);
}

export function eventText(name: string): string {
  return EVENTS[name] ?? "";
}
