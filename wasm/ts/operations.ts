// What flows take and give, and their methods. Times are seconds since 1970 and lifetimes are seconds, as in tokens and in
// OAuth. Written by `cargo xtask vectors` from the core's table of operations.

import { Flows, nothing, outputOf } from "./flows.js";
import type { Call } from "./host.js";
import type { Lifetime } from "./lifetime.js";
import type { Claims } from "./results.js";
import type { Task } from "./task.js";

/** The way in which an access token is sent (RFC 6749 section 7.1). */
export type AccessTokenType = "Bearer" | "DPoP";

/** What a credential may be used for. */
export type Permission = "client_credentials" | "entity_user" | "sessions" | "refresh_token" | "token_exchange" | "entity_tokens" | "links";

/** Asks for an access token for a client itself. */
export interface ClientCredentialsRequest {
  /** The client's id. */
  clientId: string;
  /** One of its secrets. */
  clientSecret: string;
  /** What the token shall allow, of the client's scope; all of it where it is left out. */
  scope?: string | undefined;
  /** Whom the token shall be for, of the client's audience; all of it where it is left out. */
  audience?: readonly string[] | undefined;
  /** The thumbprint of the key that the token is bound to, of which the host has checked a DPoP proof. */
  jkt?: string | undefined;
  /** The SHA-256 in base64url of the certificate that the token is bound to (RFC 8705). */
  certificateSha256?: string | undefined;
}

/** An access token (RFC 6749 section 5.1). */
export interface AccessToken {
  /** The token. */
  readonly accessToken: string;
  /** How it is sent. */
  readonly tokenType: AccessTokenType;
  /** How long it lives. In seconds. */
  readonly expiresIn: number;
  /** What it allows, where it allows something by name. */
  readonly scope?: string;
}

/** Asks for an access token for a token of a trusted issuer. */
export interface AcceptAssertionRequest {
  /** The token of the trusted issuer. */
  assertion: string;
  /** The client that presents it, which gets the token as its own; none is needed. */
  clientId?: string | undefined;
  /** One of the client's secrets; none for a public client. */
  clientSecret?: string | undefined;
  /** What the token shall allow, of what the rule gives; all of it where it is left out. */
  scope?: string | undefined;
  /** Whom the token shall be for, of those whom the rule gives; all of them where it is left out. */
  audience?: readonly string[] | undefined;
  /** The thumbprint of the key that the token is bound to, of which the host has checked a DPoP proof. */
  jkt?: string | undefined;
  /** The SHA-256 in base64url of the certificate that the token is bound to (RFC 8705). */
  certificateSha256?: string | undefined;
}

/** Asks for a session. */
export interface StartSessionRequest {
  /** Whom the session is about: `sub` of its tokens. */
  subject: string;
  /** The id of the client that it is opened for, which its access tokens name. */
  clientId?: string | undefined;
  /** What its access tokens allow: words with one space between them. */
  scope?: string | undefined;
  /**
   * Whom its access tokens are for, of those whom its client's may be for, or else the policy's; all of them where
   * absent.
   */
  audience?: string | readonly string[] | undefined;
  /** Custom claims of its access tokens. */
  claims?: Readonly<Record<string, unknown>> | undefined;
  /** What the list of sessions tells of it, such as a device's name: at most 1 KiB of JSON, in no token. */
  details?: Readonly<Record<string, unknown>> | undefined;
  /** How long its access tokens live. */
  accessLifetime?: Lifetime | undefined;
  /** How long it lives without a refresh. */
  idle?: Lifetime | undefined;
  /** How long it lives at all. */
  absolute?: Lifetime | undefined;
  /** The thumbprint of the key that it is bound to, of which the host has checked a DPoP proof. */
  jkt?: string | undefined;
  /** The SHA-256 in base64url of the certificate that its tokens are bound to (RFC 8705). */
  certificateSha256?: string | undefined;
}

/** An access token, and the refresh token for the next pair. */
export interface TokenPair {
  /** The access token. */
  readonly accessToken: string;
  /** How the access token is sent. */
  readonly tokenType: AccessTokenType;
  /** How long the access token lives. In seconds. */
  readonly expiresIn: number;
  /** The refresh token: good for one exchange. */
  readonly refreshToken: string;
  /** How long the refresh token lives if it is not used. In seconds. */
  readonly refreshExpiresIn: number;
  /** The id of the session, by which it can be ended; `sid` in the access token. */
  readonly session: string;
  /** What the access token allows, where it allows anything. */
  readonly scope?: string;
}

/** Asks for the successor of a refresh token. */
export interface RefreshRequest {
  /** The refresh token. */
  refreshToken: string;
  /** The id of the client that presents it, where it has proved who it is. */
  clientId?: string | undefined;
  /** Less than the session's scope, for this access token only. */
  scope?: string | undefined;
  /** Some of those whom the session's tokens are for, for this access token only. */
  audience?: string | readonly string[] | undefined;
  /** The thumbprint of the key of which the host has checked a DPoP proof; the access token is bound to it. */
  jkt?: string | undefined;
  /** The SHA-256 in base64url of the certificate by which the client has proved itself. */
  certificateSha256?: string | undefined;
}

/** What a token that is good now says. */
export interface ActiveToken {
  /** The id of the client, or the organization, that it was issued to. */
  readonly clientId?: string;
  /** Whom it is about. */
  readonly subject?: string;
  /** Its scope. */
  readonly scope?: string;
  /** Its id. */
  readonly id?: string;
  /** When it was issued. In seconds since 1970. */
  readonly issuedAt?: number;
  /** When it ends. In seconds since 1970. */
  readonly expiresAt?: number;
  /** Whom it is for: all that `aud` names. */
  readonly audience: readonly string[];
  /** The verified claims; of an opaque token, those that a JWT in its place would have. */
  readonly claims: Claims;
}

