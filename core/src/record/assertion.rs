//! That an assertion was used: it is good once, and its record is kept as long as it could be presented again.

use crate::json::object;
use crate::store::RecordKey;
use crate::time::UnixTime;

object! {
    /// When an assertion was used.
    #[derive(Clone, Copy, Debug)]
    #[json(read, write)]
    pub(crate) struct Used {
        pub(crate) at: UnixTime,
    }
}

/// The key of the record of a trusted issuer's assertion that `own` has taken: by who made it, about whom, and by what it
/// is known.
pub(crate) fn assertion_key(own: &str, [issuer, subject, kind, name]: [&str; 4]) -> RecordKey {
    RecordKey::of("assertion", &[own, issuer, subject, kind, name])
}

/// The key of the record of a DPoP proof, by its [replay key](crate::DpopProof::replay_key). It says which key signed it, and
/// for which URL it is the proof says: issuers that share a store see each their own.
pub(crate) fn dpop_proof_key(replay_key: &str) -> RecordKey {
    RecordKey::of("dpop-proof", &[replay_key])
}

/// The key of the record of an assertion by which a client proved itself to an issuer.
pub(crate) fn client_assertion_key(issuer: &str, client: &str, jti: &str) -> RecordKey {
    RecordKey::of("client-assertion", &[issuer, client, jti])
}
