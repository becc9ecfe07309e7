//! The section of a configuration.

use super::{OAuth, OAuthOptions};
use crate::dialect::endpoint::EndpointBuilder;
use crate::dialect::section::{Assemble, Parts, section, sections};
use crate::error::Result;
use crate::issuer::Issuer;
use crate::policy::AccessFormat;
use crate::time::Lifetime;

/// The header's `typ` of an access token (RFC 9068 section 2.1).
const ACCESS_TOKEN_TYPE: &str = "at+jwt";

section! {
    /// OAuth's token endpoint. It gives refresh tokens where there is a session secret.
    Section and session_secret {
        /// What access tokens look like: `jwt` where absent, or `opaque`.
        access_format: Option<AccessFormat>,
        /// How long a session lives without a refresh; 30 days where absent.
        session_idle: Option<Lifetime>,
        /// How long a session lives at all; 90 days where absent.
        session_absolute: Option<Lifetime>,
        /// For how many seconds a refresh token is answered again with the same successor; 10 where absent.
        refresh_grace_seconds: Option<u64>,
        /// Lets that be up to 1800, where else it is at most 60.
        #[serde(default)]
        long_refresh_grace: bool,
    }
}

sections! {
    pub(crate) struct Sections {
        oauth: Option<Section>,
    }
}

impl Assemble for Sections {
    fn serve(&self, parts: &mut dyn Parts, endpoint: EndpointBuilder) -> Result<EndpointBuilder> {
        let Some(section) = &self.oauth else { return Ok(endpoint) };
        let oauth = section.dialect(parts).map_err(|error| error.within("oauth"))?;
        Ok(endpoint.dialect(oauth))
    }
}

impl Section {
    fn dialect(&self, parts: &mut dyn Parts) -> Result<OAuth> {
        let issuer = self.issuer(parts)?;
        let options = OAuthOptions { public_url: parts.public_url().map(str::to_owned) };
        Ok(OAuth::new(issuer, options))
    }

    fn issuer(&self, parts: &mut dyn Parts) -> Result<Issuer> {
        let mut policy = self.common().policy(parts)?;
        if self.token_type.is_none() {
            policy = policy.token_type(ACCESS_TOKEN_TYPE);
        }
        policy = policy.access_format(self.access_format.unwrap_or(AccessFormat::Jwt));
        (policy.session_idle, policy.session_absolute) = (self.session_idle, self.session_absolute);
        if let Some(seconds) = self.refresh_grace_seconds {
            policy = policy.refresh_grace_seconds(seconds);
        }
        if self.long_refresh_grace {
            policy = policy.long_refresh_grace();
        }
        if let Some(secret) = parts.session_secret(&self.session_secret_source())? {
            policy = policy.session_secret(secret);
        }
        parts.issuer(&self.common(), policy)
    }
}
