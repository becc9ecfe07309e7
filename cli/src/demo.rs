//! `tokenmint serve --demo`: a configuration like any other, and a curl line for every operation.

/// The configuration. Its credentials are the public examples of the vendors' documentation.
pub(crate) const CONFIG: &str = include_str!("demo.toml");

/// Lines to paste into a shell, in this order: some use what an earlier one answered.
pub(crate) fn lines(base: &str) -> String {
    LINES.replace("{BASE}", base)
}

const LINES: &str = r#"
# Mercoa: tokens for an entity, its user, a group and a group's user. The answer is one JSON string.
curl -sS -w '\n' -X POST {BASE}/entity/ent_a0f6ea94-0761-4a5e-a416-3c453cb7eced/token -H "Authorization: Bearer demo-mercoa-key" -H "Content-Type: application/json" -d '{"expiresIn":"1h"}'
curl -sS -w '\n' -X POST {BASE}/entity/ent_a0f6ea94-0761-4a5e-a416-3c453cb7eced/user/user_a0f6ea94-0761-4a5e-a416-3c453cb7eced/token -H "Authorization: Bearer demo-mercoa-key" -H "Content-Type: application/json" -d '{"expiresIn":"1h","sessionId":"session_123","pages":{"paymentMethods":true}}'
curl -sS -w '\n' -X POST {BASE}/entityGroup/entg_a0f6ea94-0761-4a5e-a416-3c453cb7eced/token -H "Authorization: Bearer demo-mercoa-key" -H "Content-Type: application/json" -d '{"expiresIn":"1h"}'
curl -sS -w '\n' -X POST {BASE}/entityGroup/entg_a0f6ea94-0761-4a5e-a416-3c453cb7eced/user/MY-DB-ID-12345/token -H "Authorization: Bearer demo-mercoa-key" -H "Content-Type: application/json" -d '{"expiresIn":"1h"}'

# Monite: access tokens for a partner and for an entity user.
curl -sS -w '\n' -X POST {BASE}/v1/auth/token -H "x-monite-version: 2024-05-25" -H "Content-Type: application/json" -d '{"client_id":"eb959578-a74d-4ac3-8b25-bf0910027857","client_secret":"14c84a34-282b-4fd8-8af6-86b5b5f2c212","grant_type":"client_credentials"}'
curl -sS -w '\n' -X POST {BASE}/v1/auth/token -H "x-monite-version: 2024-05-25" -H "Content-Type: application/json" -d '{"client_id":"eb959578-a74d-4ac3-8b25-bf0910027857","client_secret":"14c84a34-282b-4fd8-8af6-86b5b5f2c212","grant_type":"entity_user","entity_user_id":"7abd8744-507c-40e6-a5ca-34aa480b3991"}'

# Ledger Enterprise: a session, and its next tokens.
curl -sS -w '\n' -X POST {BASE}/auth/token -H "X-Ledger-API-Key: YOUR_API_KEY" -H "Content-Type: application/json" -d '{"api_key_id":"2khK02ZRc_TE9nYJyGIfIQ","api_key_secret":"jI0X2n55EHnNaZasmzfOL36wXx6b4D7Wmw-riZCeGWE"}'
REFRESH=$(curl -sS -X POST {BASE}/auth/token -H "Content-Type: application/json" -d '{"api_key_id":"2khK02ZRc_TE9nYJyGIfIQ","api_key_secret":"jI0X2n55EHnNaZasmzfOL36wXx6b4D7Wmw-riZCeGWE"}' | sed 's/.*"refresh_token":"//;s/".*//')
curl -sS -w '\n' -X POST {BASE}/auth/token/refresh -H "Content-Type: application/json" -d "{\"refresh_token\":\"$REFRESH\"}"