/** Asks whether a token that is bound to a key is good. */
export interface CheckBoundRequest {
  /** The access token, of the header `Authorization: DPoP`. */
  token: string;
  /** The proof, of the one header `DPoP`. */
  proof: string;
  /** The method of the request. */
  method: string;
  /** The URL of the request, as clients know it. Query and fragment do not count. */
  url: string;
}

/** Asks whether a token that is bound to a certificate is good. */
export interface CheckWithCertificateRequest {
  /** The access token. */
  token: string;
  /** The SHA-256 in base64url of the DER of the certificate by which it came. */
  certificateSha256: string;
}

/** Asks whether a DPoP proof is good. */
export interface CheckProofRequest {
  /** The proof, of the one header `DPoP`. */
  proof: string;
  /** The method of the request. */
  method: string;
  /** The URL of the request, as clients know it. Query and fragment do not count. */
  url: string;
}

/** The key of a DPoP proof that is good. */
export interface ProvenKey {
  /** Its thumbprint (RFC 7638). */
  readonly jkt: string;
}

/** Asks for a token for less. */
export interface NarrowRequest {
  /** The access token, or a token of a trusted issuer. */
  token: string;
  /** Some words of its scope; all of them where absent. */
  scope?: string | undefined;
  /** Some of its audiences; all of them where absent. */
  audience?: string | readonly string[] | undefined;
  /** Narrower values of its custom claims, by the rules of the policy; the others stay as they are. */
  claims?: Readonly<Record<string, unknown>> | undefined;
  /** How long it lives, at most as long as that token. */
  lifetime?: Lifetime | undefined;
  /**
   * The client that asks for it and gets it: its `clientId`, that token's where absent. Of another client's token it
   * gets no more scope than it has itself; a public client narrows its own only.
   */
  clientId?: string | undefined;
  /** Who acts for the subject with it: `act`. */
  actor?: string | undefined;
  /**
   * In place of `actor`, an access token that is good now, or a token of a trusted issuer, which is used up: its
   * subject acts.
   */
  actorToken?: string | undefined;
}

/** A token for less. */
export interface NarrowedToken {
  /** The token. */
  readonly accessToken: string;
  /** How it is sent. */
  readonly tokenType: AccessTokenType;
  /** How long it lives. In seconds. */
  readonly expiresIn: number;
  /** What it allows, where it allows anything. */
  readonly scope?: string;
}

/** Names the sessions of a subject. */
export interface RevokeSessionsRequest {
  /** The subject. */
  subject: string;
  /** The id of the session that stays. */
  except?: string | undefined;
}

/** Asks for the sessions of a subject. */
export interface ListSessionsRequest {
  /** The subject. */
  subject: string;
  /** Where to go on: the `next` of an answer before. */
  after?: string | undefined;
  /** How many to look at, 1 to 100; 100 where absent. */
  limit?: number | undefined;
}

/** A session that lives. */
export interface Session {
  /** Its id, by which it can be ended. */
  readonly session: string;
  /** The id of the client that it was opened for. */
  readonly clientId?: string;
  /** What its access tokens allow. */
  readonly scope?: string;
  /** What the host said of it when it began. */
  readonly details: Readonly<Record<string, unknown>>;
  /** When it began. In seconds since 1970. */
  readonly createdAt: number;
  /** When it was refreshed last; when it began, where it never was. In seconds since 1970. */
  readonly lastUsedAt: number;
  /** When it ends if nobody refreshes it. In seconds since 1970. */
  readonly expiresAt: number;
}

/** Sessions of a subject. */
export interface SessionList {
  /** Those that live. There may be fewer than the limit, and none, before the end. */
  readonly sessions: readonly Session[];
  /** Where to go on; absent at the end. */
  readonly next?: string;
}

/** Asks for a single-use token. */
export interface IssueSingleUseRequest {
  /** What it is good for, such as `reset`. */
  purpose: string;
  /** How long it lives. */
  lifetime: Lifetime;
  /** Whom it is about: given back when it is redeemed. */
  subject?: string | undefined;
  /** What else is given back: at most 16 KiB. */
  payload?: Readonly<Record<string, unknown>> | undefined;
  /** A place for one token at a time, such as a user's id. */
  slot?: string | undefined;
  /** A short code of 6 to 10 digits in place of a token; it needs a slot. */
  digits?: number | undefined;
}

/** A single-use token that was made. */
export interface SingleUseToken {
  /** The token, or the code. */
  readonly token: string;
  /** When it ends. In seconds since 1970. */
  readonly expiresAt: number;
}

/** A single-use token that is looked at. */
export interface PeekSingleUseRequest {
  /** What it is presented for. */
  purpose: string;
  /** The token, or the code. */
  token: string;
  /** The slot that it must be of; a code is nothing without. */
  slot?: string | undefined;
}

/** What a single-use token is for. */
export interface SingleUseView {
  /** Whom it is about. */
  readonly subject?: string;
  /** What it was made with. */
  readonly payload: Readonly<Record<string, unknown>>;
  /** When it ends. In seconds since 1970. */
  readonly expiresAt: number;
}

/** A single-use token that is to be redeemed. */
export interface RedeemSingleUseRequest {
  /** What it is presented for. */
  purpose: string;
  /** The token, or the code. */
  token: string;
  /** The slot that it must be of; a code is nothing without. */
  slot?: string | undefined;
  /** Whatever tells one redeemer from another, such as an idempotency key. */
  redeemer?: string | undefined;
}

