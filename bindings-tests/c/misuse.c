// Wrong uses: NULL, wrong handles, wrong lengths, wrong times. Each is refused by name, and no result is written.
#include "check.h"

#define NOW 1700000000
#define NOW_US ((int64_t)NOW * 1000000)

static const char *const CONFIG = "{\"issuer\":\"https://api.example.com\",\"audience\":\"app\"}";
static const char *const URL = "https://api.example.com/status/1";
static const char *const SECRET = "a secret of at least thirty-two bytes";

static tokenmint_error error;

static void refused(int32_t found, int32_t wanted, const char *field, const char *call, int line) {
    check(found == wanted && error.status == wanted && strcmp(error.field, field) == 0, __FILE__, line, call,
          "%s at %s: %s", tokenmint_status_name(found), error.field, error.message);
    check(found != TOKENMINT_OK && error.message[0] != '\0', __FILE__, line, call, "no message");
    memset(&error, 0, sizeof error);
}

// The call is refused with this status, naming this field.
#define REFUSED(status, field, call) refused((call), (status), (field), #call, __LINE__)
#define IS_NULL(field, call) REFUSED(TOKENMINT_FIELD_REQUIRED, field, call)
#define WRONG(field, call) REFUSED(TOKENMINT_FIELD_INVALID, field, call)

typedef struct {
    tokenmint_keys *keys;
    tokenmint_issuer *issuer;
    tokenmint_verifier *verifier;
    tokenmint_status_lists *lists;
    tokenmint_endpoint *endpoint;
    tokenmint_store *store;
    tokenmint_task *task;
    tokenmint_proof_window *window;
    tokenmint_bytes token;
} all;

static const char *const SERVICE =
    "{\"keys\":[{\"kid\":\"k1\",\"secret\":\"a secret of at least thirty-two bytes\"}],"
    "\"server\":{\"cors_origins\":[\"https://app.example.com\"]},"
    "\"mercoa\":{\"issuer\":\"https://api.example.com\",\"key\":\"k1\"}}";

static all start(void) {
    all a;
    tokenmint_seed seed = {{7}};
    MUST(tokenmint_keys_hmac(TEXT("k1"), NULL, 0, TEXT(SECRET), &a.keys, NULL));
    MUST(tokenmint_issuer_new(a.keys, TEXT(CONFIG), &a.issuer, NULL));
    MUST(tokenmint_verifier_new(a.keys, TEXT(CONFIG), &a.verifier, NULL));
    MUST(tokenmint_status_lists_new(TEXT("{}"), &a.lists, NULL));
    MUST(tokenmint_endpoint_new(TEXT(SERVICE), &a.endpoint, NULL));
    MUST(tokenmint_store_open(TEXT("memory:"), &a.store, NULL));
    MUST(tokenmint_mint_task(a.issuer, NULL, 0, NULL, 0, TEXT("1h"), NOW, &seed, &a.task, NULL));
    MUST(tokenmint_proof_window_new(10, &a.window, NULL));
    MUST(tokenmint_mint(a.issuer, NULL, 0, NULL, 0, TEXT("1h"), NOW, &seed, &a.token, NULL));
    return a;
}

static void stop(all *a) {
    tokenmint_bytes_free(&a->token);
    tokenmint_proof_window_free(a->window);
    tokenmint_task_free(a->task);
    tokenmint_store_free(a->store);
    tokenmint_endpoint_free(a->endpoint);
    tokenmint_status_lists_free(a->lists);
    tokenmint_verifier_free(a->verifier);
    tokenmint_issuer_free(a->issuer);
    tokenmint_keys_free(a->keys);
}

static size_t length(const char *text) { return text == NULL ? 0 : strlen(text); }

static int32_t handle(const tokenmint_endpoint *endpoint, const tokenmint_store *store, const char *method,
                      const char *target, const tokenmint_seed *seed, tokenmint_response *response) {
    return tokenmint_endpoint_handle(endpoint, store, method, length(method), target, length(target), NULL, 0, NULL, 0,
                                     NOW_US, seed, response, &error);
}

static int32_t handle_task(const tokenmint_endpoint *endpoint, const char *method, const char *target,
                           const tokenmint_seed *seed, tokenmint_task **task) {
    return tokenmint_endpoint_task(endpoint, method, length(method), target, length(target), NULL, 0, NULL, 0, NOW_US,
                                   seed, task, &error);
}

