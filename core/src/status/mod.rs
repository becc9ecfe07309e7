//! Whether a token was revoked, by a list that its issuer publishes (draft-ietf-oauth-status-list): the side of whoever
//! verifies. The host fetches; this has no transport and no clock.

mod by_url;
mod claim;
mod explain;
mod inflate;
mod list;
mod published;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use by_url::ByUrl;
use claim::Reference;
use list::List;
pub use list::OpenedList;
use published::Published;

use crate::claims::check;
use crate::error::{Error, ErrorCode, Result, Retry};
use crate::fetches::{self, Fetches};
use crate::json::Object;
use crate::key::KeySet;
use crate::task::Task;
use crate::time::{Lifetime, UnixTime};
use crate::token::verified::Verified;
use crate::token::verifier::Verifier;
use crate::url;

/// What is wrong with plain `http`.
const PLAIN: &str = "plain http lets whoever is on the way bring back an older list; https is needed";

/// So many lists are kept at a time.
const MAX_LISTS: usize = 128;

/// How far the clock of an issuer may be ahead, in seconds.
const AHEAD: u64 = 60;

/// The states of tokens, from the lists that their issuers publish: a policy without a transport.
///
/// A token names its list and its place there. [`StatusLists::resolve`] answers by the list that is here, or says what to
/// fetch first; the host fetches and reports to [`StatusLists::fetched`]. One fetch serves all tokens of a list. It is
/// shared between threads by reference, and readers never wait for whoever brings a new list.
///
/// A list is fresh as long as its `ttl` says. After that one caller is told to fetch it again, and the others use it until
/// its `exp`, or not at all where it has none. Then tokens are refused with `status_unavailable`, unless
/// [`StatusLists::accept_unreachable_for`] says otherwise. A list never replaces one that was issued later.
///
/// ```
/// use tokenmint::*;
/// let keys = KeySet::builder().hmac("k1", [7; 32].as_slice())?.build()?;
/// let context = Context::new(UnixTime::from_seconds(1_700_000_000), [1; 32]);
/// let now = context.now();
/// let url = "https://as.example/status/1";
/// let issuer = Issuer::new(keys.clone(), Policy::new("https://as.example").audience("app"))?;
/// let claims = Claims::new().set_json("status", format!(r#"{{"status_list":{{"idx":9,"uri":"{url}"}}}}"#));
/// let token = issuer.mint(&claims, Lifetime::HOUR, &context)?;
///
/// let lists = StatusLists::new();
/// let verified = issuer.verifier().verify(&token, now)?;
/// let StatusResolution::Fetch { url } = lists.resolve(&verified, now) else { panic!() };
/// # let publisher = Issuer::new(keys.clone(), Policy::new("https://as.example").audience("any").token_type("statuslist+jwt"))?;
/// # let list = Claims::new().subject(&*url).set("ttl", 10).set_json("status_list", r#"{"bits":1,"lst":"eNrbuRgAAhcBXQ"}"#);
/// # let body = publisher.mint(&list, Lifetime::HOUR, &context)?;
/// lists.fetched(&url, Ok(body.as_bytes()), &keys, now)?; // what the host read from there
/// let StatusResolution::Refuse(error) = lists.resolve(&verified, now) else { panic!() };
/// assert_eq!(error.code(), ErrorCode::TokenRevoked);
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug)]
pub struct StatusLists {
    required: bool,
    time_to_live: Lifetime,
    cooldown: Lifetime,
    accept_unreachable_for: Option<Lifetime>,
    prefixes: Vec<String>,
    plain_http: bool,
    max_body: usize,
    /// By their URLs.
    lists: Published<ByUrl<Arc<List>>>,
    /// Whoever holds this may write to `lists`.
    fetches: Mutex<ByUrl<Fetches>>,
}