/** What a redeemed single-use token gives. */
export interface RedeemedSingleUse {
  /** Whom it is about. */
  readonly subject?: string;
  /** What it was made with. */
  readonly payload: Readonly<Record<string, unknown>>;
}

/** A single-use token that is to be cancelled: itself, or the slot that it is in. */
export interface CancelSingleUseRequest {
  /** What it was made for. */
  purpose: string;
  /** The token; a code has its slot. */
  token?: string | undefined;
  /** The slot. */
  slot?: string | undefined;
}

/** Asks for an API key. */
export interface CreateApiKeyRequest {
  /** Whose it is to be. */
  owner: string;
  /** What it allows. */
  scope?: string | undefined;
  /** Whatever else is to be known when it is presented: at most 16 KiB. */
  claims?: Readonly<Record<string, unknown>> | undefined;
  /** How long it lives; for good where it is left out. */
  lifetime?: Lifetime | undefined;
  /** A name that tells the owner's keys apart: at most 200 bytes. */
  name?: string | undefined;
  /** What it begins with, `key` where it is left out: lower-case letters, digits and `_`. */
  prefix?: string | undefined;
}

/** An API key that was made, or has another secret. */
export interface NewApiKey {
  /** The key. Nobody can look it up later. */
  readonly apiKey: string;
  /** Its id, by which it is managed. */
  readonly id: string;
  /** When it ends, if it does. In seconds since 1970. */
  readonly expiresAt?: number;
}

/** An API key that is good. */
export interface VerifiedApiKey {
  /** Its id. */
  readonly id: string;
  /** Whose it is. */
  readonly owner: string;
  /** What it allows. */
  readonly scope?: string;
  /** What it was made with. */
  readonly claims: Claims;
  /** Its name. */
  readonly name?: string;
  /** When it ends, if it does. In seconds since 1970. */
  readonly expiresAt?: number;
}

/** Asks for the API keys of an owner. */
export interface ListApiKeysRequest {
  /** Whose. */
  owner: string;
  /** Where to go on: `next` of the answer before. */
  after?: string | undefined;
  /** How many to look at, 1 to 100; 100 where it is left out. */
  limit?: number | undefined;
}

/** An API key in a list. */
export interface ApiKey {
  /** Its id. */
  readonly id: string;
  /** What it allows. */
  readonly scope?: string;
  /** Its name. */
  readonly name?: string;
  /** When it was made. In seconds since 1970. */
  readonly createdAt: number;
  /** When it ends, if it does, or did. In seconds since 1970. */
  readonly expiresAt?: number;
  /** Whether it was revoked, by itself or with all that is its owner's. */
  readonly revoked: boolean;
}

/** API keys of an owner. */
export interface ApiKeyList {
  /** The keys, in no order that means anything. */
  readonly apiKeys: readonly ApiKey[];
  /** Where to go on; not there at the end. */
  readonly next?: string;
}

/** Asks for another secret of an API key. */
export interface RotateApiKeyRequest {
  /** Its id. */
  id: string;
  /** How long the secret before stays good; it ends at once where this is left out. */
  keepFor?: Lifetime | undefined;
}

/** Names a token, and the client that revokes it. */
export interface RevokeTokenRequest {
  /** The access token. */
  token: string;
  /** The id of the client, which has proved who it is. */
  clientId: string;
}

/** A status list. */
export interface StatusListToken {
  /** Where it is to be found: `sub` in it, and in the tokens whose status it has. */
  readonly uri: string;
  /** The list, signed: it is served as `application/statuslist+jwt`. */
  readonly token: string;
}

/** The status lists of an issuer. */
export interface StatusListTokens {
  /** Each list that is in use, and those of generations before, in which nothing is valid. */
  readonly lists: readonly StatusListToken[];
  /** When the store was read: `iat` of each. In seconds since 1970. */
  readonly issuedAt: number;
  /** How long a verifier keeps them: `ttl` of each. In seconds. */
  readonly timeToLive: number;
}

/** A client: an id, and to prove it a secret, one or two hashes of it, or keys; a public client proves nothing. */
export interface Client {
  /** Its id. */
  id: string;
  /** The organization that it acts for. */
  organization: string;
  /** Its secret, of which only the hash is stored. */
  secret?: string | undefined;
  /** The SHA-256 of its secret in base64url; two while it changes over. */
  secretSha256?: string | readonly string[] | undefined;
  /** What it may do. */
  permissions: readonly Permission[];
  /** The `sub` of its session tokens, where that is not its id. */
  subject?: string | undefined;
  /** What it must state when it opens a session. */
  name?: string | undefined;
  /** Custom claims of its session tokens. */
  claims?: Readonly<Record<string, unknown>> | undefined;
  /** What its own tokens may allow; none where it is left out. */
  scope?: string | undefined;
  /** Whom its own tokens may be for; the policy's audience where it is left out. */
  audience?: readonly string[] | undefined;
  /** Whether it can keep no secret, and says no more than who it is: an app, a page. */
  public?: boolean | undefined;
  /** A JWK Set of the public keys by which it proves itself: it signs assertions (`private_key_jwt`). */
  jwks?: Readonly<Record<string, unknown>> | undefined;
  /** Whether all its tokens are bound to a key, so that each of its requests needs a DPoP proof (RFC 9449). */
  dpopBoundAccessTokens?: boolean | undefined;
}

