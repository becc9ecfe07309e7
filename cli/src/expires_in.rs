//! `tokenmint expires-in`.

use tokenmint::{UnixTime, expires_in};

use crate::args::ExpiresIn;
use crate::failure::{Exit, Failure, Result, print};

pub(crate) fn run(args: &ExpiresIn) -> Result<()> {
    // The text is what this command judges, so a wrong one is refused; it is no wrong use.
    let refused = |error| Failure::of(Exit::Refused, &error);
    if let Some(iat) = args.iat {
        let exp = expires_in::node_jsonwebtoken(&args.text, UnixTime::from_seconds(iat)).map_err(refused)?;
        return match args.json {
            true => print(serde_json::json!({ "exp": exp })),
            false => print(exp),
        };
    }
    let lifetime = expires_in::parse(&args.text).map_err(refused)?;
    match args.json {
        true => print(serde_json::json!({ "seconds": lifetime.seconds(), "text": lifetime.to_string() })),
        false => print(format_args!("{} {lifetime}", lifetime.seconds())),
    }
}
