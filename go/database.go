package tokenmint

// #include "native.h"
import "C"

import (
	"context"
	"encoding/json"
	"fmt"
	"time"
	"unsafe"
)

// Database is a [Store] that lasts, opened by its URL. It may be used by many goroutines at once.
//
// A command takes at most as long as the URL's timeout_ms, 3 seconds where it does not say otherwise. Between flows a
// context is heeded; one that is under way is not interrupted, and ends by that time.
//
// Call [Issuer.AdoptStore] or [Endpoint.Prepare] at each start, before the other flows, and now and then: a store may have
// been wiped.
//
// A flow with a Database is one call into the library, which drives it to its end. Keys that the host holds, and stores of
// your own around it, go by [Database.Execute], command by command.
type Database struct {
	handle
	durability string
}

// OpenStore opens a store by its URL: "sqlite:/var/lib/tokens.db" is a file for one machine, "postgres://user@host/name" and
// "redis://host" are shared by many, "memory:" ends with the process, and "env:NAME" is the URL in an environment
// variable, which keeps a password out of the program. docs/storage.md says which to choose, and their parameters.
//
// It fails with ErrPolicyInvalid, whose Field is "url" or the parameter, for what can never work, and ErrStoreUnavailable
// for a server that cannot be reached now. No error repeats the URL.
func OpenStore(url string) (*Database, error) {
	var made *C.tokenmint_store
	var e C.tokenmint_error
	p, n := text(url)
	if C.tokenmint_store_open(p, n, &made, &e) != 0 {
		return nil, failure(&e)
	}
	d := &Database{durability: C.GoString(C.tokenmint_store_durability(made))}
	d.own(unsafe.Pointer(made), func(p unsafe.Pointer) { C.tokenmint_store_free((*C.tokenmint_store)(p)) })
	return d, nil
}

// Durability is how long an acknowledged write lasts, as the store was found to be set up: "process", "disk" or
// "replicated".
func (d *Database) Durability() string { return d.durability }

// Sweep forgets entries that expired [StoreSlack] ago or earlier, at most 10000, and says how many those were. Call it now
// and then, beside the requests.
func (d *Database) Sweep(now time.Time) (int, error) {
	pointer, err := d.enter()
	if err != nil {
		return 0, err
	}
	defer d.leave()
	var removed C.uint64_t
	var e C.tokenmint_error
	if C.tokenmint_store_sweep((*C.tokenmint_store)(pointer), C.int64_t(now.UnixMicro()), &removed, &e) != 0 {
		return 0, failure(&e)
	}
	return int(removed), nil
}

// Execute carries out one command.
func (d *Database) Execute(ctx context.Context, command Command) (Reply, error) {
	asked, err := json.Marshal(asking(command))
	if err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrStoreUnavailable, err)
	}
	pointer, err := d.enter()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrStoreUnavailable, err)
	}
	defer d.leave()
	var made C.tokenmint_bytes
	var e C.tokenmint_error
	p, n := text(view(asked))
	answered, err := taken(C.tokenmint_store_execute((*C.tokenmint_store)(pointer), p, n, &made, &e), &made, &e)
	if err != nil {
		return nil, err
	}
	return parseReply(answered)
}

// runOn drives a task to its end on a Database, in one call.
func (h *host) runOn(ctx context.Context, task *C.tokenmint_task, d *Database) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	pointer, err := d.enter()
	if err != nil {
		return nil, err
	}
	var e C.tokenmint_error
	status := C.tokenmint_task_run(task, (*C.tokenmint_store)(pointer), &e)
	d.leave()
	if status != 0 {
		return nil, failure(&e)
	}
	return h.finish(ctx, task, nil)
}