/** What of a client is to be changed. */
export interface ChangeClientRequest {
  /** The client's id. */
  id: string;
  /** What it may do. */
  permissions?: readonly Permission[] | undefined;
  /** What its own tokens may allow; the empty text for nothing. */
  scope?: string | undefined;
  /** Whom its own tokens may be for; an empty list for the policy's audience. */
  audience?: readonly string[] | undefined;
  /** What it must state when it opens a session; the empty text for nothing. */
  name?: string | undefined;
  /** Custom claims of its session tokens: all of them. */
  claims?: Readonly<Record<string, unknown>> | undefined;
  /** Whether it proves nothing. One that has a secret or keys cannot become public. */
  public?: boolean | undefined;
  /** A JWK Set of the public keys by which it proves itself: all of them; the empty object for none. */
  jwks?: Readonly<Record<string, unknown>> | undefined;
  /** Whether all its tokens are bound to a key, so that each of its requests needs a DPoP proof (RFC 9449). */
  dpopBoundAccessTokens?: boolean | undefined;
  /** Whether it is refused. One that is taken back has its tokens again that have not ended. */
  disabled?: boolean | undefined;
}

/** Asks for the clients of the store. */
export interface ListClientsRequest {
  /** Where to go on: `next` of the answer before. */
  after?: string | undefined;
  /** How many to look at, 1 to 100; 100 where it is left out. */
  limit?: number | undefined;
}

/** A client in a list: all but its secrets. */
export interface ClientView {
  /** Its id. */
  readonly id: string;
  /** The organization that it acts for. */
  readonly organization: string;
  /** What it may do. */
  readonly permissions: readonly Permission[];
  /** The `sub` of its session tokens, where that is not its id. */
  readonly subject?: string;
  /** What it must state when it opens a session. */
  readonly name?: string;
  /** What its own tokens may allow. */
  readonly scope?: string;
  /** Whom its own tokens may be for; the policy's audience where it is empty. */
  readonly audience: readonly string[];
  /** Custom claims of its session tokens. */
  readonly claims: Claims;
  /** Whether it proves nothing. */
  readonly public: boolean;
  /** A JWK Set of the public keys by which it proves itself; the empty object where it has none. */
  readonly jwks: Readonly<Record<string, unknown>>;
  /** Whether all its tokens are bound to a key, so that each of its requests needs a DPoP proof (RFC 9449). */
  readonly dpopBoundAccessTokens?: boolean;
  /** Whether it is refused. */
  readonly disabled: boolean;
}

/** Clients of the store. */
export interface ClientList {
  /** The clients, in no order that means anything. */
  readonly clients: readonly ClientView[];
  /** Where to go on; not there at the end. */
  readonly next?: string;
}

/** A further secret of a client: itself, or the hash of it. */
export interface ClientSecret {
  /** The client's id. */
  id: string;
  /** The secret, of which only the hash is stored. */
  secret?: string | undefined;
  /** The SHA-256 of the secret in base64url. */
  secretSha256?: string | readonly string[] | undefined;
}

/** Asks for a new secret of a client. */
export interface RotateClientSecretRequest {
  /** The client's id. */
  id: string;
  /** How long the secrets before stay good; they end at once where this is left out. */
  keepFor?: Lifetime | undefined;
}

/** A client's new secret. */
export interface NewClientSecret {
  /** The client's id. */
  readonly id: string;
  /** The secret. Nobody can look it up later. */
  readonly secret: string;
}

/** A bearer key: itself, or the hash of it. */
export interface BearerKey {
  /** What a request presents, of which only the hash is stored. */
  bearer?: string | undefined;
  /** The SHA-256 of it in base64url. */
  keySha256?: string | readonly string[] | undefined;
  /** The organization that it acts for. */
  organization: string;
  /** What it may do. */
  permissions: readonly Permission[];
}

/** Names a bearer key, by itself or by the hash of it. */
export interface BearerKeyHash {
  /** What a request presents. */
  bearer?: string | undefined;
  /** The SHA-256 of it in base64url. */
  keySha256?: string | readonly string[] | undefined;
}

/** An event that its receiver does not take. */
export interface RefusedEvent {
  /** The event's id. */
  id: string;
  /** The receiver's error code, such as `invalid_key` (RFC 8935 section 2.4). */
  err: string;
}

/** Asks for security events, and says what became of those before. */
export interface PollEventsRequest {
  /** The receiver: its `audience` in the policy. */
  receiver: string;
  /** How many events at most; 100 where it is left out and at most, 0 for none. */
  maxEvents?: number | undefined;
  /** The ids of events that the receiver has. */
  ack?: readonly string[] | undefined;
  /** Events that the receiver does not take: they are not given out again. */
  refused?: readonly RefusedEvent[] | undefined;
  /** The name of this host: the events are its own for two minutes, whoever else asks with a name. */
  holder?: string | undefined;
}

/** A signed event. */
export interface SecurityEventToken {
  /** Its id: `jti`. */
  readonly id: string;
  /** The token, of the type `secevent+jwt`. */
  readonly token: string;
}

/** Security events of a receiver. */
export interface PolledEvents {
  /** The events, the oldest first. */
  readonly sets: readonly SecurityEventToken[];
  /** Whether there are more. */
  readonly moreAvailable: boolean;
}

/** Says which entity tokens end. */
export interface InvalidateTokensRequest {
  /** An API key. */
  bearer: string;
  /** The sessions whose tokens end; all tokens where it is left out. */
  sessions?: readonly string[] | undefined;
}

/** Asks for an access token for a user. */
export interface EntityUserRequest {
  /** The client's id. */
  clientId: string;
  /** One of its secrets. */
  clientSecret: string;
  /** The user's id. */
  user: string;
}

