import type * as raw from "#raw";
import { invalid, textOf, TokenmintError } from "./error.js";
import type { Call } from "./host.js";
import type { Lifetime } from "./lifetime.js";
import { Owned } from "./owned.js";
import type {
  AccessToken,
  Account,
  AccountToken,
  ActiveToken,
  LinkDetails,
  LinkToken,
  LinkView,
  PublicToken,
  TokenPair,
} from "./results.js";
import { inCoreNames, inOwnNames } from "./names.js";
import { outputOf } from "./results.js";
import type { Task, Tell } from "./task.js";

/** What a client or an API key may do. */
export type Permission = "client_credentials" | "entity_user" | "sessions" | "entity_tokens" | "links";

/** A client's id and secret. */
export interface ClientProof {
  clientId: string;
  clientSecret: string;
}

/** What an entity token lets its holder's front end show and do; see docs/endpoints.md. */
export interface EntityOptions {
  expiresIn?: string | undefined;
  invoice?:
    | {
        status: readonly string[];
        lineItems?: "DISABLED" | "OPTIONAL" | "REQUIRED" | undefined;
        recurring?: boolean | undefined;
      }
    | undefined;
  pages?:
    | {
        paymentMethods?: boolean | undefined;
        representatives?: boolean | undefined;
        notifications?: boolean | undefined;
        counterparties?: boolean | undefined;
        approvals?: boolean | undefined;
        emailLog?: boolean | undefined;
      }
    | undefined;
  style?: { primaryColor: string } | undefined;
  vendors?: { network: "all" | "platform" | "entity"; disableCreation?: boolean | undefined } | undefined;
  entity?: { enableMercoaPayments?: boolean | undefined } | undefined;
  sessionId?: string | undefined;
}

/** A request for an entity token: for an entity or a group, or for a user of one. */
export interface EntityTokenRequest {
  /** An API key, or an entity token that is renewed. */
  bearer: string;
  entity?: string | undefined;
  group?: string | undefined;
  user?: string | undefined;
  expiresIn?: Lifetime | undefined;
  options?: EntityOptions | undefined;
}

/** A client in the directory: its secret, or one or two hashes of it. */
export interface ClientRecord {
  id: string;
  organization: string;
  /** Of which only the hash is stored. */
  secret?: string | undefined;
  /** The SHA-256 of the secret in base64url; two while it changes over. */
  secretSha256?: string | readonly string[] | undefined;
  permissions: readonly Permission[];
  /** The `sub` of its session tokens, where that is not its id. */
  subject?: string | undefined;
  /** What it must state when it opens a session. */
  name?: string | undefined;
  /** Custom claims of its session tokens. */
  claims?: Readonly<Record<string, unknown>> | undefined;
}

/** A bearer key in the directory, the API key that the callers of a dialect present: itself or the hash of it. */
export interface BearerKeyRecord {
  /** What a request presents, of which only the hash is stored. */
  bearer?: string | undefined;
  keySha256?: string | undefined;
  organization: string;
  permissions: readonly Permission[];
}

/** An entity, or a group of entities, of an organization. */
export interface EntityRecord {
  id: string;
  organization: string;
  /** Its id in the organization's own system. */
  foreignId?: string | undefined;
}

/** A user of an entity, of a group, or of both. */
export interface UserRecord extends EntityRecord {
  entity?: string | undefined;
  group?: string | undefined;
}

/** A record of the directory by its owner and its id. */
export interface RecordId {
  organization: string;
  id: string;
}

/** The flows: each gives a {@link Task} that asks a store. */
export abstract class Flows extends Owned {
  /** @internal */
  protected constructor(issuer: raw.Issuer) {
    super(issuer);
  }

  /**
   * A flow by its name, with its input and output as docs/c-abi.md names their members.
   *
   * The task fails with `invalid_request` for a name that is none, with `field_required` or `field_invalid` at the path of a
   * field that is missing, not known or not acceptable, and with the flow's own errors.
   */
  abstract operation(name: string, input: object, call?: Call): Task<Record<string, unknown>>;

  /** @internal */
  protected abstract flow<T>(
    name: string,
    input: object,
    call: Call | undefined,
    read: (json: string) => T,
    tell?: Tell,
  ): Task<T>;

  // Tokens for machines.

  /** An access token for a client (RFC 6749 section 4.4). Fails with `invalid_client`, `rate_limited`. */
  clientCredentials(input: ClientProof, call?: Call): Task<AccessToken> {
    return this.flow("client_credentials", input, call, outputOf<AccessToken>);
  }

