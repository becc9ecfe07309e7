package tokenmint

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"io"
	"time"
)

// IssuerOption is an option of [NewIssuer].
type IssuerOption interface{ forIssuer(*options) }

// VerifierOption is an option of [NewVerifier].
type VerifierOption interface{ forVerifier(*options) }

// PolicyOption is an option of [NewIssuer] and of [NewVerifier].
type PolicyOption interface {
	IssuerOption
	VerifierOption
}

// HostOption is an option of everything that needs the time or randomness.
type HostOption interface {
	PolicyOption
	forHost(*host)
}

// Clock is where the time comes from, instead of [time.Now]; for tests.
func Clock(now func() time.Time) HostOption {
	return hostOption(func(h *host) { h.clock = now })
}

// Randomness is where seeds come from, instead of [crypto/rand.Reader]: 32 bytes for each operation. Only for tests: who
// knows the seed of an operation knows the secrets that it drew.
func Randomness(source io.Reader) HostOption {
	return hostOption(func(h *host) { h.random = source })
}

// OnEvent is told what happened in the flows, whether they succeeded or not: for audit logs and alarms. It is called
// before the flow returns.
func OnEvent(tell func(context.Context, Event)) HostOption {
	return hostOption(func(h *host) { h.tell = tell })
}

// host is what the core asks its host for.
type host struct {
	clock  func() time.Time
	random io.Reader
	tell   func(context.Context, Event)
}

type seed [32]byte

// seed draws the randomness of one operation.
func (h *host) seed() (s seed, err error) {
	if h.random != nil {
		return h.given()
	}
	rand.Read(s[:]) // never fails
	return s, nil
}

// given is apart, so that other seeds stay off the heap.
func (h *host) given() (s seed, err error) {
	_, err = io.ReadFull(h.random, s[:])
	return s, err
}

func (h *host) now() time.Time {
	if h.clock == nil {
		return time.Now()
	}
	return h.clock()
}

func hostOf(opts []HostOption) host {
	var h host
	for _, option := range opts {
		option.forHost(&h)
	}
	return h
}

// options are a configuration in the making, and the host beside it.
type options struct {
	config map[string]any
	host   host
}

func (o *options) json() ([]byte, error) {
	config, err := json.Marshal(o.config)
	if err != nil {
		return nil, refused(ErrPolicyInvalid, "", err)
	}
	return config, nil
}

type hostOption func(*host)

func (f hostOption) forHost(h *host)        { f(h) }
func (f hostOption) forIssuer(o *options)   { f(&o.host) }
func (f hostOption) forVerifier(o *options) { f(&o.host) }

// field is a field of a configuration of issuers.
type field struct {
	name  string
	value any
}

func (f field) forIssuer(o *options) { o.config[f.name] = f.value }

// expectation is a field of a configuration of verifiers.
type expectation field

func (f expectation) forVerifier(o *options) { o.config[f.name] = f.value }

// common is a field of both.
type common field

func (f common) forIssuer(o *options)   { o.config[f.name] = f.value }
func (f common) forVerifier(o *options) { o.config[f.name] = f.value }

func lasting(name string, d time.Duration) field {
	return field{name, string(appendLifetime(nil, d))}
}

// list is the items, none of which is an empty list in JSON and not null.
func list[T any](items []T) []T {
	return append([]T{}, items...)
}

func wholeSeconds(d time.Duration) int64 {
	return int64(d / time.Second)
}

// Audience is, for an issuer, the aud of tokens whose claims name none; for a verifier, what aud must name, or one of
// these.
func Audience(names ...string) PolicyOption { return common{"audience", list(names)} }

// TokenType is the header's typ; "JWT" where it is not given.
func TokenType(typ string) PolicyOption { return common{"token_type", typ} }

// Leeway is how far clocks may differ, in whole seconds; 0 where it is not given.
func Leeway(d time.Duration) PolicyOption { return common{"leeway_seconds", wholeSeconds(d)} }

// DefaultLifetime is how long tokens of the flows live; where it is not given, access tokens of sessions 15 minutes and all
// others one hour.
func DefaultLifetime(d time.Duration) IssuerOption { return lasting("lifetime", d) }

// MaxLifetime is the longest life that a token can be given; no bound but the calendar's where it is not given.
func MaxLifetime(d time.Duration) IssuerOption { return lasting("max_lifetime", d) }

// OpaqueAccessTokens makes access tokens of the flows opaque: only the issuer can look them up.
func OpaqueAccessTokens() IssuerOption { return field{"access_format", "opaque"} }

// FixedClaims are custom claims that every token carries.
func FixedClaims(claims map[string]any) IssuerOption { return field{"fixed_claims", claims} }

// SessionSecret is at least 32 bytes of text from which refresh, public and account tokens are derived; the flows that
// give such tokens need it.
func SessionSecret(secret string) IssuerOption { return field{"session_secret", secret} }

// SessionIdle is how long a session lives without a refresh; 30 days where it is not given. It is at least the lifetime of
// the session's access tokens.
func SessionIdle(d time.Duration) IssuerOption { return lasting("session_idle", d) }

