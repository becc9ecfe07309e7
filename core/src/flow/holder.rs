//! Who shall use a token, and nobody else: the holder of a key (RFC 9449), or of a certificate (RFC 8705).

use super::Flow;
use crate::claims::check::ReadPayload;
use crate::dpop_policy::DpopPolicy;
use crate::encoding::{base64url, same};
use crate::error::{Error, ErrorCode, Result, field_invalid};
use crate::issuer::Issuer;
use crate::policy::Policy;
use crate::record::assertion::{Used, dpop_proof_key};
use crate::record::client::Client;
use crate::record::session::Session;
use crate::record::{Change, Draft, Records};
use crate::task::Task;
use crate::time::{Context, UnixTime};
use crate::token::confirmation::{Confirmation, is_sha256};
use crate::token::dpop::{DpopProof, recent, replayed};

/// Where a proof stands in a request (RFC 9449 section 4.1).
const HEADER: &str = "DPoP";

/// What whoever asks has shown to hold.
#[derive(Clone, Debug, Default)]
pub(crate) struct Holder {
    pub(crate) bound: Confirmation,
    /// The proof, which is still to be used up; none where the host answers for the key.
    proof: Option<DpopProof>,
}

impl Holder {
    /// Whoever the host answers for.
    pub(crate) fn answered_for(jkt: Option<String>, x5t: Option<String>) -> Self {
        Holder { bound: Confirmation { jkt, x5t }, proof: None }
    }

    /// The holder of a certificate as well.
    pub(crate) fn with_certificate(mut self, sha256: [u8; 32]) -> Self {
        self.bound.x5t = Some(base64url(&sha256));
        self
    }

    /// The holder of a key as well.
    pub(crate) fn with_key(mut self, jkt: String) -> Self {
        self.bound.jkt = Some(jkt);
        self
    }

    /// Refuses what a host cannot have found out.
    fn check(&self, policy: &Policy) -> Result<()> {
        let Confirmation { jkt, x5t } = &self.bound;
        if jkt.is_some() && policy.dpop.is_none() {
            return Err(field_invalid("jkt", "the policy says nothing of DPoP"));
        }
        if jkt.as_ref().is_some_and(|jkt| !is_sha256(jkt)) {
            return Err(field_invalid("jkt", "a thumbprint has 43 characters of base64url"));
        }
        if x5t.as_ref().is_some_and(|x5t| !is_sha256(x5t)) {
            return Err(field_invalid("certificate_sha256", "a hash has 43 characters of base64url"));
        }
        Ok(())
    }

    /// Refuses whoever does not hold what a session is bound to. The tokens of a client that proves itself in another way are
    /// bound to it by that (RFC 9449 section 5, RFC 8705 section 4).
    pub(super) fn check_session(&self, session: &Session, client: Option<&Client>) -> Result<()> {
        let other = |text| Err(Error::new(ErrorCode::InvalidGrant).because(text));
        match (&session.jkt, &self.bound.jkt) {
            (Some(bound), Some(jkt)) if !same(bound.as_bytes(), jkt.as_bytes()) => {
                return other("the refresh token is bound to another key");
            }
            (Some(_), None) => return Err(proof_missing("the refresh token is bound to a key")),
            _ => {}
        }
        match (&session.x5t, &self.bound.x5t) {
            (Some(bound), x5t) if client.is_none_or(|client| client.public) => match x5t {
                Some(x5t) if same(bound.as_bytes(), x5t.as_bytes()) => Ok(()),
                _ => other("the refresh token is bound to another certificate"),
            },
            _ => Ok(()),
        }
    }

    /// Refuses whoever presents a token that is bound to something else than what it holds.
    pub(super) fn check_token(&self, bound: &Confirmation) -> Result<()> {
        let held = |bound: &Option<String>, held: &Option<String>| match (bound, held) {
            (None, _) => true,
            (Some(bound), Some(held)) => same(bound.as_bytes(), held.as_bytes()),
            (Some(_), None) => false,
        };
        match held(&bound.jkt, &self.bound.jkt) && held(&bound.x5t, &self.bound.x5t) {
            true => Ok(()),
            false => Err(ErrorCode::BindingMismatch.into()),
        }
    }
}

