//! The status lists of the issuers at their URLs (draft-ietf-oauth-status-list section 8).
//!
//! What they say is kept in memory, and each list is signed once for each time that it is made: a request costs the store
//! nothing. Lists that have become old are made anew by whoever asks first, and the others have the last ones meanwhile.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, ETAG, VARY,
};
use http::{Method, StatusCode};

use super::call::Call;
use super::rejection::{Rejection, method_not_allowed};
use super::request::Request;
use super::response::{Response, empty, set};
use crate::encoding::gzip;
use crate::error::{Error, ErrorCode, Result, Retry};
use crate::flow::Flow;
use crate::flow::status_lists::{Published, list_uri};
use crate::issuer::Issuer;
use crate::status_policy::StatusPolicy;
use crate::time::{Lifetime, UnixTime};
use crate::token::status_list::LISTS;

/// How long somebody may take who makes the lists before another one does it, too.
const PATIENCE: Lifetime = Lifetime::seconds_or_one(30);
/// How many lists of generations before are signed each time: whoever asks for more of them asks for what is in no token.
const MOST_FORMER: usize = 64;

/// What the lists say of themselves, where their path is `{PATH}`.
const OPENAPI: &str = include_str!("status_lists.json");

/// The lists of one issuer.
#[derive(Debug)]
pub(super) struct ServedLists {
    issuer: Issuer,
    policy: StatusPolicy,
    path: String,
    memory: Mutex<Memory>,
}

#[derive(Debug, Default)]
struct Memory {
    /// What they said last.
    published: Option<Arc<Published>>,
    /// Those that were asked for since.
    signed: BTreeMap<(u64, u32), Arc<Signed>>,
    /// When somebody began to make them anew.
    begun_at: Option<UnixTime>,
}

/// A list as it is sent.
#[derive(Debug)]
struct Signed {
    token: String,
    gzip: Vec<u8>,
    /// A weak one: another machine's signature may differ.
    etag: String,
}

