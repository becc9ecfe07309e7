# A client, which is added while the server runs: an app that can keep no secret.
tokenmint admin create_client --input '{"id":"my-app","organization":"my-organization","permissions":["refresh_token"],"public":true}'

# A session of a user, after a log-in of your own; what its access token says; and the end of all sessions of the user.
TOKEN=$(tokenmint admin start_session --input '{"subject":"user_1","client_id":"my-app"}' --json | sed 's/.*"access_token":"//;s/".*//')
echo "{\"token\":\"$TOKEN\"}" | tokenmint admin check --input -
tokenmint admin revoke_sessions --input '{"subject":"user_1"}'
