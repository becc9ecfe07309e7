ENTITY=$(curl -sS -X POST {BASE}/entity/MY-DB-ENTITY-1/token -H "Authorization: Bearer demo-mercoa-key" | tr -d '"')
curl -sS -w '\n' -X POST {BASE}/introspect -H "Authorization: Bearer demo-mercoa-key" --data-urlencode "token=$ENTITY"