impl ServedLists {
    /// The lists of the issuers whose policies have some.
    ///
    /// # Errors
    /// `policy_invalid` at `status_lists` where two issuers would have the same ones, or one of two dialects of an issuer others
    /// than the other.
    pub(super) fn of<'a>(issuers: impl Iterator<Item = &'a Issuer>) -> Result<Vec<ServedLists>> {
        let mut all: Vec<ServedLists> = Vec::new();
        for issuer in issuers {
            let Some(policy) = &issuer.policy().status_lists else { continue };
            let refused = |text| Err(Error::new(ErrorCode::PolicyInvalid).at("status_lists").because(text));
            match all.iter().find(|known| known.issuer.name() == issuer.name()) {
                Some(known) if known.policy == *policy => continue,
                Some(_) => return refused("two dialects of one issuer have the same lists, or one has none"),
                None if all.iter().any(|known| known.policy.uri == policy.uri) => {
                    return refused("two issuers have lists of their own, each below its own uri");
                }
                None => {}
            }
            let (issuer, policy) = (issuer.clone(), policy.clone());
            let path = policy.path().unwrap_or_default().to_owned();
            all.push(ServedLists { issuer, policy, path, memory: Mutex::default() });
        }
        Ok(all)
    }

    /// The path below which they are.
    pub(super) fn path(&self) -> &str {
        &self.path
    }

    pub(super) fn issuer(&self) -> &Issuer {
        &self.issuer
    }

    /// How old they become.
    pub(super) fn every(&self) -> Lifetime {
        self.policy.every
    }

    /// What they say of themselves, as an OpenAPI document.
    pub(super) fn openapi(&self) -> String {
        OPENAPI.replace("{PATH}", &self.path)
    }

    /// Makes the lists anew where they are old, whoever else is at it: requests may be dropped on their way.
    pub(super) async fn make(&self, flow: &mut Flow) -> Result<()> {
        match self.young(flow.now()) {
            Some(_) => Ok(()),
            None => self.made(flow).await.map(drop),
        }
    }

    pub(super) async fn answer(&self, call: &Call) -> Result<Response, Rejection> {
        let request = call.request();
        let below = request.segments().get(self.path.split('/').count() - 1..).unwrap_or_default().to_vec();
        let [id] = below.as_slice() else { return Err(ErrorCode::RouteNotFound.into()) };
        let Some((generation, list)) = read_id(id) else { return Err(ErrorCode::RouteNotFound.into()) };
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            return Err(method_not_allowed("GET, HEAD"));
        }
        // Section 8.4: a list as it was at another time is none that we have.
        if request.query().unwrap_or_default().split('&').any(|field| field.starts_with("time=")) {
            return Ok(empty(StatusCode::NOT_IMPLEMENTED));
        }
        let mut flow = call.flow(&self.issuer);
        let published = self.published(&mut flow).await.map_err(as_unavailable)?;
        let signed = self.signed(&flow, &published, generation, list).await?;
        Ok(self.response(request, &signed, published.made_at, call.now()))
    }

    /// What the lists say: what is in memory and young, or is being made anew by another; else it is made now.
    async fn published(&self, flow: &mut Flow) -> Result<Arc<Published>> {
        let now = flow.now();
        if let Some(known) = self.young(now) {
            return Ok(known);
        }
        let (known, begun_at) = {
            let memory = self.memory();
            (memory.published.clone(), memory.begun_at)
        };
        match (known, begun_at) {
            (Some(known), Some(begun)) if begun.is_near(now, PATIENCE) => Ok(known),
            _ => self.made(flow).await,
        }
    }

    fn young(&self, now: UnixTime) -> Option<Arc<Published>> {
        let is_young = |known: &&Arc<Published>| known.made_at.is_near(now, self.policy.every);
        self.memory().published.as_ref().filter(is_young).cloned()
    }

    async fn made(&self, flow: &mut Flow) -> Result<Arc<Published>> {
        let begun = Begun::new(self, flow.now());
        let made = flow.published().await;
        drop(begun);
        let (made, mut memory) = (Arc::new(made?), self.memory());
        // Who was slower may have read earlier.
        let is_newer = |known: &Arc<Published>| known.time() > made.time();
        if let Some(known) = memory.published.clone().filter(is_newer) {
            return Ok(known);
        }
        memory.signed.clear();
        memory.published = Some(Arc::clone(&made));
        Ok(made)
    }

    /// A list with its signature.
    async fn signed(
        &self,
        flow: &Flow,
        published: &Published,
        generation: u64,
        list: u32,
    ) -> Result<Arc<Signed>> {
        if let Some(signed) = self.memory().signed.get(&(generation, list)) {
            return Ok(Arc::clone(signed));
        }
        if generation < published.generation && self.former_signed(published.generation) >= MOST_FORMER {
            return Err(unavailable("many lists of generations before were asked for; try again"));
        }
        let Some(said) = published.list(self.policy.bits, generation, list) else {
            // The store has lost a write, or reads an old one.
            return Err(unavailable("the store does not know of this list"));
        };
        let etag = format!("W/\"{}-{}\"", published.made_at, said.fingerprint());
        let uri = list_uri(&self.policy, generation, list);
        let token = flow.sign_status_list(&uri, published.made_at, said).await?;
        let signed = Arc::new(Signed { gzip: gzip(token.as_bytes()), token, etag });
        let mut memory = self.memory();
        if memory.published.as_ref().is_some_and(|known| known.made_at == published.made_at) {
            memory.signed.insert((generation, list), Arc::clone(&signed));
        }
        Ok(signed)
    }

    fn former_signed(&self, generation: u64) -> usize {
        self.memory().signed.range(..(generation, 0)).count()
    }

    fn response(&self, request: &Request, signed: &Signed, made_at: UnixTime, now: UnixTime) -> Response {
        let mut response = empty(StatusCode::OK);
        let left = made_at.after(self.policy.time_to_live).seconds() - now.seconds();
        set(&mut response, CACHE_CONTROL, &format!("public, max-age={}", left.max(0)));
        set(&mut response, ETAG, &signed.etag);
        set(&mut response, VARY, "Accept-Encoding");
        if request.knows(&signed.etag) {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            return response;
        }
        set(&mut response, CONTENT_TYPE, "application/statuslist+jwt");
        let body = if takes_gzip(request) {
            set(&mut response, CONTENT_ENCODING, "gzip");
            &signed.gzip
        } else {
            signed.token.as_bytes()
        };
        // RFC 9110 section 9.3.2: the headers of a GET, and no content.
        set(&mut response, CONTENT_LENGTH, &body.len().to_string());
        if request.method() == Method::GET {
            *response.body_mut() = body.to_vec();
        }
        response
    }

    fn memory(&self) -> std::sync::MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Lists that are being made. Whoever drops the task on its way leaves it to the next.
struct Begun<'a>(&'a ServedLists);

impl<'a> Begun<'a> {
    fn new(lists: &'a ServedLists, now: UnixTime) -> Self {
        lists.memory().begun_at = Some(now);
        Begun(lists)
    }
}

impl Drop for Begun<'_> {
    fn drop(&mut self) {
        self.0.memory().begun_at = None;
    }
}

/// The generation and the list of an id, in the one form that an id has.
fn read_id(id: &str) -> Option<(u64, u32)> {
    let (generation, list) = id.split_once('-')?;
    let (generation, list) = (generation.parse().ok()?, list.parse().ok()?);
    (list < LISTS && format!("{generation}-{list}") == id).then_some((generation, list))
}

/// Whether the answer may be compressed (RFC 9110 section 12.5.3).
fn takes_gzip(request: &Request) -> bool {
    let lines = request.headers().get_all(ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    let mut codings = lines.flat_map(|line| line.split(','));
    codings.any(|coding| {
        let (name, weight) = coding.split_once(';').unwrap_or((coding, ""));
        let weight = weight.trim().strip_prefix("q=").unwrap_or("1");
        let is_gzip = ["gzip", "x-gzip", "*"].iter().any(|known| name.trim().eq_ignore_ascii_case(known));
        is_gzip && weight.parse::<f32>().is_ok_and(|weight| weight > 0.0)
    })
}

fn unavailable(text: &'static str) -> Error {
    let retry = Retry { after_seconds: 1, limit: 0 };
    Error::new(ErrorCode::StoreUnavailable).because(text).retry(retry)
}

/// A store that has lost a write is no fault of whoever asks for a list.
fn as_unavailable(error: Error) -> Error {
    match error.code() {
        ErrorCode::StoreRegressed => unavailable("the store has lost a write"),
        _ => error,
    }
}
