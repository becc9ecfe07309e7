//! The section of a configuration.

use super::{Ledger, LedgerOptions, ledger_policy};
use crate::credential::SecretHash;
use crate::dialect::endpoint::EndpointBuilder;
use crate::dialect::section::{Assemble, Parts, section, sections, with_session_secret};
use crate::error::Result;
use crate::issuer::Issuer;
use crate::time::Lifetime;

section! {
    /// Ledger Enterprise's sessions.
    Section and session_secret {
        /// How long a session lives without a refresh; 30 minutes where absent.
        session_idle: Option<Lifetime>,
        /// How long a session lives at all; a day where absent.
        session_absolute: Option<Lifetime>,
        /// For how many seconds a refresh token is answered again with the same successor; 10 where absent.
        refresh_grace_seconds: Option<u64>,
        /// Lets that be up to 1800, where else it is at most 60.
        #[json(default)]
        long_refresh_grace: bool,
        /// The SHA-256 of the key that `X-Ledger-API-Key` must carry; any where absent.
        api_key_sha256: Option<SecretHash>,
        /// The workspace that `X-Ledger-Workspace` must name, if it is sent; any where absent.
        workspace: Option<String>,
    }
}

sections! {
    pub(crate) struct Sections {
        ledger: Option<Section>,
    }
}

impl Assemble for Sections {
    fn serve(&self, parts: &mut dyn Parts, endpoint: EndpointBuilder) -> Result<EndpointBuilder> {
        let Some(section) = &self.ledger else { return Ok(endpoint) };
        let issuer = section.issuer(parts).map_err(|error| error.within("ledger"))?;
        let options = LedgerOptions { api_key: section.api_key_sha256, workspace: section.workspace.clone() };
        Ok(endpoint.dialect(Ledger::new(issuer, options)))
    }
}

impl Section {
    fn issuer(&self, parts: &mut dyn Parts) -> Result<Issuer> {
        let mut policy = self.common().policy(parts)?;
        (policy.session_idle, policy.session_absolute) = (self.session_idle, self.session_absolute);
        if let Some(seconds) = self.refresh_grace_seconds {
            policy = policy.refresh_grace_seconds(seconds);
        }
        if self.long_refresh_grace {
            policy = policy.long_refresh_grace();
        }
        let policy = with_session_secret(policy, &self.session_secret_source(), parts)?;
        parts.issuer(&self.common(), ledger_policy(policy))
    }
}
