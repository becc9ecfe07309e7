//! Time as a value: [`UnixTime`], [`Lifetime`] and the [`Context`] that a host hands to every operation.

use std::fmt;

use crate::entropy::{self, Entropy};
use crate::error::{Error, ErrorCode, Result};
use crate::json::{FromJson, Json, Misfit, ToJson};

/// A point in time: whole seconds since 1970-01-01T00:00:00Z, as in a JWT's NumericDate (RFC 7519 section 2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct UnixTime(i64);

impl UnixTime {
    /// The first second of the year 1, before which calendars of hosts have nothing.
    pub(crate) const MIN: UnixTime = UnixTime(-62_135_596_800);

    /// The last second of the year 9999: nothing is made to live longer, so sums with a [`Lifetime`] never overflow.
    pub const MAX: UnixTime = UnixTime(253_402_300_799);

    /// A time from whole seconds.
    pub const fn from_seconds(seconds: i64) -> Self {
        UnixTime(seconds)
    }

    /// The whole seconds.
    pub const fn seconds(self) -> i64 {
        self.0
    }

    /// This time plus a lifetime, at most [`UnixTime::MAX`].
    #[must_use]
    pub fn after(self, lifetime: Lifetime) -> UnixTime {
        let seconds = i64::try_from(lifetime.0).unwrap_or(i64::MAX);
        UnixTime(self.0.saturating_add(seconds).min(Self::MAX.0))
    }

    /// Whether another time is less than so far from this one, in either direction: clocks differ.
    pub(crate) fn is_near(self, other: UnixTime, distance: Lifetime) -> bool {
        self.0.abs_diff(other.0) < distance.0
    }
}

impl fmt::Display for UnixTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A point in time to the microsecond: what a window of a few seconds is measured from.
///
/// In a record it is a NumericDate as UnixTime is, with a fraction where it has one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Moment(u64);

impl Moment {
    const SECOND: u64 = 1_000_000;

    pub(crate) const fn from_micros(micros: u64) -> Self {
        Moment(micros)
    }

    pub(crate) const fn micros(self) -> u64 {
        self.0
    }

    pub(crate) fn after_micros(self, micros: u64) -> Self {
        Moment(self.0.saturating_add(micros))
    }

    /// The whole seconds, rounded down.
    pub(crate) fn seconds(self) -> UnixTime {
        UnixTime(i64::try_from(self.0 / Self::SECOND).unwrap_or(i64::MAX).min(UnixTime::MAX.0))
    }

    /// The latest time that this may have been: a whole second may come from a clock that knows no finer time.
    pub(crate) fn latest(self) -> Moment {
        if self.0.is_multiple_of(Self::SECOND) { Moment(self.0 + Self::SECOND - 1) } else { self }
    }

    /// Whether `later` is at most so many seconds later. The other may come from a node whose clock is behind.
    pub(crate) fn is_within(self, window_seconds: u64, later: Moment) -> bool {
        later.0.saturating_sub(self.0) <= window_seconds.saturating_mul(Self::SECOND)
    }
}

impl From<UnixTime> for Moment {
    fn from(time: UnixTime) -> Self {
        Moment(u64::try_from(time.0).unwrap_or(0).saturating_mul(Self::SECOND))
    }
}

impl FromJson for UnixTime {
    fn blank() -> Self {
        UnixTime(0)
    }

    fn read_json(&mut self, json: Json<'_>) -> std::result::Result<(), Misfit> {
        self.0.read_json(json)
    }
}

impl ToJson for UnixTime {
    #[inline]
    fn write_json(&self, out: &mut Vec<u8>) {
        self.0.write_json(out);
    }
}

impl FromJson for Moment {
    fn blank() -> Self {
        Moment(0)
    }

    fn read_json(&mut self, json: Json<'_>) -> std::result::Result<(), Misfit> {
        let seconds = json.number().ok_or_else(|| json.misfit("a number"))?;
        // A float becomes an integer with saturation.
        self.0 = (seconds * Self::SECOND as f64).round() as u64;
        Ok(())
    }
}

impl ToJson for Moment {
    /// The whole seconds, and as many digits behind the point as there are.
    fn write_json(&self, out: &mut Vec<u8>) {
        (self.0 / Self::SECOND).write_json(out);
        let fraction = self.0 % Self::SECOND;
        if fraction > 0 {
            out.push(b'.');
            // As many digits as are left to say.
            let (mut rest, mut place) = (fraction, Self::SECOND / 10);
            while rest > 0 {
                out.push(b'0' + (rest / place) as u8);
                (rest, place) = (rest % place, place / 10);
            }
        }
    }
}

/// How long something lives: whole seconds, at least one.
///
/// Parses and prints the texts of [`crate::expires_in`].
///
/// ```
/// use tokenmint::Lifetime;
/// assert_eq!("1h".parse::<Lifetime>()?.seconds(), 3600);
/// assert_eq!("3600".parse::<Lifetime>()?, Lifetime::HOUR);
/// assert_eq!(Lifetime::from_seconds(5400)?.to_string(), "90m");
/// # Ok::<(), tokenmint::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Lifetime(u64);