static int32_t bound(const tokenmint_verifier *verifier, const tokenmint_proof_window *window, const char *token,
                     const char *proof, const char *method, const char *url, tokenmint_bytes *claims) {
    return tokenmint_verify_bound(verifier, window, token, length(token), proof, length(proof), method, length(method),
                                  url, length(url), NOW, claims, &error);
}

// Arguments that are NULL, and places of results that are.
static void nulls(const all *a) {
    tokenmint_seed seed = {{7}};
    tokenmint_bytes bytes = {NULL, 0, 0}, more = {NULL, 0, 0};
    tokenmint_keys *keys = NULL;
    tokenmint_issuer *issuer = NULL;
    tokenmint_verifier *verifier = NULL;
    tokenmint_status_lists *lists = NULL;
    int32_t waits = 0;
    tokenmint_endpoint *endpoint = NULL;
    tokenmint_store *store = NULL;
    tokenmint_task *task = NULL;
    tokenmint_response response = {0};
    uint64_t seconds = 0;
    int64_t time = 0;
    const char *token = a->token.data;

    IS_NULL("lifetime", tokenmint_lifetime_parse(NULL, 0, &seconds, &error));
    IS_NULL("lifetime_seconds", tokenmint_lifetime_parse(TEXT("1h"), NULL, &error));
    IS_NULL("json", tokenmint_lifetime_from_json(NULL, 0, &seconds, &error));
    IS_NULL("lifetime_seconds", tokenmint_lifetime_from_json(TEXT("1"), NULL, &error));
    IS_NULL("lifetime", tokenmint_lifetime_format(1, NULL, &error));
    IS_NULL("lifetime", tokenmint_lifetime_node_jsonwebtoken(NULL, 0, NOW, &time, &error));
    IS_NULL("exp_seconds", tokenmint_lifetime_node_jsonwebtoken(TEXT("1h"), NOW, NULL, &error));
    IS_NULL("alg", tokenmint_key_generate(NULL, 0, NULL, 0, &seed, &bytes, &error));
    IS_NULL("seed", tokenmint_key_generate(TEXT("HS256"), NULL, 0, NULL, &bytes, &error));
    IS_NULL("jwk", tokenmint_key_generate(TEXT("HS256"), NULL, 0, &seed, NULL, &error));
    IS_NULL("secret", tokenmint_keys_hmac(NULL, 0, NULL, 0, NULL, 0, &keys, &error));
    IS_NULL("keys", tokenmint_keys_hmac(NULL, 0, NULL, 0, TEXT(SECRET), NULL, &error));
    IS_NULL("jwk", tokenmint_keys_jwk(NULL, 0, NULL, 0, &keys, &error));
    IS_NULL("keys", tokenmint_keys_jwk(TEXT("{}"), NULL, 0, NULL, &error));
    IS_NULL("pem", tokenmint_keys_pem(NULL, 0, NULL, 0, NULL, 0, &keys, &error));
    IS_NULL("keys", tokenmint_keys_pem(NULL, 0, NULL, 0, TEXT("-"), NULL, &error));
    IS_NULL("name", tokenmint_keys_held(NULL, 0, NULL, 0, TEXT("HS256"), NULL, &keys, &error));
    IS_NULL("alg", tokenmint_keys_held(TEXT("k"), NULL, 0, NULL, 0, NULL, &keys, &error));
    IS_NULL("keys", tokenmint_keys_held(TEXT("k"), NULL, 0, TEXT("HS256"), NULL, NULL, &error));
    IS_NULL("jwks", tokenmint_keys_jwks(NULL, 0, NULL, 0, &keys, NULL, &error));
    IS_NULL("keys", tokenmint_keys_jwks(TEXT("{\"keys\":[]}"), NULL, 0, NULL, &bytes, &error));
    IS_NULL("first", tokenmint_keys_join(NULL, a->keys, &keys, &error));
    IS_NULL("second", tokenmint_keys_join(a->keys, NULL, &keys, &error));
    IS_NULL("keys", tokenmint_keys_join(a->keys, a->keys, NULL, &error));
    IS_NULL("keys", tokenmint_keys_public_jwks(NULL, &bytes, &error));
    IS_NULL("jwks", tokenmint_keys_public_jwks(a->keys, NULL, &error));
    IS_NULL("keys", tokenmint_issuer_new(NULL, TEXT(CONFIG), &issuer, &error));
    IS_NULL("config", tokenmint_issuer_new(a->keys, NULL, 0, &issuer, &error));
    IS_NULL("issuer", tokenmint_issuer_new(a->keys, TEXT(CONFIG), NULL, &error));
    IS_NULL("keys", tokenmint_verifier_new(NULL, TEXT(CONFIG), &verifier, &error));
    IS_NULL("config", tokenmint_verifier_new(a->keys, NULL, 0, &verifier, &error));
    IS_NULL("verifier", tokenmint_verifier_new(a->keys, TEXT(CONFIG), NULL, &error));
    IS_NULL("issuer", tokenmint_mint(NULL, NULL, 0, NULL, 0, TEXT("1h"), NOW, &seed, &bytes, &error));
    IS_NULL("claims", tokenmint_mint(a->issuer, NULL, 2, NULL, 0, TEXT("1h"), NOW, &seed, &bytes, &error));
    IS_NULL("members", tokenmint_mint(a->issuer, NULL, 0, NULL, 2, TEXT("1h"), NOW, &seed, &bytes, &error));
    IS_NULL("lifetime", tokenmint_mint(a->issuer, NULL, 0, NULL, 0, NULL, 0, NOW, &seed, &bytes, &error));
    IS_NULL("seed", tokenmint_mint(a->issuer, NULL, 0, NULL, 0, TEXT("1h"), NOW, NULL, &bytes, &error));
    IS_NULL("token", tokenmint_mint(a->issuer, NULL, 0, NULL, 0, TEXT("1h"), NOW, &seed, NULL, &error));
    IS_NULL("issuer", tokenmint_mint_task(NULL, NULL, 0, NULL, 0, TEXT("1h"), NOW, &seed, &task, &error));
    IS_NULL("lifetime", tokenmint_mint_task(a->issuer, NULL, 0, NULL, 0, NULL, 0, NOW, &seed, &task, &error));
    IS_NULL("seed", tokenmint_mint_task(a->issuer, NULL, 0, NULL, 0, TEXT("1h"), NOW, NULL, &task, &error));
    IS_NULL("task", tokenmint_mint_task(a->issuer, NULL, 0, NULL, 0, TEXT("1h"), NOW, &seed, NULL, &error));
    IS_NULL("issuer", tokenmint_issuer_operation(NULL, TEXT("check"), TEXT("{}"), NOW_US, &seed, &task, &error));
    IS_NULL("operation", tokenmint_issuer_operation(a->issuer, NULL, 0, TEXT("{}"), NOW_US, &seed, &task, &error));
    IS_NULL("input", tokenmint_issuer_operation(a->issuer, TEXT("check"), NULL, 0, NOW_US, &seed, &task, &error));
    IS_NULL("seed", tokenmint_issuer_operation(a->issuer, TEXT("check"), TEXT("{}"), NOW_US, NULL, &task, &error));
    IS_NULL("task", tokenmint_issuer_operation(a->issuer, TEXT("check"), TEXT("{}"), NOW_US, &seed, NULL, &error));
    IS_NULL("operation", tokenmint_source_operation(NULL, 0, TEXT("{}"), NOW_US, &seed, &task, &error));
    IS_NULL("input", tokenmint_source_operation(TEXT("next_token"), NULL, 0, NOW_US, &seed, &task, &error));
    IS_NULL("seed", tokenmint_source_operation(TEXT("next_token"), TEXT("{}"), NOW_US, NULL, &task, &error));
    IS_NULL("task", tokenmint_source_operation(TEXT("next_token"), TEXT("{}"), NOW_US, &seed, NULL, &error));
    IS_NULL("verifier", tokenmint_verify(NULL, TEXT(token), NOW, &bytes, &error));
    IS_NULL("token", tokenmint_verify(a->verifier, NULL, 0, NOW, &bytes, &error));
    IS_NULL("claims", tokenmint_verify(a->verifier, TEXT(token), NOW, NULL, &error));
    IS_NULL("verifier", tokenmint_verify_jws(NULL, TEXT(token), &bytes, &error));
    IS_NULL("token", tokenmint_verify_jws(a->verifier, NULL, 0, &bytes, &error));
    IS_NULL("payload", tokenmint_verify_jws(a->verifier, TEXT(token), NULL, &error));
    IS_NULL("verifier", tokenmint_verify_task(NULL, TEXT(token), NOW, &task, &error));
    IS_NULL("token", tokenmint_verify_task(a->verifier, NULL, 0, NOW, &task, &error));
    IS_NULL("task", tokenmint_verify_task(a->verifier, TEXT(token), NOW, NULL, &error));
    IS_NULL("window", tokenmint_proof_window_new(10, NULL, &error));
    IS_NULL("verifier", bound(NULL, a->window, token, "p", "GET", "u", &bytes));
    IS_NULL("window", bound(a->verifier, NULL, token, "p", "GET", "u", &bytes));
    IS_NULL("token", bound(a->verifier, a->window, NULL, "p", "GET", "u", &bytes));
    IS_NULL("proof", bound(a->verifier, a->window, token, NULL, "GET", "u", &bytes));
    IS_NULL("method", bound(a->verifier, a->window, token, "p", NULL, "u", &bytes));
    IS_NULL("url", bound(a->verifier, a->window, token, "p", "GET", NULL, &bytes));
    IS_NULL("claims", bound(a->verifier, a->window, token, "p", "GET", "u", NULL));
    IS_NULL("verifier", tokenmint_verify_with_certificate(NULL, TEXT(token), &seed, 32, NOW, &bytes, &error));
    IS_NULL("token", tokenmint_verify_with_certificate(a->verifier, NULL, 0, &seed, 32, NOW, &bytes, &error));
    IS_NULL("certificate_sha256",
            tokenmint_verify_with_certificate(a->verifier, TEXT(token), NULL, 32, NOW, &bytes, &error));
    IS_NULL("claims", tokenmint_verify_with_certificate(a->verifier, TEXT(token), &seed, 32, NOW, NULL, &error));
    IS_NULL("verifier", tokenmint_explain(NULL, TEXT(token), NOW, &bytes, &error));
    IS_NULL("token", tokenmint_explain(a->verifier, NULL, 0, NOW, &bytes, &error));
    IS_NULL("explanation", tokenmint_explain(a->verifier, TEXT(token), NOW, NULL, &error));
    IS_NULL("config", tokenmint_status_lists_new(NULL, 0, &lists, &error));
    IS_NULL("lists", tokenmint_status_lists_new(TEXT("{}"), NULL, &error));
    IS_NULL("lists", tokenmint_status_lists_wanted(NULL, TEXT("{}"), NOW, &bytes, &waits, &error));
    IS_NULL("claims", tokenmint_status_lists_wanted(a->lists, NULL, 0, NOW, &bytes, &waits, &error));
    IS_NULL("url", tokenmint_status_lists_wanted(a->lists, TEXT("{}"), NOW, NULL, &waits, &error));
    IS_NULL("waits", tokenmint_status_lists_wanted(a->lists, TEXT("{}"), NOW, &bytes, NULL, &error));
    IS_NULL("lists", tokenmint_status_lists_fetched(NULL, a->verifier, TEXT(URL), TEXT("x"), NOW, &error));
    IS_NULL("verifier", tokenmint_status_lists_fetched(a->lists, NULL, TEXT(URL), TEXT("x"), NOW, &error));
    IS_NULL("url", tokenmint_status_lists_fetched(a->lists, a->verifier, NULL, 0, TEXT("x"), NOW, &error));
    IS_NULL("body", tokenmint_status_lists_fetched(a->lists, a->verifier, TEXT(URL), NULL, 1, NOW, &error));
    IS_NULL("lists", tokenmint_status_lists_check(NULL, TEXT("{}"), NOW, &error));
    IS_NULL("claims", tokenmint_status_lists_check(a->lists, NULL, 0, NOW, &error));
    IS_NULL("lists", tokenmint_status_lists_explain(NULL, a->verifier, TEXT(token), NOW, &bytes, &error));
    IS_NULL("verifier", tokenmint_status_lists_explain(a->lists, NULL, TEXT(token), NOW, &bytes, &error));
    IS_NULL("token", tokenmint_status_lists_explain(a->lists, a->verifier, NULL, 0, NOW, &bytes, &error));
    IS_NULL("explanation", tokenmint_status_lists_explain(a->lists, a->verifier, TEXT(token), NOW, NULL, &error));
    IS_NULL("token", tokenmint_decode_unverified(NULL, 0, &bytes, &more, &error));
    IS_NULL("seed", tokenmint_credential_generate(NULL, &bytes, &more, &error));
    IS_NULL("secret", tokenmint_credential_generate(&seed, NULL, &more, &error));
    IS_NULL("hash", tokenmint_credential_generate(&seed, &bytes, NULL, &error));
    IS_NULL("secret", tokenmint_credential_hash(NULL, 0, &bytes, &error));
    IS_NULL("hash", tokenmint_credential_hash(TEXT("s"), NULL, &error));
    IS_NULL("hash", tokenmint_credential_verify(NULL, 0, TEXT("s"), &error));
    IS_NULL("secret", tokenmint_credential_verify(TEXT("h"), NULL, 0, &error));
    IS_NULL("task", tokenmint_task_run(NULL, a->store, &error));
    IS_NULL("store", tokenmint_task_run(a->task, NULL, &error));
    IS_NULL("task", tokenmint_task_step(NULL, NULL, 0, &bytes, &error));
    IS_NULL("command", tokenmint_task_step(a->task, NULL, 0, NULL, &error));
    IS_NULL("task", tokenmint_task_result(NULL, &bytes, &error));
    IS_NULL("result", tokenmint_task_result(a->task, NULL, &error));
    IS_NULL("task", tokenmint_task_events(NULL, &bytes, &error));
    IS_NULL("events", tokenmint_task_events(a->task, NULL, &error));
    IS_NULL("url", tokenmint_store_open(NULL, 0, &store, &error));
    IS_NULL("store", tokenmint_store_open(TEXT("memory:"), NULL, &error));
    IS_NULL("store", tokenmint_store_execute(NULL, TEXT("{}"), &bytes, &error));
    IS_NULL("command", tokenmint_store_execute(a->store, NULL, 0, &bytes, &error));
    IS_NULL("reply", tokenmint_store_execute(a->store, TEXT("{}"), NULL, &error));
    IS_NULL("store", tokenmint_store_sweep(NULL, NOW_US, &seconds, &error));
    CHECK(strcmp(tokenmint_store_durability(NULL), "unknown") == 0, "durability", "of NULL");
    IS_NULL("config", tokenmint_endpoint_new(NULL, 0, &endpoint, &error));
    IS_NULL("endpoint", tokenmint_endpoint_new(TEXT(SERVICE), NULL, &error));
    IS_NULL("endpoint", tokenmint_endpoint_prepare(NULL, NOW_US, &seed, &task, &error));
    IS_NULL("seed", tokenmint_endpoint_prepare(a->endpoint, NOW_US, NULL, &task, &error));
    IS_NULL("task", tokenmint_endpoint_prepare(a->endpoint, NOW_US, &seed, NULL, &error));
    IS_NULL("endpoint", handle(NULL, a->store, "GET", "/", &seed, &response));
    IS_NULL("store", handle(a->endpoint, NULL, "GET", "/", &seed, &response));
    IS_NULL("method", handle(a->endpoint, a->store, NULL, "/", &seed, &response));
    IS_NULL("target", handle(a->endpoint, a->store, "GET", NULL, &seed, &response));
    IS_NULL("seed", handle(a->endpoint, a->store, "GET", "/", NULL, &response));
    IS_NULL("response", handle(a->endpoint, a->store, "GET", "/", &seed, NULL));
    IS_NULL("endpoint", tokenmint_endpoint_issuer(NULL, NULL, 0, &issuer, &error));
    IS_NULL("issuer", tokenmint_endpoint_issuer(a->endpoint, NULL, 0, NULL, &error));
    IS_NULL("endpoint", tokenmint_endpoint_refuse(NULL, TEXT("/"), NULL, 0, TOKENMINT_BODY_TIMEOUT, &response, &error));
    IS_NULL("target",
            tokenmint_endpoint_refuse(a->endpoint, NULL, 0, NULL, 0, TOKENMINT_BODY_TIMEOUT, &response, &error));
    IS_NULL("response",
            tokenmint_endpoint_refuse(a->endpoint, TEXT("/"), NULL, 0, TOKENMINT_BODY_TIMEOUT, NULL, &error));
    IS_NULL("endpoint", handle_task(NULL, "GET", "/", &seed, &task));
    IS_NULL("method", handle_task(a->endpoint, NULL, "/", &seed, &task));
    IS_NULL("target", handle_task(a->endpoint, "GET", NULL, &seed, &task));
    IS_NULL("seed", handle_task(a->endpoint, "GET", "/", NULL, &task));
    IS_NULL("task", handle_task(a->endpoint, "GET", "/", &seed, NULL));

    CHECK(bytes.data == NULL && more.data == NULL && keys == NULL && issuer == NULL && verifier == NULL
              && lists == NULL && waits == 0
              && endpoint == NULL && store == NULL && task == NULL && response.status == 0 && seconds == 0 && time == 0,
          "results", "a result was written by a call that failed");
}

