//! The section of a configuration.

use super::{Monite, MoniteOptions};
use crate::dialect::endpoint::EndpointBuilder;
use crate::dialect::section::{Assemble, Parts, section, sections};
use crate::error::Result;
use crate::issuer::Issuer;
use crate::json::as_names;
use crate::policy::AccessFormat;
use crate::time::Lifetime;

section! {
    /// Monite's access tokens: opaque, for a day, where nothing else is said.
    Section {
        /// What access tokens look like.
        #[json(default)]
        access_tokens: AccessTokens,
        /// Whether a request without `x-monite-version` is refused; true where absent.
        version_required: Option<bool>,
    }
}

/// What access tokens look like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum AccessTokens {
    /// Opaque handles, which only the issuer can look up.
    #[default]
    Opaque,
    /// JWTs, which anybody with the public key can verify.
    Jwt,
}

as_names! { AccessTokens { Opaque = "opaque", Jwt = "jwt", } }

sections! {
    pub(crate) struct Sections {
        monite: Option<Section>,
    }
}

impl Assemble for Sections {
    fn serve(&self, parts: &mut dyn Parts, endpoint: EndpointBuilder) -> Result<EndpointBuilder> {
        let Some(section) = &self.monite else { return Ok(endpoint) };
        let issuer = section.issuer(parts).map_err(|error| error.within("monite"))?;
        let options = MoniteOptions { version_required: section.version_required.unwrap_or(true) };
        Ok(endpoint.dialect(Monite::new(issuer, options)))
    }
}

impl Section {
    fn issuer(&self, parts: &dyn Parts) -> Result<Issuer> {
        let policy = self.common().policy(parts)?.access_format(match self.access_tokens {
            AccessTokens::Opaque => AccessFormat::Opaque,
            AccessTokens::Jwt => AccessFormat::Jwt,
        });
        parts.issuer(&self.common(), policy.lifetime(self.lifetime.unwrap_or(Lifetime::DAY)))
    }
}
