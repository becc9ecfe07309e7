//! Lifetimes in texts and in JSON.

use tokenmint::{Lifetime, UnixTime, expires_in};

use crate::judge_error;

const IAT: i64 = 1_700_000_000;

/// A text. What is read is written and read again alike; the two grammars agree where both give a span of time.
pub fn lifetimes(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let parsed = expires_in::parse(text);
    match &parsed {
        Ok(lifetime) => {
            assert!((1..=Lifetime::MAX.seconds()).contains(&lifetime.seconds()), "{text:?}: {lifetime}");
            assert_eq!(expires_in::parse(&lifetime.to_string()).ok(), Some(*lifetime), "{text:?}");
        }
        Err(error) => judge_error(error),
    }

    let quoted = serde_json::to_string(text).expect("any text is a JSON string");
    let same = expires_in::from_json(&quoted).map_err(|error| error.code());
    assert_eq!(same, parsed.clone().map_err(|error| error.code()), "{quoted}");
    if let Err(error) = expires_in::from_json(text) {
        judge_error(&error);
    }

    for iat in [IAT, -1, i64::MAX, i64::MIN, 0] {
        let node = expires_in::node_jsonwebtoken(text, UnixTime::from_seconds(iat));
        match (node, &parsed) {
            // Binary fractions may fall a second short of the decimal text, or reach one more.
            (Ok(exp), Ok(lifetime)) if iat == IAT && text.contains(|c: char| c.is_ascii_alphabetic()) => {
                let node = exp.seconds() - IAT;
                let ours = i64::try_from(lifetime.seconds()).expect("at most a thousand years");
                assert!((node - ours).abs() <= 1, "{text:?}: {ours} s, and {node} s as npm reads it");
            }
            (Err(error), _) => judge_error(&error),
            _ => {}
        }
    }
}
