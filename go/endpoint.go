package tokenmint

// #include "native.h"
import "C"

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"unsafe"
)

// maxRead is how much of a body is read. The library refuses one that is over 64 KiB; who is still sending when the
// connection closes would not see that answer.
const maxRead = 1 << 20

// Endpoint is the token endpoints of one service as an [http.Handler].
type Endpoint struct {
	handle
	host  host
	store Store
}

// NewEndpoint is the endpoints that a configuration describes: a JSON object with the sections of docs/cli.md. It must
// hold all that it needs: nothing is read from files or from the environment. Their records are kept in the store; call
// [Endpoint.Prepare] before the first request.
//
// It fails with ErrPolicyInvalid and the codes of keys, each naming the place in the configuration.
func NewEndpoint(config []byte, store Store, opts ...HostOption) (*Endpoint, error) {
	var made *C.tokenmint_endpoint
	var e C.tokenmint_error
	p, n := text(view(config))
	if C.tokenmint_endpoint_new(p, n, &made, &e) != 0 {
		return nil, failure(&e)
	}
	endpoint := &Endpoint{host: hostOf(opts), store: store}
	endpoint.own(unsafe.Pointer(made), func(p unsafe.Pointer) { C.tokenmint_endpoint_free((*C.tokenmint_endpoint)(p)) })
	return endpoint, nil
}

// Prepare makes the store ready, at each start of a program and now and then: where it is new or was wiped, what was
// revoked is not known any more, so every token from before is refused. The configuration's clients, keys, entities and
// users are not in the store: the endpoint holds them. It fails with ErrPolicyInvalid for a [Database] that promises less
// than the configuration's durability.
func (p *Endpoint) Prepare(ctx context.Context) error {
	_, err := p.run(ctx, func(endpoint *C.tokenmint_endpoint, now C.int64_t, s *C.tokenmint_seed, task **C.tokenmint_task, e *C.tokenmint_error) C.int32_t {
		return C.tokenmint_endpoint_prepare(endpoint, now, s, task, e)
	})
	return err
}

// ServeHTTP answers a request. Whatever is wrong with it is written in the shape of its dialect.
func (p *Endpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxRead))
	if err != nil {
		http.Error(w, "the body ended too early", http.StatusBadRequest)
		return
	}
	answer, err := p.answer(r, body)
	var refused *Error
	switch {
	case errors.As(err, &refused) && refused.Code == ErrFieldInvalid:
		http.Error(w, refused.Error(), http.StatusBadRequest)
	case err != nil:
		http.Error(w, "the request cannot be answered now", http.StatusInternalServerError)
	default:
		for name, value := range answer.Headers {
			w.Header().Set(name, value)
		}
		w.WriteHeader(answer.Status)
		io.WriteString(w, answer.Body)
	}
}

type answer struct {
	Status  int               `json:"status"`
	Headers map[string]string `json:"headers"`
	Body    string            `json:"body"`
}

func (p *Endpoint) answer(r *http.Request, body []byte) (*answer, error) {
	var lines strings.Builder
	for name, values := range r.Header {
		for _, value := range values {
			lines.WriteString(name + ": " + value + "\r\n")
		}
	}
	result, err := p.run(r.Context(), func(endpoint *C.tokenmint_endpoint, now C.int64_t, s *C.tokenmint_seed, task **C.tokenmint_task, e *C.tokenmint_error) C.int32_t {
		method, methodLength := text(r.Method)
		// Not RequestURI: a handler in front may have taken a prefix away.
		target, targetLength := text(r.URL.RequestURI())
		headers, headersLength := optional(lines.String())
		content, contentLength := optional(view(body))
		return C.tokenmint_endpoint_task(endpoint, method, methodLength, target, targetLength, headers, headersLength,
			unsafe.Pointer(content), contentLength, now, s, task, e)
	})
	if err != nil {
		return nil, err
	}
	answered := &answer{}
	return answered, json.Unmarshal(result, answered)
}

type endpointTask func(*C.tokenmint_endpoint, C.int64_t, *C.tokenmint_seed, **C.tokenmint_task, *C.tokenmint_error) C.int32_t

func (p *Endpoint) run(ctx context.Context, begin endpointTask) ([]byte, error) {
	drawn, err := p.host.seed()
	if err != nil {
		return nil, err
	}
	var task *C.tokenmint_task
	var e C.tokenmint_error
	now := C.int64_t(p.host.now().UnixMicro())
	pointer, err := p.enter()
	if err != nil {
		return nil, err
	}
	status := begin((*C.tokenmint_endpoint)(pointer), now, drawn.c(), &task, &e)
	// The task keeps what it needs of the endpoint.
	p.leave()
	return p.host.run(ctx, status, task, &e, p.store, nil)
}
