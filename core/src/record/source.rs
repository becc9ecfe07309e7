//! The record of a token source: the tokens that a client keeps, and who asks for the next ones.

use super::Draft;
use crate::error::Result;
use crate::json::object;
use crate::store::{MAX_SKEW_MS, RecordKey};
use crate::time::{Lifetime, Moment, UnixTime};

object! {
    /// What a client keeps.
    #[derive(Clone)]
    #[json(read, write)]
    pub(crate) struct Kept {
        /// Which tokens these are: 16 random bytes in base64url. An answer counts for those that it was asked with.
        pub(crate) pair: String,
        #[json(omit)]
        pub(crate) access_token: Option<String>,
        #[json(omit)]
        pub(crate) refresh_token: Option<String>,
        #[json(omit)]
        pub(crate) scope: Option<String>,
        /// When they were asked for: no later than when they were made.
        pub(crate) asked_at: Moment,
        /// How many seconds the access token lives, where somebody said so.
        #[json(omit)]
        pub(crate) lifetime: Option<u64>,
        #[json(omit)]
        pub(crate) claim: Option<Claim>,
        /// When the next may ask.
        #[json(omit)]
        pub(crate) not_before: Option<Moment>,
        /// How often in a row the asking came to nothing.
        #[json(omit)]
        pub(crate) failures: Option<u64>,
        /// Whether the server has said that the session is over.
        #[json(omit)]
        pub(crate) over: Option<bool>,
    }

    /// Who asks for the next tokens: nobody else does before it lapses.
    #[derive(Clone)]
    #[json(read, write)]
    pub(crate) struct Claim {
        /// 16 random bytes in base64url.
        pub(crate) id: String,
        pub(crate) since: Moment,
        pub(crate) until: Moment,
        /// How often the answer was lost.
        #[json(omit)]
        pub(crate) lost: Option<u64>,
    }
}

/// What an access token is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// For so many microseconds; where nobody said how long it lives, until a resource refuses it.
    Fresh(u64),
    /// Still good, and time to ask for the next.
    Due,
    /// For nothing.
    Spent,
}

impl Kept {
    /// Tokens that nobody has yet.
    pub(crate) fn nothing(pair: String, now: Moment) -> Self {
        Kept {
            pair,
            access_token: None,
            refresh_token: None,
            scope: None,
            asked_at: now,
            lifetime: None,
            claim: None,
            not_before: None,
            failures: None,
            over: None,
        }
    }

    /// What the access token is good for: the next is asked for `early` before its end, or a quarter of its life where that is
    /// less. For the last quarter of that time nobody takes it: it has to arrive somewhere.
    pub(crate) fn standing(&self, now: Moment, early: Lifetime, refused: Option<&str>) -> Standing {
        if self.access_token.is_none() || self.access_token.as_deref() == refused {
            return Standing::Spent;
        }
        let Some(lifetime) = self.lifetime else { return Standing::Fresh(0) };
        let life = micros(lifetime);
        let early = micros(early.seconds()).min(life / 4);
        let age = now.micros().saturating_sub(self.asked_at.micros());
        if age >= life - early / 4 {
            Standing::Spent
        } else if age >= life - early || is_ahead(self.asked_at, now) {
            Standing::Due
        } else {
            Standing::Fresh(life - early - age)
        }
    }

    /// The claim of somebody who asks.
    pub(crate) fn claimed(&self, now: Moment) -> Option<&Claim> {
        self.claim.as_ref().filter(|claim| now < claim.until && !is_ahead(claim.since, now))
    }

    /// When somebody may ask again, if that is later.
    pub(crate) fn held_back(&self, now: Moment) -> Option<Moment> {
        self.not_before.filter(|then| now < *then)
    }

    pub(crate) fn is_over(&self) -> bool {
        self.over == Some(true)
    }

    /// The record once the session is over: nothing of it is a secret.
    pub(crate) fn ended(self, now: Moment) -> Kept {
        Kept { over: Some(true), ..Kept::nothing(self.pair, now) }
    }

    /// The record as it is written. That a session is over need not be known for ever: without a record there is none, either.
    pub(crate) fn draft(&self) -> Result<Draft> {
        match self.is_over() {
            true => Draft::new(self, self.asked_at.seconds().after(Lifetime::DAY)),
            false => Draft::permanent(self),
        }
    }

    /// When the access token ends.
    pub(crate) fn expires_at(&self) -> Option<UnixTime> {
        self.lifetime.map(|seconds| self.asked_at.after_micros(micros(seconds)).seconds())
    }
}

/// The key of a source's record.
pub(crate) fn source_key(endpoint: &str, client: &str, name: &str) -> RecordKey {
    RecordKey::of("source", &[endpoint, client, name])
}

/// Whether a time lies ahead by more than clocks differ: somebody's clock was wrong, and nobody waits until it is right.
fn is_ahead(time: Moment, now: Moment) -> bool {
    time.micros() > now.micros().saturating_add(MAX_SKEW_MS * 1000)
}

pub(crate) fn micros(seconds: u64) -> u64 {
    seconds.saturating_mul(1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: u64 = 1_700_000_000_000_000;

    fn kept(lifetime: Option<u64>) -> Kept {
        let access_token = Some("a".to_owned());
        Kept { access_token, lifetime, ..Kept::nothing("p".to_owned(), Moment::from_micros(START)) }
    }

    #[test]
    fn a_token_is_replaced_before_its_end_and_used_until_shortly_before_it() {
        let at = |lifetime, after: u64| {
            kept(Some(lifetime)).standing(Moment::from_micros(START + after), Lifetime::MINUTE, None)
        };
        assert_eq!(at(900, 0), Standing::Fresh(840_000_000));
        assert_eq!(at(900, 839_999_999), Standing::Fresh(1));
        assert_eq!((at(900, 840_000_000), at(900, 884_999_999)), (Standing::Due, Standing::Due));
        assert_eq!(at(900, 885_000_000), Standing::Spent);
        // Of a short life a quarter is early enough.
        assert_eq!((at(2, 1_499_999), at(2, 1_500_000)), (Standing::Fresh(1), Standing::Due));
        assert_eq!((at(2, 1_874_999), at(2, 1_875_000)), (Standing::Due, Standing::Spent));
    }

    #[test]
    fn a_token_without_an_end_is_good_until_it_is_refused() {
        let later = Moment::from_micros(START + 1_000_000_000_000);
        assert_eq!(kept(None).standing(later, Lifetime::MINUTE, None), Standing::Fresh(0));
        assert_eq!(kept(None).standing(later, Lifetime::MINUTE, Some("b")), Standing::Fresh(0));
        assert_eq!(kept(None).standing(later, Lifetime::MINUTE, Some("a")), Standing::Spent);
    }

    #[test]
    fn a_clock_that_was_set_back_stops_nobody() {
        let now = Moment::from_micros(START);
        let claim = |since: u64| Claim {
            id: "c".to_owned(),
            since: Moment::from_micros(since),
            until: Moment::from_micros(since + 5_000_000),
            lost: None,
        };
        let claimed = |since| Kept { claim: Some(claim(since)), ..kept(None) }.claimed(now).is_some();
        assert!(claimed(START) && claimed(START + 2_000_000) && claimed(START - 4_999_999));
        assert!(!claimed(START - 5_000_000) && !claimed(START + 2_000_001));
        let then = Kept { asked_at: Moment::from_micros(START + 2_000_001), ..kept(Some(900)) };
        assert_eq!(then.standing(now, Lifetime::MINUTE, None), Standing::Due);
    }
}
