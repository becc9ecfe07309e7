# OAuth: the metadata, and an access token for a client.
curl -sS -w '\n' {BASE}/.well-known/oauth-authorization-server
curl -sS -w '\n' -X POST {BASE}/oauth/token -u demo-client:demo-client-secret-for-everybody -d grant_type=client_credentials -d scope=read
