// What the tests of the C ABI share: reports, files, JSON.
#ifndef CHECK_H
#define CHECK_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tokenmint.h"

// A text as the library takes it.
#define TEXT(text) (text), strlen(text)

// A piece of text that somebody else owns; NULL and 0 where there is none.
typedef struct {
    const char *data;
    size_t length;
} text;

#define PIECE(piece) (piece).data, (piece).length

// Counts a check; a failure is printed with the case's name.
void check(bool passed, const char *file, int line, const char *name, const char *format, ...);
#define CHECK(passed, name, ...) check((passed), __FILE__, __LINE__, (name), __VA_ARGS__)

// Ends the program where something that must work does not.
#define MUST(call) must((call), #call)
void must(int32_t status, const char *call);

// Prints how many checks passed; the program's exit status.
int report(const char *what);

// A file of the repository, as text; to be freed.
char *read_file(const char *root, const char *path);

// A JSON text as a value; to be put back.
json_object *parse(const char *json);

// A vector file of the repository.
json_object *read_vectors(const char *root, const char *name);

// A member of an object; NULL where it is not there, or null.
json_object *member(json_object *object, const char *name);
// A member that must be a text.
text text_member(json_object *object, const char *name);
// A text of JSON: compact, members in their order. Valid until the object is written again or freed.
text written(json_object *value);
// A string's bytes.
text string(json_object *value);

// Whether bytes are a text.
bool same(const tokenmint_bytes *bytes, text wanted);

// A seed from its 64 hexadecimal digits.
tokenmint_seed seed_of(json_object *step);

// A copy of an object without one of its members; to be put back.
json_object *without(json_object *object, const char *name);

// The issuer of a configuration that names its key in `key`, and the keys.
tokenmint_issuer *issuer_of(const char *root, json_object *described, tokenmint_keys **keys);

// The name of a status, and "valid" for 0, as the vectors have it.
const char *verdict(int32_t status);

void run_lifetimes(const char *root);
void run_mint(const char *root);
void run_verify(const char *root);
void run_status_lists(const char *root);
void run_proofs(const char *root);
void run_flows(const char *root);
void run_transcripts(const char *root);
void run_misuse(void);
void run_threads(void);
void run_memory(long times);
void run_stores(const char *folder);
void print_goldens(void);

#endif