// Handles of another kind.
static void wrong_handles(const all *a) {
    tokenmint_seed seed = {{7}};
    tokenmint_bytes bytes;
    tokenmint_keys *keys;
    tokenmint_issuer *issuer;
    tokenmint_verifier *verifier;
    tokenmint_task *task;
    tokenmint_response response;
    int32_t waits;
    const void *other[] = {a->keys, a->issuer, a->verifier, a->lists, a->endpoint, a->store, a->task, a->window};
    for (size_t at = 0; at < sizeof other / sizeof *other; at++) {
        const void *is = other[at];
        if (is != a->keys) {
            WRONG("keys", tokenmint_issuer_new(is, TEXT(CONFIG), &issuer, &error));
            WRONG("keys", tokenmint_verifier_new(is, TEXT(CONFIG), &verifier, &error));
            WRONG("keys", tokenmint_keys_public_jwks(is, &bytes, &error));
            WRONG("first", tokenmint_keys_join(is, a->keys, &keys, &error));
            WRONG("second", tokenmint_keys_join(a->keys, is, &keys, &error));
            WRONG("public_keys", tokenmint_keys_held(TEXT("k"), NULL, 0, TEXT("HS256"), is, &keys, &error));
        }
        if (is != a->issuer) {
            WRONG("issuer", tokenmint_mint(is, NULL, 0, NULL, 0, TEXT("1h"), NOW, &seed, &bytes, &error));
            WRONG("issuer", tokenmint_mint_task(is, NULL, 0, NULL, 0, TEXT("1h"), NOW, &seed, &task, &error));
            WRONG("issuer", tokenmint_issuer_operation(is, TEXT("check"), TEXT("{}"), NOW_US, &seed, &task, &error));
        }
        if (is != a->verifier) {
            WRONG("verifier", tokenmint_verify(is, TEXT(a->token.data), NOW, &bytes, &error));
            WRONG("verifier", tokenmint_verify_jws(is, TEXT(a->token.data), &bytes, &error));
            WRONG("verifier", tokenmint_verify_task(is, TEXT(a->token.data), NOW, &task, &error));
            WRONG("verifier", tokenmint_explain(is, TEXT(a->token.data), NOW, &bytes, &error));
            WRONG("verifier", bound(is, a->window, a->token.data, "p", "GET", "u", &bytes));
            WRONG("verifier", tokenmint_verify_with_certificate(is, TEXT(a->token.data), &seed, 32, NOW, &bytes, &error));
            WRONG("verifier", tokenmint_status_lists_fetched(a->lists, is, TEXT(URL), TEXT("x"), NOW, &error));
            WRONG("verifier", tokenmint_status_lists_explain(a->lists, is, TEXT(a->token.data), NOW, &bytes, &error));
        }
        if (is != a->lists) {
            WRONG("lists", tokenmint_status_lists_wanted(is, TEXT("{}"), NOW, &bytes, &waits, &error));
            WRONG("lists", tokenmint_status_lists_fetched(is, a->verifier, TEXT(URL), TEXT("x"), NOW, &error));
            WRONG("lists", tokenmint_status_lists_check(is, TEXT("{}"), NOW, &error));
            WRONG("lists", tokenmint_status_lists_explain(is, a->verifier, TEXT(a->token.data), NOW, &bytes, &error));
        }
        if (is != a->endpoint) {
            WRONG("endpoint", handle(is, a->store, "GET", "/", &seed, &response));
            WRONG("endpoint", handle_task(is, "GET", "/", &seed, &task));
            WRONG("endpoint", tokenmint_endpoint_issuer(is, NULL, 0, &issuer, &error));
            WRONG("endpoint",
                  tokenmint_endpoint_refuse(is, TEXT("/"), NULL, 0, TOKENMINT_BODY_TIMEOUT, &response, &error));
            WRONG("endpoint", tokenmint_endpoint_prepare(is, NOW_US, &seed, &task, &error));
        }
        if (is != a->store) {
            WRONG("store", handle(a->endpoint, is, "GET", "/", &seed, &response));
            WRONG("store", tokenmint_task_run(a->task, is, &error));
            WRONG("store", tokenmint_store_execute(is, TEXT("{}"), &bytes, &error));
            WRONG("store", tokenmint_store_sweep(is, NOW_US, NULL, &error));
            CHECK(strcmp(tokenmint_store_durability(is), "unknown") == 0, "durability", "of another handle");
        }
        if (is != a->task) {
            WRONG("task", tokenmint_task_result(is, &bytes, &error));
            WRONG("task", tokenmint_task_events(is, &bytes, &error));
        }
        if (is != a->window) {
            WRONG("window", bound(a->verifier, is, a->token.data, "p", "GET", "u", &bytes));
        }
        // Another kind of handle is not freed: `stop` frees it.
        tokenmint_keys_free(is == a->keys ? NULL : (tokenmint_keys *)is);
        tokenmint_issuer_free(is == a->issuer ? NULL : (tokenmint_issuer *)is);
        tokenmint_verifier_free(is == a->verifier ? NULL : (tokenmint_verifier *)is);
        tokenmint_status_lists_free(is == a->lists ? NULL : (tokenmint_status_lists *)is);
        tokenmint_endpoint_free(is == a->endpoint ? NULL : (tokenmint_endpoint *)is);
        tokenmint_store_free(is == a->store ? NULL : (tokenmint_store *)is);
        tokenmint_task_free(is == a->task ? NULL : (tokenmint_task *)is);
        tokenmint_proof_window_free(is == a->window ? NULL : (tokenmint_proof_window *)is);
    }
}

