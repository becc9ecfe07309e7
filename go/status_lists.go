package tokenmint

// #include "native.h"
import "C"

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"
	"unsafe"
)

// StatusLists knows the states of tokens from the lists that their issuers publish (draft-ietf-oauth-status-list): one fetch
// serves all tokens of a list. A token names its list and its place there in the claim status. It may be used by many
// goroutines at once.
//
// [StatusLists.Verify] does all of it. A program that fetches in its own way asks [StatusLists.Resolve] with claims that were
// verified, and reports to [StatusLists.Fetched].
type StatusLists struct {
	handle
	host    host
	client  *http.Client
	maxBody int64

	mutex sync.Mutex
	// fetched is closed, and replaced, when a fetch of Verify has ended.
	fetched chan struct{}
}

// StatusListsOptions are how lists are used; the zero value is good.
type StatusListsOptions struct {
	// Required refuses a token that names no place in a list.
	Required bool
	// TimeToLive is how long a list is fresh at most; 10 minutes where it is 0. A shorter ttl that the list names counts
	// instead.
	TimeToLive time.Duration
	// Cooldown is the least time between two fetches of a URL; 5 seconds where it is 0.
	Cooldown time.Duration
	// AcceptUnreachableFor is for how long after the end of a list tokens are taken while its URL cannot be fetched, and
	// what is revoked meanwhile, too; where it is 0, they are refused.
	AcceptUnreachableFor time.Duration
	// Prefixes are the URLs at and below which lists are taken; any where there is none.
	Prefixes []string
	// MaxBody is the largest body that is taken, in bytes; 2 MiB where it is 0.
	MaxBody int
	// AllowPlainHTTP takes http for other machines, too: whoever is on the way can bring back an older list.
	AllowPlainHTTP bool
	// Client fetches for [StatusLists.Verify]. Where it is nil, a client that takes at most 5 seconds and follows no
	// redirect.
	Client *http.Client
}

const maxList = 2 << 20

func (o *StatusListsOptions) config() map[string]any {
	config := map[string]any{"required": o.Required, "allow_plain_http": o.AllowPlainHTTP}
	lifetimes := map[string]time.Duration{
		"time_to_live": o.TimeToLive, "cooldown": o.Cooldown, "accept_unreachable_for": o.AcceptUnreachableFor,
	}
	for name, d := range lifetimes {
		if d != 0 {
			config[name] = string(appendLifetime(nil, d))
		}
	}
	if len(o.Prefixes) > 0 {
		config["prefixes"] = o.Prefixes
	}
	if o.MaxBody != 0 {
		config["max_body"] = o.MaxBody
	}
	return config
}

// NewStatusLists is status lists, none of which was fetched yet. It fails with ErrPolicyInvalid.
func NewStatusLists(given StatusListsOptions, opts ...HostOption) (*StatusLists, error) {
	o := options{config: given.config()}
	config, err := o.json()
	if err != nil {
		return nil, err
	}
	var made *C.tokenmint_status_lists
	var e C.tokenmint_error
	p, n := text(view(config))
	if C.tokenmint_status_lists_new(p, n, &made, &e) != 0 {
		return nil, failure(&e)
	}
	lists := &StatusLists{host: hostOf(opts), client: given.Client, maxBody: int64(given.MaxBody), fetched: make(chan struct{})}
	if lists.client == nil {
		lists.client = &http.Client{Timeout: 5 * time.Second, CheckRedirect: followNone}
	}
	if lists.maxBody == 0 {
		lists.maxBody = maxList
	}
	lists.own(unsafe.Pointer(made), func(p unsafe.Pointer) { C.tokenmint_status_lists_free((*C.tokenmint_status_lists)(p)) })
	return lists, nil
}