/// What to do for a token.
#[derive(Clone, Debug)]
#[must_use]
pub enum StatusResolution {
    /// Its status is VALID, or it has none to look up.
    Valid,
    /// Fetch this URL, report to [`StatusLists::fetched`], and ask again. One caller is told so at a time.
    Fetch {
        /// The address of a status list token.
        url: String,
    },
    /// Another caller was told to fetch this URL: wait for its report, and ask again.
    Wait {
        /// The address of a status list token.
        url: String,
    },
    /// The token is not good now.
    Refuse(Error),
}

impl Default for StatusLists {
    fn default() -> Self {
        Self::new()
    }
}

impl StatusLists {
    /// No lists yet: each is fresh as long as its `ttl` says, but for 10 minutes at most; fetches begin at least 5 seconds
    /// apart; a body has at most 2 MiB.
    pub fn new() -> Self {
        StatusLists {
            required: false,
            time_to_live: Lifetime::minutes(10),
            cooldown: Lifetime::seconds_or_one(5),
            accept_unreachable_for: None,
            prefixes: Vec::new(),
            plain_http: false,
            max_body: 2 * 1024 * 1024,
            lists: Published::default(),
            fetches: Mutex::default(),
        }
    }

    /// Refuses a token that names no place in a list.
    #[must_use]
    pub fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// How long a list is fresh at most; a shorter `ttl` that it names counts instead.
    #[must_use]
    pub fn time_to_live(mut self, time: Lifetime) -> Self {
        self.time_to_live = time;
        self
    }

    /// The least time between two fetches of a URL; also how long the report of a fetch is waited for.
    #[must_use]
    pub fn cooldown(mut self, time: Lifetime) -> Self {
        self.cooldown = time;
        self
    }

    /// Goes on with the last list for so long after its end while its URL cannot be fetched; where none was ever fetched,
    /// takes tokens for so long after the first attempt. What is revoked meanwhile is taken as well. Without this, tokens
    /// are refused.
    #[must_use]
    pub fn accept_unreachable_for(mut self, time: Lifetime) -> Self {
        self.accept_unreachable_for = Some(time);
        self
    }

    /// Takes lists from this URL, and from what lies below it, only; said again, also from that.
    ///
    /// # Errors
    /// `policy_invalid` at `prefix`: another scheme than `https`, but for this machine, no host, a user name or a fragment.
    pub fn prefix(mut self, prefix: impl Into<String>) -> Result<Self> {
        let prefix = prefix.into();
        // Whether plain http is taken may still be said: each URL is asked.
        if let Some(fault) = url::fault(&prefix, true, PLAIN) {
            return Err(Error::new(ErrorCode::PolicyInvalid).at("prefix").because(fault));
        }
        self.prefixes.push(prefix);
        Ok(self)
    }

    /// Takes lists over plain `http` from other machines, too: whoever is on the way can bring back an older list.
    #[must_use]
    pub fn allow_plain_http(mut self) -> Self {
        self.plain_http = true;
        self
    }

    /// The largest body that is taken, in bytes.
    #[must_use]
    pub fn with_max_body(mut self, bytes: usize) -> Self {
        self.max_body = bytes;
        self
    }

    /// The largest body that is taken, in bytes: a host stops reading behind it.
    pub fn max_body(&self) -> usize {
        self.max_body
    }

    /// What to do for a token that was verified. Nothing is allocated where its list is fresh and the token is good.
    ///
    /// Refused with `token_revoked` and `token_suspended`; `status_unavailable` where there is no list to go by, with
    /// [`Error::retry_after`]; `claim_invalid` for a claim `status` of the wrong form, a URL that is not taken, or a place
    /// outside of the list; `claim_missing` for a token without one where it is [required](StatusLists::required).
    #[inline]
    pub fn resolve(&self, verified: &Verified, now: UnixTime) -> StatusResolution {
        self.judge(verified.claim_json("status"), now, true)
    }

    /// Whether a token that was verified is good by the lists that are here: nobody is told to fetch.
    ///
    /// # Errors
    /// What [`StatusLists::resolve`] refuses; `status_unavailable` also where a list is to be fetched first.
    pub fn check(&self, verified: &Verified, now: UnixTime) -> Result<()> {
        self.checked(verified.claim_json("status"), now)
    }

