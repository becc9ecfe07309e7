//! The claim `status` of a token: where its status stands (draft-ietf-oauth-status-list section 6.2).

use std::borrow::Cow;

use crate::error::{ErrorCode, Result};
use crate::json::{self, FromJson, Json, Misfit, object};

/// The place of a token's status.
#[derive(Debug, PartialEq)]
pub(super) struct Reference<'a> {
    pub(super) index: u64,
    pub(super) uri: Cow<'a, str>,
}

/// The place that the claim names, whose text is that of a token which was verified; `None` where it is of another
/// mechanism.
///
/// # Errors
/// `claim_invalid` at what has the wrong form.
pub(super) fn reference(status: &str) -> Result<Option<Reference<'_>>> {
    match plain(status) {
        Some(found) => Ok(Some(found)),
        None => any(status),
    }
}

/// As nearly every issuer writes it: no other member, no blanks, no escapes. Nothing is allocated.
#[inline]
fn plain(status: &str) -> Option<Reference<'_>> {
    let rest = status.strip_prefix(r#"{"status_list":{"idx":"#)?;
    let (index, len) = json::digits(rest.as_bytes());
    // So few digits overflow nothing; JSON has no leading zeros.
    let is_whole = (1..=9).contains(&len);
    let uri = rest.get(len..)?.strip_prefix(r#","uri":""#)?.strip_suffix(r#""}}"#)?;
    (is_whole && json::is_plain(uri)).then_some(Reference { index, uri: Cow::Borrowed(uri) })
}

#[cold]
fn any(status: &str) -> Result<Option<Reference<'static>>> {
    let read: Result<Status, Misfit> = json::from_written(status);
    match read {
        Ok(status) => {
            Ok(status.status_list.0.map(|list| Reference { index: list.idx, uri: list.uri.into() }))
        }
        Err(misfit) => Err(misfit.within("status").error(ErrorCode::ClaimInvalid)),
    }
}

object! {
    #[json(read)]
    struct Status {
        status_list: Named,
    }

    #[json(read)]
    struct StatusList {
        idx: u64,
        uri: String,
    }
}

/// A member that need not be there; `null` is none.
struct Named(Option<StatusList>);

impl FromJson for Named {
    fn blank() -> Self {
        Named(None)
    }

    fn read_json(&mut self, json: Json<'_>) -> Result<(), Misfit> {
        self.0 = Some(json.read()?);
        Ok(())
    }

    fn is_optional(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_plain_form_and_every_other_are_read_alike() {
        for (text, index) in [
            (r#"{"status_list":{"idx":0,"uri":"https://a/1"}}"#, 0),
            (r#"{"status_list":{"idx":1048575,"uri":"https://a/1"}}"#, 1_048_575),
            (r#"{"status_list":{"idx":18446744073709551615,"uri":"https://a/1"}}"#, u64::MAX),
            (r#"{"status_list":{"uri":"https://a/1","idx":7}}"#, 7),
            (r#"{ "status_list" : { "idx" : 7 , "uri" : "https:\/\/a\/1" } }"#, 7),
            (r#"{"other":{},"status_list":{"idx":7,"uri":"https://a/1","more":[1]}}"#, 7),
            (r#"{"status_list":{"idx":7,"uri":"https://a/1"},"other":"\"}}"}"#, 7),
        ] {
            let found = reference(text).unwrap().unwrap();
            assert_eq!((found.index, &*found.uri), (index, "https://a/1"), "{text}");
            assert_eq!(any(text).unwrap().unwrap(), found, "{text}");
        }
        for text in ["{}", r#"{"other":{"idx":1}}"#] {
            assert_eq!(reference(text).unwrap(), None, "{text}");
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, field) in [
            ("null", "status"),
            ("7", "status"),
            (r#""x""#, "status"),
            ("[]", "status"),
            (r#"{"status_list":null}"#, "status.status_list"),
            (r#"{"status_list":"x"}"#, "status.status_list"),
            (r#"{"status_list":{}}"#, "status.status_list.idx"),
            (r#"{"status_list":{"idx":1}}"#, "status.status_list.uri"),
            (r#"{"status_list":{"idx":-1,"uri":"u"}}"#, "status.status_list.idx"),
            (r#"{"status_list":{"idx":1.0,"uri":"u"}}"#, "status.status_list.idx"),
            (r#"{"status_list":{"idx":1e1,"uri":"u"}}"#, "status.status_list.idx"),
            (r#"{"status_list":{"idx":"1","uri":"u"}}"#, "status.status_list.idx"),
            (r#"{"status_list":{"idx":18446744073709551616,"uri":"u"}}"#, "status.status_list.idx"),
            (r#"{"status_list":{"idx":1,"uri":7}}"#, "status.status_list.uri"),
        ] {
            let error = reference(text).unwrap_err();
            assert_eq!((error.code(), error.field()), (ErrorCode::ClaimInvalid, Some(field)), "{text}");
        }
    }
}
