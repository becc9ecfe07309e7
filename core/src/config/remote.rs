//! Remote key sets from a configuration: what the bindings take instead of a builder.

use std::collections::BTreeMap;

use crate::error::{ErrorCode, Result};
use crate::json::{self, object};
use crate::key::Algorithm;
use crate::remote::RemoteKeySet;
use crate::time::Lifetime;

object! {
    /// The methods of [`RemoteKeySet`] as fields, with the same defaults. Only `issuers` is required.
    ///
    /// ```
    /// use tokenmint::*;
    /// use tokenmint::config::RemoteConfig;
    /// let config = r#"{"issuers":{"https://a.example":"https://a.example/jwks.json"},"cooldown":"1m"}"#;
    /// let remote = RemoteConfig::from_json(config)?.build()?;
    /// let now = UnixTime::from_seconds(1_700_000_000);
    /// assert!(matches!(remote.resolve("https://a.example", None, now), Resolution::Fetch { .. }));
    /// # Ok::<(), Error>(())
    /// ```
    #[derive(Clone, Debug)]
    #[json(read)]
    pub struct RemoteConfig {
        /// The URL of each issuer's JWK Set, by the value of `iss`.
        pub issuers: BTreeMap<String, String>,
        /// The algorithms for keys that name none.
        pub algorithms: Option<Vec<Algorithm>>,
        /// How long fetched keys are fresh; ten minutes where absent.
        pub time_to_live: Option<Lifetime>,
        /// The least time between two fetches of a URL; 30 seconds where absent.
        pub cooldown: Option<Lifetime>,
        /// How long keys serve while the issuer cannot be reached; a day where absent.
        pub last_known_good: Option<Lifetime>,
        /// The largest body that is taken, in bytes; 256 KiB where absent.
        pub max_body: Option<usize>,
        /// Takes `http` for other machines, too: whoever is on the way can replace the keys.
        #[json(default)]
        pub allow_plain_http: bool,
    }
}

impl RemoteConfig {
    /// Reads the fields from JSON.
    ///
    /// # Errors
    /// `policy_invalid` at the field that is not known, missing or of the wrong type.
    pub fn from_json(text: &str) -> Result<Self> {
        json::read_as(ErrorCode::PolicyInvalid, text)
    }

    /// The key sets, of which none is fetched yet.
    ///
    /// # Errors
    /// As [`RemoteKeySet::issuer`].
    pub fn build(self) -> Result<RemoteKeySet> {
        let mut set = RemoteKeySet::new();
        for (issuer, url) in self.issuers {
            set = match self.allow_plain_http {
                true => set.allow_plain_http_issuer(issuer, url)?,
                false => set.issuer(issuer, url)?,
            };
        }
        let set = super::with(set, self.algorithms, |set, list| set.algorithms(&list));
        let set = super::with(set, self.time_to_live, RemoteKeySet::time_to_live);
        let set = super::with(set, self.cooldown, RemoteKeySet::cooldown);
        let set = super::with(set, self.last_known_good, RemoteKeySet::last_known_good);
        Ok(super::with(set, self.max_body, RemoteKeySet::with_max_body))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_is_applied() {
        let json = r#"{
            "issuers": {"a": "http://a.example/jwks.json"}, "algorithms": ["RS256"], "time_to_live": "2m",
            "cooldown": "3s", "last_known_good": "4h", "max_body": 5, "allow_plain_http": true
        }"#;
        let set = RemoteConfig::from_json(json).unwrap().build().unwrap();
        let wanted = RemoteKeySet::new()
            .allow_plain_http_issuer("a", "http://a.example/jwks.json")
            .unwrap()
            .algorithms(&[Algorithm::RS256])
            .time_to_live(Lifetime::minutes(2))
            .cooldown(Lifetime::from_seconds(3).unwrap())
            .last_known_good(Lifetime::minutes(240))
            .with_max_body(5);
        assert_eq!(format!("{set:?}"), format!("{wanted:?}"));
        let plain = json.replace("true", "false");
        let error = RemoteConfig::from_json(&plain).unwrap().build().unwrap_err();
        assert_eq!((error.code(), error.field()), (ErrorCode::PolicyInvalid, Some("url")));
    }
}