    /// As [`StatusLists::resolve`], for the JSON text of a verified token's claims, such as [`Verified::json`].
    ///
    /// Refused as there, and with `payload_malformed` for a text that is no JSON object.
    pub fn resolve_json(&self, claims: &str, now: UnixTime) -> StatusResolution {
        match claims_of(claims) {
            Ok(claims) => self.judge(claims.get("status"), now, true),
            Err(error) => StatusResolution::Refuse(error),
        }
    }

    /// As [`StatusLists::check`], for the JSON text of a verified token's claims.
    ///
    /// # Errors
    /// As there; `payload_malformed` for a text that is no JSON object.
    pub fn check_json(&self, claims: &str, now: UnixTime) -> Result<()> {
        self.checked(claims_of(claims)?.get("status"), now)
    }

    /// Takes what a fetch of `url` brought: the body of an answer with status 200, or why there is none. `keys` are those
    /// of the issuer whose tokens name the list.
    ///
    /// # Errors
    /// Why the list stays what it was, for the log: the error that was given; those of [`Verifier::verify`], such as
    /// `signature_invalid`, `type_mismatch` (its `typ` is not `statuslist+jwt`), `subject_mismatch` (its `sub` is another
    /// URL) and `token_expired`; `token_too_old` where it was issued before the one that is here; `status_list_malformed`;
    /// `body_too_large`; `policy_invalid` for a URL that is not taken.
    pub fn fetched(&self, url: &str, answer: Result<&[u8]>, keys: &KeySet, now: UnixTime) -> Result<()> {
        let opened = answer.and_then(|body| {
            let (verifier, token) = self.opener(url, body, keys)?;
            opened(&verifier.verify(token, now)?, url, now)
        });
        // The list is read before the lock is taken: others are served meanwhile.
        match opened.and_then(|opened| opened.inflate().map(|bytes| (opened, bytes))) {
            Ok((opened, bytes)) => self.inflated(opened, bytes, now),
            Err(error) => Err(self.failed(url, error, now)),
        }
    }

    /// The first half of [`StatusLists::fetched`], for a host that checks signatures or inflates by itself: it then reports
    /// to [`StatusLists::inflated`], or, whatever went wrong, to [`StatusLists::failed`].
    ///
    /// # Errors
    /// As there.
    pub fn open_task(&self, url: &str, body: &[u8], keys: &KeySet, now: UnixTime) -> Task<OpenedList> {
        let opener = self.opener(url, body, keys).map(|(verifier, token)| (verifier, token.to_owned()));
        let url = url.to_owned();
        Task::new(|io| async move {
            let (verifier, token) = opener?;
            opened(&verifier.verify_with_host(&io, &token, now).await?, &url, now)
        })
    }

    /// Takes a list that was opened, and the bytes that it was inflated to.
    ///
    /// # Errors
    /// As [`StatusLists::fetched`].
    pub fn inflated(&self, opened: OpenedList, bytes: Vec<u8>, now: UnixTime) -> Result<()> {
        let url = opened.url.as_str();
        let list = match List::new(&opened, bytes, self.time_to_live, now) {
            Ok(list) => Arc::new(list),
            Err(error) => return Err(self.failed(url, error, now)),
        };
        let mut fetches = self.lock();
        let entry = self.fetches_of(&mut fetches, url, now)?;
        let known = self.lists.read(|lists| lists.get(url).map(|known| known.issued_at));
        let taken = match known {
            Some(known) if list.issued_at < known => {
                Err(Error::new(ErrorCode::TokenTooOld).at("iat").because(format!(
                    "the list was issued at {}, the one that is here at {known}",
                    list.issued_at
                )))
            }
            _ => Ok(()),
        };
        entry.end(now, taken.as_ref().err());
        if taken.is_ok() {
            self.lists.write(|lists| lists.insert(url, list.clone()));
        }
        taken
    }

