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
	"sync"
	"time"
)

// SourceConfig describes a [TokenSource]. Endpoint and ClientID are required.
type SourceConfig struct {
	// Endpoint is the URL of the token endpoint: https, or http on this machine.
	Endpoint string `json:"endpoint"`
	// ClientID is the client's id.
	ClientID string `json:"client_id"`
	// ClientSecret is the client's secret; empty for a public client.
	ClientSecret string `json:"client_secret,omitempty"`
	// SecretInBody sends the secret in the body, for a server that does not read the header.
	SecretInBody bool `json:"secret_in_body,omitempty"`
	// ClientCredentials gets tokens by the client's credentials alone: there is no sign-in and no refresh token.
	ClientCredentials bool `json:"-"`
	// Name says whose tokens these are, where the client has several in one store.
	Name string `json:"name,omitempty"`
	// Scope is the scope to ask for.
	Scope string `json:"scope,omitempty"`
	// Parameters are further fields of each request, such as resource.
	Parameters map[string]string `json:"parameters,omitempty"`
	// Early is how long before its end an access token is replaced: a minute where it is 0.
	Early time.Duration `json:"-"`
	// Patience is how long one asks before the next may: 5 seconds where it is 0, less than the server's grace.
	Patience time.Duration `json:"-"`
	// AllowPlainHTTP takes http for other machines, too: whoever is on the way reads secrets and tokens.
	AllowPlainHTTP bool `json:"allow_plain_http,omitempty"`

	// Store is where the tokens are kept: in memory where it is nil, or wherever several processes share them.
	Store Store `json:"-"`
	// HTTPClient sends the requests; http.DefaultTransport where it is nil. Its redirects are not followed.
	HTTPClient *http.Client `json:"-"`
}

// TokenSource is a client's source of access tokens, as golang.org/x/oauth2 has the idea: Token is one that is good now. It
// asks before the end, one at a time however many goroutines and processes want one, and asks again where an answer was lost.
//
// errors.Is(err, ErrSignInRequired) says that the session is over, or that nobody has signed in.
type TokenSource struct {
	config json.RawMessage
	store  Store
	client *http.Client
	host   host

	// asking lets one goroutine of the process at a time look and ask; the others take what it got.
	asking chan struct{}
	mutex  sync.Mutex
	token  *SourceToken
	// unseen is until when the token is used without a look at the store.
	unseen time.Time
}

// SourceToken is an access token, its members named as those of golang.org/x/oauth2.
type SourceToken struct {
	// AccessToken is the token.
	AccessToken string
	// TokenType is how it is sent: always Bearer.
	TokenType string
	// Expiry is when it ends; zero where nobody said so.
	Expiry time.Time
	// Scope is what it allows, where somebody said so.
	Scope string
}

// GoString keeps the token out of logs.
func (t SourceToken) GoString() string { return t.String() }

// String keeps the token out of logs.
func (t SourceToken) String() string {
	return "tokenmint.SourceToken{Expiry: " + t.Expiry.String() + ", Scope: " + t.Scope + "}"
}

// String keeps the secret out of logs.
func (s *TokenSource) String() string { return "tokenmint.TokenSource" }

// GoString keeps the secret out of logs.
func (s *TokenSource) GoString() string { return s.String() }

// NewTokenSource is a source of this description. What is wrong with it is told by the first call.
func NewTokenSource(config SourceConfig, opts ...HostOption) (*TokenSource, error) {
	described := struct {
		SourceConfig
		Grant    string `json:"grant,omitempty"`
		Early    string `json:"early,omitempty"`
		Patience string `json:"patience,omitempty"`
	}{SourceConfig: config}
	if config.ClientCredentials {
		described.Grant = "client_credentials"
	}
	described.Early, described.Patience = lifetimeText(config.Early), lifetimeText(config.Patience)
	text, err := json.Marshal(described)
	if err != nil {
		return nil, refused(ErrPolicyInvalid, "", err)
	}
	s := &TokenSource{config: text, store: config.Store, host: hostOf(opts), asking: make(chan struct{}, 1)}
	if s.store == nil {
		s.store = &MemoryStore{}
	}
	s.client = &http.Client{}
	if config.HTTPClient != nil {
		*s.client = *config.HTTPClient
	}
	s.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return s, nil
}

func lifetimeText(d time.Duration) string {
	if d == 0 {
		return ""
	}
	return string(appendLifetime(nil, d))
}

// Keep keeps the tokens of a sign-in, in the place of those that are there. response is the token endpoint's answer to it, such
// as the body of the exchange of a code; an *oauth2.Token is one, too, once it is written as JSON.
//
// It fails with ErrBodyMalformed, ErrFieldRequired and ErrFieldInvalid for what is no such answer.
func (s *TokenSource) Keep(ctx context.Context, response []byte) error {
	s.forgetCached()
	return s.operate(ctx, "keep_tokens", map[string]any{"response": string(response)}, nil)
}

// Token is an access token that is good now: the one that is kept, or the next.
//
// It fails with ErrSignInRequired; ErrTokenEndpointUnavailable, whose RetryAfter says when to come again;
// ErrTokenEndpointRefused; and the store's errors.
func (s *TokenSource) Token() (*SourceToken, error) {
	return s.TokenContext(context.Background())
}

// TokenContext is Token for whoever may give up. A request that is under way then is one whose answer is lost.
func (s *TokenSource) TokenContext(ctx context.Context) (*SourceToken, error) {
	return s.next(ctx, "")
}