# Merge: a link token, its redemption, the account token and its successor.
curl -sS -w '\n' -X POST {BASE}/api/hris/v1/link-token -H "Authorization: Bearer demo-merge-key" -H "Content-Type: application/json" -d '{"end_user_email_address":"example@gmail.com","end_user_organization_name":"Test Organization","end_user_origin_id":"12345","categories":["hris","ats"]}'
LINK=$(curl -sS -X POST {BASE}/api/hris/v1/link-token -H "Authorization: Bearer demo-merge-key" -H "Content-Type: application/json" -d '{"end_user_email_address":"example@gmail.com","end_user_organization_name":"Test Organization","end_user_origin_id":"12345","categories":["hris","ats"],"integration":"lever"}' | sed 's/.*"link_token":"//;s/".*//')
PUBLIC=$(curl -sS -X POST {BASE}/api/link-token/redeem -H "Content-Type: application/json" -d "{\"link_token\":\"$LINK\"}" | sed 's/.*"public_token":"//;s/".*//')
ACCOUNT=$(curl -sS {BASE}/api/hris/v1/account-token/$PUBLIC -H "Authorization: Bearer demo-merge-key" | sed 's/.*"account_token":"//;s/".*//')
curl -sS -w '\n' -X POST {BASE}/api/hris/v1/account-token/regenerate -H "Authorization: Bearer demo-merge-key" -H "X-Account-Token: $ACCOUNT"

# Merge: a magic link. Opening its page does not use it up; its button does.
MAGIC=$(curl -sS -X POST {BASE}/api/hris/v1/link-token -H "Authorization: Bearer demo-merge-key" -H "Content-Type: application/json" -d '{"end_user_email_address":"example@gmail.com","end_user_organization_name":"Test Organization","end_user_origin_id":"67890","categories":["hris"],"integration":"bamboohr","should_create_magic_link_url":true,"link_expiry_mins":10080}' | sed 's/.*"magic_link_url":"//;s/".*//')
curl -sS -w '\n' $MAGIC

# The public keys, and introspection by a client and by an API key.
curl -sS -w '\n' {BASE}/.well-known/jwks.json
TOKEN=$(curl -sS -X POST {BASE}/v1/auth/token -H "x-monite-version: 2024-05-25" -H "Content-Type: application/json" -d '{"client_id":"eb959578-a74d-4ac3-8b25-bf0910027857","client_secret":"14c84a34-282b-4fd8-8af6-86b5b5f2c212","grant_type":"client_credentials"}' | sed 's/.*"access_token":"//;s/".*//')
curl -sS -w '\n' -X POST {BASE}/introspect -u eb959578-a74d-4ac3-8b25-bf0910027857:14c84a34-282b-4fd8-8af6-86b5b5f2c212 --data-urlencode "token=$TOKEN"
ENTITY=$(curl -sS -X POST {BASE}/entity/MY-DB-ENTITY-1/token -H "Authorization: Bearer demo-mercoa-key" | tr -d '"')
curl -sS -w '\n' -X POST {BASE}/introspect -H "Authorization: Bearer demo-mercoa-key" --data-urlencode "token=$ENTITY"

# Ending tokens: one of Monite's, a session of Mercoa's, all of Mercoa's.
curl -sS -w '\n' -X POST {BASE}/v1/auth/revoke -H "Authorization: Bearer $TOKEN" -H "x-monite-version: 2024-05-25" -H "Content-Type: application/json" -d "{\"client_id\":\"eb959578-a74d-4ac3-8b25-bf0910027857\",\"client_secret\":\"14c84a34-282b-4fd8-8af6-86b5b5f2c212\",\"token\":\"$TOKEN\"}"
curl -sS -w '\n' -X POST {BASE}/organization/invalidateTokens -H "Authorization: Bearer demo-mercoa-key" -H "Content-Type: application/json" -d '{"sessionId":["session_123"]}'
curl -sS -w '\n' -X POST {BASE}/organization/invalidateTokens -H "Authorization: Bearer demo-mercoa-key" -H "Content-Type: application/json" -d ''
"#;
