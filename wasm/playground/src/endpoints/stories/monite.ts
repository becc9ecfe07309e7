import { type Dialect, introspect, post, single } from "./story.ts";

const ID = "eb959578-a74d-4ac3-8b25-bf0910027857";
const SECRET = "14c84a34-282b-4fd8-8af6-86b5b5f2c212";
const VERSION = "x-monite-version: 2024-05-25";
const CLIENT = { client_id: ID, client_secret: SECRET };
const BASIC = `Basic ${btoa(`${ID}:${SECRET}`)}`;

export const monite: Dialect = {
  id: "monite",
  name: "Monite",
  about: "Access tokens for a partner's server or for one of its users. These are opaque: only their issuer can tell what they mean.",
  stories: [
    single("A token for the partner", "Client credentials in, an opaque token out.", 200, post("/v1/auth/token", [VERSION], { ...CLIENT, grant_type: "client_credentials" })),
    single(
      "A token for a user",
      "The same, on behalf of an entity user.",
      200,
      post("/v1/auth/token", [VERSION], { ...CLIENT, grant_type: "entity_user", entity_user_id: "7abd8744-507c-40e6-a5ca-34aa480b3991" }),
    ),
    single("All that is wrong, at once", "No version, no secret, an unknown grant: each is named with its place.", 422, post("/v1/auth/token", [], { client_id: "nonsense", grant_type: "password" })),
    single("A wrong secret", "The same words as for an unknown client, and the same work behind them.", 400, post("/v1/auth/token", [VERSION], { ...CLIENT, client_secret: "wrong", grant_type: "client_credentials" })),
    {
      title: "Revoked is revoked",
      about: "A token is given up, and is dead at once for whoever asks.",
      steps: [
        { title: "A token", as: "first", status: 200, ask: post("/v1/auth/token", [VERSION], { ...CLIENT, grant_type: "client_credentials" }) },
        { title: "Ask whether it stands", status: 200, why: "active: true, with its scope and times.", ask: introspect(BASIC, "{{first.access_token}}") },
        {
          title: "Revoke it",
          status: 200,
          ask: post("/v1/auth/revoke", ["Authorization: Bearer {{first.access_token}}", VERSION], { ...CLIENT, token: "{{first.access_token}}" }),
        },
        { title: "Ask again", status: 200, why: "active: false.", ask: introspect(BASIC, "{{first.access_token}}") },
        {
          title: "Use it as a bearer",
          status: 401,
          why: "Refused, without the word “expired”: the vendor's kit would take that for a reason to try again.",
          ask: post("/v1/auth/revoke", ["Authorization: Bearer {{first.access_token}}", VERSION], { ...CLIENT, token: "{{first.access_token}}" }),
        },
      ],
    },
    {
      title: "A day later",
      about: "These tokens live for a day. Move the clock, and see.",
      steps: [
        { title: "A token", as: "first", status: 200, ask: post("/v1/auth/token", [VERSION], { ...CLIENT, grant_type: "client_credentials" }) },
        { title: "A day passes", wait: 86_400 },
        { title: "Ask whether it stands", status: 200, why: "active: false.", ask: introspect(BASIC, "{{first.access_token}}") },
      ],
    },
  ],
};
