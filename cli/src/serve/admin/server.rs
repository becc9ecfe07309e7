//! What serves here: for the console, which shows nobody what his key is not for.

use serde_json::{Value, json};
use tokenmint::{Issuer, UnixTime};

use super::key::Key;
use crate::app::App;
use crate::mint;

/// As the document describes it.
pub(super) fn told(app: &App, key: &Key, started: UnixTime) -> Value {
    json!({
        "version": env!("CARGO_PKG_VERSION"),
        "started_at": started,
        "now": mint::now(),
        "key": { "id": key.id(), "operations": key.operations() },
        "issuers": app.endpoint().issuers().iter().map(issuer).collect::<Vec<_>>(),
    })
}

fn issuer(issuer: &Issuer) -> Value {
    let signing = issuer.keys().signing_key();
    let key = |key: &tokenmint::Key| {
        let signs = signing
            .is_some_and(|signing| signing.kid() == key.kid() && signing.algorithm() == key.algorithm());
        json!({ "kid": key.kid(), "alg": key.algorithm().name(), "signs": signs })
    };
    json!({ "issuer": issuer.name(), "keys": issuer.keys().keys().map(key).collect::<Vec<_>>() })
}
