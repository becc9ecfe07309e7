//! Lists are read in pages: how many, and behind which.

use crate::encoding::{base64url, from_base64url};
use crate::error::{Result, field_invalid};
use crate::store::RecordKey;

/// The most records in one page, and how many there are where nobody says.
pub(crate) const MOST: u32 = 100;

/// Which part of a list is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Page {
    /// The cursor of the page before.
    pub(crate) after: Option<String>,
    /// How many to look at.
    pub(crate) limit: Option<u32>,
}

impl Page {
    /// Where the page begins, and how many it has.
    pub(crate) fn read(&self) -> Result<(Option<RecordKey>, u32)> {
        let limit = self.limit.unwrap_or(MOST);
        if !(1..=MOST).contains(&limit) {
            return Err(field_invalid("limit", "the limit is 1 to 100"));
        }
        let key = |cursor: &String| {
            let key = from_base64url(cursor).and_then(|bytes| RecordKey::new(&bytes));
            key.ok_or_else(|| field_invalid("after", "not a cursor of a list"))
        };
        Ok((self.after.as_ref().map(key).transpose()?, limit))
    }
}

/// The cursor behind this key.
pub(crate) fn cursor(key: RecordKey) -> String {
    base64url(key.as_bytes())
}
