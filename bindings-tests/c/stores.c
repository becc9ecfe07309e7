// Stores that are opened by URL: what they hold survives, and what goes wrong is told without the URL.
#include "check.h"

#define NOW 1700000000
#define US 1000000

static const char *const CONFIG = "{\"issuer\":\"https://api.example.com\",\"audience\":\"app\","
                                  "\"session_secret\":\"a secret of at least thirty-two bytes\"}";
static const char *const CLIENT = "{\"id\":\"c1\",\"organization\":\"o\",\"secret\":\"s1\","
                                  "\"permissions\":[\"client_credentials\",\"sessions\"]}";
static const char *const PROOF = "{\"client_id\":\"c1\",\"client_secret\":\"s1\"}";
static const char *const SECRET = "a secret of at least thirty-two bytes";

// A program may bring another SQLite: the library has its own, and neither sees the other.
int sqlite3_open_v2(void);
int sqlite3_open_v2(void) { abort(); }

static tokenmint_error error;

static tokenmint_store *opened(const char *url) {
    tokenmint_store *store = NULL;
    int32_t status = tokenmint_store_open(TEXT(url), &store, &error);
    CHECK(status == TOKENMINT_OK, url, "%s: %s", tokenmint_status_name(status), error.message);
    if (store == NULL) {
        exit(2);
    }
    return store;
}

// Runs a flow; its output, to be put back, or NULL where it failed with `wanted`.
static json_object *flow(const tokenmint_issuer *issuer, const tokenmint_store *store, const char *operation,
                         json_object *input, int64_t now, int32_t wanted) {
    tokenmint_seed seed;
    tokenmint_task *task = NULL;
    tokenmint_bytes result;
    json_object *output = NULL;
    MUST(tokenmint_system_context(NULL, &seed, NULL));
    MUST(tokenmint_issuer_operation(issuer, TEXT(operation), PIECE(written(input)), now * US, &seed, &task, NULL));
    json_object_put(input);
    MUST(tokenmint_task_run(task, store, NULL));
    int32_t status = tokenmint_task_result(task, &result, &error);
    CHECK(status == wanted, operation, "%s: %s", tokenmint_status_name(status), error.message);
    if (status == TOKENMINT_OK) {
        output = parse(result.data);
        tokenmint_bytes_free(&result);
    }
    tokenmint_task_free(task);
    return output;
}

// Presents the refresh token of a pair, which is put back; the next pair.
static json_object *refreshed(const tokenmint_issuer *issuer, const tokenmint_store *store, json_object *pair,
                              int64_t now, int32_t wanted) {
    json_object *input = json_object_new_object();
    json_object_object_add(input, "refresh_token", json_object_get(member(pair, "refresh_token")));
    json_object_put(pair);
    return flow(issuer, store, "refresh", input, now, wanted);
}

// An issuer with sessions.
static tokenmint_issuer *made(void) {
    tokenmint_keys *keys = NULL;
    tokenmint_issuer *issuer = NULL;
    MUST(tokenmint_keys_hmac(TEXT("k1"), NULL, 0, TEXT(SECRET), &keys, NULL));
    MUST(tokenmint_issuer_new(keys, TEXT(CONFIG), &issuer, NULL));
    tokenmint_keys_free(keys);
    return issuer;
}

static void create_client(const tokenmint_issuer *issuer, const tokenmint_store *store) {
    json_object_put(flow(issuer, store, "create_client", parse(CLIENT), NOW, TOKENMINT_OK));
}

static json_object *session(const tokenmint_issuer *issuer, const tokenmint_store *store) {
    return flow(issuer, store, "exchange_api_key", parse(PROOF), NOW, TOKENMINT_OK);
}

static json_object *client_credentials(const tokenmint_issuer *issuer, const tokenmint_store *store) {
    return flow(issuer, store, "client_credentials", parse(PROOF), NOW, TOKENMINT_OK);
}