impl Flow {
    /// The holder of a key, by the proof in a request to an endpoint of this issuer; of none, where there is no proof.
    pub(crate) async fn holder(&self, proof: Option<&str>, method: &str, url: &str) -> Result<Holder> {
        let (Some(policy), Some(proof)) = (&self.issuer.policy().dpop, proof) else {
            return Ok(Holder::default());
        };
        let now = self.now();
        let until = |payload: ReadPayload<'_>, nonce: Option<&str>| match policy.nonce {
            false => recent(payload, policy.max_age, now),
            true => self.issuer.check_dpop_nonce(policy, nonce, now),
        };
        let proof = DpopProof::verify_in(&self.io, proof, policy, method, url, until).await?;
        let bound = Confirmation { jkt: Some(proof.thumbprint().to_owned()), x5t: None };
        Ok(Holder { bound, proof: Some(proof) })
    }

    /// A proof that came to somewhere else than the token endpoint: its time is that which it says.
    pub(super) async fn recent_proof(&self, proof: &str, method: &str, url: &str) -> Result<DpopProof> {
        let (policy, now) = (self.issuer.policy().dpop.clone().unwrap_or_default(), self.now());
        let until = |payload: ReadPayload<'_>, _: Option<&str>| recent(payload, policy.max_age, now);
        DpopProof::verify_in(&self.io, proof, &policy, method, url, until).await
    }

    /// Refuses whoever holds no key where there must be one, and uses the proof up: the last before the decisive write.
    pub(super) async fn hold(&mut self, holder: &Holder, client: Option<&Client>) -> Result<()> {
        let policy = self.issuer.policy();
        holder.check(policy)?;
        if holder.bound.jkt.is_none() {
            // RFC 9449 section 5.2.
            if client.is_some_and(|client| client.dpop_bound_access_tokens) {
                return Err(proof_missing("the client's tokens are bound to a key"));
            }
            if policy.dpop.as_ref().is_some_and(|dpop| dpop.required) {
                return Err(proof_missing("tokens are bound to a key here"));
            }
        }
        match &holder.proof {
            Some(proof) => once(&mut self.records, proof, self.context.now()).await,
            None => Ok(()),
        }
    }
}

impl DpopProof {
    /// Takes a proof once, through whichever store this runs on: of several processes, one has it.
    ///
    /// ```
    /// # #[cfg(feature = "aws-lc")] {
    /// use tokenmint::*;
    /// # let proof = concat!(
    /// #     "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0Rs",
    /// #     "cEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2",
    /// #     "In19.eyJqdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIjoiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUuY29tL3Rva2Vu",
    /// #     "IiwiaWF0IjoxNTYyMjYyNjE2fQ.2-GxA6T8lP4vfrg8v-FdWP0A0zdrj8igiMLvqRMUvwnQg4PtFLbdLXiOSsX0x7NVY-FNyJK70nfbV37xRZ",
    /// #     "T3Lg",
    /// # );
    /// let (url, store) = ("https://server.example.com/token", MemoryStore::new());
    /// let context = |seed| Context::new(UnixTime::from_seconds(1_562_262_618), [seed; 32]);
    /// let proof = DpopProof::verify(proof, &DpopPolicy::new(), "POST", url, context(1).now())?;
    /// proof.once(&context(2)).run(&store).result?;
    /// let again = proof.once(&context(3)).run(&store).result.unwrap_err();
    /// assert_eq!((again.code(), again.field()), (ErrorCode::InvalidDpopProof, Some("jti")));
    /// # }
    /// # Ok::<(), tokenmint::Error>(())
    /// ```
    ///
    /// # Errors
    /// `invalid_dpop_proof` at `jti` for one that was taken before; the store's.
    pub fn once(&self, context: &Context) -> Task<()> {
        let (proof, context) = (self.clone(), context.clone());
        Task::new(|io| async move { once(&mut Records::new(io, &context), &proof, context.now()).await })
    }
}

/// Whoever of several at once is first has it.
pub(super) async fn once(records: &mut Records, proof: &DpopProof, now: UnixTime) -> Result<()> {
    let draft = Draft::new(&Used { at: now }, proof.replayable_until())?;
    match records.insert(&dpop_proof_key(proof.replay_key()), draft).await? {
        Change::Done => Ok(()),
        Change::Conflict(_) => Err(replayed()),
    }
}

