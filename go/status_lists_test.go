package tokenmint

import (
	"bytes"
	"compress/zlib"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// published is an issuer of tokens with a status, and the server of their list.
type published struct {
	server   *httptest.Server
	tokens   *Issuer
	verifier *Verifier
	requests atomic.Int32
	// answer is what the server does instead, and status is that of its answer.
	answer func(http.ResponseWriter)
	status int
}

func publish(t *testing.T, revoked int) *published {
	t.Helper()
	keys, err := NewKeySet(HMAC("k1", HS256, []byte("a secret of at least thirty-two bytes")))
	must(t, err)
	const issuer = "https://as.example"
	p := &published{status: http.StatusOK}
	p.tokens, err = NewIssuer(keys, issuer, Audience("app"))
	must(t, err)
	p.verifier, err = NewVerifier(keys, FromIssuer(issuer), Audience("app"))
	must(t, err)
	lists, err := NewIssuer(keys, issuer, Audience("any"), TokenType("statuslist+jwt"))
	must(t, err)
	p.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.requests.Add(1)
		if p.answer != nil {
			p.answer(w)
			return
		}
		var packed bytes.Buffer
		writer := zlib.NewWriter(&packed)
		writer.Write([]byte{1 << revoked})
		writer.Close()
		claims := map[string]any{
			"sub": p.server.URL + r.URL.Path, "ttl": 600,
			"status_list": map[string]any{"bits": 1, "lst": base64.RawURLEncoding.EncodeToString(packed.Bytes())},
		}
		token, err := lists.Mint(claims, time.Hour)
		if err != nil || r.Header.Get("Accept") != "application/statuslist+jwt" {
			http.Error(w, fmt.Sprint(err, r.Header), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/statuslist+jwt")
		w.WriteHeader(p.status)
		fmt.Fprint(w, token)
	}))
	t.Cleanup(p.server.Close)
	return p
}

// token is one whose status is at this place of the list.
func (p *published) token(t *testing.T, index int) string {
	t.Helper()
	status := map[string]any{"status_list": map[string]any{"idx": index, "uri": p.server.URL + "/status/1"}}
	token, err := p.tokens.Mint(map[string]any{"sub": "u1", "status": status}, time.Hour)
	must(t, err)
	return token
}

func TestOneFetchServesAllWhoWait(t *testing.T) {
	p := publish(t, 2)
	lists, err := NewStatusLists(StatusListsOptions{})
	must(t, err)
	defer lists.Close()
	var all sync.WaitGroup
	for index := range 32 {
		token := p.token(t, index%8)
		all.Add(1)
		go func() {
			defer all.Done()
			var claims struct{ Sub string }
			err := lists.Verify(context.Background(), p.verifier, token, &claims)
			switch {
			case index%8 == 2 && (!errors.Is(err, ErrTokenRevoked) || claims.Sub != ""):
				t.Errorf("%d: %v, %v", index, err, claims)
			case index%8 != 2 && (err != nil || claims.Sub != "u1"):
				t.Errorf("%d: %v, %v", index, err, claims)
			}
		}()
	}
	all.Wait()
	if requests := p.requests.Load(); requests != 1 {
		t.Errorf("%d requests", requests)
	}
	err = lists.Verify(context.Background(), p.verifier, p.token(t, 8), nil)
	if !errors.Is(err, ErrClaimInvalid) {
		t.Errorf("a place outside: %v", err)
	}
}

func TestAListThatCannotBeFetchedIsRefusedOrNot(t *testing.T) {
	for name, answer := range map[string]func(http.ResponseWriter){
		"a status":     nil,
		"a redirect":   func(w http.ResponseWriter) { w.Header().Set("Location", "/"); w.WriteHeader(http.StatusFound) },
		"no list":      func(w http.ResponseWriter) { fmt.Fprint(w, "hello") },
		"too much":     func(w http.ResponseWriter) { w.Write(make([]byte, 5000)) },
		"nothing":      func(http.ResponseWriter) {},
		"a broken end": func(w http.ResponseWriter) { w.Header().Set("Content-Length", "9"); fmt.Fprint(w, "x") },
	} {
		p := publish(t, 2)
		p.answer, p.status = answer, http.StatusNotFound
		lists, err := NewStatusLists(StatusListsOptions{MaxBody: 4000})
		must(t, err)
		err = lists.Verify(context.Background(), p.verifier, p.token(t, 1), nil)
		var refused *Error
		if !errors.As(err, &refused) || refused.Code != ErrStatusUnavailable || refused.RetryAfter <= 0 {
			t.Errorf("%s: %v", name, err)
		}
		// Until the cooldown is over, nobody asks again.
		for range 3 {
			lists.Verify(context.Background(), p.verifier, p.token(t, 1), nil)
		}
		if requests := p.requests.Load(); requests != 1 {
			t.Errorf("%s: %d requests", name, requests)
		}
		lists.Close()
		lenient, err := NewStatusLists(StatusListsOptions{AcceptUnreachableFor: time.Hour})
		must(t, err)
		if err := lenient.Verify(context.Background(), p.verifier, p.token(t, 1), nil); err != nil {
			t.Errorf("%s, accepted: %v", name, err)
		}
		lenient.Close()
	}
}

func TestACallerThatLeavesTakesTheFetchFromNobody(t *testing.T) {
	p := publish(t, 2)
	asked, go_ := make(chan struct{}), make(chan struct{})
	inner := p.server.Config.Handler
	p.server.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		close(asked)
		<-go_
		inner.ServeHTTP(w, r)
	})
	lists, err := NewStatusLists(StatusListsOptions{})
	must(t, err)
	defer lists.Close()
	ctx, leave := context.WithCancel(context.Background())
	left := make(chan error)
	go func() { left <- lists.Verify(ctx, p.verifier, p.token(t, 1), nil) }()
	<-asked
	leave()
	if err := <-left; !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	waits := make(chan error)
	go func() { waits <- lists.Verify(context.Background(), p.verifier, p.token(t, 1), nil) }()
	close(go_)
	if err := <-waits; err != nil {
		t.Errorf("%v", err)
	}
}

func TestOptionsOfStatusLists(t *testing.T) {
	_, err := NewStatusLists(StatusListsOptions{Prefixes: []string{"ftp://as.example"}})
	var refused *Error
	if !errors.As(err, &refused) || refused.Code != ErrPolicyInvalid || refused.Field != "prefixes[0]" {
		t.Errorf("%v", err)
	}
	p := publish(t, 2)
	lists, err := NewStatusLists(StatusListsOptions{Required: true, Prefixes: []string{"https://as.example/"}})
	must(t, err)
	bare, err := p.tokens.Mint(nil, time.Hour)
	must(t, err)
	if err := lists.Verify(context.Background(), p.verifier, bare, nil); !errors.Is(err, ErrClaimMissing) {
		t.Errorf("%v", err)
	}
	if err := lists.Verify(context.Background(), p.verifier, p.token(t, 1), nil); !errors.Is(err, ErrClaimInvalid) {
		t.Errorf("%v", err)
	}
	if err := lists.Verify(context.Background(), p.verifier, bare[:len(bare)-4]+"AAAA", nil); !errors.Is(err, ErrSignatureInvalid) {
		t.Errorf("%v", err)
	}
	lists.Close()
	if err := lists.Check(nil); !errors.Is(err, ErrClosed) {
		t.Errorf("%v", err)
	}
}
