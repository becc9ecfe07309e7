// Many threads on one issuer, and many tokens in the same memory.
#include "check.h"

#include <pthread.h>
#include <unistd.h>

#define THREADS 8
#define TURNS 5000
#define NOW 1700000000

static const char *const CONFIG = "{\"issuer\":\"https://api.example.com\",\"audience\":\"app\"}";
static const char *const CLAIMS = "{\"sub\":\"ent_1\",\"pages\":[\"invoices\"]}";

typedef struct {
    tokenmint_issuer *issuer;
    tokenmint_verifier *verifier;
    tokenmint_store *store;
    char wanted[1024];
    long wrong;
    pthread_mutex_t lock;
} shared;

static void start(shared *all) {
    tokenmint_keys *keys = NULL;
    MUST(tokenmint_keys_hmac(TEXT("k1"), NULL, 0, TEXT("a secret of at least thirty-two bytes"), &keys, NULL));
    MUST(tokenmint_issuer_new(keys, TEXT(CONFIG), &all->issuer, NULL));
    MUST(tokenmint_verifier_new(keys, TEXT(CONFIG), &all->verifier, NULL));
    MUST(tokenmint_store_open(TEXT("memory:"), &all->store, NULL));
    tokenmint_keys_free(keys);
}

static void stop(shared *all) {
    tokenmint_issuer_free(all->issuer);
    tokenmint_verifier_free(all->verifier);
    tokenmint_store_free(all->store);
}

// Mints and verifies once; whether both gave what they must.
static bool turn(const shared *all, bool compare) {
    tokenmint_seed seed = {{7}};
    tokenmint_bytes token, claims;
    if (tokenmint_mint(all->issuer, TEXT(CLAIMS), NULL, 0, TEXT("1h"), NOW, &seed, &token, NULL) != TOKENMINT_OK) {
        return false;
    }
    bool good = !compare || strcmp(token.data, all->wanted) == 0;
    if (tokenmint_verify(all->verifier, token.data, token.length, NOW, &claims, NULL) == TOKENMINT_OK) {
        good &= strstr(claims.data, "\"pages\":[\"invoices\"]") != NULL;
        tokenmint_bytes_free(&claims);
    } else {
        good = false;
    }
    tokenmint_bytes_free(&token);
    return good;
}

static void *run_turns(void *argument) {
    shared *all = argument;
    long wrong = 0;
    for (int at = 0; at < TURNS; at++) {
        wrong += !turn(all, true);
        // A flow that is refused, on the one store.
        tokenmint_seed seed = {{1}};
        tokenmint_task *task = NULL;
        tokenmint_bytes result;
        MUST(tokenmint_issuer_operation(all->issuer, TEXT("client_credentials"),
                                        TEXT("{\"client_id\":\"nobody\",\"client_secret\":\"s\"}"),
                                        (int64_t)NOW * 1000000, &seed, &task, NULL));
        MUST(tokenmint_task_run(task, all->store, NULL));
        wrong += tokenmint_task_result(task, &result, NULL) != TOKENMINT_INVALID_CLIENT;
        tokenmint_task_free(task);
    }
    pthread_mutex_lock(&all->lock);
    all->wrong += wrong;
    pthread_mutex_unlock(&all->lock);
    return NULL;
}

void run_threads(void) {
    shared all = {.lock = PTHREAD_MUTEX_INITIALIZER};
    start(&all);
    tokenmint_seed seed = {{7}};
    tokenmint_bytes token;
    MUST(tokenmint_mint(all.issuer, TEXT(CLAIMS), NULL, 0, TEXT("1h"), NOW, &seed, &token, NULL));
    snprintf(all.wanted, sizeof all.wanted, "%s", token.data);
    tokenmint_bytes_free(&token);
    pthread_t threads[THREADS];
    for (int at = 0; at < THREADS; at++) {
        if (pthread_create(&threads[at], NULL, run_turns, &all) != 0) {
            exit(2);
        }
    }
    for (int at = 0; at < THREADS; at++) {
        pthread_join(threads[at], NULL);
    }
    CHECK(all.wrong == 0, "threads", "%ld of %d turns went wrong", all.wrong, THREADS * TURNS);
    stop(&all);
}

// The memory that the process has in use, in bytes.
static long resident(void) {
    long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (file == NULL || fscanf(file, "%*d %ld", &pages) != 1) {
        perror("/proc/self/statm");
        exit(2);
    }
    fclose(file);
    return pages * sysconf(_SC_PAGESIZE);
}

void run_memory(long times) {
    shared all = {.lock = PTHREAD_MUTEX_INITIALIZER};
    start(&all);
    long wrong = 0, before = 0;
    for (long at = 0; at < times; at++) {
        if (at == times / 10) {
            before = resident();
        }
        wrong += !turn(&all, false);
    }
    long grown = resident() - before;
    CHECK(wrong == 0, "memory", "%ld of %ld turns went wrong", wrong, times);
    CHECK(grown < 256 * 1024, "memory", "%ld bytes more after %ld turns", grown, times);
    printf("%ld tokens minted and verified; the memory grew by %ld bytes in the last nine tenths\n", times, grown);
    stop(&all);
}
