import { type Ask, type Dialect, get, post, type Step, single } from "./story.ts";

const KEY = "Authorization: Bearer demo-merge-key";
const USER = {
  end_user_email_address: "example@gmail.com",
  end_user_organization_name: "Test Organization",
  end_user_origin_id: "12345",
  categories: ["hris", "ats"],
};

function link(more: object = {}): Step {
  return { title: "Make a link", as: "link", status: 200, ask: post("/api/hris/v1/link-token", [KEY], { ...USER, integration: "lever", ...more }) };
}

function redeem(headers: readonly string[] = []): Ask {
  return post("/api/link-token/redeem", headers, { link_token: "{{link.link_token}}" });
}

export const merge: Dialect = {
  id: "merge",
  name: "Merge",
  about: "A link sends one end user through one set-up, once: link token, public token, account token.",
  stories: [
    single("Make a link", "The end user says later which integration it is for.", 200, post("/api/hris/v1/link-token", [KEY], USER)),
    single("A link for too long", "Over twelve hours only as a magic link; and a field that is no e-mail is none of our business.", 400, post("/api/hris/v1/link-token", [KEY], { ...USER, link_expiry_mins: 721 })),
    {
      title: "A link works once",
      about: "The second redemption is refused, and so is the second exchange.",
      steps: [
        link(),
        { title: "Redeem it", as: "public", status: 200, why: "The end user is through: a public token.", ask: redeem() },
        { title: "Redeem it again", status: 400, why: "Used already. The events say link_reuse.", ask: redeem() },
        { title: "Exchange the public token", as: "account", status: 200, why: "Permanent, until it is replaced.", ask: get("/api/hris/v1/account-token/{{public.public_token}}", [KEY]) },
        { title: "Exchange it again", status: 404, why: "Nobody learns whether it was used, over or never there.", ask: get("/api/hris/v1/account-token/{{public.public_token}}", [KEY]) },
        {
          title: "Replace the account token",
          status: 200,
          ask: post("/api/hris/v1/account-token/regenerate", [KEY, "X-Account-Token: {{account.account_token}}"]),
        },
      ],
    },
    {
      title: "A lost answer",
      about: "The same redeemer may ask again for ten seconds: the Idempotency-Key says that it is the same.",
      steps: [
        link(),
        { title: "Redeem it with a key", status: 200, ask: redeem(["Idempotency-Key: one-press"]) },
        { title: "The same again", status: 200, why: "The same public token: a retry, not a second use.", ask: redeem(["Idempotency-Key: one-press"]) },
        { title: "Somebody else", status: 400, why: "Another key is another redeemer.", ask: redeem(["Idempotency-Key: other-press"]) },
      ],
    },
    {
      title: "Too late",
      about: "A link lives for thirty minutes, to the second.",
      steps: [link(), { title: "Half an hour passes", wait: 1800 }, { title: "Redeem it", status: 400, ask: redeem() }],
    },
    {
      title: "A magic link",
      about: "A page with a button. Looking never uses it up, so mail scanners do no harm; the button does.",
      steps: [
        link({ should_create_magic_link_url: true, link_expiry_mins: 10_080 }),
        { title: "Open the page", status: 200, why: "HTML, without a line of script.", ask: get("/magic-link/{{link.link_token}}") },
        { title: "Open it again", status: 200, why: "Still there: a GET consumes nothing.", ask: get("/magic-link/{{link.link_token}}") },
        {
          title: "Press the button",
          status: 200,
          ask: post("/magic-link/{{link.link_token}}", ["Content-Type: application/x-www-form-urlencoded"], "integration=lever"),
        },
        { title: "Open it once more", status: 410, why: "Gone: it was used.", ask: get("/magic-link/{{link.link_token}}") },
      ],
    },
  ],
};