/** Asks for a session. */
export interface ExchangeApiKeyRequest {
  /** The client's id. */
  clientId: string;
  /** One of its secrets. */
  clientSecret: string;
  /** What the client must state, where it has a name. */
  name?: string | undefined;
}

/** What a link is for. */
export interface LinkDetails {
  /** The end user's id in the organization's own system. */
  readonly originId: string;
  /** The end user's organization. */
  readonly endUserOrganization: string;
  /** The end user's e-mail address, for identification. */
  readonly endUserEmail: string;
  /** The categories that can be linked. */
  readonly categories: readonly string[];
  /** The slug of the one integration that can be linked; any of the categories where absent. */
  readonly integration?: string | undefined;
  /** Whatever else the front end of the link needs. */
  readonly settings?: Readonly<Record<string, unknown>> | undefined;
}

/** Asks for a link. */
export interface CreateLinkRequest {
  /** An API key. */
  bearer: string;
  /** What the link is for. */
  details: LinkDetails;
  /** How long it shall live. */
  expiresIn: Lifetime;
}

/** A link that was made: its token is good for one redemption. */
export interface LinkToken {
  /** The token. */
  readonly linkToken: string;
  /** When it ends. In seconds since 1970. */
  readonly expiresAt: number;
}

/** A link that is waiting to be redeemed. */
export interface LinkView {
  /** What it is for. */
  readonly details: LinkDetails;
  /** When it ends. In seconds since 1970. */
  readonly expiresAt: number;
}

/** Asks to redeem a link. */
export interface RedeemLinkRequest {
  /** The link's token. */
  linkToken: string;
  /** The integration that the end user chose; it may be left out where the link names one. */
  integration?: string | undefined;
  /**
   * Whatever tells one redeemer from another, such as an idempotency key: who comes back with the same one shortly
   * after gets the same answer. Without one, the link is simply used.
   */
  redeemer?: string | undefined;
}

/** What a redeemed link gives: good for one exchange by the organization that made the link. */
export interface PublicToken {
  /** The token. */
  readonly publicToken: string;
  /** How long it lives. In seconds. */
  readonly expiresIn: number;
}

/** Asks for the token of an account. */
export interface ExchangePublicTokenRequest {
  /** An API key of the organization that made the link. */
  bearer: string;
  /** The category that is asked for. */
  category: string;
  /** The public token. */
  publicToken: string;
  /** As of a link that is redeemed. */
  redeemer?: string | undefined;
}

/** The lasting token of a linked account. */
export interface AccountToken {
  /** The token: it stands until it is replaced or ended. */
  readonly accountToken: string;
  /** The id of the account: the same whenever the same end user links the same category. */
  readonly id: string;
  /** The slug of the integration. */
  readonly integration: string;
}

/** Names an account by its token, for the organization that it belongs to. */
export interface OwnAccount {
  /** An API key of the organization. */
  bearer: string;
  /** The account's category. */
  category: string;
  /** The account's token. */
  accountToken: string;
}

/** A linked account. */
export interface Account {
  /** The organization that linked it. */
  readonly organization: string;
  /** The end user's id in the organization's own system. */
  readonly originId: string;
  /** The category. */
  readonly category: string;
  /** The slug of the integration. */
  readonly integration: string;
}

/** An entity, or a group of entities, of an organization. */
export interface Entity {
  /** Its id. */
  id: string;
  /** Its id in the organization's own system. */
  foreignId?: string | undefined;
  /** The organization that it belongs to. */
  organization: string;
}

/** Names a record by its owner and its id. */
export interface OwnedId {
  /** The organization that it belongs to. */
  organization: string;
  /** Its id. */
  id: string;
}

/** A user of an entity, of a group, or of both. */
export interface User {
  /** Its id. */
  id: string;
  /** Its id in the organization's own system. */
  foreignId?: string | undefined;
  /** The organization that it belongs to. */
  organization: string;
  /** The entity that it is a user of. */
  entity?: string | undefined;
  /** The group that it is a user of. */
  group?: string | undefined;
}

/** The flows: each gives a {@link Task} that asks a store. docs/operations.md shows each with an example. */
export abstract class Operations extends Flows {
  /**
   * Gives a client an access token for itself (RFC 6749 section 4.4): for all that it has, or for less. Fails with
   * `invalid_client`, `rate_limited`, `invalid_scope`, `invalid_target` or `invalid_dpop_proof`.
   */
  clientCredentials(input: ClientCredentialsRequest, call?: Call): Task<AccessToken> {
    return this.flow("client_credentials", input, call, outputOf<AccessToken>);
  }

  /**
   * Gives an access token for a token of a trusted issuer (RFC 7523 section 2.1), as the rule of the policy says that
   * it meets. Each is good once, unless the policy says otherwise. Fails with `invalid_grant`, `invalid_client`,
   * `rate_limited`, `invalid_scope`, `invalid_target` or `invalid_dpop_proof`.
   */
  acceptAssertion(input: AcceptAssertionRequest, call?: Call): Task<AccessToken> {
    return this.flow("accept_assertion", input, call, outputOf<AccessToken>);
  }

  /**
   * Starts a session, when the host has found out who is there: an access token, and a refresh token for the next one.
   * Without `clientId` it is the subject's alone; with one, it ends with the client. Lifetimes are the policy's, or
   * shorter ones. With `jkt`, its access token is bound to that key (RFC 9449), and its refresh tokens, too, unless its
   * client proves itself in another way. Fails with `invalid_scope`, `invalid_target`, `claim_reserved`,
   * `lifetime_too_long`, `not_found`, `rate_limited`, `invalid_dpop_proof` or `policy_invalid`.
   */
  startSession(input: StartSessionRequest, call?: Call): Task<TokenPair> {
    return this.flow("start_session", input, call, outputOf<TokenPair>);
  }

