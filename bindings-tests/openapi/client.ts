// A client in TypeScript, made by openapi-typescript from the documents of the running server: its calls are typed, and
// the answers are what the types say.

import assert from "node:assert/strict";
import createClient from "openapi-fetch";
import type { components, paths } from "./generated/admin.js";

const [base, key] = process.argv.slice(2);
assert.ok(base && key, "give the address and a key of the admin API");

type Session = components["schemas"]["Session"];

const admin = createClient<paths>({ baseUrl: base, headers: { Authorization: `Bearer ${key}` } });

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

const listed = await admin.POST("/v1/list_sessions", { body: { subject: "nobody" } });
const sessions: Session[] | undefined = listed.data?.sessions;
assert.deepEqual(sessions, []);

const repeat = { "Idempotency-Key": "typescript-1" };
const create = () => admin.POST("/v1/create_api_key", { params: { header: repeat }, body: { owner: "customer_2" } });
assert.deepEqual((await create()).data, (await create()).data);

// What the types refuse, the server refuses as well.
// @ts-expect-error an owner is required
const refused = await admin.POST("/v1/create_api_key", { body: {} });
assert.deepEqual([refused.response.status, refused.error?.field], [400, "owner"]);
// @ts-expect-error there is no such operation
assert.equal((await admin.POST("/v1/mint", { body: {} })).response.status, 404);
