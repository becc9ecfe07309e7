// Runs the tests of the C ABI: `runner vectors ROOT`, `runner misuse`, `runner threads`, `runner memory TIMES`,
// `runner stores FOLDER`, `runner goldens`.
#include "check.h"

int main(int count, char **arguments) {
    const char *what = count > 1 ? arguments[1] : "";
    if (tokenmint_abi_version() != TOKENMINT_ABI_VERSION) {
        fprintf(stderr, "header and library differ\n");
        return 2;
    }
    if (strcmp(what, "vectors") == 0 && count == 3) {
        run_lifetimes(arguments[2]);
        run_mint(arguments[2]);
        run_verify(arguments[2]);
        run_status_lists(arguments[2]);
        run_proofs(arguments[2]);
        run_flows(arguments[2]);
        run_transcripts(arguments[2]);
    } else if (strcmp(what, "misuse") == 0) {
        run_misuse();
    } else if (strcmp(what, "threads") == 0) {
        run_threads();
    } else if (strcmp(what, "memory") == 0 && count == 3) {
        run_memory(strtol(arguments[2], NULL, 10));
    } else if (strcmp(what, "stores") == 0 && count == 3) {
        run_stores(arguments[2]);
    } else if (strcmp(what, "goldens") == 0) {
        print_goldens();
        return 0;
    } else {
        fprintf(stderr, "usage: runner vectors ROOT | misuse | threads | memory TIMES | stores FOLDER | goldens\n");
        return 2;
    }
    return report(what);
}
