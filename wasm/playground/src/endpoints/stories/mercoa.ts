import { type Dialect, introspect, post, single } from "./story.ts";

const KEY = "Authorization: Bearer demo-mercoa-key";
const ENTITY = "/entity/ent_a0f6ea94-0761-4a5e-a416-3c453cb7eced";
const USER = `${ENTITY}/user/user_a0f6ea94-0761-4a5e-a416-3c453cb7eced`;
const GROUP = "/entityGroup/entg_a0f6ea94-0761-4a5e-a416-3c453cb7eced";

export const mercoa: Dialect = {
  id: "mercoa",
  name: "Mercoa",
  about: "An organization's back end asks with its API key for a narrow token that its front end may hold.",
  stories: [
    single("A token for an entity", "The answer is one JSON string: the token.", 200, post(`${ENTITY}/token`, [KEY], { expiresIn: "1h" })),
    single(
      "A token for a user of it",
      "With pages that the front end may show, and a session by which it can be ended.",
      200,
      post(`${USER}/token`, [KEY], { expiresIn: "12hr", sessionId: "session_123", pages: { paymentMethods: true, emailLog: false } }),
    ),
    single("A token for a group's user", "The user is named by the organization's own id; the token carries Mercoa's.", 200, post(`${GROUP}/user/MY-DB-ID-12345/token`, [KEY], { expiresIn: "1h" })),
    single("A lifetime nobody understands", "1h30m has two parts. It is refused by name, not read as something else.", 400, post(`${ENTITY}/token`, [KEY], { expiresIn: "1h30m" })),
    {
      title: "Renewed, never wider",
      about: "A front end renews its token with itself. It may ask for less than it has, not for more.",
      steps: [
        { title: "A token with one page", as: "first", status: 200, ask: post(`${USER}/token`, [KEY], { expiresIn: "1h", pages: { paymentMethods: true } }) },
        {
          title: "Renew it with itself",
          status: 200,
          why: "What is left out stays as it was.",
          ask: post(`${USER}/token`, ["Authorization: Bearer {{first}}"], { expiresIn: "12hr" }),
        },
        {
          title: "Ask for another page",
          status: 403,
          why: "A wider option is refused, and named.",
          ask: post(`${USER}/token`, ["Authorization: Bearer {{first}}"], { expiresIn: "12hr", pages: { paymentMethods: true, emailLog: true } }),
        },
      ],
    },
    {
      title: "A session ends",
      about: "invalidateTokens ends the tokens of a session at once, whatever their exp says.",
      steps: [
        { title: "A token in session_123", as: "first", status: 200, ask: post(`${USER}/token`, [KEY], { expiresIn: "1h", sessionId: "session_123" }) },
        { title: "Ask whether it stands", status: 200, why: "active: true.", ask: introspect("Bearer demo-mercoa-key", "{{first}}") },
        { title: "End the session", status: 200, ask: post("/organization/invalidateTokens", [KEY], { sessionId: ["session_123"] }) },
        { title: "Ask again", status: 200, why: "active: false, and nothing else.", ask: introspect("Bearer demo-mercoa-key", "{{first}}") },
        { title: "Renew it all the same", status: 401, why: "What was ended cannot renew itself.", ask: post(`${USER}/token`, ["Authorization: Bearer {{first}}"], { expiresIn: "1h" }) },
      ],
    },
  ],
};
