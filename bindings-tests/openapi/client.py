"""A client in Python, made by openapi-python-client from the document of the running server: its calls are typed, and the
answers are what the types say: python client.py ADDRESS KEY, with the generated package `admin_client` in the path."""

import sys

from admin_client import AuthenticatedClient
from admin_client.api.api_keys_for_customers import create_api_key, revoke_api_key, verify_api_key
from admin_client.api.sessions import list_sessions
from admin_client.models import (
    ApiKeyId,
    CreateApiKeyRequest,
    Error,
    ListSessionsRequest,
    NewApiKey,
    PresentedApiKey,
    SessionList,
    VerifiedApiKey,
)

base, key = sys.argv[1:]
admin = AuthenticatedClient(base_url=base, token=key)

made = create_api_key.sync(client=admin, body=CreateApiKeyRequest(owner="customer_1", lifetime="30d"))
assert isinstance(made, NewApiKey), made
presented = PresentedApiKey(api_key=made.api_key)
verified = verify_api_key.sync(client=admin, body=presented)
assert isinstance(verified, VerifiedApiKey) and verified.owner == "customer_1", verified
revoke_api_key.sync(client=admin, body=ApiKeyId(id=made.id))
ended = verify_api_key.sync(client=admin, body=presented)
assert isinstance(ended, Error) and ended.error == "token_revoked", ended

listed = list_sessions.sync(client=admin, body=ListSessionsRequest(subject="nobody"))
assert isinstance(listed, SessionList) and listed.sessions == [], listed

again = {"body": CreateApiKeyRequest(owner="customer_2"), "idempotency_key": "python-1"}
first, second = (create_api_key.sync(client=admin, **again) for _ in range(2))
assert isinstance(first, NewApiKey) and first == second, (first, second)