// A request that did not arrive whole, told as its dialect tells.
static void torn(const tokenmint_endpoint *endpoint) {
    static const struct {
        int32_t status, http;
        const char *target, *body;
    } cases[] = {
        {TOKENMINT_BODY_INCOMPLETE, 400, "/v1/auth/token", "{\"error\":{\"message\":"},
        {TOKENMINT_BODY_TIMEOUT, 408, "/organization/invalidateTokens", "{\"errorName\":\"RequestTimeout\""},
        {TOKENMINT_LENGTH_REQUIRED, 411, "/auth/token", "{\"name\":\"Length Required\""},
        {TOKENMINT_BODY_TOO_LARGE, 413, "/api/hris/v1/link-token", "{\"detail\":"},
        {TOKENMINT_BODY_INCOMPLETE, 400, "/introspect?a=b", "{\"error\":\"invalid_request\""},
    };
    for (size_t at = 0; at < sizeof cases / sizeof *cases; at++) {
        tokenmint_response response;
        MUST(tokenmint_endpoint_refuse(endpoint, TEXT(cases[at].target), TEXT("Origin: https://app.example.com\r\n"),
                                       cases[at].status, &response, &error));
        CHECK(response.status == cases[at].http, cases[at].target, "status %d", response.status);
        CHECK(strncmp(response.body.data, cases[at].body, strlen(cases[at].body)) == 0, cases[at].target, "%s",
              response.body.data);
        CHECK(strstr(response.headers.data, "access-control-allow-origin: https://app.example.com\r\n") != NULL,
              cases[at].target, "%s", response.headers.data);
        tokenmint_bytes_free(&response.headers);
        tokenmint_bytes_free(&response.body);
        tokenmint_bytes_free(&response.events);
    }
}

