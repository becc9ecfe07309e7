//! The other end: a client that keeps the tokens it was given, and asks for the next ones in time.
//!
//! It is a flow over one record in any store, without transport: it says what to send, and takes what came back. Whoever is
//! about to ask writes a claim to the record first, by compare and set, so one asks at a time however many there are. A claim
//! lapses: who died while he asked is followed by the next, who asks with the same refresh token.

mod answer;
mod drive;
mod operation;
mod request;

use std::fmt;
use std::future::Future;

use answer::Verdict;
pub use answer::{TokenAnswer, TokenResponse};
pub use drive::{AsyncTokenEndpoint, TokenEndpoint};
pub use operation::operation;
pub use request::{Attempt, TokenRequest};

use crate::encoding::base64url;
use crate::error::{Error, ErrorCode, Result, Retry};
use crate::record::source::{Claim, Kept, Standing, micros, source_key};
use crate::record::{Records, Update};
use crate::secret::Secret;
use crate::store::RecordKey;
use crate::task::Task;
use crate::time::{Context, Lifetime, Moment, UnixTime};
use crate::url;

/// How often a lost answer is asked for before the source gives up for a while.
const MOST_LOST: u64 = 4;

/// The longest pause for which whoever asks waits, in microseconds: a refresh token may be good for no more than seconds
/// after its answer was lost.
const LONGEST_WAIT: u64 = 2_000_000;

/// How long one that waits for another's answer waits before it looks again, in milliseconds.
const LOOK_AGAIN: u64 = 50;

/// For how long at most a token is used without a look at the store, in milliseconds: others may sign out.
const LONGEST_UNSEEN: u64 = 5000;

/// A client's source of access tokens: it keeps a pair, or gets tokens by its credentials alone, and says what to ask the
/// token endpoint for, when. Any number of processes share one by a store.
///
/// [`TokenSource::token`] is all of it, for a host that can send a request; the steps are for those that write the loop
/// themselves.
///
/// ```
/// use tokenmint::*;
/// let source = TokenSource::new("https://as.example/token", "app")?.named("user_1");
/// let (store, now) = (MemoryStore::new(), UnixTime::from_seconds(1_700_000_000));
/// let context = |after: i64, seed| Context::new(UnixTime::from_seconds(1_700_000_000 + after), [seed; 32]);
///
/// // After the sign-in:
/// let body = br#"{"access_token":"a1","token_type":"Bearer","expires_in":900,"refresh_token":"r1"}"#;
/// source.keep(TokenResponse::read(body)?, &context(0, 1)).run(&store).result?;
/// let SourceStep::Use(token) = source.next(&context(10, 2)).run(&store).result? else { panic!() };
/// assert_eq!(token.access_token, "a1");
///
/// // A minute before its end one is told to ask, and the others go on with what there is:
/// let SourceStep::Ask(request) = source.next(&context(850, 3)).run(&store).result? else { panic!() };
/// assert_eq!(request.body, "grant_type=refresh_token&refresh_token=r1&client_id=app");
/// assert!(matches!(source.next(&context(850, 4)).run(&store).result?, SourceStep::Use(_)));
///
/// let body = br#"{"access_token":"a2","token_type":"Bearer","expires_in":900,"refresh_token":"r2"}"#;
/// let answer = TokenAnswer { status: 200, body: body.to_vec(), retry_after: None };
/// let SourceStep::Use(token) = source.answered(&request.attempt, answer, &context(851, 5)).run(&store).result? else { panic!() };
/// assert_eq!(token.access_token, "a2");
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone)]
pub struct TokenSource {
    endpoint: String,
    client: String,
    secret: Option<Secret>,
    secret_in_body: bool,
    client_credentials: bool,
    name: String,
    scope: Option<String>,
    parameters: Vec<(String, String)>,
    early: Lifetime,
    patience: Lifetime,
}

/// What to do for an access token.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub enum SourceStep {
    /// Use this.
    Use(SourceToken),
    /// Send this, and give the answer to [`TokenSource::answered`]. One is told so at a time.
    Ask(TokenRequest),
    /// Another asks: look again after so many milliseconds.
    Wait {
        /// How many.
        milliseconds: u64,
    },
}