  /**
   * Exchanges a refresh token for the next pair (RFC 6749 section 6). Presented again within the grace, a refresh token
   * gives the same answer; later, it ends the session, for somebody else has it too. With `clientId`, the session must
   * be that client's. With `scope`, this access token allows less than the session, and with `audience` it is for
   * fewer. A session that is bound to a key needs that `jkt`. Fails with `invalid_grant`, `invalid_scope`,
   * `invalid_target`, `rate_limited`, `invalid_dpop_proof` or `policy_invalid`.
   */
  refresh(input: RefreshRequest, call?: Call): Task<TokenPair> {
    return this.flow("refresh", input, call, outputOf<TokenPair>);
  }

  /**
   * Says what an access token stands for, if it is good now: verified, and not revoked. Under a policy of DPoP one that
   * is bound is refused: `check_bound` takes it with its proof. Fails with `token_revoked`, `handle_malformed` or
   * `binding_mismatch`, and as `Verifier.verify` does.
   */
  check(input: { token: string }, call?: Call): Task<ActiveToken> {
    return this.flow("check", input, call, outputOf<ActiveToken>);
  }

  /**
   * Says what an access token stands for that is bound to a key (RFC 9449), if it is good now, and the proof that came
   * with it is good, for this token and this request. Each proof is taken once. Fails with `token_revoked`,
   * `handle_malformed`, `invalid_dpop_proof` or `binding_mismatch`, and as `Verifier.verify` does.
   */
  checkBound(input: CheckBoundRequest, call?: Call): Task<ActiveToken> {
    return this.flow("check_bound", input, call, outputOf<ActiveToken>);
  }

  /**
   * Says what an access token stands for that is bound to a certificate (RFC 8705), if it is good now. Fails with
   * `token_revoked`, `handle_malformed` or `binding_mismatch`, and as `Verifier.verify` does.
   */
  checkWithCertificate(input: CheckWithCertificateRequest, call?: Call): Task<ActiveToken> {
    return this.flow("check_with_certificate", input, call, outputOf<ActiveToken>);
  }

  /**
   * Checks a DPoP proof (RFC 9449) by the issuer's policy, and takes it once: for a log-in of the host, which then
   * starts a session that is bound to its key. Fails with `invalid_dpop_proof`.
   */
  checkProof(input: CheckProofRequest, call?: Call): Task<string> {
    return this.flow("check_proof", input, call, (json) => outputOf<{ jkt: string }>(json).jkt);
  }

  /**
   * Mints a token for less than an access token that is good now (RFC 8693): never wider in scope, audience, time or
   * claims. It ends with that one, and can be narrowed again, at most eight times over. A token of a trusted issuer
   * gives what its rule gives, or less, and is used up. Fails with `invalid_scope`, `invalid_target`, `claim_reserved`,
   * `lifetime_too_long`, `not_found`, `forbidden`, `invalid_grant`, `rate_limited`, `token_revoked` or
   * `handle_malformed`, and as `Verifier.verify` does.
   */
  narrow(input: NarrowRequest, call?: Call): Task<NarrowedToken> {
    return this.flow("narrow", input, call, outputOf<NarrowedToken>);
  }

  /** Ends a session, and the tokens that it gave. */
  revokeSession(input: { session: string }, call?: Call): Task<void> {
    return this.flow("revoke_session", input, call, nothing);
  }

  /**
   * Ends all sessions of a subject, and the tokens that they gave; with `except`, all but that one. Fails with
   * `not_found`.
   */
  revokeSessions(input: RevokeSessionsRequest, call?: Call): Task<void> {
    return this.flow("revoke_sessions", input, call, nothing);
  }

  /** Lists the sessions of a subject that live, such as the devices on which somebody is logged in. */
  listSessions(input: ListSessionsRequest, call?: Call): Task<SessionList> {
    return this.flow("list_sessions", input, call, (json) => outputOf<SessionList>(json, "sessions"));
  }

  /**
   * Makes a token that is good once, for one purpose: for a link in a mail, or a short code of digits. In a slot there
   * is one token at a time: a newer one ends the older. Five wrong codes end a code. Fails with `lifetime_too_long` or
   * `policy_invalid`.
   */
  issueSingleUse(input: IssueSingleUseRequest, call?: Call): Task<SingleUseToken> {
    return this.flow("issue_single_use", input, call, outputOf<SingleUseToken>);
  }

  /**
   * Shows what a single-use token is for. It stays good; only a wrong code counts, here as well. Fails with
   * `link_unknown`, `link_used`, `link_expired`, `attempts_exhausted` or `policy_invalid`.
   */
  peekSingleUse(input: PeekSingleUseRequest, call?: Call): Task<SingleUseView> {
    return this.flow("peek_single_use", input, call, outputOf<SingleUseView>);
  }

  /**
   * Redeems a single-use token. The same redeemer gets the same answer for a while. Fails with `link_unknown`,
   * `link_used`, `link_expired`, `attempts_exhausted` or `policy_invalid`.
   */
  redeemSingleUse(input: RedeemSingleUseRequest, call?: Call): Task<RedeemedSingleUse> {
    return this.flow("redeem_single_use", input, call, outputOf<RedeemedSingleUse>);
  }

