//! The states of tokens, by the lists that their issuers publish.

use std::ffi::{c_char, c_void};
use std::mem::MaybeUninit;

use tokenmint::config::StatusListsConfig;
use tokenmint::{Error, ErrorCode, StatusLists, StatusResolution};

use crate::arguments::{bytes, place, seconds, text, token as read_token};
use crate::bytes::tokenmint_bytes;
use crate::error::tokenmint_error;
use crate::guard::{guard, guard_value};
use crate::handle::{Handle, borrow, free, handles};
use crate::task::json;
use crate::verifier::tokenmint_verifier;

/// Status lists, none at first; the caller fetches them. One serves all threads and all requests.
pub struct tokenmint_status_lists(StatusLists);

handles!(tokenmint_status_lists b"tm stats");

/// Status lists (draft-ietf-oauth-status-list), of which none is here yet.
///
/// `config`: a JSON object such as `{"required":true,"prefixes":["https://as.example/status/"]}`; `{}` for the defaults;
/// `docs/c-abi.md` lists the fields. One that is not known is an error.
///
/// Fails with `policy_invalid`.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn tokenmint_status_lists_new(
    config: *const c_char,
    config_length: usize,
    lists: Option<&mut MaybeUninit<*mut tokenmint_status_lists>>,
    error: Option<&mut MaybeUninit<tokenmint_error>>,
) -> i32 {
    guard(error, || {
        let out = place(lists, "lists")?;
        // SAFETY: the caller keeps the header's contract.
        let config = unsafe { text(config, config_length, "config")? };
        out.write(tokenmint_status_lists(StatusListsConfig::from_json(config)?.build()?).into_handle());
        Ok(())
    })
}

/// Frees status lists.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tokenmint_status_lists_free(lists: *mut tokenmint_status_lists) {
    // SAFETY: the caller keeps the header's contract.
    guard_value((), || unsafe { free(lists) });
}

/// What to fetch before `tokenmint_status_lists_check` of a token: `url` has no `data` where there is nothing to fetch.
/// With `waits` 0, this caller fetches the URL and reports to `tokenmint_status_lists_fetched`; with 1, another was told to:
/// wait for its report. Both then ask again.
///
/// `claims`: what `tokenmint_verify` gave for the token.
///
/// Fails with `time_invalid`, `payload_malformed` for what is no JSON object. It is no verdict: what is refused has nothing
/// to fetch.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn tokenmint_status_lists_wanted(
    lists: *const tokenmint_status_lists,
    claims: *const c_char,
    claims_length: usize,
    now_seconds: i64,
    url: Option<&mut MaybeUninit<tokenmint_bytes>>,
    waits: Option<&mut MaybeUninit<i32>>,
    error: Option<&mut MaybeUninit<tokenmint_error>>,
) -> i32 {
    guard(error, || {
        let (url_out, waits_out) = (place(url, "url")?, place(waits, "waits")?);
        // SAFETY: the caller keeps the header's contract.
        let (lists, claims) = unsafe { (&borrow(lists, "lists")?.0, text(claims, claims_length, "claims")?) };
        let (url, waits) = match lists.resolve_json(claims, seconds(now_seconds, "now_seconds")?) {
            StatusResolution::Fetch { url } => (url.into(), 0),
            StatusResolution::Wait { url } => (url.into(), 1),
            StatusResolution::Refuse(refused) if refused.code() == ErrorCode::PayloadMalformed => {
                return Err(refused);
            }
            StatusResolution::Valid | StatusResolution::Refuse(_) => (tokenmint_bytes::NOTHING, 0),
        };
        url_out.write(url);
        waits_out.write(waits);
        Ok(())
    })
}

/// Takes what a fetch of `url` brought: the body of an answer with status 200; NULL and 0 where there is none.
///
/// `verifier`: whose keys sign the list, which is that of the tokens. 0 says that the list is used from now on; whatever
/// else, lists and tokens stay as they were, and it is for the log.
///
/// Fails with `status_unavailable` for NULL; the codes of a token for that of the list; `token_too_old` for a list that was
/// issued before the one that is here; `status_list_malformed`, `body_too_large`; `policy_invalid` for a URL that is not
/// taken; `time_invalid`.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn tokenmint_status_lists_fetched(
    lists: *const tokenmint_status_lists,
    verifier: *const tokenmint_verifier,
    url: *const c_char,
    url_length: usize,
    body: *const c_void,
    body_length: usize,
    now_seconds: i64,
    error: Option<&mut MaybeUninit<tokenmint_error>>,
) -> i32 {
    guard(error, || {
        // SAFETY: the caller keeps the header's contract.
        let (lists, verifier, url) = unsafe {
            (&borrow(lists, "lists")?.0, &borrow(verifier, "verifier")?.0, text(url, url_length, "url")?)
        };
        let body = match body.is_null() && body_length == 0 {
            true => Err(Error::new(ErrorCode::StatusUnavailable).because("the list could not be fetched")),
            // SAFETY: the caller keeps the header's contract.
            false => Ok(unsafe { bytes(body, body_length, "body")? }),
        };
        lists.fetched(url, body, verifier.keys(), seconds(now_seconds, "now_seconds")?)
    })
}

/// Whether a token that was verified is good by the lists that are here. Only 0 means that it is.
///
/// `claims`: what `tokenmint_verify` gave for the token.
///
/// Fails with `token_revoked`, `token_suspended`; `status_unavailable` where there is no list to go by;
/// `claim_invalid` for a claim `status` of the wrong form, a URL that is not taken, or a place outside of the list;
/// `claim_missing` for a token without one where it is required; `payload_malformed` for what is no JSON object;
/// `time_invalid`.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn tokenmint_status_lists_check(
    lists: *const tokenmint_status_lists,
    claims: *const c_char,
    claims_length: usize,
    now_seconds: i64,
    error: Option<&mut MaybeUninit<tokenmint_error>>,
) -> i32 {
    guard(error, || {
        // SAFETY: the caller keeps the header's contract.
        let (lists, claims) = unsafe { (&borrow(lists, "lists")?.0, text(claims, claims_length, "claims")?) };
        lists.check_json(claims, seconds(now_seconds, "now_seconds")?)
    })
}

/// As `tokenmint_explain`, with one more line, `status`: the verdict of `tokenmint_status_lists_check`.
///
/// Fails with `time_invalid`, `token_encoding` for a token that is not UTF-8.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn tokenmint_status_lists_explain(
    lists: *const tokenmint_status_lists,
    verifier: *const tokenmint_verifier,
    token: *const c_char,
    token_length: usize,
    now_seconds: i64,
    explanation: Option<&mut MaybeUninit<tokenmint_bytes>>,
    error: Option<&mut MaybeUninit<tokenmint_error>>,
) -> i32 {
    guard(error, || {
        let out = place(explanation, "explanation")?;
        // SAFETY: the caller keeps the header's contract.
        let (lists, verifier, token) = unsafe {
            (&borrow(lists, "lists")?.0, &borrow(verifier, "verifier")?.0, read_token(token, token_length)?)
        };
        let now = seconds(now_seconds, "now_seconds")?;
        out.write(json(&lists.explain(verifier.explain(token, now), now))?.into());
        Ok(())
    })
}
