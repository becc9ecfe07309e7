"""A client in Python, made by openapi-python-client from the document of the running server: its calls are typed, and the
answers are what the types say: python client.py ADDRESS KEY, with the generated package `admin_client` in the path."""

import sys

from admin_client import AuthenticatedClient
from admin_client.api.api_keys_for_customers import create_api_key, revoke_api_key, verify_api_key
from admin_client.api.sessions import list_sessions, revoke_session, start_session
from admin_client.models import (
    ApiKeyId,
    CreateApiKeyRequest,
    Error,
    ListSessionsRequest,
    NewApiKey,
    PresentedApiKey,
    SessionId,
    SessionList,
    StartSessionRequest,
    TokenPair,
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

started = start_session.sync(client=admin, body=StartSessionRequest(subject="user_2", scope="read"))
assert isinstance(started, TokenPair) and started.scope == "read", started
listed = list_sessions.sync(client=admin, body=ListSessionsRequest(subject="user_2"))
assert isinstance(listed, SessionList), listed
assert [session.session for session in listed.sessions] == [started.session], listed
revoke_session.sync(client=admin, body=SessionId(session=started.session))

again = {"body": CreateApiKeyRequest(owner="customer_2"), "idempotency_key": "python-1"}
first, second = (create_api_key.sync(client=admin, **again) for _ in range(2))
assert isinstance(first, NewApiKey) and first == second, (first, second)