// Lengths, times and texts that are wrong.
static void wrong_values(const all *a) {
    tokenmint_seed seed = {{7}};
    tokenmint_bytes bytes;
    tokenmint_task *task;
    tokenmint_store *store;
    tokenmint_response response;
    tokenmint_issuer *issuer;
    const char *token = a->token.data;
    for (size_t length = 0; length < a->token.length; length++) {
        int32_t status = tokenmint_verify(a->verifier, token, length, NOW, &bytes, &error);
        CHECK(status >= TOKENMINT_TOKEN_TOO_LARGE && status <= TOKENMINT_SIGNATURE_INVALID, "short", "%zu: %s", length,
              tokenmint_status_name(status));
    }
    // The NUL behind a token is not part of it.
    REFUSED(TOKENMINT_TOKEN_ENCODING, "signature",
            tokenmint_verify(a->verifier, token, a->token.length + 1, NOW, &bytes, &error));
    REFUSED(TOKENMINT_TOKEN_ENCODING, "", tokenmint_verify(a->verifier, "\xff", 1, NOW, &bytes, &error));
    WRONG("token", tokenmint_verify(a->verifier, token, SIZE_MAX, NOW, &bytes, &error));
    WRONG("claims", tokenmint_mint(a->issuer, "\xff", 1, NULL, 0, TEXT("1h"), NOW, &seed, &bytes, &error));

    WRONG("certificate_sha256",
          tokenmint_verify_with_certificate(a->verifier, TEXT(token), &seed, 31, NOW, &bytes, &error));
    WRONG("proof", bound(a->verifier, a->window, token, "\xff", "GET", "u", &bytes));

    REFUSED(TOKENMINT_TIME_INVALID, "now_seconds", tokenmint_verify(a->verifier, TEXT(token), NOW_US, &bytes, &error));
    REFUSED(TOKENMINT_TIME_INVALID, "now_seconds", tokenmint_verify(a->verifier, TEXT(token), -1, &bytes, &error));
    REFUSED(TOKENMINT_TIME_INVALID, "now_us",
            tokenmint_issuer_operation(a->issuer, TEXT("check"), TEXT("{}"), NOW, &seed, &task, &error));
    REFUSED(TOKENMINT_TIME_INVALID, "now_us",
            tokenmint_source_operation(TEXT("next_token"), TEXT("{}"), NOW, &seed, &task, &error));

    WRONG("task", tokenmint_task_result(a->task, &bytes, &error));
    WRONG("task", tokenmint_task_events(a->task, &bytes, &error));
    REFUSED(TOKENMINT_INVALID_REQUEST, "reply", tokenmint_task_step(a->task, TEXT("{}"), &bytes, &error));
    REFUSED(TOKENMINT_POLICY_INVALID, "url", tokenmint_store_open(TEXT("mysql://user:hunter2@host/"), &store, &error));
    REFUSED(TOKENMINT_TIME_INVALID, "now_us", tokenmint_store_sweep(a->store, NOW, NULL, &error));
    WRONG("method", handle(a->endpoint, a->store, "G T", "/", &seed, &response));
    WRONG("target", handle(a->endpoint, a->store, "GET", "/ /", &seed, &response));
    WRONG("target",
          tokenmint_endpoint_refuse(a->endpoint, TEXT("/ /"), NULL, 0, TOKENMINT_BODY_TIMEOUT, &response, &error));
    WRONG("headers",
          tokenmint_endpoint_refuse(a->endpoint, TEXT("/"), TEXT("a"), TOKENMINT_BODY_TIMEOUT, &response, &error));
    WRONG("status", tokenmint_endpoint_refuse(a->endpoint, TEXT("/"), NULL, 0, TOKENMINT_OK, &response, &error));
    REFUSED(TOKENMINT_INVALID_REQUEST, "issuer", tokenmint_endpoint_issuer(a->endpoint, TEXT("i"), &issuer, &error));
    torn(a->endpoint);

    // Without a struct for the error, the status is the same.
    CHECK(tokenmint_verify(a->verifier, NULL, 0, NOW, &bytes, NULL) == TOKENMINT_FIELD_REQUIRED, "error", "NULL");
}