// TokenInsteadOf is TokenContext where a resource has refused this access token: another is asked for, whatever its end.
func (s *TokenSource) TokenInsteadOf(ctx context.Context, accessToken string) (*SourceToken, error) {
	return s.next(ctx, accessToken)
}

// Forget forgets the tokens, as for a sign-out, and gives the refresh token, to be revoked at the server.
func (s *TokenSource) Forget(ctx context.Context) (refreshToken string, err error) {
	s.forgetCached()
	var gone struct {
		RefreshToken string `json:"refresh_token"`
	}
	err = s.operate(ctx, "forget_tokens", map[string]any{}, &gone)
	return gone.RefreshToken, err
}

// sourceStep is what to do.
type sourceStep struct {
	Use *struct {
		AccessToken string `json:"access_token"`
		ExpiresAt   int64  `json:"expires_at"`
		Scope       string `json:"scope"`
		FreshForMS  int64  `json:"fresh_for_ms"`
	} `json:"use"`
	Ask    *sourceRequest `json:"ask"`
	WaitMS int64          `json:"wait_ms"`
}

type sourceRequest struct {
	URL           string          `json:"url"`
	Authorization string          `json:"authorization"`
	Body          string          `json:"body"`
	AfterMS       int64           `json:"after_ms"`
	WithinMS      int64           `json:"within_ms"`
	Attempt       json.RawMessage `json:"attempt"`
}

func (s *TokenSource) next(ctx context.Context, refused string) (*SourceToken, error) {
	select {
	case s.asking <- struct{}{}:
		defer func() { <-s.asking }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if token := s.cached(refused); token != nil {
		return token, nil
	}
	input := map[string]any{}
	if refused != "" {
		input["instead_of"] = refused
	}
	for {
		var step sourceStep
		if err := s.operate(ctx, "next_token", input, &step); err != nil {
			return nil, err
		}
		for step.Ask != nil {
			next, err := s.ask(ctx, step.Ask)
			if err != nil {
				return nil, err
			}
			step = *next
		}
		if step.Use != nil {
			return s.use(&step), nil
		}
		if err := pause(ctx, step.WaitMS); err != nil {
			return nil, err
		}
	}
}

// ask sends a request, and tells what came of it. The answer may be the only copy of a refresh token: it is told until the
// store has it, and also where whoever asked has given up.
func (s *TokenSource) ask(ctx context.Context, asked *sourceRequest) (*sourceStep, error) {
	// Nothing was sent yet: the claim lapses.
	if err := pause(ctx, asked.AfterMS); err != nil {
		return nil, err
	}
	answer := s.send(ctx, asked)
	answer["attempt"] = asked.Attempt
	telling := context.WithoutCancel(ctx)
	for tries := 1; ; tries++ {
		var step sourceStep
		err := s.operate(telling, "take_answer", answer, &step)
		passes := errors.Is(err, ErrStoreUnavailable) || errors.Is(err, ErrStoreUnknown) || errors.Is(err, ErrStoreBusy)
		if !passes || tries == 6 {
			return &step, err
		}
		time.Sleep(50 * time.Millisecond << tries)
	}
}

// send sends a request; without a status, no answer came.
func (s *TokenSource) send(ctx context.Context, asked *sourceRequest) map[string]any {
	lost := map[string]any{}
	ctx, cancel := context.WithTimeout(ctx, time.Duration(asked.WithinMS)*time.Millisecond)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, asked.URL, strings.NewReader(asked.Body))
	if err != nil {
		return lost
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Accept", "application/json")
	if asked.Authorization != "" {
		request.Header.Set("Authorization", asked.Authorization)
	}
	response, err := s.client.Do(request)
	if err != nil {
		return lost
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, 256<<10))
	if err != nil {
		return lost
	}
	answer := map[string]any{"status": response.StatusCode, "body": strings.ToValidUTF8(string(body), "\ufffd")}
	if after := response.Header.Get("Retry-After"); after != "" {
		answer["retry_after"] = after
	}
	return answer
}

func (s *TokenSource) use(step *sourceStep) *SourceToken {
	token := &SourceToken{AccessToken: step.Use.AccessToken, TokenType: "Bearer", Scope: step.Use.Scope}
	if step.Use.ExpiresAt != 0 {
		token.Expiry = time.Unix(step.Use.ExpiresAt, 0)
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.token, s.unseen = token, s.host.now().Add(time.Duration(step.Use.FreshForMS)*time.Millisecond)
	shown := *token
	return &shown
}

func (s *TokenSource) cached(refused string) *SourceToken {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.token == nil || s.token.AccessToken == refused || !s.host.now().Before(s.unseen) {
		return nil
	}
	token := *s.token
	return &token
}

func (s *TokenSource) forgetCached() {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.token = nil
}

func (s *TokenSource) operate(ctx context.Context, name string, input map[string]any, output any) error {
	input["source"] = s.config
	asked, err := json.Marshal(input)
	if err != nil {
		return refused(ErrInvalidRequest, "", err)
	}
	drawn, err := s.host.seed()
	if err != nil {
		return err
	}
	var task *C.tokenmint_task
	var e C.tokenmint_error
	op, opLength := text(name)
	in, inLength := text(view(asked))
	status := C.tokenmint_source_operation(op, opLength, in, inLength, C.int64_t(s.host.now().UnixMicro()), drawn.c(), &task, &e)
	result, err := s.host.run(ctx, status, task, &e, s.store, nil)
	if err != nil || output == nil {
		return err
	}
	return json.Unmarshal(result, output)
}

func pause(ctx context.Context, milliseconds int64) error {
	if milliseconds == 0 {
		return nil
	}
	timer := time.NewTimer(time.Duration(milliseconds) * time.Millisecond)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
