package tokenmint

import (
	"context"
	"encoding/json"
)

// ClientProof proves to be a client (RFC 6749 section 2.3.1).
type ClientProof struct {
	ClientID     string `json:"client_id"`
	ClientSecret string `json:"client_secret"`
}

// AccessToken is an access token and how long it lives; as JSON, a part of the answer of RFC 6749 section 5.1.
type AccessToken struct {
	AccessToken string   `json:"access_token"`
	ExpiresIn   Lifetime `json:"expires_in"`
}

// ClientCredentials gives a client an access token for itself (RFC 6749 section 4.4). It fails with ErrInvalidClient, and
// with ErrForbidden for a client that may not.
func (i *Issuer) ClientCredentials(ctx context.Context, store Store, proof ClientProof) (*AccessToken, error) {
	return flow[AccessToken](ctx, i, store, "client_credentials", proof)
}

// EntityUserRequest asks for an access token for a user of the client's organization.
type EntityUserRequest struct {
	ClientProof
	User string `json:"user"`
}

// EntityUser gives a client an access token for a user of its organization. It fails with ErrInvalidClient, and with
// ErrNotFound for a user of others.
func (i *Issuer) EntityUser(ctx context.Context, store Store, request EntityUserRequest) (*AccessToken, error) {
	return flow[AccessToken](ctx, i, store, "entity_user", request)
}

// ExchangeAPIKeyRequest asks for a session.
type ExchangeAPIKeyRequest struct {
	ClientProof
	// Name is what the client must state, where it has one in the directory.
	Name string `json:"name,omitempty"`
}

// TokenPair is an access token, and a refresh token for its successor.
type TokenPair struct {
	AccessToken      string   `json:"access_token"`
	ExpiresIn        Lifetime `json:"expires_in"`
	RefreshToken     string   `json:"refresh_token"`
	RefreshExpiresIn Lifetime `json:"refresh_expires_in"`
	// Session is the id by which it can be revoked.
	Session string `json:"session"`
}

// ExchangeAPIKey opens a session for an API key, which is an id and a secret. It fails with ErrInvalidClient.
func (i *Issuer) ExchangeAPIKey(ctx context.Context, store Store, request ExchangeAPIKeyRequest) (*TokenPair, error) {
	return flow[TokenPair](ctx, i, store, "exchange_api_key", request)
}

// RefreshRequest asks for the successor of a refresh token.
type RefreshRequest struct {
	RefreshToken string `json:"refresh_token"`
	// Client is the client that presents it, where it was authenticated; the token must be its own.
	Client string `json:"client,omitempty"`
}

// Refresh exchanges a refresh token (RFC 6749 section 6). Presented again within the grace, it gives the same answer;
// later, it ends the session, for somebody else has it too. It fails with ErrInvalidGrant.
func (i *Issuer) Refresh(ctx context.Context, store Store, request RefreshRequest) (*TokenPair, error) {
	return flow[TokenPair](ctx, i, store, "refresh", request)
}

// ActiveToken is what is known of a token that is good now.
type ActiveToken struct {
	Client    string   `json:"client"`
	Subject   string   `json:"subject"`
	Scope     string   `json:"scope"`
	ID        string   `json:"id"`
	IssuedAt  UnixTime `json:"issued_at"`
	ExpiresAt UnixTime `json:"expires_at"`
	// Audience is all that aud names.
	Audience []string `json:"audience"`
	// Claims are the verified claims as one JSON object; of an opaque token, those that a JWT in its place would have.
	Claims json.RawMessage `json:"claims"`
}

// Check verifies a token of this issuer and asks the store whether it was revoked. It fails as [Verifier.Verify] does,
// and with ErrTokenRevoked.
func (i *Issuer) Check(ctx context.Context, store Store, token string) (*ActiveToken, error) {
	return flow[ActiveToken](ctx, i, store, "check", map[string]string{"token": token})
}

// RevokeToken revokes one token of a client (RFC 7009). A token that is not known is no error.
func (i *Issuer) RevokeToken(ctx context.Context, store Store, client, token string) error {
	return i.operate(ctx, store, "revoke_token", map[string]string{"client": client, "token": token}, nil)
}

// RevokeSession ends a session.
func (i *Issuer) RevokeSession(ctx context.Context, store Store, session string) error {
	return i.operate(ctx, store, "revoke_session", map[string]string{"session": session}, nil)
}

// RevokeSubject revokes all tokens of a subject that were issued until now.
func (i *Issuer) RevokeSubject(ctx context.Context, store Store, subject string) error {
	return i.operate(ctx, store, "revoke_subject", map[string]string{"subject": subject}, nil)
}

// RevokeClient revokes all tokens of a client that were issued until now.
func (i *Issuer) RevokeClient(ctx context.Context, store Store, client string) error {
	return i.operate(ctx, store, "revoke_client", map[string]string{"client": client}, nil)
}

// RevokeAll revokes all tokens of this issuer that were issued until now.
func (i *Issuer) RevokeAll(ctx context.Context, store Store) error {
	return i.operate(ctx, store, "revoke_all", struct{}{}, nil)
}

// AdoptStore makes a store ready for this issuer, at each start of a program and now and then: where it is new or was
// wiped, what was revoked is not known any more, so every token from before is refused. On a store that knows the issuer
// it changes nothing. [Endpoint.Prepare] does it for the issuers of an endpoint.
func (i *Issuer) AdoptStore(ctx context.Context, store Store) error {
	return i.operate(ctx, store, "adopt_store", struct{}{}, nil)
}

// Target is whom an entity token is for: an entity or a group, and maybe a user of it.
type Target struct {
	Entity string `json:"entity,omitempty"`
	Group  string `json:"group,omitempty"`
	User   string `json:"user,omitempty"`
}

// EntityTokenRequest asks for a narrow token for a front end.
type EntityTokenRequest struct {
	// Bearer is an API key, or an entity token to be renewed.
	Bearer string `json:"bearer"`
	Target Target `json:"target"`
	// ExpiresIn is how long it shall live; the issuer's default where it is 0.
	ExpiresIn Lifetime `json:"expires_in,omitempty"`
	// Options are what the front end may show and do, as JSON; see docs/endpoints.md.
	Options any `json:"options,omitempty"`
}

// EntityToken gives the holder of an API key a token for one entity, group or user. It fails with ErrUnauthenticated,
// ErrForbidden or ErrNotFound.
func (i *Issuer) EntityToken(ctx context.Context, store Store, request EntityTokenRequest) (string, error) {
	given, err := flow[struct {
		Token string `json:"token"`
	}](ctx, i, store, "entity_token", request)
	if err != nil {
		return "", err
	}
	return given.Token, nil
}

// InvalidateTokensRequest ends entity tokens of an API key's organization.
type InvalidateTokensRequest struct {
	Bearer string `json:"bearer"`
	// Sessions are the sessions whose tokens end; all tokens where it is nil.
	Sessions []string `json:"sessions"`
}

// InvalidateTokens ends entity tokens that were issued until now. It fails with ErrUnauthenticated.
func (i *Issuer) InvalidateTokens(ctx context.Context, store Store, request InvalidateTokensRequest) error {
	return i.operate(ctx, store, "invalidate_tokens", request, nil)
}

// flow runs an operation and reads its output.
func flow[T any](ctx context.Context, i *Issuer, store Store, name string, input any) (*T, error) {
	output := new(T)
	if err := i.operate(ctx, store, name, input, output); err != nil {
		return nil, err
	}
	return output, nil
}
