package tokenmint

import (
	"context"
	"encoding/json"
)

// LinkDetails are what a link is for.
type LinkDetails struct {
	// OriginID is the end user's id in the organization's own system.
	OriginID string `json:"origin_id"`
	// EndUserOrganization is the end user's organization.
	EndUserOrganization string `json:"end_user_organization"`
	// EndUserEmail is the end user's e-mail address, for identification.
	EndUserEmail string `json:"end_user_email"`
	// Categories are those that can be linked.
	Categories []string `json:"categories"`
	// Integration is the slug of the one integration that can be linked; any of the categories where it is empty.
	Integration string `json:"integration,omitempty"`
	// Settings are whatever else the front end of the link needs.
	Settings map[string]json.RawMessage `json:"settings,omitempty"`
}

// CreateLinkRequest asks for a link.
type CreateLinkRequest struct {
	Bearer    string      `json:"bearer"`
	Details   LinkDetails `json:"details"`
	ExpiresIn Lifetime    `json:"expires_in"`
}

// Link is a link that was made: its token is good for one redemption.
type Link struct {
	LinkToken string   `json:"link_token"`
	ExpiresAt UnixTime `json:"expires_at"`
}

// CreateLink makes a single-use link for the holder of an API key. It fails with ErrUnauthenticated or ErrForbidden.
func (i *Issuer) CreateLink(ctx context.Context, store Store, request CreateLinkRequest) (*Link, error) {
	request.Details.Categories = list(request.Details.Categories)
	return flow[Link](ctx, i, store, "create_link", request)
}

// LinkView is a link that is waiting to be redeemed.
type LinkView struct {
	Details   LinkDetails `json:"details"`
	ExpiresAt UnixTime    `json:"expires_at"`
}

// PeekLink looks at a link and does not consume it, as a GET must. It fails with ErrLinkUnknown, ErrLinkUsed or
// ErrLinkExpired.
func (i *Issuer) PeekLink(ctx context.Context, store Store, linkToken string) (*LinkView, error) {
	return flow[LinkView](ctx, i, store, "peek_link", map[string]string{"link_token": linkToken})
}

// RedeemLinkRequest redeems a link.
type RedeemLinkRequest struct {
	LinkToken string `json:"link_token"`
	// Integration is what the end user chose; it may be empty where the link names one.
	Integration string `json:"integration,omitempty"`
	// Redeemer is whatever tells one redeemer from another, such as an idempotency key: who comes back with the same one
	// shortly after gets the same answer. Without one, the link is simply used.
	Redeemer string `json:"redeemer,omitempty"`
}

// PublicToken is what a redeemed link gives: good for one exchange by the organization that made the link.
type PublicToken struct {
	PublicToken string   `json:"public_token"`
	ExpiresIn   Lifetime `json:"expires_in"`
}

// RedeemLink consumes a link. It fails with ErrLinkUnknown, ErrLinkUsed or ErrLinkExpired.
func (i *Issuer) RedeemLink(ctx context.Context, store Store, request RedeemLinkRequest) (*PublicToken, error) {
	return flow[PublicToken](ctx, i, store, "redeem_link", request)
}

// ExchangePublicTokenRequest exchanges a public token.
type ExchangePublicTokenRequest struct {
	Bearer      string `json:"bearer"`
	Category    string `json:"category"`
	PublicToken string `json:"public_token"`
	// Redeemer is as in [RedeemLinkRequest].
	Redeemer string `json:"redeemer,omitempty"`
}

// AccountToken is a lasting token for a linked account.
type AccountToken struct {
	AccountToken string `json:"account_token"`
	ID           string `json:"id"`
	Integration  string `json:"integration"`
}

// ExchangePublicToken exchanges a public token for an account token. It fails with ErrUnauthenticated or ErrInvalidGrant.
func (i *Issuer) ExchangePublicToken(ctx context.Context, store Store, request ExchangePublicTokenRequest) (*AccountToken, error) {
	return flow[AccountToken](ctx, i, store, "exchange_public_token", request)
}

// RegenerateAccountTokenRequest asks for a new account token in place of an old one.
type RegenerateAccountTokenRequest struct {
	Bearer       string `json:"bearer"`
	Category     string `json:"category"`
	AccountToken string `json:"account_token"`
}

// RegenerateAccountToken replaces an account token; the old one ends. It fails with ErrUnauthenticated.
func (i *Issuer) RegenerateAccountToken(ctx context.Context, store Store, request RegenerateAccountTokenRequest) (*AccountToken, error) {
	return flow[AccountToken](ctx, i, store, "regenerate_account_token", request)
}

// DeleteAccountRequest names an account by its token.
type DeleteAccountRequest struct {
	Bearer       string `json:"bearer"`
	Category     string `json:"category"`
	AccountToken string `json:"account_token"`
}

// DeleteAccount ends an account token and the linked account with it; twice is as good as once. It fails with
// ErrUnauthenticated.
func (i *Issuer) DeleteAccount(ctx context.Context, store Store, request DeleteAccountRequest) error {
	return i.operate(ctx, store, "delete_account", request, nil)
}

// Account is a linked account.
type Account struct {
	Organization string `json:"organization"`
	OriginID     string `json:"origin_id"`
	Category     string `json:"category"`
	Integration  string `json:"integration"`
}

// Account is the account that an account token stands for. It fails with ErrUnauthenticated.
func (i *Issuer) Account(ctx context.Context, store Store, accountToken string) (*Account, error) {
	return flow[Account](ctx, i, store, "account", map[string]string{"account_token": accountToken})
}