impl Issuer {
    /// Checks a proof as [`DpopProof::verify`] does, by this issuer's policy, and takes it once: for a log-in of the host's own,
    /// which then starts a session that is bound to its key ([`StartSession::key`](crate::StartSession::key)).
    ///
    /// ```
    /// # #[cfg(feature = "aws-lc")] {
    /// use tokenmint::*;
    /// # let proof = concat!(
    /// #     "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0Rs",
    /// #     "cEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2",
    /// #     "In19.eyJqdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIjoiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUuY29tL3Rva2Vu",
    /// #     "IiwiaWF0IjoxNTYyMjYyNjE2fQ.2-GxA6T8lP4vfrg8v-FdWP0A0zdrj8igiMLvqRMUvwnQg4PtFLbdLXiOSsX0x7NVY-FNyJK70nfbV37xRZ",
    /// #     "T3Lg",
    /// # );
    /// let keys = KeySet::builder().hmac("k1", [7; 32].as_slice())?.build()?;
    /// let policy = Policy::new("https://id.example.com").session_secret([9; 32].as_slice()).dpop(DpopPolicy::new());
    /// let (issuer, store) = (Issuer::new(keys, policy)?, MemoryStore::new());
    /// let context = |seed| Context::new(UnixTime::from_seconds(1_562_262_618), [seed; 32]);
    ///
    /// let url = "https://server.example.com/token"; // of the host's log-in
    /// let proof = issuer.check_proof(proof, "POST", url, &context(1)).run(&store).result?;
    /// let request = StartSession::new("u1").key(proof.thumbprint());
    /// let pair = issuer.start_session(request, &context(2)).run(&store).result?;
    /// assert_eq!(pair.token_type, AccessTokenType::Dpop);
    /// # }
    /// # Ok::<(), tokenmint::Error>(())
    /// ```
    ///
    /// # Errors
    /// `invalid_dpop_proof` at what is wrong with it, at `jti` for one that came before; the store's.
    pub fn check_proof(&self, proof: &str, method: &str, url: &str, context: &Context) -> Task<DpopProof> {
        let [proof, method, url] = [proof, method, url].map(str::to_owned);
        self.task(context, |mut flow| async move {
            let proof = flow.recent_proof(&proof, &method, &url).await?;
            once(&mut flow.records, &proof, flow.context.now()).await?;
            Ok(proof)
        })
    }

    /// The nonce that proofs at the token endpoint need now (RFC 9449 section 8), for the header `DPoP-Nonce`; none where the
    /// policy does not ask for one. It is the same for everybody, and on every machine.
    pub(crate) fn dpop_nonce(&self, now: UnixTime) -> Option<String> {
        let policy = self.policy().dpop.as_ref().filter(|policy| policy.nonce)?;
        self.nonce_of(now.seconds().div_euclid(period(policy)))
    }

    /// How long a proof with this nonce can be presented.
    ///
    /// # Errors
    /// `use_dpop_nonce` where it is none of this time.
    fn check_dpop_nonce(&self, policy: &DpopPolicy, nonce: Option<&str>, now: UnixTime) -> Result<UnixTime> {
        let refused = |text| Err(Error::new(ErrorCode::UseDpopNonce).at("nonce").because(text));
        let Some(nonce) = nonce else { return refused("the proof has no nonce; take that of this answer") };
        let window = now.seconds().div_euclid(period(policy));
        // The one before was given until now, and another machine's clock may be ahead.
        let is_known = [window, window - 1, window + 1].into_iter().any(|window| {
            self.nonce_of(window).is_some_and(|known| same(known.as_bytes(), nonce.as_bytes()))
        });
        match is_known {
            true => Ok(now.after(policy.max_age).after(policy.max_age).after(policy.max_age)),
            false => refused("the nonce of the proof is of another time; take that of this answer"),
        }
    }

    fn nonce_of(&self, window: i64) -> Option<String> {
        let parts: [&[u8]; 2] = [self.name().as_bytes(), &window.to_be_bytes()];
        let mac = self.sessions().ok()?.derivation.mac("dpop nonce", &parts);
        mac.get(..16).map(base64url)
    }
}

/// For how many seconds the same nonce is given.
fn period(policy: &DpopPolicy) -> i64 {
    i64::try_from(policy.max_age.seconds()).unwrap_or(i64::MAX).max(1)
}

/// The error for a proof that is not there.
fn proof_missing(why: &'static str) -> Error {
    let error = Error::new(ErrorCode::InvalidDpopProof).at(HEADER);
    error.because(format!("{why}: the request has no proof of one"))
}