// SessionAbsolute is how long a session lives at all; 90 days where it is not given.
func SessionAbsolute(d time.Duration) IssuerOption { return lasting("session_absolute", d) }

// SessionClaims are claims beside sid that hold the session's id.
func SessionClaims(names ...string) IssuerOption { return field{"session_claims", list(names)} }

// RefreshGrace is for how long a used refresh token is answered again; 10 seconds where it is not given, at most 60 without
// LongRefreshGrace.
func RefreshGrace(d time.Duration) IssuerOption {
	return field{"refresh_grace_seconds", wholeSeconds(d)}
}

// LongRefreshGrace lets the grace of a refresh be up to 30 minutes. For as long, a stolen refresh token that was exchanged
// already is good.
func LongRefreshGrace() IssuerOption { return field{"long_refresh_grace", true} }

// Narrowing is by which rule each custom claim is narrowed: "equal", as where it is not given, "subset" or "and".
func Narrowing(rules map[string]string) IssuerOption { return field{"narrowing", rules} }

// Renewal is for how long after its first issue an entity token can be renewed with itself; 30 days where it is not
// given.
func Renewal(d time.Duration) IssuerOption { return lasting("renewal", d) }

// RedeemWindow is for how long the same redeemer of a link gets the same answer again; 10 seconds where it is not given,
// at most 60.
func RedeemWindow(d time.Duration) IssuerOption {
	return field{"redeem_window_seconds", wholeSeconds(d)}
}

// PublicTokenLifetime is how long a redeemed link's public token lives; one hour where it is not given.
func PublicTokenLifetime(d time.Duration) IssuerOption { return lasting("public_token_lifetime", d) }

// Rate is a rate limit: so many events in a time, and so many at once.
type Rate struct {
	Events uint32
	Per    time.Duration
	Burst  uint32
}

func (r Rate) config() any {
	return map[string]any{"events": r.Events, "per": string(appendLifetime(nil, r.Per)), "burst": r.Burst}
}

// ClientRate is how many requests of one client are admitted; no limit where it is not given.
func ClientRate(r Rate) IssuerOption { return field{"client_rate", r.config()} }

// FailureRate is how many failed attempts are answered with the reason; no limit where it is not given.
func FailureRate(r Rate) IssuerOption { return field{"failure_rate", r.config()} }

// StatusPolicy is how the lists are in which every JWT of the flows has a place, so that whoever verifies it offline learns
// of its revocation.
type StatusPolicy struct {
	// URI is the URL below which the lists are; status below the issuer's name where it is empty.
	URI string
	// Every is how old a list becomes before there is the next one; 10 seconds where it is 0.
	Every time.Duration
	// TTL is how long a verifier keeps a list before it fetches the next one, at least Every; as long as that where it is 0.
	TTL time.Duration
	// Lifetime is how long a list can be relied upon where nobody can fetch the next one; one hour where it is 0.
	Lifetime time.Duration
	// Bits is how many bits a status has: 1 as where it is 0, 2, 4 or 8. With more than 1, the tokens of a client that is
	// disabled are suspended, and not invalid.
	Bits uint8
}

func (s StatusPolicy) config() any {
	config := map[string]any{}
	if s.URI != "" {
		config["uri"] = s.URI
	}
	for name, d := range map[string]time.Duration{"every": s.Every, "ttl": s.TTL, "lifetime": s.Lifetime} {
		if d != 0 {
			config[name] = string(appendLifetime(nil, d))
		}
	}
	if s.Bits != 0 {
		config["bits"] = s.Bits
	}
	return config
}

// Statuses gives every JWT of the flows a place in a status list; none where it is not given.
func Statuses(s StatusPolicy) IssuerOption { return field{"status_lists", s.config()} }

// DPoPPolicy is what an issuer demands of DPoP proofs (RFC 9449).
type DPoPPolicy struct {
	DPoPRules
	// Required gives no token that is not bound to a key.
	Required bool
	// Nonce demands a nonce of the token endpoint in each proof, which says the time in place of iat.
	Nonce bool
}

// DPoPRules are what a verifier demands of DPoP proofs (RFC 9449).
type DPoPRules struct {
	// MaxAge is how far the iat of a proof may lie from now; one minute where it is 0, at most ten.
	MaxAge time.Duration
	// Algorithms are those by which proofs are taken; any asymmetric one of the build where there is none.
	Algorithms []Algorithm
}

func (r DPoPRules) config() map[string]any {
	config := map[string]any{}
	if r.MaxAge != 0 {
		config["max_age"] = string(appendLifetime(nil, r.MaxAge))
	}
	if len(r.Algorithms) > 0 {
		config["algorithms"] = r.Algorithms
	}
	return config
}

// DPoP binds tokens to the keys of clients that prove to have one; no proof is looked at where it is not given.
func DPoP(p DPoPPolicy) IssuerOption {
	config := p.config()
	config["required"], config["nonce"] = p.Required, p.Nonce
	return field{"dpop", config}
}