// What frees takes NULL; bytes that are given back are empty, so a second time does nothing.
static void frees(void) {
    tokenmint_seed seed = {{7}};
    tokenmint_bytes secret, hash, empty = {NULL, 0, 0};
    MUST(tokenmint_credential_generate(&seed, &secret, &hash, NULL));
    MUST(tokenmint_credential_verify(TEXT(hash.data), TEXT(secret.data), NULL));
    REFUSED(TOKENMINT_INVALID_CLIENT, "", tokenmint_credential_verify(TEXT(hash.data), TEXT("guess"), &error));
    for (int turn = 0; turn < 2; turn++) {
        tokenmint_bytes_free(&secret);
        tokenmint_bytes_free(&hash);
        CHECK(secret.data == NULL && secret.length == 0 && hash.data == NULL, "free", "not empty");
    }
    tokenmint_bytes_free(&empty);
    tokenmint_bytes_free(NULL);
    tokenmint_keys_free(NULL);
    tokenmint_issuer_free(NULL);
    tokenmint_verifier_free(NULL);
    tokenmint_endpoint_free(NULL);
    tokenmint_store_free(NULL);
    tokenmint_task_free(NULL);
}

void run_misuse(void) {
    all a = start();
    nulls(&a);
    wrong_handles(&a);
    wrong_values(&a);
    frees();
    stop(&a);
}
