//! The issuer: keys and policy. It mints; its flows ask for storage.

use std::fmt;
use std::sync::Arc;

use serde::Serialize;

use crate::claims::Claims;
use crate::claims::text::ClaimsText;
use crate::error::{Error, ErrorCode, Result};
use crate::key::header::{self, REFRESH_TYPE};
use crate::key::{Key, KeySet, refuse_key_file};
use crate::policy::Policy;
use crate::store::MemoryStore;
use crate::task::{Io, Task};
use crate::time::{Context, Lifetime};
use crate::token::derived::DerivationKey;
use crate::token::id;
use crate::token::mint::{self, CallerClaims, IssuerClaims, NewPayload, Unsigned};
use crate::token::template::Template;
use crate::token::verifier::Verifier;

/// Mints tokens with its signing key, the first of the key set, and runs the flows. Immutable and cheap to clone.
///
/// ```
/// use tokenmint::*;
/// let keys = KeySet::builder().hmac("k1", [7; 32].as_slice())?.build()?;
/// let issuer = Issuer::new(keys, Policy::new("https://api.example.com"))?;
/// let context = Context::new(UnixTime::from_seconds(1_700_000_000), [1; 32]);
///
/// let claims = Claims::new().subject("ent_1").audience("app").set("pages", ["invoices"]);
/// let token = issuer.mint(&claims, "1h".parse()?, &context)?;
///
/// let claims = issuer.verifier().audience("app").verify(&token, context.now())?;
/// assert_eq!(claims.subject().as_deref(), Some("ent_1"));
/// assert_eq!(claims.claim::<Vec<String>>("pages")?.unwrap(), ["invoices"]);
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone)]
pub struct Issuer {
    inner: Arc<Inner>,
    /// The records of a configuration, where it is an endpoint's.
    directory: Option<Arc<MemoryStore>>,
}

struct Inner {
    keys: KeySet,
    signing: Key,
    header: String,
    /// With what its tokens' payloads begin.
    opening: String,
    policy: Policy,
    sessions: Option<SessionKeys>,
    /// Of its own tokens, for whichever audience.
    verifier: Verifier,
    /// As that, for the policy's audience where it has one.
    checker: Verifier,
}

/// What sessions and account tokens are derived with.
pub(crate) struct SessionKeys {
    pub(crate) refresh: KeySet,
    pub(crate) refresh_header: String,
    pub(crate) refresh_verifier: Verifier,
    pub(crate) derivation: DerivationKey,
}

impl Issuer {
    /// An issuer that signs with the first key of `keys` that can.
    ///
    /// # Errors
    /// `key_missing` where no key can sign, `policy_invalid` where the policy cannot work, `key_weak` for a session
    /// secret under 32 bytes, `key_usage` for one that is the file of a key.
    pub fn new(keys: KeySet, policy: Policy) -> Result<Self> {
        policy.check()?;
        let signing = keys.signing_key().cloned().ok_or_else(|| {
            Error::new(ErrorCode::KeyMissing).at("keys").because("the key set has no key that can sign")
        })?;
        let header = header::segment(&signing, &policy.token_type);
        let sessions = policy.session_secret.as_ref();
        let sessions = sessions.map(|secret| SessionKeys::new(secret, &policy.issuer)).transpose()?;
        let verifier = Verifier::new(keys.clone())
            .issuer(policy.issuer.clone())
            .token_type(policy.token_type.clone())
            .leeway_seconds(policy.leeway)
            .any_audience();
        let checker = for_audience_of(&policy, verifier.clone());
        let opening = mint::opening(&policy.issuer);
        let inner = Inner { keys, signing, header, opening, policy, sessions, verifier, checker };
        Ok(Issuer { inner: Arc::new(inner), directory: None })
    }

