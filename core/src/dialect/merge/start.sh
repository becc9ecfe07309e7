# Merge: an API key for your back end, which is added while the server runs, and a link for an end user.
tokenmint admin create_bearer_key --input - <<'END'
{"bearer":"{SECRET}","organization":"my-organization","permissions":["links"]}
END
tokenmint admin create_link --issuer '{ISSUER}' --input - <<'END'
{"bearer":"{SECRET}","details":{"origin_id":"user_1","end_user_organization":"Acme","end_user_email":"a@example.com","categories":["ats"]},"expires_in":"30m"}
END
