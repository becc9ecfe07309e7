//! `tokenmint mint`.

use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use tokenmint::{Claims, Context, Issuer, KeySet, Policy, UnixTime};

use crate::args::Mint;
use crate::failure::{Exit, Failure, Result, print};
use crate::keys;

pub(crate) fn run(args: &Mint) -> Result<()> {
    let key = keys::read(&args.key)?;
    let (alg, kid) = (key.algorithm(), key.kid().map(str::to_owned));
    // A name that is empty is a wrong argument here, not a configuration.
    let policy = Policy::new(&args.issuer).token_type(&args.typ);
    let keys = KeySet::builder().key(key)?.build()?;
    let issuer = Issuer::new(keys, policy)?;
    let mut claims = args.audience.iter().fold(Claims::new(), Claims::audience);
    if let Some(subject) = &args.subject {
        claims = claims.subject(subject);
    }
    let custom = match args.claims.as_deref() {
        None => "{}".to_owned(),
        Some(text) => match text.strip_prefix('@') {
            Some(path) => keys::text(Path::new(path))?,
            None => text.to_owned(),
        },
    };
    let context = Context::at_micros(now_micros(), keys::seed()?);
    let token = issuer.mint_json(&claims, &custom, args.expires_in, &context).map_err(|error| {
        // Only the claims and the lifetime are left to be wrong.
        Failure::of(Exit::Usage, &error)
    })?;
    if !args.json {
        return print(token);
    }
    print(serde_json::json!({
        "token": token,
        "expires_in": args.expires_in.seconds(),
        "expires_at": context.now().after(args.expires_in),
        "alg": alg.name(),
        "kid": kid,
    }))
}

/// The system's clock.
pub(crate) fn now() -> UnixTime {
    UnixTime::from_seconds(i64::try_from(now_micros() / 1_000_000).unwrap_or(i64::MAX))
}

/// The system's clock in microseconds since 1970; 0 where it stands before.
pub(crate) fn now_micros() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_micros()).unwrap_or(u64::MAX)
}
