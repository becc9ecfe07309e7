package tokenmint

// #include "native.h"
import "C"

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"unsafe"
)

// maxBody is the largest body that the library takes.
const maxBody = 64 << 10

// maxRead is how much of a body is read, and thrown away where it is too large: who is still sending when the connection
// closes would not see the answer.
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

// Issuer is one of the endpoint's issuers, by its iss, or the first for "": for flows that no request asks for, such as
// [Issuer.StartSession] behind your own login. The configuration's clients and keys are there for its flows. It stays usable
// where the endpoint is closed.
//
// It fails with ErrInvalidRequest for one that is not served.
func (p *Endpoint) Issuer(name string) (*Issuer, error) {
	endpoint, err := p.enter()
	if err != nil {
		return nil, err
	}
	defer p.leave()
	var made *C.tokenmint_issuer
	var e C.tokenmint_error
	named, length := optional(name)
	if C.tokenmint_endpoint_issuer((*C.tokenmint_endpoint)(endpoint), named, length, &made, &e) != 0 {
		return nil, failure(&e)
	}
	return ownIssuer(made, p.host, nil), nil
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

// ServeHTTP answers a request. Whatever is wrong with it is written in the shape of its dialect, also where its body did
// not arrive whole: then nothing is done.
func (p *Endpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var answer *answer
	body, err := read(r)
	if err == nil {
		answer, err = p.answer(r, body)
	} else {
		answer, err = p.refuse(r, tornBy(err))
	}
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

// read is the body; of one that is too large so much that this can be seen, and nothing where nobody who sends so much would
// see the answer.
func read(r *http.Request) ([]byte, error) {
	if r.ContentLength > maxRead {
		return nil, nil
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	if err == nil && len(body) > maxBody {
		io.CopyN(io.Discard, r.Body, maxRead)
	}
	return body, err
}

// tornBy is what is wrong with a request whose body cannot be read.
func tornBy(err error) Code {
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large): // a limit of whoever stands in front
		return ErrBodyTooLarge
	case errors.Is(err, os.ErrDeadlineExceeded):
		return ErrBodyTimeout
	default:
		return ErrBodyIncomplete
	}
}

type answer struct {
	Status  int               `json:"status"`
	Headers map[string]string `json:"headers"`
	Body    string            `json:"body"`
}

func (p *Endpoint) answer(r *http.Request, body []byte) (*answer, error) {
	lines := headerLines(r)
	if r.ContentLength > 0 && r.Header["Content-Length"] == nil {
		lines += fmt.Sprintf("content-length: %d\r\n", r.ContentLength)
	}
	result, err := p.run(r.Context(), func(endpoint *C.tokenmint_endpoint, now C.int64_t, s *C.tokenmint_seed, task **C.tokenmint_task, e *C.tokenmint_error) C.int32_t {
		method, methodLength := text(r.Method)
		// Not RequestURI: a handler in front may have taken a prefix away.
		target, targetLength := text(r.URL.RequestURI())
		headers, headersLength := optional(lines)
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

// refuse is the answer to a request that did not arrive whole.
func (p *Endpoint) refuse(r *http.Request, code Code) (*answer, error) {
	var made C.tokenmint_response
	var e C.tokenmint_error
	pointer, err := p.enter()
	if err != nil {
		return nil, err
	}
	defer p.leave()
	target, targetLength := text(r.URL.RequestURI())
	headers, headersLength := optional(headerLines(r))
	if C.tokenmint_endpoint_refuse((*C.tokenmint_endpoint)(pointer), target, targetLength, headers, headersLength, C.int32_t(code), &made, &e) != 0 {
		return nil, failure(&e)
	}
	C.tokenmint_bytes_free(&made.events)
	answered := &answer{Status: int(made.status), Headers: map[string]string{}, Body: string(take(&made.body))}
	for line := range strings.Lines(string(take(&made.headers))) {
		name, value, _ := strings.Cut(strings.TrimSuffix(line, "\r\n"), ": ")
		answered.Headers[name] = value
	}
	return answered, nil
}

// headerLines are the lines of a request's header.
func headerLines(r *http.Request) string {
	var lines strings.Builder
	for name, values := range r.Header {
		for _, value := range values {
			lines.WriteString(name + ": " + value + "\r\n")
		}
	}
	return lines.String()
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
