"""Three vendors' own Python SDKs against `tokenmint serve --demo`: python sdks.py http://127.0.0.1:PORT

Ledger Enterprise has no SDK. Fails with an assertion where an SDK does not get what it expects.
"""

import json
import sys
import urllib.request

import jwt
from mercoa.client import Mercoa
from mercoa.entity_types.types.token_generation_options import TokenGenerationOptions
from merge import Merge
from monite import Monite

UUID = "a0f6ea94-0761-4a5e-a416-3c453cb7eced"
CLIENT = {
    "client_id": "eb959578-a74d-4ac3-8b25-bf0910027857",
    "client_secret": "14c84a34-282b-4fd8-8af6-86b5b5f2c212",
}


def refused(call, **arguments):
    """The status and the body of the SDK's own error."""
    try:
        answer = call(**arguments)
    except Exception as error:  # each SDK has its own classes
        return type(error).__name__, error.status_code, error.body
    raise AssertionError(f"not refused: {answer}")


def claims(token):
    return jwt.decode(token, options={"verify_signature": False})


def mercoa(base):
    sdk = Mercoa(token="demo-mercoa-key", base_url=base)
    entity = f"ent_{UUID}"
    # Without an option set, this SDK sends no body and no media type.
    plain = claims(sdk.entity.get_token(entity_id=entity, request=TokenGenerationOptions()))
    assert plain["entityId"] == entity and plain["organizationId"] and plain["options"] == {}, plain
    assert plain["exp"] - plain["iat"] == 3600, plain
    options = TokenGenerationOptions(expires_in="12hr", session_id="session_123")
    user = claims(sdk.entity.user.get_token(entity_id=entity, user_id=f"user_{UUID}", request=options))
    assert user["userId"] == f"user_{UUID}" and user["exp"] - user["iat"] == 43200, user
    group = f"entg_{UUID}"
    token = sdk.entity_group.user.get_token(
        entity_group_id=group, foreign_id="MY-DB-ID-12345", request=TokenGenerationOptions()
    )
    assert claims(token)["entityGroupId"] == group, claims(token)
    sdk.organization.invalidate_tokens()
    # The SDK chooses its class by `errorName`, and its body is the `content`.
    unknown = refused(sdk.entity.get_token, entity_id="ent_nobody", request=TokenGenerationOptions())
    assert unknown[:2] == ("NotFound", 404), unknown
    wrong = refused(sdk.entity.get_token, entity_id=entity, request=TokenGenerationOptions(expires_in="soon"))
    assert wrong[:2] == ("BadRequest", 400) and "expiresIn" in wrong[2], wrong
    other = Mercoa(token="not-a-key", base_url=base)
    assert refused(other.entity.get_token, entity_id=entity, request=TokenGenerationOptions())[:2] == (
        "Unauthorized",
        401,
    )


def monite(base):
    sdk = Monite(monite_version="2024-05-25", base_url=f"{base}/v1")
    token = sdk.access_tokens.create(**CLIENT, grant_type="client_credentials")
    assert (token.expires_in, token.token_type) == (86400, "Bearer"), token
    user = "7abd8744-507c-40e6-a5ca-34aa480b3991"
    assert sdk.access_tokens.create(**CLIENT, grant_type="entity_user", entity_user_id=user).access_token
    bearer = Monite(monite_version="2024-05-25", base_url=f"{base}/v1", token=token.access_token)
    assert bearer.access_tokens.revoke(**CLIENT, token=token.access_token).message
    again = refused(bearer.access_tokens.revoke, **CLIENT, token=token.access_token)
    assert again[:2] == ("UnauthorizedError", 401) and "expired" not in str(again[2]), again
    wrong = refused(sdk.access_tokens.create, client_id="x", client_secret="y", grant_type="password")
    assert wrong[:2] == ("UnprocessableEntityError", 422), wrong
    assert [problem["loc"] for problem in wrong[2]["detail"]] == [["body", "client_id"], ["body", "grant_type"]]
    wrong = refused(
        sdk.access_tokens.create, **{**CLIENT, "client_secret": "wrong"}, grant_type="client_credentials"
    )
    assert wrong[:2] == ("BadRequestError", 400), wrong


def merge(base):
    sdk = Merge(api_key="demo-merge-key", base_url=f"{base}/api")
    end_user = {
        "end_user_email_address": "example@gmail.com",
        "end_user_organization_name": "Test Organization",
        "end_user_origin_id": "12345",
    }
    link = sdk.hris.link_token.create(**end_user, categories=["hris", "ats"], integration="lever")
    assert link.integration_name == "Lever" and not link.magic_link_url, link
    magic = sdk.ats.link_token.create(**end_user, categories=["ats"], should_create_magic_link_url=True)
    assert magic.magic_link_url.startswith(base), magic
    body = json.dumps({"link_token": link.link_token}).encode()
    request = urllib.request.Request(
        f"{base}/api/link-token/redeem", data=body, headers={"content-type": "application/json"}
    )
    with urllib.request.urlopen(request) as response:
        public = json.load(response)["public_token"]
    account = sdk.hris.account_token.retrieve(public)
    assert account.account_token and account.id and account.integration.name == "Lever", account
    assert refused(sdk.hris.account_token.retrieve, public_token=public)[1] == 404
    wrong = refused(
        sdk.hris.link_token.create, **{**end_user, "end_user_origin_id": ""}, categories=["bogus"]
    )
    assert wrong[1] == 400 and set(wrong[2]) == {"end_user_origin_id", "categories"}, wrong


if __name__ == "__main__":
    for vendor in (mercoa, monite, merge):
        vendor(sys.argv[1])
        print(f"{vendor.__name__}: its SDK gets what it expects")
