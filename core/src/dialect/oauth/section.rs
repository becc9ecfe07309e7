//! The section of a configuration.

use super::{OAuth, TOKEN, oauth_policy};
use crate::dialect::Dialect as _;
use crate::dialect::endpoint::EndpointBuilder;
use crate::dialect::event_receivers::{EventReceiverSection, with_event_receivers};
use crate::dialect::section::{Assemble, Parts, section, sections};
use crate::dialect::trusted_issuers::{TrustedIssuerSection, with_trusted_issuers};
use crate::dpop_policy::DpopConfig;
use crate::error::Result;
use crate::issuer::Issuer;
use crate::policy::AccessFormat;
use crate::time::Lifetime;

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
        #[json(default)]
        long_refresh_grace: bool,
        /// Issuers whose tokens are taken for tokens of this one.
        #[json(default)]
        trusted_issuers: Vec<TrustedIssuerSection>,
        /// What is demanded of DPoP proofs; where absent, no proof is looked at.
        dpop: Option<DpopConfig>,
        /// Who is told what ends and what changes.
        #[json(default)]
        event_receivers: Vec<EventReceiverSection>,
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
        let oauth = OAuth::new(self.issuer(parts)?);
        // The endpoint looks, too, but knows of no section.
        oauth.check()?;
        Ok(oauth)
    }

    fn issuer(&self, parts: &mut dyn Parts) -> Result<Issuer> {
        let mut policy = self.common().policy(parts)?;
        if let Some(url) = parts.public_url() {
            policy = policy.token_endpoint(format!("{}{TOKEN}", url.trim_end_matches('/')));
        }
        policy = oauth_policy(policy);
        if let Some(typ) = &self.token_type {
            policy = policy.token_type(typ);
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
        policy.dpop = self.dpop.clone().map(DpopConfig::policy);
        policy = with_trusted_issuers(policy, &self.trusted_issuers, parts)?;
        policy = with_event_receivers(policy, &self.event_receivers, parts)?;
        parts.issuer(&self.common(), policy)
    }
}