    /// Takes down that a fetch of `url` brought no list, and why; gives the reason back.
    pub fn failed(&self, url: &str, reason: Error, now: UnixTime) -> Error {
        if self.fault(url).is_none()
            && let Ok(entry) = self.fetches_of(&mut self.lock(), url, now)
        {
            entry.end(now, Some(&reason));
        }
        reason
    }

    #[inline]
    fn judge(&self, status: Option<&str>, now: UnixTime, may_ask: bool) -> StatusResolution {
        let reference = match status.map_or(Ok(None), claim::reference) {
            Ok(Some(reference)) => reference,
            Ok(None) if !self.required => return StatusResolution::Valid,
            Ok(None) => return StatusResolution::Refuse(check::missing("status")),
            Err(error) => return StatusResolution::Refuse(error),
        };
        let state = self.lists.read(|lists| {
            let list = lists.get(&reference.uri).filter(|list| list.is_fresh(now, self.cooldown))?;
            Some(list.state(reference.index))
        });
        match state {
            Some(Some(0)) => StatusResolution::Valid,
            _ => self.judge_further(&reference, now, may_ask),
        }
    }

    /// Where the list is not fresh, or says something else than VALID.
    #[cold]
    fn judge_further(&self, reference: &Reference<'_>, now: UnixTime, may_ask: bool) -> StatusResolution {
        let url = &*reference.uri;
        let list = self.lists.read(|lists| lists.get(url).cloned());
        if let Some(list) = list.as_ref().filter(|list| list.is_fresh(now, self.cooldown)) {
            return by_list(list, reference);
        }
        if let Some(fault) = self.fault(url) {
            return refuse(Error::new(ErrorCode::ClaimInvalid).at("status.status_list.uri").because(fault));
        }
        let mut fetches = self.lock();
        let none = Fetches::default();
        let fetch = if may_ask {
            let fetch = match self.fetches_of(&mut fetches, url, now) {
                Ok(fetch) => fetch,
                Err(error) => return refuse(error),
            };
            if fetch.begin(now, self.cooldown) {
                return StatusResolution::Fetch { url: url.to_owned() };
            }
            fetch
        } else {
            fetches.get(url).unwrap_or(&none)
        };
        let outage = fetch.outage();
        let serves =
            |list: &List| now < list.good_until || self.accepts(list.good_until, now, outage.is_some());
        match (&list, outage) {
            (Some(list), _) if serves(list) => return by_list(list, reference),
            (None, Some((since, _))) if self.accepts(since, now, true) => return StatusResolution::Valid,
            _ if fetch.is_under_way() => return StatusResolution::Wait { url: url.to_owned() },
            _ => {}
        }
        let text = match (&list, outage) {
            (_, Some((_, error))) => {
                format!("the token's status list cannot be fetched: {}", error.message())
            }
            (Some(_), None) => "the token's status list is too old".to_owned(),
            (None, None) => "the token's status list was not fetched yet".to_owned(),
        };
        refuse(unavailable(fetch.retry(now, self.cooldown)).because(text))
    }

    /// Whether tokens are taken although there is no list for this time, which ended `since`.
    fn accepts(&self, since: UnixTime, now: UnixTime, is_unreachable: bool) -> bool {
        is_unreachable && self.accept_unreachable_for.is_some_and(|time| now < since.after(time))
    }

    fn checked(&self, status: Option<&str>, now: UnixTime) -> Result<()> {
        match self.judge(status, now, false) {
            StatusResolution::Valid => Ok(()),
            StatusResolution::Refuse(error) => Err(error),
            StatusResolution::Fetch { .. } | StatusResolution::Wait { .. } => {
                Err(unavailable(Retry { after_seconds: 1, limit: 0 })
                    .because("the token's status list is being fetched; try again"))
            }
        }
    }

