//! The fetches of one URL: when one may begin, and what the last one came to. The host fetches; this has no transport and
//! no clock.

use crate::error::{Error, ErrorCode, Result, Retry};
use crate::time::{Lifetime, UnixTime};

/// The fetches of one URL. They begin at least a cooldown apart, and one caller at a time is told to make one.
#[derive(Debug, Default)]
pub(crate) struct Fetches {
    /// When one was last asked for.
    asked: Option<UnixTime>,
    under_way: bool,
    /// Since when fetches bring nothing, and why the last one did not.
    outage: Option<(UnixTime, Error)>,
}

impl Fetches {
    /// Whether one may begin; where it may, it has begun.
    pub(crate) fn begin(&mut self, now: UnixTime, cooldown: Lifetime) -> bool {
        let may = self.may_begin(now, cooldown);
        if may {
            (self.asked, self.under_way) = (Some(now), true);
        }
        may
    }

    /// Whether one may begin. A clock that was set back by more than a cooldown does not stop them until it has caught up.
    pub(crate) fn may_begin(&self, now: UnixTime, cooldown: Lifetime) -> bool {
        self.since_asked(now).is_none_or(|since| since >= seconds(cooldown.seconds()))
    }

    /// Takes down that one has ended, and why it brought nothing.
    pub(crate) fn end(&mut self, now: UnixTime, fault: Option<&Error>) {
        self.under_way = false;
        self.asked.get_or_insert(now);
        let since = self.outage.as_ref().map_or(now, |(since, _)| *since);
        self.outage = fault.map(|error| (since, error.clone()));
    }

    /// Whether somebody was told to fetch, and has not reported.
    pub(crate) fn is_under_way(&self) -> bool {
        self.under_way
    }

    /// Since when fetches bring nothing, and why the last one did not.
    pub(crate) fn outage(&self) -> Option<(UnixTime, &Error)> {
        self.outage.as_ref().map(|(since, error)| (*since, error))
    }

    /// When the next one may begin.
    pub(crate) fn retry(&self, now: UnixTime, cooldown: Lifetime) -> Retry {
        let left = seconds(cooldown.seconds()).saturating_sub(self.since_asked(now).unwrap_or(0)).max(1);
        Retry { after_seconds: u64::try_from(left).unwrap_or(1), limit: 0 }
    }

    fn since_asked(&self, now: UnixTime) -> Option<i64> {
        self.asked.map(|asked| distance(now, asked).saturating_abs())
    }
}

/// The text of a body of at most `most` bytes; `what` it is, and the code of one that is no text.
///
/// # Errors
/// `body_too_large`, and that code.
pub(crate) fn text<'a>(body: &'a [u8], most: usize, what: &str, code: ErrorCode) -> Result<&'a str> {
    if body.len() > most {
        return Err(Error::new(ErrorCode::BodyTooLarge)
            .because(format!("the {what} has {} bytes; at most {most} are taken", body.len())));
    }
    std::str::from_utf8(body).map_err(|_| Error::new(code).because(format!("the {what} is not valid UTF-8")))
}

/// The seconds from one time to another.
pub(crate) fn distance(now: UnixTime, then: UnixTime) -> i64 {
    now.seconds().saturating_sub(then.seconds())
}

/// Seconds, as those of a time.
pub(crate) fn seconds(seconds: u64) -> i64 {
    i64::try_from(seconds).unwrap_or(i64::MAX)
}
