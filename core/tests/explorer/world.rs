//! What the topics share: an issuer, moments, and what the requests of a schedule answered.

use tokenmint::*;
use tokenmint_certify::explorer::Answer;

pub(crate) const NOW: i64 = 1_700_000_000;

pub(crate) fn context(now: i64, seed: u8) -> Context {
    Context::new(UnixTime::from_seconds(now), [seed; 32])
}

pub(crate) fn issuer() -> Issuer {
    let keys = KeySet::builder().hmac("k1", [7; 32].as_slice()).unwrap().build().unwrap();
    let categories = vec!["hris".to_owned()];
    let policy = Policy::new("https://issuer.example")
        .audience("api")
        .session_secret([9; 32].as_slice())
        .integration(Integration { slug: "lever".into(), name: "Lever".into(), categories });
    Issuer::new(keys, policy).unwrap()
}

/// What the successful ones gave, each once.
pub(crate) fn successes(answers: &[Option<Answer>]) -> Vec<String> {
    let mut found: Vec<String> =
        answers.iter().filter_map(|answer| answer.as_ref()?.as_ref().ok().cloned()).collect();
    found.sort_unstable();
    found.dedup();
    found
}

pub(crate) fn refused_with(answers: &[Option<Answer>], code: ErrorCode) -> bool {
    answers.iter().flatten().any(|answer| answer.as_ref().is_err_and(|found| *found == code))
}

/// Whether nobody can know what became of a request.
pub(crate) fn is_unsure(answer: &Option<Answer>) -> bool {
    matches!(answer, None | Some(Err(ErrorCode::StoreUnknown)))
}