/// An access token that a source has.
#[derive(Clone, PartialEq, Eq)]
pub struct SourceToken {
    /// The token, to be sent as a bearer (RFC 6750).
    pub access_token: String,
    /// When it ends, where somebody said so.
    pub expires_at: Option<UnixTime>,
    /// What it allows, where somebody said so.
    pub scope: Option<String>,
    /// For how many milliseconds it can be used without asking the source again; 5000 at most, and 0 where it is to be replaced.
    pub fresh_for_ms: u64,
}

impl TokenSource {
    /// A source for a public client that keeps a refresh token. The URL is `https`; `http` is taken for this machine
    /// (`localhost` and loopback addresses).
    ///
    /// # Errors
    /// `policy_invalid` at `endpoint` or `client_id`: another scheme, no host, a user name or a fragment in the URL; an empty id.
    pub fn new(endpoint: impl Into<String>, client_id: impl Into<String>) -> Result<Self> {
        Self::with(endpoint.into(), client_id.into(), false)
    }

    /// As [`TokenSource::new`], for a token endpoint that is spoken to in the clear: whoever is on the way reads secrets and
    /// tokens.
    ///
    /// # Errors
    /// As [`TokenSource::new`], but for the scheme `http`.
    pub fn allow_plain_http(endpoint: impl Into<String>, client_id: impl Into<String>) -> Result<Self> {
        Self::with(endpoint.into(), client_id.into(), true)
    }

    fn with(endpoint: String, client: String, plain_http: bool) -> Result<Self> {
        let invalid =
            |field, text: &str| Err(Error::new(ErrorCode::PolicyInvalid).at(field).because(text.to_owned()));
        let plain = "plain http lets whoever is on the way read the tokens; https is needed";
        if let Some(fault) = url::fault(&endpoint, plain_http, plain) {
            return invalid("endpoint", fault);
        }
        if client.is_empty() {
            return invalid("client_id", "the client's id is empty");
        }
        Ok(TokenSource {
            endpoint,
            client,
            secret: None,
            secret_in_body: false,
            client_credentials: false,
            name: String::new(),
            scope: None,
            parameters: Vec::new(),
            early: Lifetime::MINUTE,
            patience: Lifetime::seconds_or_one(5),
        })
    }

    /// The client's secret, by which it proves itself with HTTP Basic (RFC 6749 section 2.3.1).
    #[must_use]
    pub fn secret(mut self, secret: impl Into<Secret>) -> Self {
        self.secret = Some(secret.into());
        self
    }

    /// Puts the secret into the body instead, for a server that does not read the header (`client_secret_post`).
    #[must_use]
    pub fn secret_in_body(mut self) -> Self {
        self.secret_in_body = true;
        self
    }

    /// Gets tokens by the client's credentials alone (RFC 6749 section 4.4): there is no sign-in and no refresh token.
    #[must_use]
    pub fn client_credentials(mut self) -> Self {
        self.client_credentials = true;
        self
    }

    /// Whose tokens these are, where the client has several in one store.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// The scope to ask for.
    #[must_use]
    pub fn scope(mut self, scope: impl Into<String>) -> Self {
        self.scope = Some(scope.into());
        self
    }

    /// A further field of each request, such as `resource`.
    #[must_use]
    pub fn parameter(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.parameters.push((name.into(), value.into()));
        self
    }

    /// How long before its end an access token is replaced, a minute by default; at most a quarter of its life.
    #[must_use]
    pub fn early(mut self, time: Lifetime) -> Self {
        self.early = time;
        self
    }

    /// How long one asks before the next may, 5 seconds by default; an answer is waited for four fifths of that. It must be
    /// less than the server's grace for a refresh token that it has exchanged (10 seconds here), or else the session is lost
    /// with a process that dies while it asks. For a server without a grace, longer is better.
    #[must_use]
    pub fn patience(mut self, time: Lifetime) -> Self {
        self.patience = time;
        self
    }

