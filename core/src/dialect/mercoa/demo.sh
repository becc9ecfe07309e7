# Mercoa: tokens for an entity, its user, a group and a group's user. The answer is one JSON string.
curl -sS -w '\n' -X POST {BASE}/entity/ent_a0f6ea94-0761-4a5e-a416-3c453cb7eced/token -H "Authorization: Bearer demo-mercoa-key" -H "Content-Type: application/json" -d '{"expiresIn":"1h"}'
curl -sS -w '\n' -X POST {BASE}/entity/ent_a0f6ea94-0761-4a5e-a416-3c453cb7eced/user/user_a0f6ea94-0761-4a5e-a416-3c453cb7eced/token -H "Authorization: Bearer demo-mercoa-key" -H "Content-Type: application/json" -d '{"expiresIn":"1h","sessionId":"session_123","pages":{"paymentMethods":true}}'
curl -sS -w '\n' -X POST {BASE}/entityGroup/entg_a0f6ea94-0761-4a5e-a416-3c453cb7eced/token -H "Authorization: Bearer demo-mercoa-key" -H "Content-Type: application/json" -d '{"expiresIn":"1h"}'
curl -sS -w '\n' -X POST {BASE}/entityGroup/entg_a0f6ea94-0761-4a5e-a416-3c453cb7eced/user/MY-DB-ID-12345/token -H "Authorization: Bearer demo-mercoa-key" -H "Content-Type: application/json" -d '{"expiresIn":"1h"}'
