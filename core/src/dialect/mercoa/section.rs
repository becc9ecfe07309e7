//! The section of a configuration.

use super::Mercoa;
use crate::dialect::endpoint::EndpointBuilder;
use crate::dialect::section::{Assemble, Parts, section, sections};
use crate::error::Result;
use crate::issuer::Issuer;
use crate::time::Lifetime;

section! {
    /// Mercoa's entity tokens.
    Section {
        /// For how long after its first issue a token can be renewed with itself; 30 days where absent.
        renewal: Option<Lifetime>,
    }
}

sections! {
    pub(crate) struct Sections {
        mercoa: Option<Section>,
    }
}

impl Assemble for Sections {
    fn serve(&self, parts: &mut dyn Parts, endpoint: EndpointBuilder) -> Result<EndpointBuilder> {
        let Some(section) = &self.mercoa else { return Ok(endpoint) };
        let issuer = section.issuer(parts).map_err(|error| error.within("mercoa"))?;
        Ok(endpoint.dialect(Mercoa::new(issuer)))
    }
}

impl Section {
    fn issuer(&self, parts: &dyn Parts) -> Result<Issuer> {
        let policy = self.common().policy(parts)?;
        let policy = match self.renewal {
            Some(renewal) => policy.renewal(renewal),
            None => policy,
        };
        parts.issuer(&self.common(), policy)
    }
}