    /// The verifier of the list of a URL, and the list's token (section 8.3, steps 3 and 4).
    fn opener<'b>(&self, url: &str, body: &'b [u8], keys: &KeySet) -> Result<(Verifier, &'b str)> {
        if let Some(fault) = self.fault(url) {
            return Err(Error::new(ErrorCode::PolicyInvalid).at("url").because(fault));
        }
        let token = fetches::text(body, self.max_body, "status list", ErrorCode::StatusListMalformed)?;
        // No `iss` is compared: a list may be signed by somebody else for the issuer, and is known by its URL.
        let verifier = Verifier::new(keys.clone()).any_issuer().any_audience().token_type("statuslist+jwt");
        let verifier = verifier.subject(url).require("iat").without_expiry().longest_token(self.max_body);
        Ok((verifier, token))
    }

    /// Why no list is taken from a URL.
    fn fault(&self, url: &str) -> Option<&'static str> {
        let elsewhere =
            !self.prefixes.is_empty() && !self.prefixes.iter().any(|prefix| url::is_below(url, prefix));
        url::fault(url, self.plain_http, PLAIN).or(elsewhere.then_some("no list is taken from there"))
    }

    /// The fetches of a URL. Where there are as many as are kept, those are forgotten whose lists say nothing any more.
    fn fetches_of<'f>(
        &self,
        fetches: &'f mut ByUrl<Fetches>,
        url: &str,
        now: UnixTime,
    ) -> Result<&'f mut Fetches> {
        if fetches.len() >= MAX_LISTS && fetches.get(url).is_none() {
            let good =
                |url: &str| self.lists.read(|lists| lists.get(url).is_some_and(|list| now < list.good_until));
            fetches.retain(|url, fetch| !fetch.may_begin(now, self.cooldown) || good(url));
            self.lists.write(|lists| lists.retain(|url, _| fetches.get(url).is_some()));
            if fetches.len() >= MAX_LISTS {
                return Err(unavailable(Retry { after_seconds: self.cooldown.seconds(), limit: 0 })
                    .because(format!("{MAX_LISTS} other status lists are in use; no more are kept")));
            }
        }
        if fetches.get(url).is_none() {
            fetches.insert(url, Fetches::default());
        }
        fetches.get_mut(url).ok_or(ErrorCode::Internal.into())
    }

    fn lock(&self) -> MutexGuard<'_, ByUrl<Fetches>> {
        // Nothing panics while the lock is held, and every state in between is whole.
        self.fetches.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a list says of a token (section 7.1): only VALID is good.
fn by_list(list: &List, reference: &Reference<'_>) -> StatusResolution {
    let bad = |code| Error::new(code).at("status");
    match list.state(reference.index) {
        Some(0) => StatusResolution::Valid,
        Some(1) => refuse(bad(ErrorCode::TokenRevoked)),
        Some(2) => refuse(bad(ErrorCode::TokenSuspended)),
        Some(other) => refuse(
            bad(ErrorCode::TokenRevoked)
                .because(format!("the token's status is {other}, which is not VALID")),
        ),
        None => refuse(Error::new(ErrorCode::ClaimInvalid).at("status.status_list.idx").because(format!(
            "the token names place {} of a list that has {}",
            reference.index,
            list.len()
        ))),
    }
}

/// The claims of a status list token that was verified.
fn opened(verified: &Verified, url: &str, now: UnixTime) -> Result<OpenedList> {
    // One from the future could not be replaced until then.
    check::issued_before(verified.payload(), now, AHEAD)?;
    OpenedList::read(verified, url.to_owned())
}

fn claims_of(claims: &str) -> Result<Object<'_>> {
    Object::of_token(claims.as_bytes())
        .map_err(|fault| Error::new(ErrorCode::PayloadMalformed).because(format!("the claims are {fault}")))
}

fn refuse(error: Error) -> StatusResolution {
    StatusResolution::Refuse(error)
}

fn unavailable(retry: Retry) -> Error {
    Error::new(ErrorCode::StatusUnavailable).retry(retry)
}

#[cfg(test)]
mod tests;