    /// Keeps the tokens of a sign-in, in the place of those that are there.
    ///
    /// # Errors
    /// `store_busy`, and the store's.
    pub fn keep(&self, tokens: TokenResponse, context: &Context) -> Task<()> {
        self.task(context, |mut flow| async move { flow.keep(tokens).await })
    }

    /// Says what to do for an access token.
    ///
    /// # Errors
    /// `sign_in_required` where no tokens are kept, and once the server has said that the session is over;
    /// `token_endpoint_unavailable` where none could be had and it is too early to ask again; `store_busy`, and the store's.
    pub fn next(&self, context: &Context) -> Task<SourceStep> {
        self.task(context, |mut flow| async move { flow.next(None).await })
    }

    /// As [`TokenSource::next`], where a resource has refused this access token: another is asked for, whatever its end.
    ///
    /// # Errors
    /// As [`TokenSource::next`].
    pub fn next_instead_of(&self, access_token: impl Into<String>, context: &Context) -> Task<SourceStep> {
        let refused = access_token.into();
        self.task(context, |mut flow| async move { flow.next(Some(&refused)).await })
    }

    /// Takes the answer to a request, or that there was none, and says what to do now. Where the store fails, the same answer
    /// is given again: it may hold the only copy of a refresh token.
    ///
    /// # Errors
    /// As [`TokenSource::next`]; `token_endpoint_refused` where the server says no, and asking again would not help.
    pub fn answered(&self, attempt: &Attempt, answer: TokenAnswer, context: &Context) -> Task<SourceStep> {
        let attempt = attempt.clone();
        self.task(context, |mut flow| async move { flow.answered(&attempt, &answer).await })
    }

    /// Forgets the tokens, as for a sign-out, and gives the refresh token, to be revoked at the server.
    ///
    /// # Errors
    /// `store_busy`, and the store's.
    pub fn forget(&self, context: &Context) -> Task<Option<Secret>> {
        self.task(context, |mut flow| async move { flow.forget().await })
    }

    fn task<T, F>(&self, context: &Context, flow: impl FnOnce(Flow) -> F) -> Task<T>
    where
        T: 'static,
        F: Future<Output = Result<T>> + Send + 'static,
    {
        let (source, now) = (self.clone(), Moment::from_micros(context.now_micros()));
        Task::new(|io| flow(Flow { source, records: Records::new(io, context), now }))
    }

    fn key(&self) -> RecordKey {
        source_key(&self.endpoint, &self.client, &self.name)
    }

    /// The request for the next tokens.
    fn request(&self, kept: &Kept, claim: &Claim, after_us: u64) -> TokenRequest {
        let secret = self.secret.as_ref().map(|secret| String::from_utf8_lossy(secret.expose()));
        let (header, field) = if self.secret_in_body { (None, secret) } else { (secret, None) };
        let grant = if self.client_credentials { "client_credentials" } else { "refresh_token" };
        let own = [
            Some(("grant_type", grant)),
            kept.refresh_token.as_deref().map(|token| ("refresh_token", token)),
            self.scope.as_deref().map(|scope| ("scope", scope)),
            // RFC 6749 section 3.2.1: a client that does not prove itself says its name.
            header.is_none().then_some(("client_id", self.client.as_str())),
            field.as_deref().map(|secret| ("client_secret", secret)),
        ];
        let further = self.parameters.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        TokenRequest {
            url: self.endpoint.clone(),
            authorization: header.as_deref().map(|secret| request::basic(&self.client, secret)),
            body: request::form(own.into_iter().flatten().chain(further)),
            after_ms: after_us / 1000,
            within_ms: self.patience.seconds().saturating_mul(800),
            attempt: Attempt {
                claim: claim.id.clone(),
                pair: kept.pair.clone(),
                asked_us: claim.since.micros().saturating_add(after_us),
            },
        }
    }
}

/// A step under way.
struct Flow {
    source: TokenSource,
    records: Records,
    now: Moment,
}

