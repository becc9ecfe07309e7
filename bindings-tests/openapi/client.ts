// A client in TypeScript, made by openapi-typescript from the documents of the running server: its calls are typed, and
// the answers are what the types say. node client.js BASE ADMIN KEY

import assert from "node:assert/strict";
import createClient from "openapi-fetch";
import type { components, paths } from "./generated/admin.js";
import type { paths as Endpoints } from "./generated/endpoints.js";

const [base, adminBase, key] = process.argv.slice(2);
assert.ok(base && adminBase && key, "give the addresses of the endpoints and of the admin API, and its key");

type Session = components["schemas"]["Session"];

const admin = createClient<paths>({ baseUrl: adminBase, headers: { Authorization: `Bearer ${key}` } });
const endpoints = createClient<Endpoints>({ baseUrl: base });

const made = await admin.POST("/v1/create_api_key", { body: { owner: "customer_1", lifetime: "30d", claims: { plan: "pro" } } });
assert.ok(made.data, JSON.stringify(made.error));
const verified = await admin.POST("/v1/verify_api_key", { body: { api_key: made.data.api_key } });
const owner: string | undefined = verified.data?.owner;
assert.equal(owner, "customer_1");
await admin.POST("/v1/revoke_api_key", { body: { id: made.data.id } });

const ended = await admin.POST("/v1/verify_api_key", { body: { api_key: made.data.api_key } });
assert.equal(ended.response.status, 401);
const code: string | undefined = ended.error?.error;
assert.equal(code, "token_revoked");

// A session is started at the one, and refreshed at the other, whose bodies are forms.
const client = { client_id: "demo-client", client_secret: "demo-client-secret-for-everybody" };
const subject = `user_${crypto.randomUUID()}`;
const started = await admin.POST("/v1/start_session", { body: { subject, client_id: client.client_id, scope: "read" } });
assert.ok(started.data, JSON.stringify(started.error));
const { data: next } = await endpoints.POST("/oauth/token", {
  body: { grant_type: "refresh_token", refresh_token: started.data.refresh_token, ...client },
  headers: { "Content-Type": "application/x-www-form-urlencoded" },
});
const scope: string | undefined = next?.scope;
assert.equal(scope, "read");
const listed = await admin.POST("/v1/list_sessions", { body: { subject } });
const sessions: Session[] | undefined = listed.data?.sessions;
assert.deepEqual(sessions?.map((session) => session.session), [started.data.session]);
await admin.POST("/v1/revoke_session", { body: { session: started.data.session } });

const repeat = { "Idempotency-Key": "typescript-1" };
const create = () => admin.POST("/v1/create_api_key", { params: { header: repeat }, body: { owner: "customer_2" } });
assert.deepEqual((await create()).data, (await create()).data);

// What the types refuse, the server refuses as well.
// @ts-expect-error an owner is required
const refused = await admin.POST("/v1/create_api_key", { body: {} });
assert.deepEqual([refused.response.status, refused.error?.field], [400, "owner"]);
// @ts-expect-error there is no such operation
assert.equal((await admin.POST("/v1/mint", { body: {} })).response.status, 404);
