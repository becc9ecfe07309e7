package tokenmint

import "context"

// Permission is what a client or an API key may do.
type Permission string

// The permissions.
const (
	// MayUseClientCredentials allows access tokens for the client itself.
	MayUseClientCredentials Permission = "client_credentials"
	// MayActForUsers allows access tokens for users of the client's organization.
	MayActForUsers Permission = "entity_user"
	// MayOpenSessions allows sessions with refresh tokens.
	MayOpenSessions Permission = "sessions"
	// MayIssueEntityTokens allows tokens for entities, their users and groups, and ending them.
	MayIssueEntityTokens Permission = "entity_tokens"
	// MayMakeLinks allows single-use links, and the account tokens that they lead to.
	MayMakeLinks Permission = "links"
)

// Client is a client in the directory: an id, and a secret to prove it.
type Client struct {
	ID           string `json:"id"`
	Organization string `json:"organization"`
	// Secret is its secret, of which only the hash is stored; or SecretSHA256, one or two hashes.
	Secret       string       `json:"secret,omitempty"`
	SecretSHA256 StringList   `json:"secret_sha256,omitempty"`
	Permissions  []Permission `json:"permissions"`
	// Subject is the sub of its session tokens, where that is not its id.
	Subject string `json:"subject,omitempty"`
	// Name is what it must state when it opens a session.
	Name string `json:"name,omitempty"`
	// Claims are custom claims of its session tokens.
	Claims map[string]any `json:"claims,omitempty"`
}

// CreateClient adds a client. It fails with ErrAlreadyExists.
func (i *Issuer) CreateClient(ctx context.Context, store Store, client Client) error {
	client.Permissions = list(client.Permissions)
	return i.operate(ctx, store, "create_client", client, nil)
}

// DisableClient ends a client and its tokens. It fails with ErrNotFound.
func (i *Issuer) DisableClient(ctx context.Context, store Store, id string) error {
	return i.operate(ctx, store, "disable_client", map[string]string{"id": id}, nil)
}

// AddClientSecret adds a second secret, by its hash, so that the first can be replaced without a gap. It fails with
// ErrNotFound.
func (i *Issuer) AddClientSecret(ctx context.Context, store Store, id, secretSHA256 string) error {
	return i.operate(ctx, store, "add_client_secret", map[string]string{"id": id, "secret_sha256": secretSHA256}, nil)
}

// RetireClientSecret removes the older of two secrets. It fails with ErrNotFound.
func (i *Issuer) RetireClientSecret(ctx context.Context, store Store, id string) error {
	return i.operate(ctx, store, "retire_client_secret", map[string]string{"id": id}, nil)
}

// BearerKey is a bearer key in the directory: the API key that the callers of a dialect present.
type BearerKey struct {
	// Bearer is what a request presents, of which only the hash is stored; or KeySHA256, its hash.
	Bearer       string       `json:"bearer,omitempty"`
	KeySHA256    string       `json:"key_sha256,omitempty"`
	Organization string       `json:"organization"`
	Permissions  []Permission `json:"permissions"`
}

// CreateBearerKey adds a bearer key. It fails with ErrAlreadyExists.
func (i *Issuer) CreateBearerKey(ctx context.Context, store Store, key BearerKey) error {
	key.Permissions = list(key.Permissions)
	return i.operate(ctx, store, "create_bearer_key", key, nil)
}

// DisableBearerKey ends a bearer key. It fails with ErrNotFound.
func (i *Issuer) DisableBearerKey(ctx context.Context, store Store, keySHA256 string) error {
	return i.operate(ctx, store, "disable_bearer_key", map[string]string{"key_sha256": keySHA256}, nil)
}

// Entity is an entity, or a group of entities, of an organization.
type Entity struct {
	ID string `json:"id"`
	// ForeignID is its id in the organization's own system.
	ForeignID    string `json:"foreign_id,omitempty"`
	Organization string `json:"organization"`
}

// CreateEntity adds an entity. It fails with ErrAlreadyExists.
func (i *Issuer) CreateEntity(ctx context.Context, store Store, entity Entity) error {
	return i.operate(ctx, store, "create_entity", entity, nil)
}

// DisableEntity ends an entity. It fails with ErrNotFound.
func (i *Issuer) DisableEntity(ctx context.Context, store Store, organization, id string) error {
	return i.disable(ctx, store, "disable_entity", organization, id)
}

// CreateGroup adds a group. It fails with ErrAlreadyExists.
func (i *Issuer) CreateGroup(ctx context.Context, store Store, group Entity) error {
	return i.operate(ctx, store, "create_group", group, nil)
}

// DisableGroup ends a group. It fails with ErrNotFound.
func (i *Issuer) DisableGroup(ctx context.Context, store Store, organization, id string) error {
	return i.disable(ctx, store, "disable_group", organization, id)
}

// User is a user of an entity, of a group, or of both.
type User struct {
	ID string `json:"id"`
	// ForeignID is the id in the organization's own system.
	ForeignID    string `json:"foreign_id,omitempty"`
	Organization string `json:"organization"`
	Entity       string `json:"entity,omitempty"`
	Group        string `json:"group,omitempty"`
}

// CreateUser adds a user. It fails with ErrAlreadyExists.
func (i *Issuer) CreateUser(ctx context.Context, store Store, user User) error {
	return i.operate(ctx, store, "create_user", user, nil)
}

// DisableUser ends a user. It fails with ErrNotFound.
func (i *Issuer) DisableUser(ctx context.Context, store Store, organization, id string) error {
	return i.disable(ctx, store, "disable_user", organization, id)
}

func (i *Issuer) disable(ctx context.Context, store Store, operation, organization, id string) error {
	return i.operate(ctx, store, operation, map[string]string{"organization": organization, "id": id}, nil)
}