static void sessions_survive(const char *url) {
    tokenmint_issuer *issuer = made();
    tokenmint_store *store = opened(url);
    CHECK(strcmp(tokenmint_store_durability(store), "disk") == 0, "durability", "%s", tokenmint_store_durability(store));
    create_client(issuer, store);
    json_object *first = session(issuer, store);
    json_object *second = refreshed(issuer, store, json_object_get(first), NOW + 1, TOKENMINT_OK);
    tokenmint_store_free(store);

    store = opened(url);
    json_object *third = refreshed(issuer, store, second, NOW + 100, TOKENMINT_OK);
    tokenmint_store_free(store);

    // Presented again, the first one ends the session, whose newest token is then good for nothing.
    store = opened(url);
    refreshed(issuer, store, first, NOW + 200, TOKENMINT_INVALID_GRANT);
    refreshed(issuer, store, third, NOW + 201, TOKENMINT_INVALID_GRANT);

    uint64_t removed = 7;
    MUST(tokenmint_store_sweep(store, (int64_t)NOW * US, &removed, NULL));
    CHECK(removed == 0, "sweep", "%d records that are good are gone", (int)removed);
    MUST(tokenmint_store_sweep(store, (int64_t)(NOW + 100 * 86400) * US, &removed, NULL));
    CHECK(removed == 1, "sweep", "%d records: not only the session, or it is kept for ever", (int)removed);
    MUST(tokenmint_store_sweep(store, (int64_t)(NOW + 100 * 86400) * US, NULL, NULL));
    tokenmint_store_free(store);
    tokenmint_issuer_free(issuer);
}

// A store that the issuer does not know, made ready for it.
static tokenmint_store *ready(const tokenmint_issuer *issuer, const char *url, int64_t now) {
    tokenmint_store *store = opened(url);
    json_object_put(flow(issuer, store, "adopt_store", parse("{}"), now, TOKENMINT_OK));
    create_client(issuer, store);
    return store;
}

// An operation with an access token, of which it gets a copy.
static void with_token(const tokenmint_issuer *issuer, const tokenmint_store *store, const char *operation,
                       json_object *token, json_object *input, int64_t now, int32_t wanted) {
    json_object_object_add(input, "token", json_object_get(member(token, "access_token")));
    json_object_put(flow(issuer, store, operation, input, now, wanted));
}

static void checked(const tokenmint_issuer *issuer, const tokenmint_store *store, json_object *token, int64_t now,
                    int32_t wanted) {
    with_token(issuer, store, "check", token, json_object_new_object(), now, wanted);
}

// What a store has revoked stays so when it is wiped.
static void nothing_comes_back(const char *url, const char *wiped) {
    tokenmint_issuer *issuer = made();
    tokenmint_store *store = ready(issuer, url, NOW);
    json_object *kept = client_credentials(issuer, store), *revoked = client_credentials(issuer, store);
    with_token(issuer, store, "revoke_token", revoked, parse("{\"client_id\":\"c1\"}"), NOW, TOKENMINT_OK);
    // The store is known by now: to adopt it again changes nothing.
    json_object_put(flow(issuer, store, "adopt_store", parse("{}"), NOW + 1, TOKENMINT_OK));
    checked(issuer, store, kept, NOW + 1, TOKENMINT_OK);
    checked(issuer, store, revoked, NOW + 1, TOKENMINT_TOKEN_REVOKED);
    tokenmint_store_free(store);

    store = ready(issuer, wiped, NOW + 2);
    checked(issuer, store, kept, NOW + 3, TOKENMINT_TOKEN_REVOKED);
    checked(issuer, store, revoked, NOW + 3, TOKENMINT_TOKEN_REVOKED);
    json_object *renewed = client_credentials(issuer, store);
    checked(issuer, store, renewed, NOW + 3, TOKENMINT_OK);
    json_object_put(kept);
    json_object_put(revoked);
    json_object_put(renewed);
    tokenmint_store_free(store);
    tokenmint_issuer_free(issuer);
}

