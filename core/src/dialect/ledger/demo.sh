# Ledger Enterprise: a session, and its next tokens.
curl -sS -w '\n' -X POST {BASE}/auth/token -H "X-Ledger-API-Key: YOUR_API_KEY" -H "Content-Type: application/json" -d '{"api_key_id":"2khK02ZRc_TE9nYJyGIfIQ","api_key_secret":"jI0X2n55EHnNaZasmzfOL36wXx6b4D7Wmw-riZCeGWE"}'
REFRESH=$(curl -sS -X POST {BASE}/auth/token -H "Content-Type: application/json" -d '{"api_key_id":"2khK02ZRc_TE9nYJyGIfIQ","api_key_secret":"jI0X2n55EHnNaZasmzfOL36wXx6b4D7Wmw-riZCeGWE"}' | sed 's/.*"refresh_token":"//;s/".*//')
curl -sS -w '\n' -X POST {BASE}/auth/token/refresh -H "Content-Type: application/json" -d "{\"refresh_token\":\"$REFRESH\"}"