impl Lifetime {
    /// One minute.
    pub const MINUTE: Lifetime = Lifetime(60);
    /// One hour.
    pub const HOUR: Lifetime = Lifetime(3600);
    /// One day of 24 hours.
    pub const DAY: Lifetime = Lifetime(86_400);
    /// The longest lifetime: 1000 years of 365.25 days.
    pub const MAX: Lifetime = Lifetime(31_557_600_000);

    /// A lifetime from whole seconds.
    ///
    /// # Errors
    /// `lifetime_not_positive` for 0, `lifetime_overflow` over [`Lifetime::MAX`].
    pub fn from_seconds(seconds: u64) -> Result<Self> {
        if seconds == 0 {
            return Err(Error::new(ErrorCode::LifetimeNotPositive)
                .because("a lifetime of 0 seconds is over at once; write at least \"1s\""));
        }
        if seconds > Self::MAX.0 {
            return Err(Error::new(ErrorCode::LifetimeOverflow)
                .because(format!("{seconds} seconds are more than the {} that fit", Self::MAX.0)));
        }
        Ok(Lifetime(seconds))
    }

    /// The whole seconds.
    pub const fn seconds(self) -> u64 {
        self.0
    }

    /// A lifetime of `seconds`; at least one second.
    pub(crate) const fn seconds_or_one(seconds: u32) -> Self {
        Lifetime(if seconds == 0 { 1 } else { seconds as u64 })
    }

    /// A lifetime of `minutes`; at least one minute.
    pub(crate) const fn minutes(minutes: u32) -> Self {
        Lifetime(if minutes == 0 { 60 } else { minutes as u64 * 60 })
    }
}

/// What the host gives to every operation: the time, and a seed for its randomness.
///
/// ```
/// use tokenmint::{Context, UnixTime};
/// let context = Context::new(UnixTime::from_seconds(1_700_000_000), [7; 32]); // the seed: 32 fresh random bytes
/// assert_eq!(context.now().seconds(), 1_700_000_000);
/// ```
#[derive(Clone)]
pub struct Context {
    now_us: u64,
    seed: [u8; 32],
}

impl Context {
    /// A context at a whole second. `seed` is 32 bytes from a cryptographic random generator, used once.
    pub fn new(now: UnixTime, seed: [u8; 32]) -> Self {
        let seconds = u64::try_from(now.seconds()).unwrap_or(0);
        Context { now_us: seconds.saturating_mul(1_000_000), seed }
    }

    /// A context at microseconds since 1970: rate limits are as fine as the clock that is given here.
    pub fn at_micros(now_us: u64, seed: [u8; 32]) -> Self {
        Context { now_us, seed }
    }

    /// The time in whole seconds, rounded down.
    pub fn now(&self) -> UnixTime {
        self.moment().seconds()
    }

    /// The time as it is.
    pub(crate) fn moment(&self) -> Moment {
        Moment(self.now_us)
    }

    /// The time in microseconds.
    pub fn now_micros(&self) -> u64 {
        self.now_us
    }

    /// A generator over the seed.
    pub fn entropy(&self) -> Entropy {
        Entropy::new(self.seed)
    }

    /// The context of one task among several: the same time, and a seed of its own.
    pub(crate) fn part(&self, number: u64) -> Context {
        Context { now_us: self.now_us, seed: entropy::part(&self.seed, number) }
    }
}

impl Drop for Context {
    fn drop(&mut self) {
        zeroize::Zeroize::zeroize(&mut self.seed);
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Context {{ now_us: {} }}", self.now_us)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::{from_written, to_text};

    #[test]
    fn a_moment_is_written_as_a_numeric_date_and_read_back_exactly() {
        for us in
            [0, 1, 999_999, 1_000_000, 1_700_000_000_000_000, 1_700_000_000_000_001, 4_102_444_800_123_457]
        {
            let text = to_text(&Moment(us));
            assert_eq!(from_written::<Moment>(&text).unwrap(), Moment(us), "{text}");
        }
        assert_eq!(to_text(&Moment(1_700_000_000_250_000)), "1700000000.25");
        // As whole seconds were written before.
        let whole = UnixTime::from_seconds(1_700_000_000);
        assert_eq!(to_text(&Moment::from(whole)), to_text(&whole));
        let last = from_written::<Moment>(&UnixTime::MAX.to_string()).unwrap();
        assert_eq!(last.seconds(), UnixTime::MAX);
    }

    #[test]
    fn a_whole_second_may_be_any_time_within_it() {
        assert_eq!(Moment(100_000_000).latest(), Moment(100_999_999));
        assert_eq!(Moment(100_000_001).latest(), Moment(100_000_001));
    }

    #[test]
    fn a_window_ends_at_its_last_microsecond() {
        let start = Moment(100_700_000);
        assert!(start.is_within(10, Moment(110_700_000)) && start.is_within(10, Moment(0)));
        assert!(!start.is_within(10, Moment(110_700_001)));
    }
}
