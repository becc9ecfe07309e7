//! Sessions, and whether a token still stands.

use super::table::{Hidden, Nothing, Seconds, operations};
use crate::describe::{Shape, described, shapes};
use crate::encoding::array_from_base64url;
use crate::error::{Result, field_invalid};
use crate::flow::access_token::AccessTokenType;
use crate::flow::holder::Holder;
use crate::flow::{active_token, list_sessions, narrow, refresh, start_session, token_pair};
use crate::json::{JsonMembers, Ready, ToJson};
use crate::time::{Lifetime, UnixTime};
use crate::token::dpop::DpopProof;
use crate::values::OneOrMany;

operations! {
    "Sessions":

    /// Starts a session, when the host has found out who is there: an access token, and a refresh token for the next one.
    /// Without `client_id` it is the subject's alone; with one, it ends with the client. Lifetimes are the policy's, or
    /// shorter ones. With `jkt`, its access token is bound to that key (RFC 9449), and its refresh tokens, too, unless its client
    /// proves itself in another way.
    start_session(StartSessionRequest) -> TokenPair,
        [InvalidScope, InvalidTarget, ClaimReserved, LifetimeTooLong, NotFound, RateLimited, InvalidDpopProof, PolicyInvalid]
        |issuer, input, context| issuer.start_session(input.into(), context);
    /// Exchanges a refresh token for the next pair (RFC 6749 section 6).
    /// Presented again within the grace, a refresh token gives the same answer; later, it ends the session, for somebody
    /// else has it too. With `client_id`, the session must be that client's. With `scope`, this access token allows less
    /// than the session, and with `audience` it is for fewer. A session that is bound to a key needs that `jkt`.
    refresh(RefreshRequest) -> TokenPair,
        [InvalidGrant, InvalidScope, InvalidTarget, RateLimited, InvalidDpopProof, PolicyInvalid]
        |issuer, input, context| issuer.refresh(refresh::Refresh::from(input), context);
    /// Says what an access token stands for, if it is good now: verified, and not revoked. Under a policy of DPoP one that is bound
    /// is refused: `check_bound` takes it with its proof.
    check(CheckRequest) -> ActiveToken, [TokenRevoked, HandleMalformed, BindingMismatch] + verification
        |issuer, input, context| issuer.check(&input.token, context);
    /// Says what an access token stands for that is bound to a key (RFC 9449), if it is good now, and the proof that came with it is
    /// good, for this token and this request. Each proof is taken once.
    check_bound(CheckBoundRequest) -> ActiveToken,
        [TokenRevoked, HandleMalformed, InvalidDpopProof, BindingMismatch] + verification
        |issuer, input, context| {
            let CheckBoundRequest { token, proof, method, url } = input;
            issuer.check_bound(&token, &proof, &method, &url, context)
        };
    /// Says what an access token stands for that is bound to a certificate (RFC 8705), if it is good now.
    check_with_certificate(CheckWithCertificateRequest) -> ActiveToken,
        [TokenRevoked, HandleMalformed, BindingMismatch] + verification
        |issuer, input, context| {
            let hash = sha256(&input.certificate_sha256)?;
            issuer.check_with_certificate(&input.token, hash, context)
        };
    /// Checks a DPoP proof (RFC 9449) by the issuer's policy, and takes it once: for a log-in of the host, which then starts a session
    /// that is bound to its key.
    check_proof(CheckProofRequest) -> ProvenKey, [InvalidDpopProof]
        |issuer, input, context| issuer.check_proof(&input.proof, &input.method, &input.url, context);
    /// Mints a token for less than an access token that is good now (RFC 8693): never wider in scope, audience, time or claims. It
    /// ends with that one, and can be narrowed again, at most eight times over. A token of a trusted issuer gives what its rule
    /// gives, or less, and is used up.
    narrow(NarrowRequest) -> NarrowedToken,
        [InvalidScope, InvalidTarget, ClaimReserved, LifetimeTooLong, NotFound, Forbidden, InvalidGrant, RateLimited, TokenRevoked, HandleMalformed]
        + verification
        |issuer, input, context| issuer.narrow(input.into(), context);
    /// Ends a session, and the tokens that it gave.
    revoke_session(SessionId) -> Nothing, []
        |issuer, input, context| issuer.revoke_session(&input.session, context);
    /// Ends all sessions of a subject, and the tokens that they gave; with `except`, all but that one.
    revoke_sessions(RevokeSessionsRequest) -> Nothing, [NotFound]
        |issuer, input, context| issuer.revoke_sessions(&input.subject, input.except.as_deref(), context);
    /// Lists the sessions of a subject that live, such as the devices on which somebody is logged in.
    list_sessions(ListSessionsRequest) -> SessionList, []
        |issuer, input, context| issuer.list_sessions(list_sessions::ListSessions::from(input), context);
}