static void executed(const tokenmint_store *store, const char *command, const char *wanted) {
    tokenmint_bytes reply;
    MUST(tokenmint_store_execute(store, TEXT(command), &reply, NULL));
    CHECK(strcmp(reply.data, wanted) == 0, command, "%s", reply.data);
    tokenmint_bytes_free(&reply);
}

// The commands of a task that its caller steps.
static void commands(const char *url) {
    static const char *const LOADED =
        "{\"reply\":\"loaded\",\"entries\":[{\"version\":\"AAAAAAAAAAA\",\"value\":\"dg\",\"expires_at_ms\":7,\"subject\":null,"
        "\"client\":null}]}";
    const char *load = "{\"command\":\"load\",\"keys\":[\"aw\"]}";
    const char *cas = "{\"command\":\"cas\",\"key\":\"aw\",\"expect\":null,\"write\":{\"version\":\"AAAAAAAAAAA\","
                      "\"value\":\"dg\",\"expires_at_ms\":7,\"subject\":null,\"client\":null}}";
    tokenmint_store *store = opened(url);
    executed(store, cas, "{\"reply\":\"done\"}");
    executed(store, load, LOADED);
    tokenmint_bytes reply;
    for (size_t at = 0; at < 3; at++) {
        const char *wrong[] = {"{}", "{\"command\":\"sign\",\"kid\":\"k\",\"algorithm\":\"HS256\",\"message\":\"\"}", "load"};
        int32_t status = tokenmint_store_execute(store, TEXT(wrong[at]), &reply, NULL);
        CHECK(status == TOKENMINT_INVALID_REQUEST, wrong[at], "%s", tokenmint_status_name(status));
    }
    tokenmint_store_free(store);
}

static void wrong_urls(void) {
    static const struct {
        const char *url, *field;
        int32_t status;
    } WRONG[] = {
        {"hunter2", "url", TOKENMINT_POLICY_INVALID},
        {"mysql://user:hunter2@host/", "url", TOKENMINT_POLICY_INVALID},
        {"memory:hunter2", "url", TOKENMINT_POLICY_INVALID},
        {"sqlite:", "url", TOKENMINT_POLICY_INVALID},
        {"postgres://user:hunter2@host/?timeout_ms=hunter2", "timeout_ms", TOKENMINT_POLICY_INVALID},
        {"redis://:hunter2@host/?durability=hunter2", "durability", TOKENMINT_POLICY_INVALID},
        {"env:TOKENMINT_NO_SUCH_VARIABLE", "url", TOKENMINT_POLICY_INVALID},
        {"postgres://user:hunter2@127.0.0.1:1/d?timeout_ms=300", "", TOKENMINT_STORE_UNAVAILABLE},
        {"redis://:hunter2@127.0.0.1:1/?timeout_ms=300", "", TOKENMINT_STORE_UNAVAILABLE},
    };
    for (size_t at = 0; at < sizeof WRONG / sizeof *WRONG; at++) {
        tokenmint_store *store = NULL;
        int32_t status = tokenmint_store_open(TEXT(WRONG[at].url), &store, &error);
        CHECK(status == WRONG[at].status && store == NULL && strcmp(error.field, WRONG[at].field) == 0, WRONG[at].url,
              "%s at %s: %s", tokenmint_status_name(status), error.field, error.message);
        CHECK(strstr(error.message, "hunter2") == NULL, WRONG[at].url, "the password is shown: %s", error.message);
    }
}

// `folder`: where files may be made; it is empty.
void run_stores(const char *folder) {
    char url[4096], wiped[4096];
    snprintf(url, sizeof url, "sqlite:%s/sessions.db", folder);
    sessions_survive(url);
    snprintf(url, sizeof url, "sqlite:%s/commands.db", folder);
    commands(url);
    commands("memory:");
    snprintf(url, sizeof url, "sqlite:%s/known.db", folder);
    snprintf(wiped, sizeof wiped, "sqlite:%s/wiped.db", folder);
    nothing_comes_back(url, wiped);
    nothing_comes_back("memory:", "memory:");
    wrong_urls();
}
