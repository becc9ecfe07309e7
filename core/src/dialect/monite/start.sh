# Monite: a client, and a user, which are added while the server runs; and an access token for the user.
tokenmint admin create_client --input - <<'END'
{"id":"my-client","organization":"my-organization","secret":"{SECRET}","permissions":["client_credentials","entity_user"]}
END
tokenmint admin create_user --input '{"id":"user_1","organization":"my-organization","entity":"ent_1"}'
tokenmint admin entity_user --issuer '{ISSUER}' --input - <<'END'
{"client_id":"my-client","client_secret":"{SECRET}","user":"user_1"}
END
