package tokenmint

// #cgo linux,amd64 LDFLAGS: ${SRCDIR}/libtokenmint_linux_amd64.a -lm -ldl -lpthread
// #cgo linux,arm64 LDFLAGS: ${SRCDIR}/libtokenmint_linux_arm64.a -lm -ldl -lpthread
// #cgo darwin,amd64 LDFLAGS: ${SRCDIR}/libtokenmint_darwin_amd64.a -framework Security -framework CoreFoundation
// #cgo darwin,arm64 LDFLAGS: ${SRCDIR}/libtokenmint_darwin_arm64.a -framework Security -framework CoreFoundation
// #include "native.h"
import "C"

import (
	"bytes"
	"fmt"
	"time"
	"unsafe"
)

// archives names the linked archives by their content. Go's build cache does not look into them; by this, another archive
// makes another package.
var archives = C.NATIVE_ARCHIVES

// A package of another version than the library would read memory wrongly: nothing may begin.
func init() {
	if found := C.tokenmint_abi_version(); found != C.TOKENMINT_ABI_VERSION {
		panic(fmt.Sprintf("tokenmint: the library has interface %d, this package is for %d (%s)", found, C.TOKENMINT_ABI_VERSION, archives))
	}
}

// LibraryVersion is the version of the library that is linked, such as "0.1.0".
func LibraryVersion() string {
	return C.GoString(C.tokenmint_version())
}

var nothing byte

// text is a text for a call, or an empty one: never NULL.
func text(s string) (*C.char, C.size_t) {
	if s == "" {
		return (*C.char)(unsafe.Pointer(&nothing)), 0
	}
	return (*C.char)(unsafe.Pointer(unsafe.StringData(s))), C.size_t(len(s))
}

// optional is a text for a call, or NULL where it is empty.
func optional(s string) (*C.char, C.size_t) {
	if s == "" {
		return nil, 0
	}
	return text(s)
}

// view is the bytes as a text, without a copy: for calls only, which change nothing and keep nothing.
func view(b []byte) string {
	return unsafe.String(unsafe.SliceData(b), len(b))
}

// take copies what the library made into Go's memory, and gives it back.
func take(made *C.tokenmint_bytes) []byte {
	defer C.tokenmint_bytes_free(made)
	return C.GoBytes(unsafe.Pointer(made.data), C.int(made.length))
}

// taken is the result of a call that made bytes.
func taken(status C.int32_t, made *C.tokenmint_bytes, e *C.tokenmint_error) ([]byte, error) {
	if status != 0 {
		return nil, failure(e)
	}
	return take(made), nil
}

// failure is the error that a call wrote.
func failure(e *C.tokenmint_error) error {
	return &Error{
		Code:       Code(e.status),
		Field:      ended(unsafe.Slice((*byte)(unsafe.Pointer(&e.field)), len(e.field))),
		Message:    ended(unsafe.Slice((*byte)(unsafe.Pointer(&e.message)), len(e.message))),
		RetryAfter: time.Duration(e.retry_after_seconds) * time.Second,
	}
}

// ended is the text up to its NUL. Unlike C.GoString it lets what it reads stay on the stack.
func ended(text []byte) string {
	text, _, _ = bytes.Cut(text, []byte{0})
	return string(text)
}
