// The configuration of `tokenmint serve --demo`, with keys that this page makes. Every credential in it is public: it
// stands in the vendors' documentation.

import { Key } from "tokenmint";
import { randomBytes, toBase64url } from "../shared/bytes.ts";
import type { KeyText } from "../shared/keys.ts";

const ALL = ["hris", "ats", "accounting", "ticketing", "crm", "mktg", "filestorage", "knowledgebase", "chat", "email", "calendar"];
const ENTITY = "ent_a0f6ea94-0761-4a5e-a416-3c453cb7eced";
const GROUP = "entg_a0f6ea94-0761-4a5e-a416-3c453cb7eced";

export interface Demo {
  readonly config: object;
  /** Keys that the configuration leaves to the host. */
  readonly held: Record<string, Key>;
  /** What verifies a token, by the `kid` in its header. */
  readonly verifies: Record<string, KeyText>;
}

export async function demo(): Promise<Demo> {
  const secret = (): string => toBase64url(randomBytes(32));
  const secrets: Record<string, string> = { "mercoa-1": secret(), "monite-1": secret(), "merge-1": secret() };
  const ledger = (await Key.generate("RS256", { kid: "ledger-1", extractable: false })).withKid("ledger-1");
  const config = {
    server: { public_url: "https://tokenmint.example" },
    limits: {
      client: { events: 100, per: "1s", burst: 1000 },
      failures: { events: 60, per: "1m", burst: 300 },
    },
    keys: [
      ...Object.entries(secrets).map(([kid, secret]) => ({ kid, alg: "HS256", secret })),
      { kid: "ledger-1", alg: "RS256", held: true },
    ],
    mercoa: { issuer: "https://tokenmint.example/mercoa", key: "mercoa-1", lifetime: "1h", max_lifetime: "1y" },
    monite: { issuer: "https://tokenmint.example/monite", key: "monite-1", access_tokens: "opaque", lifetime: "86400s" },
    ledger: {
      issuer: "https://tokenmint.example/ledger",
      key: "ledger-1",
      lifetime: "300s",
      session_idle: "30m",
      session_absolute: "24h",
      session_secret: secret(),
    },
    merge: { issuer: "https://tokenmint.example/merge", key: "merge-1", session_secret: secret() },
    clients: [
      {
        id: "eb959578-a74d-4ac3-8b25-bf0910027857",
        organization: "org_demo",
        secret_sha256: ["yCrEg8eGknXxu8CAOv8XgzrILK0JIllNJMsxjT_qr14"],
        permissions: ["client_credentials", "entity_user"],
      },
      {
        id: "2khK02ZRc_TE9nYJyGIfIQ",
        organization: "org_demo",
        secret_sha256: ["-UoFbC5HNGC5-iR88Jw9Qu8lk2yIofvIDMNsZvU53R8"],
        permissions: ["sessions"],
        subject: "0b6c3f1e-5d0a-4c57-9a55-3f6f0f6f7d21",
        claims: { workspace: "minivault" },
      },
    ],
    api_keys: [
      { key_sha256: "UHaA1Gr841RM0e51xKLSZvOCQ3La05rKF3jfY6TgOCo", organization: "org_demo", permissions: ["entity_tokens"] },
      { key_sha256: "YSuNpstqpEWyhiyeCMFZdiopNddwlzUBZJcpr6tsw_I", organization: "org_demo", permissions: ["links"] },
    ],
    entities: [{ id: ENTITY, foreign_id: "MY-DB-ENTITY-1", organization: "org_demo" }],
    groups: [{ id: GROUP, organization: "org_demo" }],
    users: [
      { id: "user_a0f6ea94-0761-4a5e-a416-3c453cb7eced", foreign_id: "MY-DB-ID-12345", organization: "org_demo", entity: ENTITY, group: GROUP },
      { id: "7abd8744-507c-40e6-a5ca-34aa480b3991", organization: "org_demo", entity: ENTITY },
    ],
    integrations: [
      { slug: "lever", name: "Lever", categories: ALL },
      { slug: "bamboohr", name: "BambooHR", categories: ALL },
    ],
  };
  const verifies: Record<string, KeyText> = { "ledger-1": { kind: "jwk", text: JSON.stringify(ledger.publicJwk(), null, 2) } };
  for (const [kid, text] of Object.entries(secrets)) {
    verifies[kid] = { kind: "text", text, algorithm: "HS256" };
  }
  return { config, held: { "ledger-1": ledger }, verifies };
}
