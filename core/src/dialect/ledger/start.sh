# Ledger Enterprise: an API key, which is added while the server runs, and a session for it.
tokenmint admin create_client --input - <<'END'
{"id":"my-api-key","organization":"my-organization","secret":"{SECRET}","permissions":["sessions"]}
END
tokenmint admin exchange_api_key --issuer '{ISSUER}' --input - <<'END'
{"client_id":"my-api-key","client_secret":"{SECRET}"}
END