described! {
    /// Asks for a session.
    #[json(read)]
    pub(crate) struct StartSessionRequest {
        /// Whom the session is about: `sub` of its tokens.
        subject: String,
        /// The id of the client that it is opened for, which its access tokens name.
        client_id: Option<String>,
        /// What its access tokens allow: words with one space between them.
        scope: Option<String>,
        /// Whom its access tokens are for, of those whom its client's may be for, or else the policy's; all of them where absent.
        #[json(default)]
        audience: OneOrMany,
        /// Custom claims of its access tokens.
        #[json(default)]
        claims: JsonMembers,
        /// What the list of sessions tells of it, such as a device's name: at most 1 KiB of JSON, in no token.
        #[json(default)]
        details: JsonMembers,
        /// How long its access tokens live.
        access_lifetime: Option<Lifetime>,
        /// How long it lives without a refresh.
        idle: Option<Lifetime>,
        /// How long it lives at all.
        absolute: Option<Lifetime>,
        /// The thumbprint of the key that it is bound to, of which the host has checked a DPoP proof.
        jkt: Option<String>,
        /// The SHA-256 in base64url of the certificate that its tokens are bound to (RFC 8705).
        certificate_sha256: Option<String>,
    }

    /// Asks for the successor of a refresh token.
    #[json(read)]
    pub(crate) struct RefreshRequest {
        /// The refresh token.
        refresh_token: String,
        /// The id of the client that presents it, where it has proved who it is.
        client_id: Option<String>,
        /// Less than the session's scope, for this access token only.
        scope: Option<String>,
        /// Some of those whom the session's tokens are for, for this access token only.
        #[json(default)]
        audience: OneOrMany,
        /// The thumbprint of the key of which the host has checked a DPoP proof; the access token is bound to it.
        jkt: Option<String>,
        /// The SHA-256 in base64url of the certificate by which the client has proved itself.
        certificate_sha256: Option<String>,
    }

    /// Asks whether a token is good.
    #[json(read)]
    pub(crate) struct CheckRequest {
        /// The access token.
        token: String,
    }

    /// Asks whether a token that is bound to a key is good.
    #[json(read)]
    pub(crate) struct CheckBoundRequest {
        /// The access token, of the header `Authorization: DPoP`.
        token: String,
        /// The proof, of the one header `DPoP`.
        proof: String,
        /// The method of the request.
        method: String,
        /// The URL of the request, as clients know it. Query and fragment do not count.
        url: String,
    }

    /// Asks whether a token that is bound to a certificate is good.
    #[json(read)]
    pub(crate) struct CheckWithCertificateRequest {
        /// The access token.
        token: String,
        /// The SHA-256 in base64url of the DER of the certificate by which it came.
        certificate_sha256: String,
    }

    /// Asks whether a DPoP proof is good.
    #[json(read)]
    pub(crate) struct CheckProofRequest {
        /// The proof, of the one header `DPoP`.
        proof: String,
        /// The method of the request.
        method: String,
        /// The URL of the request, as clients know it. Query and fragment do not count.
        url: String,
    }

    /// The key of a DPoP proof that is good.
    #[json(write)]
    pub(crate) struct ProvenKey {
        /// Its thumbprint (RFC 7638).
        jkt: String,
    }

    /// Asks for a token for less.
    #[json(read)]
    pub(crate) struct NarrowRequest {
        /// The access token, or a token of a trusted issuer.
        token: String,
        /// Some words of its scope; all of them where absent.
        scope: Option<String>,
        /// Some of its audiences; all of them where absent.
        #[json(default)]
        audience: OneOrMany,
        /// Narrower values of its custom claims, by the rules of the policy; the others stay as they are.
        #[json(default)]
        claims: JsonMembers,
        /// How long it lives, at most as long as that token.
        lifetime: Option<Lifetime>,
        /// The client that asks for it and gets it: its `client_id`, that token's where absent. Of another client's token it gets
        /// no more scope than it has itself; a public client narrows its own only.
        client_id: Option<String>,
        /// Who acts for the subject with it: `act`.
        actor: Option<String>,
        /// In place of `actor`, an access token that is good now, or a token of a trusted issuer, which is used up: its subject
        /// acts.
        actor_token: Option<String>,
    }

    /// A token for less.
    #[json(write)]
    pub(crate) struct NarrowedToken {
        /// The token.
        access_token: Hidden,
        /// How it is sent.
        token_type: AccessTokenType,
        /// How long it lives.
        expires_in: Seconds,
        /// What it allows, where it allows anything.
        #[json(omit)]
        scope: Option<String>,
    }

    /// Names a session.
    #[json(read)]
    pub(crate) struct SessionId {
        /// The session's id.
        session: String,
    }

    /// Names the sessions of a subject.
    #[json(read)]
    pub(crate) struct RevokeSessionsRequest {
        /// The subject.
        subject: String,
        /// The id of the session that stays.
        except: Option<String>,
    }

    /// Asks for the sessions of a subject.
    #[json(read)]
    pub(crate) struct ListSessionsRequest {
        /// The subject.
        subject: String,
        /// Where to go on: the `next` of an answer before.
        after: Option<String>,
        /// How many to look at, 1 to 100; 100 where absent.
        limit: Option<u32>,
    }

    /// An access token, and the refresh token for the next pair.
    #[json(write)]
    pub(crate) struct TokenPair {
        /// The access token.
        access_token: Hidden,
        /// How the access token is sent.
        token_type: AccessTokenType,
        /// How long the access token lives.
        expires_in: Seconds,
        /// The refresh token: good for one exchange.
        refresh_token: Hidden,
        /// How long the refresh token lives if it is not used.
        refresh_expires_in: Seconds,
        /// The id of the session, by which it can be ended; `sid` in the access token.
        session: String,
        /// What the access token allows, where it allows anything.
        #[json(omit)]
        scope: Option<String>,
    }

    /// Sessions of a subject.
    #[json(write)]
    pub(crate) struct SessionList {
        /// Those that live. There may be fewer than the limit, and none, before the end.
        sessions: Vec<Session>,
        /// Where to go on; absent at the end.
        #[json(omit)]
        next: Option<String>,
    }

    /// A session that lives.
    #[json(write)]
    pub(crate) struct Session {
        /// Its id, by which it can be ended.
        session: String,
        /// The id of the client that it was opened for.
        #[json(omit)]
        client_id: Option<String>,
        /// What its access tokens allow.
        #[json(omit)]
        scope: Option<String>,
        /// What the host said of it when it began.
        details: JsonMembers,
        /// When it began.
        created_at: UnixTime,
        /// When it was refreshed last; when it began, where it never was.
        last_used_at: UnixTime,
        /// When it ends if nobody refreshes it.
        expires_at: UnixTime,
    }

    /// What a token that is good now says.
    #[json(write)]
    pub(crate) struct ActiveToken {
        /// The id of the client, or the organization, that it was issued to.
        client_id: Option<String>,
        /// Whom it is about.
        subject: Option<String>,
        /// Its scope.
        scope: Option<String>,
        /// Its id.
        id: Option<String>,
        /// When it was issued.
        issued_at: Option<UnixTime>,
        /// When it ends.
        expires_at: Option<UnixTime>,
        /// Whom it is for: all that `aud` names.
        audience: Vec<String>,
        /// The verified claims; of an opaque token, those that a JWT in its place would have.
        claims: VerifiedClaims,
    }
}

