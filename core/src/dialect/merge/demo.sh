# Merge: a link token, its redemption, the account token and its successor.
curl -sS -w '\n' -X POST {BASE}/api/hris/v1/link-token -H "Authorization: Bearer demo-merge-key" -H "Content-Type: application/json" -d '{"end_user_email_address":"example@gmail.com","end_user_organization_name":"Test Organization","end_user_origin_id":"12345","categories":["hris","ats"]}'
LINK=$(curl -sS -X POST {BASE}/api/hris/v1/link-token -H "Authorization: Bearer demo-merge-key" -H "Content-Type: application/json" -d '{"end_user_email_address":"example@gmail.com","end_user_organization_name":"Test Organization","end_user_origin_id":"12345","categories":["hris","ats"],"integration":"lever"}' | sed 's/.*"link_token":"//;s/".*//')
PUBLIC=$(curl -sS -X POST {BASE}/api/link-token/redeem -H "Content-Type: application/json" -d "{\"link_token\":\"$LINK\"}" | sed 's/.*"public_token":"//;s/".*//')
ACCOUNT=$(curl -sS {BASE}/api/hris/v1/account-token/$PUBLIC -H "Authorization: Bearer demo-merge-key" | sed 's/.*"account_token":"//;s/".*//')
curl -sS -w '\n' -X POST {BASE}/api/hris/v1/account-token/regenerate -H "Authorization: Bearer demo-merge-key" -H "X-Account-Token: $ACCOUNT"

# Merge: a magic link. Opening its page does not use it up; its button does.
MAGIC=$(curl -sS -X POST {BASE}/api/hris/v1/link-token -H "Authorization: Bearer demo-merge-key" -H "Content-Type: application/json" -d '{"end_user_email_address":"example@gmail.com","end_user_organization_name":"Test Organization","end_user_origin_id":"67890","categories":["hris"],"integration":"bamboohr","should_create_magic_link_url":true,"link_expiry_mins":10080}' | sed 's/.*"magic_link_url":"//;s/".*//')
curl -sS -w '\n' $MAGIC