// WithProof takes a token that is bound to a key with its DPoP proof only, and says what is demanded of that.
func WithProof(r DPoPRules) VerifierOption { return expectation{"dpop", r.config()} }

// RefuseBound refuses a token that is bound to a key or a certificate where it comes without the proof.
func RefuseBound() VerifierOption { return expectation{"refuse_bound", true} }

// Integration is something that links can connect to.
type Integration struct {
	// Slug is its id in requests.
	Slug string `json:"slug"`
	// Name is its name for people.
	Name string `json:"name"`
	// Categories are those it belongs to.
	Categories []string `json:"categories"`
}

// Integrations are what links can connect to.
func Integrations(all ...Integration) IssuerOption { return field{"integrations", list(all)} }

// TrustedIssuer is an issuer whose tokens are taken as assertions.
type TrustedIssuer struct {
	// Issuer is what iss of its tokens is. Where it is empty, it is asked for tokens that name no trusted issuer.
	Issuer string
	// JWKS is a JWK Set of its public keys.
	JWKS json.RawMessage
	// Audience is what each value of aud must be, or one of these; our issuer's name where there is none.
	Audience []string
	// MaxAge is how long its tokens live from their iat on, and how old they are, at most; one day where it is 0.
	MaxAge time.Duration
	// Reusable takes a token as often as it is presented until it ends, not once: for tokens in files, as those of
	// Kubernetes.
	Reusable bool
	// Rules are which of its tokens are taken, and what they give. The first rule that fits counts.
	Rules []AssertionRule
}

// AssertionRule is which tokens of a trusted issuer are taken, and what they give.
type AssertionRule struct {
	// Claims are what claims must be: texts by the claims' names, exact or with one * at the end. A name that begins with /
	// is the path to a text within a claim.
	Claims map[string]string `json:"claims"`
	// Subject is the subject that they give: a text in which {claim} stands for a claim.
	Subject string `json:"subject"`
	// Scope is what the tokens may allow; nothing by name where it is empty.
	Scope string `json:"scope,omitempty"`
	// Audience is whom the tokens may be for; the policy's audience where there is none.
	Audience []string `json:"audience,omitempty"`
	// ClientID is the client_id of the tokens, where no client has proved itself; their subject where it is empty.
	ClientID string `json:"client_id,omitempty"`
}

func (t TrustedIssuer) config() any {
	config := map[string]any{"jwks": t.JWKS, "reusable": t.Reusable, "audience": list(t.Audience), "rules": list(t.Rules)}
	if t.Issuer != "" {
		config["issuer"] = t.Issuer
	}
	if t.MaxAge != 0 {
		config["max_age"] = string(appendLifetime(nil, t.MaxAge))
	}
	return config
}

// TrustedIssuers are issuers whose tokens are taken for tokens of this one.
func TrustedIssuers(all ...TrustedIssuer) IssuerOption {
	configs := make([]any, len(all))
	for at, one := range all {
		configs[at] = one.config()
	}
	return field{"trusted_issuers", configs}
}

// EventReceiver is told what ends and what changes, by security event tokens (RFC 8417): [Issuer.PollEvents] gives them out.
type EventReceiver struct {
	// Audience is its name, usually its URL: aud of its tokens.
	Audience string `json:"audience"`
	// Events are of what it is told: "session-revoked", "credential-change", "token-claims-change"; everything where there is
	// none.
	Events []string `json:"events,omitempty"`
	// ClientID is the client that asks for its events at the poll endpoint of the oauth dialect.
	ClientID string `json:"client_id,omitempty"`
}

// EventReceivers are told what ends and what changes.
func EventReceivers(all ...EventReceiver) IssuerOption { return field{"event_receivers", list(all)} }

// FromIssuer is what iss must be, or one of these. A verifier needs it, or AnyIssuer.
func FromIssuer(names ...string) VerifierOption { return expectation{"issuer", list(names)} }

// AnyIssuer takes a token from any issuer whose key is in the key set.
func AnyIssuer() VerifierOption { return expectation{"any_issuer", true} }

// AnyAudience takes a token for any audience.
func AnyAudience() VerifierOption { return expectation{"any_audience", true} }

// Subject is what sub must be, or one of these.
func Subject(names ...string) VerifierOption { return expectation{"subject", list(names)} }

// AnyTokenType takes a token of any typ, or of none.
func AnyTokenType() VerifierOption { return expectation{"any_token_type", true} }

// WithoutExpiry takes a token without exp.
func WithoutExpiry() VerifierOption { return expectation{"without_expiry", true} }

// Require is which claims must be there.
func Require(claims ...string) VerifierOption { return expectation{"require", list(claims)} }

// Algorithms takes only these algorithms; whichever the keys have where it is not given.
func Algorithms(algorithms ...Algorithm) VerifierOption {
	return expectation{"algorithms", list(algorithms)}
}

// MaxAge refuses a token that was issued longer ago than this; then iat is required.
func MaxAge(d time.Duration) VerifierOption {
	return expectation{"max_age", string(appendLifetime(nil, d))}
}