  /**
   * An access token for a user on whose behalf a client acts. Fails with `invalid_client`, `invalid_grant`,
   * `rate_limited`.
   */
  entityUser(input: ClientProof & { user: string }, call?: Call): Task<AccessToken> {
    return this.flow("entity_user", input, call, outputOf<AccessToken>);
  }

  // Sessions.

  /**
   * Opens a session: an access token, and a refresh token for the next one. Fails with `invalid_client`, `rate_limited`,
   * and `policy_invalid` without a session secret.
   */
  exchangeApiKey(input: ClientProof & { name?: string | undefined }, call?: Call): Task<TokenPair> {
    return this.flow("exchange_api_key", input, call, outputOf<TokenPair>);
  }

  /**
   * Exchanges a refresh token for the next pair; with `client`, only if the session is that client's. Fails with
   * `invalid_grant`; an old refresh token ends its session.
   */
  refresh(input: { refreshToken: string; client?: string | undefined }, call?: Call): Task<TokenPair> {
    return this.flow("refresh", input, call, outputOf<TokenPair>);
  }

  /**
   * Whether an access token is good now: verified, and not revoked. Fails with the codes of tokens, `token_revoked` among
   * them.
   */
  check(input: { token: string }, call?: Call): Task<ActiveToken> {
    return this.flow("check", input, call, outputOf<ActiveToken>);
  }

  // Revocation.

  /** Revokes one token of a client (RFC 7009); a token that is not its own, or none, changes nothing. */
  revokeToken(input: { token: string; client: string }, call?: Call): Task<void> {
    return this.flow("revoke_token", input, call, nothing);
  }

  /** Ends a session and its tokens. */
  revokeSession(input: { session: string }, call?: Call): Task<void> {
    return this.flow("revoke_session", input, call, nothing);
  }

  /** Revokes every token about a subject that was issued before now. */
  revokeSubject(input: { subject: string }, call?: Call): Task<void> {
    return this.flow("revoke_subject", input, call, nothing);
  }

  /** Revokes every token of a client that was issued before now. */
  revokeClient(input: { client: string }, call?: Call): Task<void> {
    return this.flow("revoke_client", input, call, nothing);
  }

  /** Revokes every token that was issued before now. */
  revokeAll(input: Record<string, never> = {}, call?: Call): Task<void> {
    return this.flow("revoke_all", input, call, nothing);
  }

  /**
   * Makes a store ready for this issuer: to be run at each start, before the other flows, and now and then. A store that
   * was wiped has lost what was revoked, so every token from before is refused from then on. A store that knows the issuer
   * stays as it is. `Endpoint.prepare` does it for the issuers of an endpoint.
   */
  adoptStore(input: Record<string, never> = {}, call?: Call): Task<void> {
    return this.flow("adopt_store", input, call, nothing);
  }

  // Entity tokens.

  /**
   * A narrow token for an entity or a group, or for a user of one. Fails with `unauthenticated`, `forbidden`, `not_found`,
   * and `invalid_request` where the target is not one.
   */
  entityToken(input: EntityTokenRequest, call?: Call): Task<string> {
    const { entity, group, user, ...rest } = input ?? {};
    if ("target" in rest) throw invalid("target", "this field is not known: it is an entity, a group or a user");
    return this.flow("entity_token", { ...rest, target: { entity, group, user } }, call, tokenOf, ofEntityToken);
  }

  /** Ends these sessions of entity tokens, or all tokens of the API key's organization. */
  invalidateTokens(input: { bearer: string; sessions?: readonly string[] | undefined }, call?: Call): Task<void> {
    return this.flow("invalidate_tokens", input, call, nothing);
  }

  // Links.

  /** A link that works once. Fails with `unauthenticated`, `forbidden`, `invalid_request`. */
  createLink(input: { bearer: string; details: LinkDetails; expiresIn: Lifetime }, call?: Call): Task<LinkToken> {
    const { details, ...rest } = input ?? {};
    const named = { ...rest, details: inCoreNames(details) };
    return this.flow("create_link", named, call, outputOf<LinkToken>, (error) => inOwnNames(error, "details"));
  }

  /** What a link is for; it stays as it is. Fails with `link_unknown`, `link_used`, `link_expired`. */
  peekLink(input: { linkToken: string }, call?: Call): Task<LinkView> {
    return this.flow("peek_link", input, call, outputOf<LinkView>);
  }

  /**
   * Redeems a link, once. `integration` is what the end user chose. A `redeemer` is whatever tells one from another, such as
   * an idempotency key: the same one gets the same answer again for a short time. Fails with `link_unknown`, `link_used`,
   * `link_expired`, `invalid_request`.
   */
  redeemLink(
    input: { linkToken: string; integration?: string | undefined; redeemer?: string | undefined },
    call?: Call,
  ): Task<PublicToken> {
    return this.flow("redeem_link", input, call, outputOf<PublicToken>);
  }

