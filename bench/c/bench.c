// The same token minted and verified by tokenmint and by libjwt, in turns: HS256, the entity token of bench/src/work.rs.
#include <jwt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <tokenmint.h>

#define TEXT(text) (text), strlen(text)
#define TURNS 201
#define TIMES 2000
#define IAT 1700000000

static const char *const SECRET = "0123456789abcdef0123456789ABCDEF";
static const char *const CONFIG = "{\"issuer\":\"https://api.example.com\",\"audience\":\"mercoa-react\"}";
static const char *const CLAIMS =
    "{\"sub\":\"ent_a0f6ea94-0761-4a5e-a416-3c453cb7eced\",\"jti\":\"0b7f1c8e-55a1-4d0c-9a53-6f2b7d1e9c40\","
    "\"sessionId\":\"ses_42\",\"pages\":{\"paymentMethods\":true,\"counterparties\":false},"
    "\"vendors\":{\"network\":\"all\",\"disableCreation\":true}}";
// What the issuer adds is given to libjwt.
static const char *const ALL_CLAIMS =
    "{\"iss\":\"https://api.example.com\",\"sub\":\"ent_a0f6ea94-0761-4a5e-a416-3c453cb7eced\",\"aud\":\"mercoa-react\","
    "\"iat\":1700000000,\"exp\":3277880000,\"jti\":\"0b7f1c8e-55a1-4d0c-9a53-6f2b7d1e9c40\","
    "\"sessionId\":\"ses_42\",\"pages\":{\"paymentMethods\":true,\"counterparties\":false},"
    "\"vendors\":{\"network\":\"all\",\"disableCreation\":true}}";

static tokenmint_issuer *issuer;
static tokenmint_verifier *verifier;
static tokenmint_bytes own;
static char *peers;

static void must(int good, const char *what) {
    if (!good) {
        fprintf(stderr, "%s failed\n", what);
        exit(1);
    }
}

static void call_nothing(void) { must(tokenmint_abi_version() == TOKENMINT_ABI_VERSION, "abi_version"); }

static void mint_own(void) {
    static const tokenmint_seed seed = {{1}};
    tokenmint_bytes token;
    must(tokenmint_mint(issuer, TEXT(CLAIMS), NULL, 0, TEXT("50y"), IAT, &seed, &token, NULL) == TOKENMINT_OK, "mint");
    tokenmint_bytes_free(&token);
}

static void mint_peer(void) {
    jwt_t *jwt;
    must(jwt_new(&jwt) == 0 && jwt_add_grants_json(jwt, ALL_CLAIMS) == 0, "jwt_new");
    must(jwt_set_alg(jwt, JWT_ALG_HS256, (const unsigned char *)SECRET, 32) == 0, "jwt_set_alg");
    char *token = jwt_encode_str(jwt);
    must(token != NULL, "jwt_encode_str");
    free(token);
    jwt_free(jwt);
}

static void verify_own(void) {
    tokenmint_bytes claims;
    must(tokenmint_verify(verifier, own.data, own.length, IAT + 60, &claims, NULL) == TOKENMINT_OK, "verify");
    tokenmint_bytes_free(&claims);
}

static void verify_peer(void) {
    jwt_t *jwt;
    must(jwt_decode(&jwt, peers, (const unsigned char *)SECRET, 32) == 0, "jwt_decode");
    // Checks no claims by itself.
    const char *iss = jwt_get_grant(jwt, "iss"), *aud = jwt_get_grant(jwt, "aud");
    must(jwt_get_alg(jwt) == JWT_ALG_HS256 && jwt_get_grant_int(jwt, "exp") > IAT + 60, "exp");
    must(iss != NULL && strcmp(iss, "https://api.example.com") == 0, "iss");
    must(aud != NULL && strcmp(aud, "mercoa-react") == 0, "aud");
    char *claims = jwt_get_grants_json(jwt, NULL);
    must(claims != NULL, "jwt_get_grants_json");
    free(claims);
    jwt_free(jwt);
}

static void start(void) {
    tokenmint_keys *keys;
    tokenmint_seed seed = {{1}};
    must(tokenmint_keys_hmac(NULL, 0, NULL, 0, TEXT(SECRET), &keys, NULL) == TOKENMINT_OK, "keys");
    must(tokenmint_issuer_new(keys, TEXT(CONFIG), &issuer, NULL) == TOKENMINT_OK, "issuer");
    must(tokenmint_verifier_new(keys, TEXT(CONFIG), &verifier, NULL) == TOKENMINT_OK, "verifier");
    must(tokenmint_mint(issuer, TEXT(CLAIMS), NULL, 0, TEXT("50y"), IAT, &seed, &own, NULL) == TOKENMINT_OK, "mint");
    // Both verify the very same token.
    peers = own.data;
}

typedef struct {
    const char *name;
    void (*run)(void);
    double nanoseconds[TURNS];
} row;

static row rows[] = {{"an empty call", call_nothing, {0}},  {"mint: tokenmint", mint_own, {0}},
                     {"mint: libjwt", mint_peer, {0}},      {"verify: tokenmint", verify_own, {0}},
                     {"verify: libjwt", verify_peer, {0}}};

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

static int by_size(const void *left, const void *right) {
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

static double median(const double *values) {
    double sorted[TURNS];
    memcpy(sorted, values, sizeof sorted);
    qsort(sorted, TURNS, sizeof *sorted, by_size);
    return sorted[TURNS / 2];
}

// How many times longer a row takes than another: the median over the turns, for the machine's speed changes.
static double ratio(const row *slow, const row *fast) {
    double ratios[TURNS];
    for (int turn = 0; turn < TURNS; turn++) {
        ratios[turn] = slow->nanoseconds[turn] / fast->nanoseconds[turn];
    }
    return median(ratios);
}

int main(void) {
    start();
    size_t count = sizeof rows / sizeof *rows;
    for (int turn = 0; turn < TURNS; turn++) {
        for (size_t at = 0; at < count; at++) {
            double begin = now();
            int times = at % 2 == 0 && at > 0 ? TIMES / 20 : TIMES; // The peer takes longer.
            for (int time = 0; time < times; time++) {
                rows[at].run();
            }
            rows[at].nanoseconds[turn] = (now() - begin) / times;
        }
    }
    printf("a token of %zu bytes; tokenmint %s\n", own.length, tokenmint_version());
    printf("\n### C, HS256\n\n| | ns, median | tokenmint is ahead |\n|---|---:|---:|\n");
    for (size_t at = 0; at < count; at++) {
        const row *ours = at % 2 == 0 && at > 0 ? &rows[at - 1] : &rows[at];
        printf("| %s | %.0f | %.1f |\n", rows[at].name, median(rows[at].nanoseconds), ratio(&rows[at], ours));
    }
    return 0;
}
