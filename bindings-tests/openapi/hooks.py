"""What schemathesis does and checks beside its own, for every operation of the documents."""

import base64

import schemathesis

EXTENSION = "x-error-codes"


@schemathesis.hook
def before_call(context, case, kwargs):
    """The issuer is a name of the configuration, which nobody guesses: what is well-formed is done by the first."""
    if case.query and case.meta and case.meta.generation.mode.is_positive:
        case.query.pop("issuer", None)


@schemathesis.check
def error_codes_are_listed(context, response, case):
    """An error is one of those that the document lists for the operation and the status."""
    documented = case.operation.definition.raw["responses"].get(str(response.status_code), {})
    if EXTENSION in documented:
        code = response.json()["error"]
        assert code in documented[EXTENSION], f"{code} is not listed for status {response.status_code}"


def bearer(path, key):
    """Every call below a path is an organization's, by the demonstration's public key."""

    @schemathesis.auth().apply_to(path_regex=path)
    class Key:
        def get(self, case, context):
            return key

        def set(self, case, data, context):
            case.headers["Authorization"] = f"Bearer {data}"


bearer("^/(entity|entityGroup|organization)", "demo-mercoa-key")
bearer("^/introspect", "demo-mercoa-key")
bearer("^/api/", "demo-merge-key")


@schemathesis.auth().apply_to(path_regex="^/oauth/")
class Client:
    """The demonstration's client."""

    def get(self, case, context):
        return base64.b64encode(b"demo-client:demo-client-secret-for-everybody").decode()

    def set(self, case, data, context):
        case.headers["Authorization"] = f"Basic {data}"