  /**
   * Ends a single-use token that was not redeemed, or whichever is in a slot. One that is not known is as good as
   * cancelled. Fails with `link_used` or `policy_invalid`.
   */
  cancelSingleUse(input: CancelSingleUseRequest, call?: Call): Task<void> {
    return this.flow("cancel_single_use", input, call, nothing);
  }

  /**
   * Makes an API key for a customer, to be shown once: only the SHA-256 of it is kept. Fails with `invalid_scope` or
   * `claim_reserved`.
   */
  createApiKey(input: CreateApiKeyRequest, call?: Call): Task<NewApiKey> {
    return this.flow("create_api_key", input, call, outputOf<NewApiKey>);
  }

  /**
   * Says whose an API key is and what it allows, if it is good now, with one read; a typo is found without any. Fails
   * with `unauthenticated`, `token_expired`, `token_revoked` or `rate_limited`.
   */
  verifyApiKey(input: { apiKey: string }, call?: Call): Task<VerifiedApiKey> {
    return this.flow("verify_api_key", input, call, outputOf<VerifiedApiKey>);
  }

  /** Lists the API keys of a customer, also those that have ended, until they are forgotten. */
  listApiKeys(input: ListApiKeysRequest, call?: Call): Task<ApiKeyList> {
    return this.flow("list_api_keys", input, call, (json) => outputOf<ApiKeyList>(json, "api_keys"));
  }

  /**
   * Gives an API key another secret, while the one before is good for a chosen time. Secrets that were replaced earlier
   * keep their time; at most four are live beside the newest. Fails with `not_found` or `already_exists`.
   */
  rotateApiKey(input: RotateApiKeyRequest, call?: Call): Task<NewApiKey> {
    return this.flow("rotate_api_key", input, call, outputOf<NewApiKey>);
  }

  /** Ends an API key, with all its secrets; twice is as good as once. Fails with `not_found`. */
  revokeApiKey(input: { id: string }, call?: Call): Task<void> {
    return this.flow("revoke_api_key", input, call, nothing);
  }

  /** Revokes one token of a client (RFC 7009); one that is not known, or not its own, changes nothing. */
  revokeToken(input: RevokeTokenRequest, call?: Call): Task<void> {
    return this.flow("revoke_token", input, call, nothing);
  }

  /** Revokes every token, session, API key and single-use token about a subject that was made until now. */
  revokeSubject(input: { subject: string }, call?: Call): Task<void> {
    return this.flow("revoke_subject", input, call, nothing);
  }

  /** Revokes every token of a client that was issued until now. */
  revokeClient(input: { clientId: string }, call?: Call): Task<void> {
    return this.flow("revoke_client", input, call, nothing);
  }

  /** Revokes every token, session, API key and single-use token of this issuer that was made until now. */
  revokeAll(input: Record<string, never> = {}, call?: Call): Task<void> {
    return this.flow("revoke_all", input, call, nothing);
  }

  /**
   * Makes a store ready for this issuer: to be run at each start, before the other operations, and now and then. A
   * store that was wiped has lost what was revoked, so every token from before is refused from then on. A store that
   * knows the issuer stays as it is. The `prepare` of an endpoint does it for the endpoint's issuers.
   */
  adoptStore(input: Record<string, never> = {}, call?: Call): Task<void> {
    return this.flow("adopt_store", input, call, nothing);
  }

  /**
   * Gives the status lists as they are now (draft-ietf-oauth-status-list): for a host that writes them to a file or a
   * bucket whenever they are older than the policy says. An endpoint serves them by itself. Fails with
   * `policy_invalid`.
   */
  statusLists(input: Record<string, never> = {}, call?: Call): Task<StatusListTokens> {
    return this.flow("status_lists", input, call, (json) => outputOf<StatusListTokens>(json, "lists"));
  }

  /**
   * Adds a client, with its secret or the SHA-256 of it, with its public keys, or as a public one; the same client
   * again is no error. Fails with `already_exists`, `claim_reserved`, `invalid_scope` or `field_invalid`.
   */
  createClient(input: Client, call?: Call): Task<void> {
    return this.flow("create_client", input, call, nothing);
  }

  /**
   * Changes what a client may do; what is left out stays. Tokens that were made before stay as they are. Fails with
   * `not_found`, `claim_reserved`, `invalid_scope` or `field_invalid`.
   */
  changeClient(input: ChangeClientRequest, call?: Call): Task<void> {
    return this.flow("change_client", input, call, nothing);
  }

  /** Lists the clients of the store, page by page; those of a configuration are not in it. */
  listClients(input: ListClientsRequest, call?: Call): Task<ClientList> {
    return this.flow("list_clients", input, call, (json) => outputOf<ClientList>(json, "clients"));
  }

  /** Ends a client and its tokens. Fails with `not_found`. */
  disableClient(input: { id: string }, call?: Call): Task<void> {
    return this.flow("disable_client", input, call, nothing);
  }

  /** Adds a second secret: both are live until the older one is retired. Fails with `not_found` or `already_exists`. */
  addClientSecret(input: ClientSecret, call?: Call): Task<void> {
    return this.flow("add_client_secret", input, call, nothing);
  }

  /** Retires the older of two secrets. Fails with `not_found`. */
  retireClientSecret(input: { id: string }, call?: Call): Task<void> {
    return this.flow("retire_client_secret", input, call, nothing);
  }

  /**
   * Makes a new secret for a client, to be shown once, while those before are good for a chosen time. Secrets that were
   * replaced earlier keep their time; at most four are live beside the newest. Fails with `not_found` or
   * `already_exists`.
   */
  rotateClientSecret(input: RotateClientSecretRequest, call?: Call): Task<NewClientSecret> {
    return this.flow("rotate_client_secret", input, call, outputOf<NewClientSecret>);
  }

