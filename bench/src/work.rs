//! The work: one entity token with `iss`, `sub`, `aud`, `iat`, `exp`, `jti`, `sessionId` and two small option objects.

use anyhow::Result;
use serde::{Deserialize, Serialize};
use tokenmint::{Claims, Context, Issuer, Key, KeySet, Lifetime, Policy, UnixTime};

pub(crate) const ISSUER: &str = "https://api.example.com";
pub(crate) const AUDIENCE: &str = "mercoa-react";
pub(crate) const SUBJECT: &str = "ent_a0f6ea94-0761-4a5e-a416-3c453cb7eced";
pub(crate) const JTI: &str = "0b7f1c8e-55a1-4d0c-9a53-6f2b7d1e9c40";
pub(crate) const SECRET: [u8; 32] = *b"0123456789abcdef0123456789ABCDEF";
/// `iat` of all tokens.
pub(crate) const IAT: i64 = 1_700_000_000;
/// 50 years: the peers, who read the clock, find the tokens valid.
pub(crate) const LIFETIME: u64 = 1_577_880_000;

/// All claims, as the peers write and read them.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq)]
pub(crate) struct Entity {
    pub(crate) iss: String,
    pub(crate) sub: String,
    pub(crate) aud: String,
    pub(crate) iat: i64,
    pub(crate) exp: i64,
    pub(crate) jti: String,
    #[serde(rename = "sessionId")]
    session_id: String,
    pages: Pages,
    vendors: Vendors,
}

/// The same, borrowed from the token's text.
#[derive(Deserialize)]
#[allow(dead_code)] // what is read is what counts
pub(crate) struct Borrowed<'a> {
    iss: &'a str,
    sub: &'a str,
    aud: &'a str,
    iat: i64,
    exp: i64,
    jti: &'a str,
    #[serde(rename = "sessionId")]
    session_id: &'a str,
    pages: Pages,
    #[serde(borrow)]
    vendors: BorrowedVendors<'a>,
}

#[derive(Deserialize)]
#[allow(dead_code)]
struct BorrowedVendors<'a> {
    network: &'a str,
    #[serde(rename = "disableCreation")]
    disable_creation: bool,
}

/// The claims that are not registered.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq)]
pub(crate) struct Custom {
    #[serde(rename = "sessionId")]
    pub(crate) session_id: String,
    pub(crate) pages: Pages,
    pub(crate) vendors: Vendors,
}

/// The claims beside `iat` and `exp`, for peers with types of their own for those.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq)]
pub(crate) struct Untimed {
    pub(crate) iss: String,
    pub(crate) sub: String,
    pub(crate) aud: String,
    pub(crate) jti: String,
    #[serde(rename = "sessionId")]
    session_id: String,
    pages: Pages,
    vendors: Vendors,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize, PartialEq)]
pub(crate) struct Pages {
    #[serde(rename = "paymentMethods")]
    payment_methods: bool,
    counterparties: bool,
}

#[derive(Clone, Debug, Serialize, Deserialize, PartialEq)]
pub(crate) struct Vendors {
    network: String,
    #[serde(rename = "disableCreation")]
    disable_creation: bool,
}

pub(crate) fn custom() -> Custom {
    Custom {
        session_id: "ses_42".into(),
        pages: Pages { payment_methods: true, counterparties: false },
        vendors: Vendors { network: "all".into(), disable_creation: true },
    }
}

pub(crate) fn untimed() -> Untimed {
    let Custom { session_id, pages, vendors } = custom();
    Untimed {
        iss: ISSUER.into(),
        sub: SUBJECT.into(),
        aud: AUDIENCE.into(),
        jti: JTI.into(),
        session_id,
        pages,
        vendors,
    }
}

pub(crate) fn entity() -> Entity {
    let Untimed { iss, sub, aud, jti, session_id, pages, vendors } = untimed();
    Entity { iss, sub, aud, iat: IAT, exp: IAT + LIFETIME as i64, jti, session_id, pages, vendors }
}

/// Who mints the token, with this key.
pub(crate) fn issuer(key: Key) -> Result<Issuer> {
    let keys = KeySet::builder().key(key)?.build()?;
    Ok(Issuer::new(keys, Policy::new(ISSUER).max_lifetime(Lifetime::MAX))?)
}

/// The registered claims that a caller gives.
pub(crate) fn claims() -> Claims {
    Claims::new().subject(SUBJECT).audience(AUDIENCE).id(JTI)
}

pub(crate) fn lifetime() -> Lifetime {
    Lifetime::from_seconds(LIFETIME).unwrap_or(Lifetime::DAY)
}

pub(crate) fn now() -> UnixTime {
    UnixTime::from_seconds(IAT)
}

pub(crate) fn context() -> Context {
    Context::new(now(), [7; 32])
}

/// What a caller gives for the token, as one JSON object.
pub(crate) fn claims_text() -> String {
    let custom = serde_json::to_string(&custom()).unwrap_or_default();
    format!(r#"{{"sub":"{SUBJECT}","aud":"{AUDIENCE}","jti":"{JTI}",{}"#, &custom[1..])
}
