//go:build tokenmint_gc

package tokenmint

import (
	"runtime"
	"time"
)

// collect collects garbage inside of each call, so that memory which nothing keeps alive is gone when the library reads
// it. For the tests of this package: every call takes milliseconds.
func collect() {
	runtime.GC()
	// Cleanups run in a goroutine of their own.
	time.Sleep(100 * time.Microsecond)
}