func followNone(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// StatusResolution is what to do for a token; its zero value is that the token is good.
type StatusResolution struct {
	// URL is what to fetch first. Report to [StatusLists.Fetched], and ask again.
	URL string
	// Wait is whether another was told to fetch the URL: wait for its report, and ask again.
	Wait bool
}

// Resolve is what to do for a token that was verified; claims are those of [Verifier.VerifyJSON]. Only a nil error together with no
// URL means that the token is good.
//
// It fails with ErrTokenRevoked and ErrTokenSuspended; ErrStatusUnavailable where there is no list to go by; ErrClaimInvalid for
// a claim status of the wrong form, a URL that is not taken, or a place outside of the list; ErrClaimMissing for a token
// without one where it is required.
func (s *StatusLists) Resolve(claims json.RawMessage) (StatusResolution, error) {
	pointer, err := s.enter()
	if err != nil {
		return StatusResolution{}, err
	}
	defer s.leave()
	var url C.tokenmint_bytes
	var waits C.int32_t
	var e C.tokenmint_error
	p, n := text(view(claims))
	lists, now := (*C.tokenmint_status_lists)(pointer), C.int64_t(s.host.now().Unix())
	if C.native_status(lists, p, n, now, &url, &waits, &e) != 0 {
		return StatusResolution{}, failure(&e)
	}
	if url.data == nil {
		return StatusResolution{}, nil
	}
	return StatusResolution{string(take(&url)), waits != 0}, nil
}

// Check reports whether a token that was verified is good by the lists that are here: nobody is told to fetch. It fails as
// [StatusLists.Resolve] does, and with ErrStatusUnavailable where a list is to be fetched first.
func (s *StatusLists) Check(claims json.RawMessage) error {
	pointer, err := s.enter()
	if err != nil {
		return err
	}
	defer s.leave()
	var e C.tokenmint_error
	p, n := text(view(claims))
	if C.tokenmint_status_lists_check((*C.tokenmint_status_lists)(pointer), p, n, C.int64_t(s.host.now().Unix()), &e) != 0 {
		return failure(&e)
	}
	return nil
}

// Fetched takes what a fetch of the URL brought: the body of an answer with status 200, or nil where there is none. The
// verifier is that of the tokens, whose keys sign the list. Only a nil error means that the list is used from now on; any
// other is for the log.
//
// It fails with ErrStatusUnavailable for nil; with the codes of a token for that of the list, such as ErrSignatureInvalid;
// ErrTokenTooOld for a list that was issued before the one that is here; ErrStatusListMalformed, ErrBodyTooLarge;
// ErrPolicyInvalid for a URL that is not taken.
func (s *StatusLists) Fetched(url string, body []byte, v *Verifier) error {
	pointer, err := s.enter()
	if err != nil {
		return err
	}
	defer s.leave()
	verifier, err := v.enter()
	if err != nil {
		return err
	}
	defer v.leave()
	var e C.tokenmint_error
	p, n := text(url)
	given, length := text(view(body))
	if body == nil {
		given, length = nil, 0
	}
	lists, now := (*C.tokenmint_status_lists)(pointer), C.int64_t(s.host.now().Unix())
	status := C.tokenmint_status_lists_fetched(lists, (*C.tokenmint_verifier)(verifier), p, n, unsafe.Pointer(given), length, now, &e)
	if status != 0 {
		return failure(&e)
	}
	return nil
}

// Verify verifies a token as [Verifier.Verify] does, and then its status; a list that is not here, or too old, is fetched, once
// for all who wait for it. Only a nil error means that the token is good; claims are left alone where it is not.
//
// It fails as [Verifier.Verify] and [StatusLists.Resolve] do, and with the context's error where that is done first.
func (s *StatusLists) Verify(ctx context.Context, v *Verifier, token string, claims any) error {
	verified, err := v.VerifyJSON(token)
	if err != nil {
		return err
	}
	if err := s.await(ctx, v, verified); err != nil {
		return err
	}
	return decode(verified, claims)
}

// await is the verdict on verified claims, after a fetch if it needs one.
func (s *StatusLists) await(ctx context.Context, v *Verifier, claims json.RawMessage) error {
	for {
		// Taken before the question, so that no end of a fetch is missed.
		fetched := s.nextFetched()
		resolution, err := s.Resolve(claims)
		if err != nil || resolution.URL == "" {
			return err
		}
		if !resolution.Wait {
			// Others wait for it, whatever becomes of this caller.
			go s.fetch(context.WithoutCancel(ctx), resolution.URL, v)
		}
		select {
		case <-fetched:
		case <-ctx.Done():
			return ctx.Err()
		}
		if !resolution.Wait {
			return s.Check(claims)
		}
	}
}

func (s *StatusLists) nextFetched() <-chan struct{} {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.fetched
}

// fetch fetches a list, reports, and wakes all who wait.
func (s *StatusLists) fetch(ctx context.Context, url string, v *Verifier) {
	defer func() {
		s.mutex.Lock()
		defer s.mutex.Unlock()
		close(s.fetched)
		s.fetched = make(chan struct{})
	}()
	body, err := s.read(ctx, url)
	if err != nil {
		body = nil
	}
	s.Fetched(url, body, v)
}

func (s *StatusLists) read(ctx context.Context, url string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Accept", "application/statuslist+jwt")
	response, err := s.client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("status %d", response.StatusCode)
	}
	// One byte more shows that it is too large.
	return io.ReadAll(io.LimitReader(response.Body, s.maxBody+1))
}

// Explain explains the verdict of a verifier as [Verifier.Explain] does, and with one more check, "status", that of
// [StatusLists.Check].
func (s *StatusLists) Explain(v *Verifier, token string) (*Explanation, error) {
	pointer, err := s.enter()
	if err != nil {
		return nil, err
	}
	defer s.leave()
	verifier, err := v.enter()
	if err != nil {
		return nil, err
	}
	defer v.leave()
	var made C.tokenmint_bytes
	var e C.tokenmint_error
	p, n := text(token)
	lists, now := (*C.tokenmint_status_lists)(pointer), C.int64_t(s.host.now().Unix())
	status := C.tokenmint_status_lists_explain(lists, (*C.tokenmint_verifier)(verifier), p, n, now, &made, &e)
	report, err := taken(status, &made, &e)
	if err != nil {
		return nil, err
	}
	explanation := &Explanation{}
	return explanation, json.Unmarshal(report, explanation)
}
