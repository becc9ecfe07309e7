//! Which request a line of the log is about: its id, and the trace that it is a part of (W3C Trace Context).
//!
//! Whoever sends a request can name both, so they say who asked for what as far as the sender is to be believed. Nothing
//! is decided by them.

use std::hash::{BuildHasher, RandomState};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

use hyper::HeaderMap;
use hyper::header::HeaderValue;

use crate::spans::Span;

/// The header with the id of a request, in both directions.
pub(crate) const REQUEST_ID: &str = "x-request-id";
const TRACEPARENT: &str = "traceparent";

/// The longest id that is taken over, in bytes.
const LONGEST: usize = 128;

tokio::task_local! {
    static CURRENT: Ids;
}

/// What the lines of one request have in common.
pub(crate) struct Ids {
    request: HeaderValue,
    trace: Trace,
    span: Option<Span>,
}

/// A trace, as its header names it; the parent is whoever sent the request, where there is a header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Trace {
    pub(crate) id: String,
    pub(crate) parent: Option<String>,
    /// Whether the parent says that the trace is recorded.
    pub(crate) sampled: bool,
}

/// What a request does, as the one that the lines of the log are about.
pub(crate) async fn within<F: Future>(ids: Ids, request: F) -> F::Output {
    CURRENT.scope(ids, request).await
}

/// The members that a line of the log has more, where it is about a request.
pub(crate) fn members(mut member: impl FnMut(&'static str, &str)) {
    // Else it is about none.
    let _ = CURRENT.try_with(|ids| {
        member("request_id", ids.request.to_str().unwrap_or_default());
        member("trace_id", &ids.trace.id);
        if let Some(parent) = &ids.trace.parent {
            member("parent_id", parent);
        }
    });
}

/// The request that is under way was answered.
pub(crate) fn answered(status: u16) {
    // Else there is none.
    let _ = CURRENT.try_with(|ids| ids.span.as_ref().map(|span| span.answered(status)));
}

/// A span of a command to the store, where there is one of its request.
pub(crate) fn command(name: &'static str) -> Option<Span> {
    CURRENT.try_with(|ids| ids.span.as_ref()?.command(name)).ok()?
}

impl Ids {
    /// Those that a request has, and new ones for what it lacks.
    pub(crate) fn of(headers: &HeaderMap, method: &'static str, route: &'static str) -> Self {
        let request = only(headers, REQUEST_ID).filter(|id| is_id(id.as_bytes())).cloned();
        // Hexadecimal digits are always a header's value.
        let new = || HeaderValue::try_from(random()).unwrap_or(HeaderValue::from_static("none"));
        let trace = only(headers, TRACEPARENT).and_then(|parent| Trace::parse(parent.as_bytes()));
        let span = Span::request(method, route, trace.as_ref());
        let id = || span.as_ref().map_or_else(random, Span::trace_id);
        let trace = trace.unwrap_or_else(|| Trace { id: id(), parent: None, sampled: false });
        Ids { request: request.unwrap_or_else(new), trace, span }
    }

    /// The id of the request, for its answer.
    pub(crate) fn request(&self) -> HeaderValue {
        self.request.clone()
    }
}

impl Trace {
    /// Section 3.2 of the recommendation: version, trace, parent and flags, each in lowercase hexadecimal digits. A later version
    /// may have more behind them.
    fn parse(header: &[u8]) -> Option<Self> {
        let (known, more) = header.split_at_checked(55)?;
        let text = str::from_utf8(known).ok()?;
        let mut parts = text.split('-');
        let [version, id, parent, flags] = [parts.next()?, parts.next()?, parts.next()?, parts.next()?];
        let lengths = [version, id, parent, flags].map(str::len) == [2, 32, 16, 2] && parts.next().is_none();
        let digits = text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f' | b'-'));
        let there = [id, parent].iter().all(|id| id.bytes().any(|digit| digit != b'0'));
        let ends = more.is_empty() || (version != "00" && more.first() == Some(&b'-'));
        (lengths && digits && there && ends && version != "ff").then(|| Trace {
            id: id.to_owned(),
            parent: Some(parent.to_owned()),
            sampled: u8::from_str_radix(flags, 16).is_ok_and(|flags| flags & 1 == 1),
        })
    }
}

/// A header that is there once.
fn only<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a HeaderValue> {
    let mut values = headers.get_all(name).iter();
    let first = values.next()?;
    values.next().is_none().then_some(first)
}

fn is_id(id: &[u8]) -> bool {
    (1..=LONGEST).contains(&id.len()) && id.iter().all(u8::is_ascii_graphic)
}

/// A new id, in 32 hexadecimal digits: none that anybody else has, and nothing secret. It costs no call of the system.
fn random() -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    static MADE: AtomicU64 = AtomicU64::new(0);
    static RANDOM: LazyLock<[RandomState; 2]> = LazyLock::new(|| [RandomState::new(), RandomState::new()]);
    let number = MADE.fetch_add(1, Ordering::Relaxed);
    let digits =
        |half: u64| (0..16).rev().map(move |at| char::from(DIGITS[(half >> (4 * at) & 15) as usize]));
    RANDOM.iter().flat_map(|half| digits(half.hash_one(number))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
    const PARENT: &str = "b7ad6b7169203331";

    fn parsed(header: &str) -> Option<(String, String)> {
        Trace::parse(header.as_bytes()).map(|trace| (trace.id, trace.parent.unwrap()))
    }

    #[test]
    fn a_trace_is_taken_as_the_recommendation_says() {
        let known = Some((TRACE.to_owned(), PARENT.to_owned()));
        for header in
            ["00-{T}-{P}-01", "00-{T}-{P}-00", "00-{T}-{P}-ff", "01-{T}-{P}-01", "cc-{T}-{P}-01-more"]
        {
            let header = header.replace("{T}", TRACE).replace("{P}", PARENT);
            assert_eq!(parsed(&header), known, "{header}");
        }
        for header in [
            "",
            "00",
            "00-{T}-{P}",
            "00-{T}-{P}-1",
            "00-{T}-{P}-01-",
            "00-{T}-{P}-01-more",
            "00-{T}-{P}-01 ",
            " 00-{T}-{P}-01",
            "01-{T}-{P}-01more",
            "ff-{T}-{P}-01",
            "0-0{T}-{P}-01",
            "00-{T}{P}--01",
            "00_{T}_{P}_01",
            "0x-{T}-{P}-01",
            "00-{T}-{P}-0G",
            "00-00000000000000000000000000000000-{P}-01",
            "00-{T}-0000000000000000-01",
            "00-0AF7651916CD43DD8448EB211C80319C-{P}-01",
            "00-{T}-B7AD6B7169203331-01",
            "00-{T}-b7ad6b716920333é-1",
        ] {
            let header = header.replace("{T}", TRACE).replace("{P}", PARENT);
            assert_eq!(parsed(&header), None, "{header}");
        }
    }

    #[test]
    fn what_a_request_names_twice_or_wrongly_is_made_anew() {
        let of = |values: &[&str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(REQUEST_ID, value.parse().unwrap());
            }
            Ids::of(&headers, "GET", "/").request().to_str().unwrap().to_owned()
        };
        assert_eq!(of(&["req-1"]), "req-1");
        assert_eq!(of(&["x".repeat(128).as_str()]), "x".repeat(128));
        for wrong in
            [vec![], vec![""], vec!["a b"], vec!["a\tb"], vec!["a", "a"], vec!["x".repeat(129).as_str()]]
        {
            let made = of(&wrong);
            assert!(made.len() == 32 && made != of(&wrong), "{wrong:?}: {made}");
        }
    }
}
