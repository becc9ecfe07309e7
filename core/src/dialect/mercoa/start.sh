# Mercoa: an API key for your back end, and an entity, which are added while the server runs; and a token for the entity.
tokenmint admin create_bearer_key --input - <<'END'
{"bearer":"{SECRET}","organization":"my-organization","permissions":["entity_tokens"]}
END
tokenmint admin create_entity --input '{"id":"ent_1","organization":"my-organization"}'
tokenmint admin entity_token --issuer '{ISSUER}' --input - <<'END'
{"bearer":"{SECRET}","target":{"entity":"ent_1"}}
END