/// Claims as they stand in their token.
pub(crate) struct VerifiedClaims(String);

impl ToJson for VerifiedClaims {
    fn write_json(&self, out: &mut Vec<u8>) {
        Ready(&self.0).write_json(out);
    }
}

shapes! {
    VerifiedClaims: Shape::Json;
}

impl From<StartSessionRequest> for start_session::StartSession {
    fn from(input: StartSessionRequest) -> Self {
        let StartSessionRequest { subject, client_id, scope, audience, claims, details, .. } = input;
        let StartSessionRequest { access_lifetime, idle, absolute, .. } = input;
        start_session::StartSession {
            subject,
            client: client_id,
            scope,
            audience: audience.0,
            claims,
            details,
            access_lifetime,
            idle,
            absolute,
            holder: Holder::answered_for(input.jkt, input.certificate_sha256),
        }
    }
}

impl From<RefreshRequest> for refresh::Refresh {
    fn from(input: RefreshRequest) -> Self {
        let RefreshRequest { refresh_token: token, client_id: client, scope, audience, .. } = input;
        let holder = Holder::answered_for(input.jkt, input.certificate_sha256);
        refresh::Refresh { token, client, name: None, scope, audience: audience.0, holder }
    }
}

impl From<NarrowRequest> for narrow::Narrow {
    fn from(input: NarrowRequest) -> Self {
        let NarrowRequest { token, scope, audience, claims, lifetime, client_id, actor, actor_token } = input;
        let (audience, client) = (audience.0, client_id);
        let holder = None;
        narrow::Narrow { token, scope, audience, claims, lifetime, client, actor, actor_token, holder }
    }
}

