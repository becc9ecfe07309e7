// What can be said of an issuer and of a verifier. Written by `cargo xtask vectors` from the core's table of operations.

import type { Algorithm } from "./algorithm.js";
import type { Lifetime } from "./lifetime.js";

/** A rate limit: `events` for each `per` on average, and at most `burst` at once. */
export interface Rate {
  /** How many events, at least 1. */
  events: number;
  /** In which time. */
  per: Lifetime;
  /** How many of them at once, at least 1. */
  burst: number;
}

/** Which tokens of a trusted issuer are taken, and what they give: the methods of `AssertionRule` as fields. */
export interface AssertionRuleConfig {
  /**
   * What claims must be: texts by the claims' names, exact or with one `*` at the end. A name that begins with `/` is
   * the path to a text within a claim.
   */
  claims: Readonly<Record<string, unknown>>;
  /** The subject that they give: a text in which `{claim}` stands for a claim. */
  subject: string;
  /** What the tokens may allow; nothing by name where absent. */
  scope?: string | undefined;
  /** Whom the tokens may be for; the policy's audience where absent. */
  audience?: string | readonly string[] | undefined;
  /** The `clientId` of the tokens, where no client has proved itself; their subject where absent. */
  clientId?: string | undefined;
}

/** An issuer whose tokens are taken as assertions: the methods of `TrustedIssuer` as fields. */
export interface TrustedIssuerConfig {
  /** What `iss` of its tokens is. Where absent, it is asked for tokens that name no trusted issuer. */
  issuer?: string | undefined;
  /** A JWK Set of its public keys. */
  jwks: Readonly<Record<string, unknown>>;
  /** What each value of `aud` must be, or one of these; our issuer's name where absent. */
  audience?: string | readonly string[] | undefined;
  /** How long its tokens live from their `iat` on, and how old they are, at most; one day where absent. */
  maxAge?: Lifetime | undefined;
  /** Takes a token as often as it is presented until it ends, not once: for tokens in files, as those of Kubernetes. */
  reusable?: boolean | undefined;
  /** Which of its tokens are taken, and what they give. The first rule that fits counts. */
  rules: readonly AssertionRuleConfig[];
}

/** Status lists, in which every JWT of the flows has a place. */
export interface StatusPolicyConfig {
  /** The URL below which the lists are; `status` below the issuer's name where absent. */
  uri?: string | undefined;
  /** How old a list becomes before there is the next one; 10 seconds where absent. */
  every?: Lifetime | undefined;
  /**
   * How long a verifier keeps a list before it fetches the next one, at least `every`; as long as that where absent.
   */
  ttl?: Lifetime | undefined;
  /** How long a list can be relied upon where nobody can fetch the next one; one hour where absent. */
  lifetime?: Lifetime | undefined;
  /**
   * How many bits a status has: 1 as where absent, 2, 4 or 8. With more than 1, the tokens of a client that is disabled
   * are suspended, and not invalid.
   */
  bits?: number | undefined;
}

/** Somebody who is told what happens: the methods of `EventReceiver` as fields. */
export interface EventReceiverConfig {
  /** Its name, usually its URL: `aud` of its tokens. */
  audience: string;
  /** Of what it is told; of everything where empty. */
  events?: readonly ("session-revoked" | "token-claims-change" | "credential-change")[] | undefined;
  /** The client that asks for its events at the poll endpoint of the `oauth` dialect. */
  clientId?: string | undefined;
}

/** Something that a link can connect an end user to. */
export interface Integration {
  /** Its id in requests. */
  slug: string;
  /** Its name for people. */
  name: string;
  /** The categories it belongs to. */
  categories: readonly string[];
}

/** What an issuer demands of DPoP proofs (RFC 9449): the methods of `DpopPolicy` as fields. */
export interface DpopConfig {
  /** Gives no token that is not bound to a key. */
  required?: boolean | undefined;
  /** How far the `iat` of a proof may lie from now; one minute where absent, at most ten. */
  maxAge?: Lifetime | undefined;
  /** Demands a nonce of the token endpoint in each proof, which says the time in place of `iat`. */
  nonce?: boolean | undefined;
  /** By which algorithms proofs are taken; any asymmetric one of the build where absent. */
  algorithms?: readonly Algorithm[] | undefined;
}

