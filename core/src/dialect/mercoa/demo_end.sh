curl -sS -w '\n' -X POST {BASE}/organization/invalidateTokens -H "Authorization: Bearer demo-mercoa-key" -H "Content-Type: application/json" -d '{"sessionId":["session_123"]}'
curl -sS -w '\n' -X POST {BASE}/organization/invalidateTokens -H "Authorization: Bearer demo-mercoa-key" -H "Content-Type: application/json" -d ''