impl From<narrow::NarrowedToken> for NarrowedToken {
    fn from(token: narrow::NarrowedToken) -> Self {
        let narrow::NarrowedToken { access_token, token_type, expires_in, scope } = token;
        let (access_token, expires_in) = (access_token.into(), expires_in.into());
        NarrowedToken { access_token, token_type, expires_in, scope }
    }
}

impl From<DpopProof> for ProvenKey {
    fn from(proof: DpopProof) -> Self {
        ProvenKey { jkt: proof.thumbprint().to_owned() }
    }
}

/// A hash in base64url.
fn sha256(text: &str) -> Result<[u8; 32]> {
    let wrong = || field_invalid("certificate_sha256", "a hash has 43 characters of base64url");
    array_from_base64url(text).ok_or_else(wrong)
}

impl From<ListSessionsRequest> for list_sessions::ListSessions {
    fn from(input: ListSessionsRequest) -> Self {
        let request = list_sessions::ListSessions::new(input.subject);
        let request = input.limit.into_iter().fold(request, list_sessions::ListSessions::limit);
        input.after.into_iter().fold(request, list_sessions::ListSessions::after)
    }
}

impl From<list_sessions::SessionList> for SessionList {
    fn from(list: list_sessions::SessionList) -> Self {
        SessionList { sessions: list.sessions.into_iter().map(Session::from).collect(), next: list.next }
    }
}

impl From<list_sessions::SessionView> for Session {
    fn from(view: list_sessions::SessionView) -> Self {
        let list_sessions::SessionView {
            session,
            client,
            scope,
            details,
            created_at,
            last_used_at,
            expires_at,
        } = view;
        Session { session, client_id: client, scope, details, created_at, last_used_at, expires_at }
    }
}

impl From<token_pair::TokenPair> for TokenPair {
    fn from(pair: token_pair::TokenPair) -> Self {
        TokenPair {
            access_token: pair.access_token.into(),
            token_type: pair.token_type,
            expires_in: pair.expires_in.into(),
            refresh_token: pair.refresh_token.into(),
            refresh_expires_in: pair.refresh_expires_in.into(),
            session: pair.session,
            scope: pair.scope,
        }
    }
}

impl From<active_token::ActiveToken> for ActiveToken {
    fn from(token: active_token::ActiveToken) -> Self {
        let active_token::ActiveToken { client, subject, scope, id, issued_at, expires_at, audience, claims } =
            token;
        // They were verified as JSON.
        let claims = VerifiedClaims(claims);
        ActiveToken { client_id: client, subject, scope, id, issued_at, expires_at, audience, claims }
    }
}