  /** Adds a bearer key, itself or the SHA-256 of it; the same key again is no error. Fails with `already_exists`. */
  createBearerKey(input: BearerKey, call?: Call): Task<void> {
    return this.flow("create_bearer_key", input, call, nothing);
  }

  /** Ends a bearer key. Fails with `not_found`. */
  disableBearerKey(input: BearerKeyHash, call?: Call): Task<void> {
    return this.flow("disable_bearer_key", input, call, nothing);
  }

  /**
   * Gives out the signed events (RFC 8417) of a receiver of the policy, each with the same id until it is acknowledged,
   * and takes what became of those before: for a host that sends them by a transport of its own. The poll endpoint of
   * the `oauth` dialect does the same for the receiver itself (RFC 8936). Fails with `not_found`.
   */
  pollEvents(input: PollEventsRequest, call?: Call): Task<PolledEvents> {
    return this.flow("poll_events", input, call, (json) => outputOf<PolledEvents>(json, "sets"), "refused");
  }

  /**
   * Ends the entity tokens of these sessions, or all of the organization's, that were issued until now. Fails with
   * `unauthenticated`, `forbidden`, `rate_limited` or `token_expired`.
   */
  invalidateTokens(input: InvalidateTokensRequest, call?: Call): Task<void> {
    return this.flow("invalidate_tokens", input, call, nothing);
  }

  /**
   * Gives a client an access token for a user of its organization. Fails with `invalid_client`, `not_found`,
   * `rate_limited` or `invalid_dpop_proof`.
   */
  entityUser(input: EntityUserRequest, call?: Call): Task<AccessToken> {
    return this.flow("entity_user", input, call, outputOf<AccessToken>);
  }

  /**
   * Opens a session for an API key, which is an id and a secret. Fails with `invalid_client`, `rate_limited` or
   * `policy_invalid`.
   */
  exchangeApiKey(input: ExchangeApiKeyRequest, call?: Call): Task<TokenPair> {
    return this.flow("exchange_api_key", input, call, outputOf<TokenPair>);
  }

  /**
   * Makes a single-use link for the holder of an API key. Fails with `unauthenticated`, `rate_limited`,
   * `lifetime_too_long` or `policy_invalid`.
   */
  createLink(input: CreateLinkRequest, call?: Call): Task<LinkToken> {
    return this.flow("create_link", input, call, outputOf<LinkToken>, "details");
  }

  /**
   * Looks at a link and does not consume it, as a GET must. Fails with `link_unknown`, `link_used` or `link_expired`.
   */
  peekLink(input: { linkToken: string }, call?: Call): Task<LinkView> {
    return this.flow("peek_link", input, call, (json) => outputOf<LinkView>(json, "details"));
  }

  /**
   * Redeems a link, once; the same redeemer gets the same answer again for a short time. Fails with `link_unknown`,
   * `link_used` or `link_expired`.
   */
  redeemLink(input: RedeemLinkRequest, call?: Call): Task<PublicToken> {
    return this.flow("redeem_link", input, call, outputOf<PublicToken>);
  }

  /**
   * Exchanges a public token for the lasting token of the account, once. Fails with `unauthenticated`, `link_unknown`
   * or `rate_limited`.
   */
  exchangePublicToken(input: ExchangePublicTokenRequest, call?: Call): Task<AccountToken> {
    return this.flow("exchange_public_token", input, call, outputOf<AccountToken>);
  }

  /** Replaces an account's token; the old one is good no longer. Fails with `unauthenticated` or `rate_limited`. */
  regenerateAccountToken(input: OwnAccount, call?: Call): Task<AccountToken> {
    return this.flow("regenerate_account_token", input, call, outputOf<AccountToken>);
  }

  /**
   * Ends an account's token, and the account with it; twice is as good as once. Fails with `unauthenticated` or
   * `rate_limited`.
   */
  deleteAccount(input: OwnAccount, call?: Call): Task<void> {
    return this.flow("delete_account", input, call, nothing);
  }

  /** Says which account an account token stands for. Fails with `unauthenticated`. */
  account(input: { accountToken: string }, call?: Call): Task<Account> {
    return this.flow("account", input, call, outputOf<Account>);
  }

  /** Adds an entity that tokens can be minted for; the same entity again is no error. Fails with `already_exists`. */
  createEntity(input: Entity, call?: Call): Task<void> {
    return this.flow("create_entity", input, call, nothing);
  }

  /** Ends an entity. Fails with `not_found`. */
  disableEntity(input: OwnedId, call?: Call): Task<void> {
    return this.flow("disable_entity", input, call, nothing);
  }

  /** Adds a group of entities; the same group again is no error. Fails with `already_exists`. */
  createGroup(input: Entity, call?: Call): Task<void> {
    return this.flow("create_group", input, call, nothing);
  }

  /** Ends a group. Fails with `not_found`. */
  disableGroup(input: OwnedId, call?: Call): Task<void> {
    return this.flow("disable_group", input, call, nothing);
  }

  /** Adds a user of an entity, of a group, or of both; the same user again is no error. Fails with `already_exists`. */
  createUser(input: User, call?: Call): Task<void> {
    return this.flow("create_user", input, call, nothing);
  }

  /** Ends a user. Fails with `not_found`. */
  disableUser(input: OwnedId, call?: Call): Task<void> {
    return this.flow("disable_user", input, call, nothing);
  }
}