impl Flow {
    async fn keep(&mut self, tokens: TokenResponse) -> Result<()> {
        let nothing = Kept::nothing(self.id(), self.now);
        let kept = self.received(nothing, tokens, self.now);
        let mut update = self.records.open(self.source.key()).await?;
        while !self.records.write(&mut update, kept.draft()?).await? {}
        Ok(())
    }

    async fn forget(&mut self) -> Result<Option<Secret>> {
        let mut update = self.records.open(self.source.key()).await?;
        loop {
            let kept: Option<Kept> = update.found()?;
            if self.records.remove(&mut update).await? {
                return Ok(kept.and_then(|kept| kept.refresh_token).map(Secret::from));
            }
        }
    }

    async fn next(&mut self, refused: Option<&str>) -> Result<SourceStep> {
        let mut update = self.records.open(self.source.key()).await?;
        loop {
            if let Some(step) = self.step(&mut update, refused).await? {
                return Ok(step);
            }
        }
    }

    async fn answered(&mut self, attempt: &Attempt, answer: &TokenAnswer) -> Result<SourceStep> {
        let mut update = self.records.open(self.source.key()).await?;
        loop {
            // For other tokens than it was asked with, an answer says nothing: somebody has signed in or out, or was faster.
            let step = match update.found::<Kept>()?.filter(|kept| kept.pair == attempt.pair) {
                Some(kept) => self.learn(&mut update, kept, attempt, answer).await?,
                None => self.step(&mut update, None).await?,
            };
            if let Some(step) = step {
                return Ok(step);
            }
        }
    }

    /// Decides on what is there; nothing where another was first.
    async fn step(&mut self, update: &mut Update, refused: Option<&str>) -> Result<Option<SourceStep>> {
        let found: Option<Kept> = update.found()?;
        let kept = match found {
            Some(kept) if kept.is_over() => return Err(sign_in()),
            Some(kept) => kept,
            None if self.source.client_credentials => Kept::nothing(self.id(), self.now),
            None => return Err(sign_in()),
        };
        let standing = kept.standing(self.now, self.source.early, refused);
        if let Standing::Fresh(_) = standing {
            return Ok(Some(self.usable(&kept)));
        }
        let is_spent = standing == Standing::Spent;
        let can_ask = self.source.client_credentials || kept.refresh_token.is_some();
        let held_back = kept.held_back(self.now);
        match kept.claimed(self.now) {
            Some(claim) if is_spent => {
                let left = claim.until.micros().saturating_sub(self.now.micros()) / 1000;
                Ok(Some(SourceStep::Wait { milliseconds: left.clamp(1, LOOK_AGAIN) }))
            }
            None if is_spent && !can_ask => Err(sign_in()),
            None if is_spent && held_back.is_some() => Err(self.unavailable(held_back)),
            None if can_ask && held_back.is_none() => {
                // What a resource has refused is of no use to anybody.
                let access_token = kept.access_token.clone().filter(|token| Some(token.as_str()) != refused);
                self.ask(update, Kept { access_token, ..kept }, 0, 0).await
            }
            _ => Ok(Some(self.usable(&kept))),
        }
    }

    /// Claims the record and says what to send, after a pause; nothing where another was first.
    async fn ask(
        &mut self,
        update: &mut Update,
        kept: Kept,
        lost: u64,
        after: u64,
    ) -> Result<Option<SourceStep>> {
        let until = self.now.after_micros(micros(self.source.patience.seconds()).saturating_add(after));
        let claim = Claim { id: self.id(), since: self.now, until, lost: (lost > 0).then_some(lost) };
        let request = self.source.request(&kept, &claim, after);
        let claimed = Kept { claim: Some(claim), not_before: None, ..kept };
        Ok(self.records.write(update, claimed.draft()?).await?.then_some(SourceStep::Ask(request)))
    }