/** An issuer's policy: the methods of `Policy` as fields. Only `issuer` is required. */
export interface IssuerConfig {
  /** Its name, usually its URL: `iss` in its tokens. */
  issuer: string;
  /** The `aud` of tokens whose claims name none. */
  audience?: string | readonly string[] | undefined;
  /** The header's `typ`; `JWT` where absent. */
  tokenType?: string | undefined;
  /** How long tokens of the flows live; where absent, access tokens of sessions 15 minutes and all others one hour. */
  lifetime?: Lifetime | undefined;
  /** The longest life that a token can be given; no bound but the calendar's where absent. */
  maxLifetime?: Lifetime | undefined;
  /** How far clocks may differ when its own tokens are verified; 0 where absent. */
  leewaySeconds?: number | undefined;
  /** What access tokens of the flows look like; `jwt` where absent. */
  accessFormat?: "jwt" | "opaque" | undefined;
  /** Custom claims that every token carries. */
  fixedClaims?: Readonly<Record<string, unknown>> | undefined;
  /** At least 32 bytes of text from which refresh, public and account tokens are derived. */
  sessionSecret?: string | undefined;
  /** How long a session lives without a refresh; 30 days where absent. At least the lifetime of its access tokens. */
  sessionIdle?: Lifetime | undefined;
  /** How long a session lives at all; 90 days where absent. */
  sessionAbsolute?: Lifetime | undefined;
  /** Claims beside `sid` that hold the session's id. */
  sessionClaims?: string | readonly string[] | undefined;
  /** For how many seconds a refresh token is answered again; 10 where absent, at most 60 without `longRefreshGrace`. */
  refreshGraceSeconds?: number | undefined;
  /** Lets that be up to 1800. For as long, a stolen refresh token that was exchanged already is good. */
  longRefreshGrace?: boolean | undefined;
  /** By which rule a custom claim is narrowed: `equal`, as where absent, `subset` or `and`. */
  narrowing?: Readonly<Record<string, unknown>> | undefined;
  /** For how long after its first issue an entity token can be renewed with itself; 30 days where absent. */
  renewal?: Lifetime | undefined;
  /** How many requests of one client are admitted; no limit where absent. */
  clientRate?: Rate | undefined;
  /** How many failed attempts are answered with the reason; no limit where absent. */
  failureRate?: Rate | undefined;
  /** For how many seconds the same redeemer of a link gets the same answer again; 10 where absent, at most 60. */
  redeemWindowSeconds?: number | undefined;
  /** How long a redeemed link's public token lives; one hour where absent. */
  publicTokenLifetime?: Lifetime | undefined;
  /** Issuers whose tokens are taken for tokens of this one. */
  trustedIssuers?: readonly TrustedIssuerConfig[] | undefined;
  /** Status lists, in which every JWT of the flows has a place; none where absent. */
  statusLists?: StatusPolicyConfig | undefined;
  /** Who is told what ends and what changes, by security event tokens (RFC 8417). */
  eventReceivers?: readonly EventReceiverConfig[] | undefined;
  /** What links can connect to. */
  integrations?: readonly Integration[] | undefined;
  /** What is demanded of DPoP proofs (RFC 9449); where absent, no proof is looked at. */
  dpop?: DpopConfig | undefined;
}

/** What a verifier demands of DPoP proofs (RFC 9449). */
export interface DpopVerifierConfig {
  /** How far the `iat` of a proof may lie from now; one minute where absent, at most ten. */
  maxAge?: Lifetime | undefined;
  /** By which algorithms proofs are taken; any asymmetric one of the build where absent. */
  algorithms?: readonly Algorithm[] | undefined;
}

/** What a verifier expects: the methods of `Verifier` as fields. */
export interface VerifierConfig {
  /** What `iss` must be, or one of these. */
  issuer?: string | readonly string[] | undefined;
  /** Takes a token from any issuer whose key is in the key set. */
  anyIssuer?: boolean | undefined;
  /** What `aud` must name, or one of these. */
  audience?: string | readonly string[] | undefined;
  /** Takes a token for any audience. */
  anyAudience?: boolean | undefined;
  /** What `sub` must be, or one of these; anything where absent. */
  subject?: string | readonly string[] | undefined;
  /** What the header's `typ` must be; `JWT` where absent. */
  tokenType?: string | undefined;
  /** Takes a token of any `typ`, or of none. */
  anyTokenType?: boolean | undefined;
  /** Takes a token without `exp`. */
  withoutExpiry?: boolean | undefined;
  /** Claims that must be there. */
  require?: string | readonly string[] | undefined;
  /** Takes only these algorithms; whichever the keys have where absent. */
  algorithms?: readonly Algorithm[] | undefined;
  /** Refuses a token issued longer ago than this; then `iat` is required. */
  maxAge?: Lifetime | undefined;
  /** Allows for clocks that differ by so many seconds; 0 where absent. */
  leewaySeconds?: number | undefined;
  /** Takes a token that is bound to a key with its DPoP proof only, and says what is demanded of that. */
  dpop?: DpopVerifierConfig | undefined;
  /** Refuses a token that is bound to a key or a certificate where it comes without the proof. */
  refuseBound?: boolean | undefined;
}