  /**
   * Exchanges a public token for the lasting token of the account. Fails with `unauthenticated`, `forbidden`,
   * `invalid_grant`.
   */
  exchangePublicToken(
    input: { bearer: string; category: string; publicToken: string; redeemer?: string | undefined },
    call?: Call,
  ): Task<AccountToken> {
    return this.flow("exchange_public_token", input, call, outputOf<AccountToken>);
  }

  /** Replaces an account's token; the old one is good no longer. Fails with `unauthenticated`. */
  regenerateAccountToken(
    input: { bearer: string; category: string; accountToken: string },
    call?: Call,
  ): Task<AccountToken> {
    return this.flow("regenerate_account_token", input, call, outputOf<AccountToken>);
  }

  /** Ends an account's token, and the account with it; twice is as good as once. Fails with `unauthenticated`. */
  deleteAccount(input: { bearer: string; category: string; accountToken: string }, call?: Call): Task<void> {
    return this.flow("delete_account", input, call, nothing);
  }

  /** The account whose token this is. Fails with `unauthenticated`. */
  account(input: { accountToken: string }, call?: Call): Task<Account> {
    return this.flow("account", input, call, outputOf<Account>);
  }

  // The directory: who may ask for tokens, and for whom. The same record again is no error.

  /** Adds a client. Fails with `already_exists` where there is another one of this id. */
  createClient(input: ClientRecord, call?: Call): Task<void> {
    return this.flow("create_client", input, call, nothing);
  }

  /** Disables a client and its tokens. Fails with `not_found`. */
  disableClient(input: { id: string }, call?: Call): Task<void> {
    return this.flow("disable_client", input, call, nothing);
  }

  /** Adds a second secret: both are live until the older one is retired. Fails with `not_found`. */
  addClientSecret(
    input: { id: string; secret?: string | undefined; secretSha256?: string | undefined },
    call?: Call,
  ): Task<void> {
    return this.flow("add_client_secret", input, call, nothing);
  }

  /** Retires the older of two secrets. Fails with `not_found`. */
  retireClientSecret(input: { id: string }, call?: Call): Task<void> {
    return this.flow("retire_client_secret", input, call, nothing);
  }

  /** Adds a bearer key. Fails with `already_exists`. */
  createBearerKey(input: BearerKeyRecord, call?: Call): Task<void> {
    return this.flow("create_bearer_key", input, call, nothing);
  }

  /** Disables a bearer key. Fails with `not_found`. */
  disableBearerKey(input: { bearer?: string | undefined; keySha256?: string | undefined }, call?: Call): Task<void> {
    return this.flow("disable_bearer_key", input, call, nothing);
  }

  /** Adds an entity that tokens can be minted for. Fails with `already_exists`. */
  createEntity(input: EntityRecord, call?: Call): Task<void> {
    return this.flow("create_entity", input, call, nothing);
  }

  /** Disables an entity. Fails with `not_found`. */
  disableEntity(input: RecordId, call?: Call): Task<void> {
    return this.flow("disable_entity", input, call, nothing);
  }

  /** Adds a group of entities. Fails with `already_exists`. */
  createGroup(input: EntityRecord, call?: Call): Task<void> {
    return this.flow("create_group", input, call, nothing);
  }

  /** Disables a group. Fails with `not_found`. */
  disableGroup(input: RecordId, call?: Call): Task<void> {
    return this.flow("disable_group", input, call, nothing);
  }

  /** Adds a user of an entity, of a group, or of both. Fails with `already_exists`. */
  createUser(input: UserRecord, call?: Call): Task<void> {
    return this.flow("create_user", input, call, nothing);
  }

  /** Disables a user. Fails with `not_found`. */
  disableUser(input: RecordId, call?: Call): Task<void> {
    return this.flow("disable_user", input, call, nothing);
  }
}

/** Of the target, the core has a member of its own. */
function ofEntityToken(error: TokenmintError): TokenmintError {
  const own = inOwnNames(error);
  const { code, field, cause, retryAfterSeconds } = own;
  const text = textOf(own).replace("bearer, target,", "bearer, entity, group, user,");
  return new TokenmintError(code, text, { field: field?.replace(/^target\./, ""), cause, retryAfterSeconds });
}

function tokenOf(json: string): string {
  return (JSON.parse(json) as { token: string }).token;
}

/** The flows that change something give an empty object. */
function nothing(): void {}