    /// Takes the answer for the tokens that are still there; nothing where another was first.
    async fn learn(
        &mut self,
        update: &mut Update,
        kept: Kept,
        attempt: &Attempt,
        answer: &TokenAnswer,
    ) -> Result<Option<SourceStep>> {
        let verdict = match answer.verdict(!self.source.client_credentials, self.now) {
            Verdict::Granted(tokens) => {
                let kept = self.received(kept, tokens, Moment::from_micros(attempt.asked_us));
                let written = self.records.write(update, kept.draft()?).await?;
                return Ok(written.then(|| self.usable(&kept)));
            }
            verdict => verdict,
        };
        // Another asks by now, with the same refresh token: what it means that this one got none is for that one to say.
        let Some(claim) = kept.claim.clone().filter(|claim| claim.id == attempt.claim) else {
            return self.step(update, None).await;
        };
        let lost = claim.lost.unwrap_or(0) + 1;
        let failures = kept.failures.unwrap_or(0) + 1;
        let (pause, why) = match verdict {
            Verdict::Over => {
                let written = self.records.write(update, kept.ended(self.now).draft()?).await?;
                return if written { Err(sign_in()) } else { Ok(None) };
            }
            Verdict::Lost(pause) => {
                let after = pause.unwrap_or(0).max(100_000 * lost);
                if lost < MOST_LOST && after <= LONGEST_WAIT {
                    return self.ask(update, kept, lost, after).await;
                }
                (pause, None)
            }
            Verdict::Later(pause) => (pause, None),
            Verdict::Refused(why) => (None, Some(why)),
            Verdict::Granted(_) => return Ok(None),
        };
        let pause = pause.unwrap_or(1_000_000 << failures.min(6));
        let not_before = Some(self.now.after_micros(pause));
        let kept = Kept { claim: None, not_before, failures: Some(failures), ..kept };
        if !self.records.write(update, kept.draft()?).await? {
            return Ok(None);
        }
        if kept.standing(self.now, self.source.early, None) != Standing::Spent {
            return Ok(Some(self.usable(&kept)));
        }
        let error = self.unavailable(not_before);
        Err(match why {
            Some(why) => Error::new(ErrorCode::TokenEndpointRefused).because(why),
            None => error,
        })
    }

    /// The record with tokens that came in; without a refresh token among them, the one before stays.
    fn received(&mut self, kept: Kept, tokens: TokenResponse, asked_at: Moment) -> Kept {
        Kept {
            pair: self.id(),
            access_token: Some(tokens.access_token),
            refresh_token: tokens.refresh_token.or(kept.refresh_token),
            // RFC 6749 section 5.1: left out where it is what was asked for.
            scope: tokens.scope.or(kept.scope),
            asked_at,
            lifetime: tokens.expires_in.map(Lifetime::seconds),
            claim: None,
            not_before: None,
            failures: None,
            over: None,
        }
    }

    fn usable(&self, kept: &Kept) -> SourceStep {
        let fresh_for_ms = match kept.standing(self.now, self.source.early, None) {
            Standing::Fresh(left) => (left / 1000).min(LONGEST_UNSEEN),
            Standing::Due | Standing::Spent => 0,
        };
        SourceStep::Use(SourceToken {
            access_token: kept.access_token.clone().unwrap_or_default(),
            expires_at: kept.expires_at(),
            scope: kept.scope.clone(),
            fresh_for_ms,
        })
    }

    fn unavailable(&self, until: Option<Moment>) -> Error {
        let left = until.map_or(0, |until| until.micros().saturating_sub(self.now.micros()));
        let after_seconds = left.div_ceil(1_000_000).max(1);
        Error::new(ErrorCode::TokenEndpointUnavailable).retry(Retry { after_seconds, limit: 0 })
    }

    fn id(&mut self) -> String {
        base64url(&self.records.entropy.bytes::<16>())
    }
}

fn sign_in() -> Error {
    ErrorCode::SignInRequired.into()
}

impl fmt::Debug for TokenSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenSource")
            .field("endpoint", &self.endpoint)
            .field("client", &self.client)
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for SourceToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SourceToken")
            .field("expires_at", &self.expires_at)
            .field("scope", &self.scope)
            .field("fresh_for_ms", &self.fresh_for_ms)
            .finish_non_exhaustive()
    }
}