    /// Mints a token. The store is not asked: what [`Issuer::check`] later says of it goes by the time in its id, or by
    /// its `iat` where `claims` chose the id or the context's time is a whole second.
    ///
    /// # Errors
    /// `claim_reserved`, `claims_not_json`, `claims_too_large`; `lifetime_too_long` over the policy's maximum;
    /// `key_cannot_sign` where the host holds the signing key: see [`Issuer::mint_task`].
    pub fn mint(&self, claims: &Claims, lifetime: Lifetime, context: &Context) -> Result<String> {
        self.mint_payload(claims, lifetime, context, |_| Ok(()))
    }

    /// Mints a token as [`Issuer::mint`] does, also with a signing key that the host holds: that one is asked for its
    /// signature with [`Command::Sign`](crate::Command::Sign). With any other key no command is asked for.
    ///
    /// ```
    /// use tokenmint::*;
    /// let keys = KeySet::builder().key(Key::held_by_host("k1", Algorithm::HS256, None)?)?.build()?;
    /// let issuer = Issuer::new(keys, Policy::new("https://api.example.com").audience("app"))?;
    /// let context = Context::new(UnixTime::from_seconds(1_700_000_000), [1; 32]);
    /// let error = issuer.mint(&Claims::new(), Lifetime::HOUR, &context).unwrap_err();
    /// assert_eq!(error.code(), ErrorCode::KeyCannotSign);
    ///
    /// let mut task = issuer.mint_task(&Claims::new(), Lifetime::HOUR, &context);
    /// let Step::Need(Command::Sign { kid, message, .. }) = task.step(None) else { panic!("no question") };
    /// assert_eq!(kid, "k1");
    /// let signature = vec![0; 32]; // in earnest: the HMAC of `message`, from wherever the secret is
    /// let Step::Done(outcome) = task.step(Some(Ok(Reply::Signed(signature)))) else { panic!("no end") };
    /// assert!(outcome.result?.as_bytes().starts_with(&message));
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Issuer::mint`]; `store_unavailable` where the host cannot sign now; `internal` where its signature has a
    /// wrong length, or is not that of the public half.
    pub fn mint_task(&self, claims: &Claims, lifetime: Lifetime, context: &Context) -> Task<String> {
        self.task_payload(claims, lifetime, context, |_| Ok(()))
    }

    /// Mints as [`Issuer::mint_with`] does, with whatever key, as [`Issuer::mint_task`] does.
    ///
    /// # Errors
    /// As those of both.
    pub fn mint_with_task<T: Serialize + ?Sized>(
        &self,
        claims: &Claims,
        members: &T,
        lifetime: Lifetime,
        context: &Context,
    ) -> Task<String> {
        self.task_payload(claims, lifetime, context, |payload| payload.add(members))
    }

    /// Mints as [`Issuer::mint_json`] does, with whatever key, as [`Issuer::mint_task`] does.
    ///
    /// # Errors
    /// As those of both.
    pub fn mint_json_task(
        &self,
        claims: &Claims,
        members: &str,
        lifetime: Lifetime,
        context: &Context,
    ) -> Task<String> {
        self.task_payload(claims, lifetime, context, |payload| payload.add_json(members))
    }

    /// Mints as [`Issuer::mint_template`] does, with whatever key, as [`Issuer::mint_task`] does.
    ///
    /// # Errors
    /// As those of both.
    pub fn mint_template_task(
        &self,
        claims: &Claims,
        template: &Template,
        lifetime: Lifetime,
        context: &Context,
    ) -> Task<String> {
        self.task_payload(claims, lifetime, context, |payload| payload.add_template(template))
    }

    /// Mints a token within a flow.
    pub(crate) async fn mint_with_host(
        &self,
        io: &Io,
        claims: &Claims,
        lifetime: Lifetime,
        context: &Context,
    ) -> Result<String> {
        let unsigned = self.unsigned(CallerClaims::Typed(claims), lifetime, context, |_| Ok(()))?;
        unsigned.sign_with_host(io, &self.inner.signing).await
    }

    /// Signs a JWT of another type than its tokens', whose claims stand as they are.
    pub(crate) async fn sign_with_host(&self, io: &Io, typ: &str, claims: Vec<u8>) -> Result<String> {
        let key = &self.inner.signing;
        Unsigned::new(&header::segment(key, typ), claims, key).sign_with_host(io, key).await
    }

    /// As [`Issuer::sign_with_host`], of whatever length: nobody reads it as a token.
    pub(crate) async fn sign_long_with_host(&self, io: &Io, typ: &str, claims: Vec<u8>) -> Result<String> {
        let key = &self.inner.signing;
        Unsigned::new(&header::segment(key, typ), claims, key).of_any_length().sign_with_host(io, key).await
    }

    /// Mints a token with the members of any type that serde writes as a JSON object as custom claims.
    ///
    /// ```
    /// # use tokenmint::*;
    /// # let keys = KeySet::builder().hmac("k1", [7; 32].as_slice())?.build()?;
    /// # let issuer = Issuer::new(keys, Policy::new("https://api.example.com").audience("app"))?;
    /// # let context = Context::new(UnixTime::from_seconds(1_700_000_000), [1; 32]);
    /// #[derive(serde::Serialize)]
    /// struct Widget { organization: &'static str, seats: u64 }
    /// let widget = Widget { organization: "org_1", seats: u64::MAX };
    /// let token = issuer.mint_with(&Claims::new(), &widget, Lifetime::HOUR, &context)?;
    /// let claims = issuer.verifier().verify(&token, context.now())?;
    /// assert_eq!(claims.claim_json("seats"), Some("18446744073709551615"));
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Issuer::mint`]; `claims_not_object`, `claim_duplicate`, and `claim_reserved` for a registered name.
    pub fn mint_with<T: Serialize + ?Sized>(
        &self,
        claims: &Claims,
        members: &T,
        lifetime: Lifetime,
        context: &Context,
    ) -> Result<String> {
        self.mint_payload(claims, lifetime, context, |payload| payload.add(members))
    }

    /// Mints a token with the members of a ready-made JSON object as custom claims, byte for byte.
    ///
    /// # Errors
    /// As [`Issuer::mint_with`].
    pub fn mint_json(
        &self,
        claims: &Claims,
        members: &str,
        lifetime: Lifetime,
        context: &Context,
    ) -> Result<String> {
        self.mint_payload(claims, lifetime, context, |payload| payload.add_json(members))
    }

    /// Mints a token from claims as one JSON object: `sub`, `aud`, `nbf` and `jti` beside the custom ones, and in
    /// `members` more custom claims, byte for byte.
    ///
    /// ```
    /// # use tokenmint::*;
    /// # let keys = KeySet::builder().hmac("k1", [7; 32].as_slice())?.build()?;
    /// # let issuer = Issuer::new(keys, Policy::new("https://api.example.com"))?;
    /// # let context = Context::new(UnixTime::from_seconds(1_700_000_000), [1; 32]);
    /// let claims = r#"{"sub":"ent_1","aud":"app","pages":["invoices"]}"#;
    /// let token = issuer.mint_claims(claims, None, Lifetime::HOUR, &context)?;
    /// let claims = issuer.verifier().audience("app").verify(&token, context.now())?;
    /// assert_eq!(claims.subject().as_deref(), Some("ent_1"));
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Issuer::mint_with`]; `claim_invalid` for a registered claim of the wrong type; `claim_reserved` for `iss`,
    /// `iat` and `exp`, which are the issuer's to say.
    pub fn mint_claims(
        &self,
        claims: &str,
        members: Option<&str>,
        lifetime: Lifetime,
        context: &Context,
    ) -> Result<String> {
        self.unsigned_claims(claims, members, lifetime, context)?.sign(&self.inner.signing)
    }

    /// [`Issuer::mint_claims`] as a task, as [`Issuer::mint_task`] is.
    ///
    /// # Errors
    /// Those of both.
    pub fn mint_claims_task(
        &self,
        claims: &str,
        members: Option<&str>,
        lifetime: Lifetime,
        context: &Context,
    ) -> Task<String> {
        self.sign_task(self.unsigned_claims(claims, members, lifetime, context))
    }

    /// Mints a token with custom claims that were checked once: the fastest way where many tokens carry the same.
    ///
    /// # Errors
    /// As [`Issuer::mint`]; `claim_duplicate` where `claims` or the policy set one of the template's claims.
    pub fn mint_template(
        &self,
        claims: &Claims,
        template: &Template,
        lifetime: Lifetime,
        context: &Context,
    ) -> Result<String> {
        self.mint_payload(claims, lifetime, context, |payload| payload.add_template(template))
    }

    /// A verifier of this issuer's tokens: its keys, its name, its `typ`, its audience where the policy has one, and what that
    /// says of DPoP.
    pub fn verifier(&self) -> Verifier {
        let verifier = for_audience_of(&self.inner.policy, self.inner.verifier.clone().unset_audience());
        self.policy().dpop.iter().cloned().fold(verifier, Verifier::dpop)
    }

    /// As [`Issuer::verifier`]; where the policy has no audience, for whichever.
    pub(crate) fn checker(&self) -> &Verifier {
        &self.inner.checker
    }

    /// A verifier of this issuer's tokens, for whichever audience.
    pub(crate) fn any_audience(&self) -> &Verifier {
        &self.inner.verifier
    }

    /// The public keys as a JSON Web Key Set (RFC 7517 section 5); never an HMAC key.
    pub fn public_jwks(&self) -> String {
        self.inner.keys.public_jwks()
    }

    /// Its name: `iss` of its tokens.
    pub fn name(&self) -> &str {
        &self.inner.policy.issuer
    }

    /// The policy.
    pub fn policy(&self) -> &Policy {
        &self.inner.policy
    }

    /// The keys.
    pub fn keys(&self) -> &KeySet {
        &self.inner.keys
    }

    /// Whether the policy has the secret that sessions, links and account tokens need: for the check of a
    /// [dialect](crate::dialect::Dialect::check) that hands them out.
    ///
    /// # Errors
    /// `policy_invalid` at `session_secret`.
    pub fn check_session_secret(&self) -> Result<()> {
        self.sessions().map(drop)
    }

    /// The same issuer for whom these records stand before the store's.
    pub(crate) fn with_directory(self, directory: Option<Arc<MemoryStore>>) -> Self {
        Issuer { directory, ..self }
    }

    /// The way out of its flows, with the records that stand before the store's.
    pub(crate) fn way_out(&self, io: Io) -> Io {
        match &self.directory {
            Some(_) => io.with_directory(self.directory.clone()),
            None => io,
        }
    }

    /// What sessions need.
    pub(crate) fn sessions(&self) -> Result<&SessionKeys> {
        self.inner.sessions.as_ref().ok_or_else(|| {
            Error::new(ErrorCode::PolicyInvalid).at("session_secret").because(
                "sessions, links and account tokens need a session secret of at least 32 bytes in the policy",
            )
        })
    }

    /// Writes the payload, lets `add` put members behind it, and signs it.
    fn mint_payload(
        &self,
        claims: &Claims,
        lifetime: Lifetime,
        context: &Context,
        add: impl FnOnce(&mut NewPayload<'_>) -> Result<()>,
    ) -> Result<String> {
        self.unsigned(CallerClaims::Typed(claims), lifetime, context, add)?.sign(&self.inner.signing)
    }

    fn unsigned_claims(
        &self,
        claims: &str,
        members: Option<&str>,
        lifetime: Lifetime,
        context: &Context,
    ) -> Result<Unsigned> {
        let claims = ClaimsText::parse(claims)?;
        self.unsigned(CallerClaims::Text(&claims), lifetime, context, |payload| {
            members.map_or(Ok(()), |members| payload.add_json(members))
        })
    }

    /// Writes the payload as [`Issuer::mint_payload`] does; who holds the key is asked for the signature.
    fn task_payload(
        &self,
        claims: &Claims,
        lifetime: Lifetime,
        context: &Context,
        add: impl FnOnce(&mut NewPayload<'_>) -> Result<()>,
    ) -> Task<String> {
        self.sign_task(self.unsigned(CallerClaims::Typed(claims), lifetime, context, add))
    }

    /// Asks whoever holds the key for the signature.
    fn sign_task(&self, unsigned: Result<Unsigned>) -> Task<String> {
        let issuer = self.clone();
        Task::new(|io| async move { unsigned?.sign_with_host(&io, &issuer.inner.signing).await })
    }

    /// With what the payloads of its tokens begin.
    pub(crate) fn opening(&self) -> &str {
        &self.inner.opening
    }

    /// The claims of a token as one JSON object.
    pub(crate) fn payload(&self, claims: &Claims, lifetime: Lifetime, context: &Context) -> Result<String> {
        self.written(CallerClaims::Typed(claims), lifetime, context, |payload| {
            String::from_utf8(payload.into_json()).map_err(|_| ErrorCode::Internal.into())
        })
    }

    /// Writes the payload and lets `add` put members behind it.
    fn unsigned(
        &self,
        given: CallerClaims<'_>,
        lifetime: Lifetime,
        context: &Context,
        add: impl FnOnce(&mut NewPayload<'_>) -> Result<()>,
    ) -> Result<Unsigned> {
        self.written(given, lifetime, context, |mut payload| {
            add(&mut payload)?;
            Ok(payload.unsigned(&self.inner.header, &self.inner.signing))
        })
    }

    /// Writes the payload, and goes on with it.
    fn written<T>(
        &self,
        given: CallerClaims<'_>,
        lifetime: Lifetime,
        context: &Context,
        then: impl FnOnce(NewPayload<'_>) -> Result<T>,
    ) -> Result<T> {
        let policy = &self.inner.policy;
        let lifetime = lifetime.at_most(policy.max_lifetime)?;
        let mut text = uuid::Uuid::encode_buffer();
        let id = match given.has_id() {
            true => "",
            false => id::new(context).hyphenated().encode_lower(&mut text),
        };
        let own = IssuerClaims {
            opening: self.opening(),
            audience: &policy.audience,
            issued_at: context.now(),
            expires_at: context.now().after(lifetime),
            id,
            fixed: &policy.fixed_claims,
        };
        then(NewPayload::new(given, &own)?)
    }
}

fn for_audience_of(policy: &Policy, verifier: Verifier) -> Verifier {
    policy.audience.iter().fold(verifier, |verifier, audience| verifier.audience(audience.clone()))
}

impl SessionKeys {
    fn new(secret: &crate::Secret, issuer: &str) -> Result<Self> {
        refuse_key_file(secret.expose()).map_err(|error| error.at("session_secret"))?;
        let weak = || {
            Error::new(ErrorCode::KeyWeak)
                .at("session_secret")
                .because(format!("a session secret has at least 32 bytes, found {}", secret.len()))
        };
        let master = DerivationKey::new(secret).filter(|_| secret.len() >= 32).ok_or_else(weak)?;
        // Two uses, two keys: neither tells anything about the other.
        let refresh = master.mac("refresh key", &[]);
        let derivation = master.mac("derivation key", &[]);
        let refresh = KeySet::builder().hmac("session", refresh.as_slice())?.build()?;
        let refresh_header =
            refresh.signing_key().map(|key| header::segment(key, REFRESH_TYPE)).unwrap_or_default();
        let derivation = DerivationKey::new(&derivation.as_slice().into()).ok_or_else(weak)?;
        let refresh_verifier =
            Verifier::new(refresh.clone()).issuer(issuer).audience(issuer).token_type(REFRESH_TYPE);
        Ok(SessionKeys { refresh, refresh_header, refresh_verifier, derivation })
    }
}

impl fmt::Debug for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Issuer").field("policy", &self.inner.policy).field("keys", &self.inner.keys).finish()
    }
}
