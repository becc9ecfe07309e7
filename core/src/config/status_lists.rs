//! Status lists from a configuration: what the bindings take instead of a builder.

use crate::error::{ErrorCode, Result};
use crate::json::{self, object};
use crate::status::StatusLists;
use crate::time::Lifetime;

object! {
    /// The methods of [`StatusLists`] as fields, with the same defaults. None is required.
    ///
    /// ```
    /// use tokenmint::config::StatusListsConfig;
    /// let config = r#"{"required":true,"prefixes":["https://as.example/status/"],"accept_unreachable_for":"1h"}"#;
    /// let lists = StatusListsConfig::from_json(config)?.build()?;
    /// assert_eq!(lists.max_body(), 2 << 20);
    /// # Ok::<(), tokenmint::Error>(())
    /// ```
    #[derive(Clone, Debug)]
    #[json(read)]
    pub struct StatusListsConfig {
        /// Refuses a token that names no place in a list.
        #[json(default)]
        pub required: bool,
        /// How long a list is fresh at most; ten minutes where absent.
        pub time_to_live: Option<Lifetime>,
        /// The least time between two fetches of a URL; five seconds where absent.
        pub cooldown: Option<Lifetime>,
        /// How long tokens are taken after the end of a list while its URL cannot be fetched; where absent, they are
        /// refused.
        pub accept_unreachable_for: Option<Lifetime>,
        /// The URLs at and below which lists are taken; any where absent.
        pub prefixes: Option<Vec<String>>,
        /// The largest body that is taken, in bytes; 2 MiB where absent.
        pub max_body: Option<usize>,
        /// Takes `http` for other machines, too: whoever is on the way can bring back an older list.
        #[json(default)]
        pub allow_plain_http: bool,
    }
}

impl StatusListsConfig {
    /// Reads the fields from JSON.
    ///
    /// # Errors
    /// `policy_invalid` at the field that is not known or of the wrong type.
    pub fn from_json(text: &str) -> Result<Self> {
        json::read_as(ErrorCode::PolicyInvalid, text)
    }

    /// The lists, of which none is fetched yet.
    ///
    /// # Errors
    /// As [`StatusLists::prefix`], at `prefixes`.
    pub fn build(self) -> Result<StatusLists> {
        let mut lists = StatusLists::new();
        for (at, prefix) in self.prefixes.unwrap_or_default().into_iter().enumerate() {
            lists = lists.prefix(prefix).map_err(|error| error.at(format!("prefixes[{at}]")))?;
        }
        if self.required {
            lists = lists.required();
        }
        if self.allow_plain_http {
            lists = lists.allow_plain_http();
        }
        let lists = super::with(lists, self.time_to_live, StatusLists::time_to_live);
        let lists = super::with(lists, self.cooldown, StatusLists::cooldown);
        let lists = super::with(lists, self.accept_unreachable_for, StatusLists::accept_unreachable_for);
        Ok(super::with(lists, self.max_body, StatusLists::with_max_body))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_is_applied() {
        let json = r#"{
            "required": true, "time_to_live": "2m", "cooldown": "3s", "accept_unreachable_for": "4h",
            "prefixes": ["http://a.example/s", "https://b.example"], "max_body": 5, "allow_plain_http": true
        }"#;
        let lists = StatusListsConfig::from_json(json).unwrap().build().unwrap();
        let wanted = StatusLists::new()
            .required()
            .time_to_live(Lifetime::minutes(2))
            .cooldown(Lifetime::from_seconds(3).unwrap())
            .accept_unreachable_for(Lifetime::minutes(240))
            .prefix("http://a.example/s")
            .and_then(|lists| lists.prefix("https://b.example"))
            .unwrap()
            .with_max_body(5)
            .allow_plain_http();
        assert_eq!(format!("{lists:?}"), format!("{wanted:?}"));
        let nothing = StatusListsConfig::from_json("{}").unwrap().build().unwrap();
        assert_eq!(format!("{nothing:?}"), format!("{:?}", StatusLists::new()));
        for (json, field) in [
            (r#"{"prefixes":["https://b.example","ftp://a.example"]}"#, "prefixes[1]"),
            (r#"{"require":true}"#, "require"),
            (r#"{"cooldown":0}"#, "cooldown"),
        ] {
            let error = StatusListsConfig::from_json(json).and_then(StatusListsConfig::build).unwrap_err();
            assert_eq!((error.code(), error.field()), (ErrorCode::PolicyInvalid, Some(field)), "{json}");
        }
    }
}
