//! The sections of a configuration: the dialect's own, and the catalogue of integrations.

use std::collections::BTreeSet;

use super::{CATEGORIES, Merge, MergeOptions};
use crate::dialect::endpoint::EndpointBuilder;
use crate::dialect::section::{Assemble, Parts, section, sections, with_session_secret};
use crate::error::{Error, ErrorCode, Result};
use crate::issuer::Issuer;
use crate::policy::{Integration, Policy};
use crate::time::Lifetime;
use crate::values::shown;

section! {
    /// Merge's links.
    Section and session_secret {
        /// How long a redeemed link's public token lives; one hour where absent.
        public_token_lifetime: Option<Lifetime>,
        /// For how many seconds the same redeemer gets the same answer again; 10 where absent.
        redeem_window_seconds: Option<u64>,
        /// Where the world reaches `/magic-link/{token}`: a URL without that path; the server's `public_url` where absent.
        magic_link_base: Option<String>,
        /// The ids that `linked_destination_id` may name.
        #[json(default)]
        linked_destinations: Vec<String>,
        /// The ids that `credential_id` may name.
        #[json(default)]
        credentials: Vec<String>,
    }
}

sections! {
    pub(crate) struct Sections {
        merge: Option<Section>,
        integrations: Vec<Integration>,
    }
}

impl Assemble for Sections {
    fn serve(&self, parts: &mut dyn Parts, mut endpoint: EndpointBuilder) -> Result<EndpointBuilder> {
        if let Some(section) = &self.merge {
            let mut dialect = || {
                let options = section.ids()?;
                let issuer = section.issuer(&self.integrations, parts)?;
                let magic_link_base = section.magic_link_base(parts)?;
                Ok(Merge::new(issuer, MergeOptions { magic_link_base, ..options }))
            };
            endpoint = endpoint.dialect(dialect().map_err(|error: Error| error.within("merge"))?);
        }
        self.check_integrations()?;
        Ok(endpoint)
    }
}

impl Sections {
    /// Refuses a slug that is there twice, and a category that is none.
    fn check_integrations(&self) -> Result<()> {
        let mut slugs = BTreeSet::new();
        for (at, integration) in self.integrations.iter().enumerate() {
            if !slugs.insert(&integration.slug) {
                return Err(Error::new(ErrorCode::PolicyInvalid)
                    .at(format!("integrations[{at}].slug"))
                    .because(format!("{} is there already", shown(&integration.slug))));
            }
            let unknown = integration.categories.iter().find(|one| !CATEGORIES.contains(&one.as_str()));
            let found = match unknown {
                Some(unknown) => format!("{} is none", shown(unknown)),
                None if integration.categories.is_empty() => "there is none".to_owned(),
                None => continue,
            };
            return Err(Error::new(ErrorCode::PolicyInvalid)
                .at(format!("integrations[{at}].categories"))
                .because(format!("one or more of {}; {found}", CATEGORIES.join(", "))));
        }
        Ok(())
    }
}

impl Section {
    fn issuer(&self, integrations: &[Integration], parts: &mut dyn Parts) -> Result<Issuer> {
        let mut policy = self.common().policy(parts)?;
        if let Some(lifetime) = self.public_token_lifetime {
            policy = policy.public_token_lifetime(lifetime);
        }
        if let Some(seconds) = self.redeem_window_seconds {
            policy = policy.redeem_window_seconds(seconds);
        }
        let policy = with_session_secret(policy, &self.session_secret_source(), parts)?;
        let policy = integrations.iter().cloned().fold(policy, Policy::integration);
        parts.issuer(&self.common(), policy)
    }

    /// The options that name ids.
    fn ids(&self) -> Result<MergeOptions> {
        Ok(MergeOptions {
            linked_destinations: uuids("linked_destinations", &self.linked_destinations)?,
            credentials: uuids("credentials", &self.credentials)?,
            ..MergeOptions::default()
        })
    }

    /// What magic links begin with.
    fn magic_link_base(&self, parts: &dyn Parts) -> Result<String> {
        let known = self.magic_link_base.as_deref().or(parts.public_url());
        known.map(str::to_owned).ok_or_else(|| {
            Error::new(ErrorCode::PolicyInvalid)
                .at("magic_link_base")
                .because("give it, or the server's public_url: magic links begin with it")
        })
    }
}

fn uuids(field: &'static str, texts: &[String]) -> Result<Vec<uuid::Uuid>> {
    let parse = |text: &String| {
        uuid::Uuid::try_parse(text).map_err(|_| {
            Error::new(ErrorCode::PolicyInvalid).at(field).because(format!("{} is not a UUID", shown(text)))
        })
    };
    texts.iter().map(parse).collect()
}
