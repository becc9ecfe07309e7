//! The ids of minted tokens: random, and with the time to the microsecond where the host's clock is that fine. By it a
//! token that is checked against a watermark of its own second stands or falls; `iat` says whole seconds.

use uuid::{Builder, Uuid};

use super::verified::Verified;
use crate::time::{Context, Moment, UnixTime};

/// A new id: of version 4 where the clock tells whole seconds; else of version 8 (RFC 9562 section 5.8), with the
/// milliseconds since 1970 in 48 bits, as version 7 has them, the microseconds behind those in 12, and 62 random bits.
pub(crate) fn new(context: &Context) -> Uuid {
    let random = context.entropy().uuid();
    let micros = context.now_micros();
    if micros.is_multiple_of(1_000_000) {
        return random;
    }
    let time = ((micros / 1000) << 16) | (micros % 1000);
    let mut bytes = random.into_bytes();
    bytes.iter_mut().zip(time.to_be_bytes()).for_each(|(to, from)| *to = from);
    Builder::from_custom_bytes(bytes).into_uuid()
}

/// When a token was minted, as exactly as its id says it. An id that the caller chose says nothing.
pub(crate) fn minted_at(token: &Verified) -> Option<Moment> {
    token.issued_at().map(|issued_at| time_in(&token.id().unwrap_or_default(), issued_at))
}

fn time_in(id: &str, issued_at: UnixTime) -> Moment {
    let whole = Moment::from(issued_at);
    let Ok(id) = Uuid::try_parse(id) else { return whole };
    let (time, _) = id.as_u64_pair();
    let micros = (time >> 16) * 1000 + (time & 0xfff);
    let within = Moment::from_micros(micros);
    if id.get_version_num() == 8 && within.seconds() == issued_at { within } else { whole }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_says_when_and_is_random() {
        for micros in [1_700_000_000_000_001, 1_700_000_000_999_999, 4_102_444_800_500_000] {
            let [one, two] = [7, 8].map(|seed| new(&Context::at_micros(micros, [seed; 32])));
            assert!(one != two && one.get_version_num() == 8);
            assert_eq!(one.get_variant(), uuid::Variant::RFC4122);
            let issued_at = Moment::from_micros(micros).seconds();
            assert_eq!(time_in(&one.to_string(), issued_at), Moment::from_micros(micros));
            // An id from elsewhere says nothing about this token.
            let other = UnixTime::from_seconds(issued_at.seconds() + 1);
            assert_eq!(time_in(&one.to_string(), other), Moment::from(other));
        }
        let context = Context::new(UnixTime::from_seconds(1_700_000_000), [7; 32]);
        assert_eq!(new(&context), context.entropy().uuid());
        for id in ["", "id-1", "0191e2c5-8a3b-7abc-8def-0123456789ab"] {
            assert_eq!(time_in(id, context.now()), Moment::from(context.now()), "{id}");
        }
    }
}
