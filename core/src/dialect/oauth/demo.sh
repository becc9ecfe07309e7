# OAuth: the metadata, an access token for a client, a narrower one, what it stands for, and its end.
curl -sS -w '\n' {BASE}/.well-known/oauth-authorization-server
TOKEN=$(curl -sS -X POST {BASE}/oauth/token -u demo-client:demo-client-secret-for-everybody -d grant_type=client_credentials | sed 's/.*"access_token":"//;s/".*//')
curl -sS -w '\n' -X POST {BASE}/oauth/token -u demo-client:demo-client-secret-for-everybody -d grant_type=urn:ietf:params:oauth:grant-type:token-exchange -d subject_token_type=urn:ietf:params:oauth:token-type:access_token -d "subject_token=$TOKEN" -d scope=read
curl -sS -w '\n' -X POST {BASE}/oauth/introspect -u demo-client:demo-client-secret-for-everybody -d "token=$TOKEN"
curl -sS -w '\n' -X POST {BASE}/oauth/revoke -u demo-client:demo-client-secret-for-everybody -d "token=$TOKEN"
# The key of demo-key-client, which proves itself by JWTs that it signs (private_key_jwt).
DEMO_KEY_CLIENT_JWK={"kty":"EC","crv":"P-256","kid":"demo-key-client-1","alg":"ES256","x":"G3LrbrtDiomMGIoffKBSJJkXBCdN_yfn3cxVGZRPKOg","y":"-f7e-RBUQHh-gK8p_E2-hRAldPOe2_lmIZdAlchqL3g","d":"xJvw1mnFH59ghRrQ6mwYDWeFM3lqCDfIzE9Ra7-7TMM"}
