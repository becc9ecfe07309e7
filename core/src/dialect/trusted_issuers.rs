//! Trusted issuers as they stand in a configuration: in a policy with their keys, in a section with where these come from.
//!
//! And their keys at a URL: which the host fetches before a request, and what came of it.

use std::collections::BTreeMap;

use super::section::Parts;
use crate::assertion_rule::AssertionRule;
use crate::describe::{Shape, described, shapes};
use crate::error::{Error, ErrorCode, Result};
use crate::json::{self, FromJson, Json, JsonMembers, Misfit, object};
use crate::key::jwks;
use crate::policy::Policy;
use crate::time::Lifetime;
use crate::trusted_issuer::TrustedIssuer;
use crate::values::OneOrMany;

described! {
    /// An issuer whose tokens are taken as assertions: the methods of [`TrustedIssuer`] as fields.
    #[derive(Clone, Debug)]
    #[json(read)]
    pub struct TrustedIssuerConfig {
        /// What `iss` of its tokens is. Where absent, it is asked for tokens that name no trusted issuer.
        pub issuer: Option<String>,
        /// A JWK Set of its public keys.
        pub jwks: JsonMembers,
        /// What each value of `aud` must be, or one of these; our issuer's name where absent.
        #[json(default)]
        pub audience: OneOrMany,
        /// How long its tokens live from their `iat` on, and how old they are, at most; one day where absent.
        pub max_age: Option<Lifetime>,
        /// Takes a token as often as it is presented until it ends, not once: for tokens in files, as those of Kubernetes.
        #[json(default)]
        pub reusable: bool,
        /// Which of its tokens are taken, and what they give. The first rule that fits counts.
        pub rules: Vec<AssertionRuleConfig>,
    }

    /// Which tokens of a trusted issuer are taken, and what they give: the methods of [`AssertionRule`] as fields.
    #[derive(Clone, Debug)]
    #[json(read)]
    pub struct AssertionRuleConfig {
        /// What claims must be: texts by the claims' names, exact or with one `*` at the end. A name that begins with `/` is
        /// the path to a text within a claim.
        pub claims: ClaimTexts,
        /// The subject that they give: a text in which `{claim}` stands for a claim.
        pub subject: String,
        /// What the tokens may allow; nothing by name where absent.
        pub scope: Option<String>,
        /// Whom the tokens may be for; the policy's audience where absent.
        #[json(default)]
        pub audience: OneOrMany,
        /// The `client_id` of the tokens, where no client has proved itself; their subject where absent.
        pub client_id: Option<String>,
    }
}

/// Texts by the names of claims.
#[derive(Clone, Debug, Default)]
pub struct ClaimTexts(pub BTreeMap<String, String>);

impl FromJson for ClaimTexts {
    fn blank() -> Self {
        ClaimTexts::default()
    }

    fn read_json(&mut self, json: Json<'_>) -> Result<(), Misfit> {
        let members: JsonMembers = json.read()?;
        for (name, value) in members {
            // No name is told: one that does not belong here may be a secret.
            let text = json::string(value.as_str())
                .ok_or_else(|| Misfit::because("must be texts by the names of claims"))?;
            self.0.insert(name, text.into_owned());
        }
        Ok(())
    }
}

shapes! {
    ClaimTexts: Shape::Json;
}

impl TrustedIssuerConfig {
    /// The issuer, with its keys.
    pub(crate) fn build(self) -> Result<TrustedIssuer> {
        let trusted = with_keys(&self.jwks).map_err(|error| error.within("jwks"))?;
        Ok(self.apply(trusted))
    }

    /// Whatever is said beside the keys.
    fn apply(self, trusted: TrustedIssuer) -> TrustedIssuer {
        let TrustedIssuerConfig { issuer, audience, max_age, reusable, rules, .. } = self;
        let trusted = match issuer {
            Some(issuer) => trusted.issuer(issuer),
            None => trusted,
        };
        let trusted = match max_age {
            Some(age) => trusted.max_age(age),
            None => trusted,
        };
        let trusted = if reusable { trusted.reusable() } else { trusted };
        let trusted = audience.0.into_iter().fold(trusted, TrustedIssuer::audience);
        rules.into_iter().map(AssertionRuleConfig::rule).fold(trusted, TrustedIssuer::rule)
    }
}

impl AssertionRuleConfig {
    fn rule(self) -> AssertionRule {
        let AssertionRuleConfig { claims, subject, scope, audience, client_id } = self;
        let rule = AssertionRule::new(subject);
        let rule = claims.0.into_iter().fold(rule, |rule, (name, value)| rule.claim(name, value));
        let rule = audience.0.into_iter().fold(rule, AssertionRule::audience);
        let rule = scope.into_iter().fold(rule, AssertionRule::scope);
        client_id.into_iter().fold(rule, AssertionRule::client)
    }
}

object! {
    /// A section for a trusted issuer: as [`TrustedIssuerConfig`], with its keys from one of three places.
    #[derive(Clone, Debug)]
    #[json(read)]
    pub(crate) struct TrustedIssuerSection {
        issuer: Option<String>,
        /// Its public keys.
        jwks: Option<JsonMembers>,
        /// A file that holds them.
        jwks_file: Option<String>,
        /// The `https` URL where it publishes them: the host fetches them.
        jwks_url: Option<String>,
        #[json(default)]
        audience: OneOrMany,
        max_age: Option<Lifetime>,
        #[json(default)]
        reusable: bool,
        rules: Vec<AssertionRuleConfig>,
    }
}

/// The policy, with the trusted issuers of its section.
pub(crate) fn with_trusted_issuers(
    policy: Policy,
    sections: &[TrustedIssuerSection],
    parts: &mut dyn Parts,
) -> Result<Policy> {
    sections.iter().enumerate().try_fold(policy, |policy, (at, section)| {
        let trusted = section.build(parts);
        let trusted = trusted.map_err(|error| error.within(&format!("trusted_issuers[{at}]")))?;
        Ok(policy.trusted_issuer(trusted))
    })
}

impl TrustedIssuerSection {
    fn build(&self, parts: &mut dyn Parts) -> Result<TrustedIssuer> {
        let trusted = match (&self.jwks, &self.jwks_file, &self.jwks_url) {
            (Some(jwks), None, None) => with_keys(jwks).map_err(|error| error.within("jwks")),
            (None, Some(path), None) => {
                let jwks = parts.file(path).and_then(|text| {
                    let text = std::str::from_utf8(text.expose()).unwrap_or_default();
                    json::read_as(ErrorCode::PolicyInvalid, text)
                });
                jwks.and_then(|jwks| with_keys(&jwks)).map_err(|error| error.within("jwks_file"))
            }
            (None, None, Some(url)) => TrustedIssuer::at(url)
                .and_then(|trusted| parts.keys_at(url).map(|()| trusted))
                .map_err(|error| Error::new(error.code()).at("jwks_url").because(error.message().to_owned())),
            _ => Err(Error::new(ErrorCode::PolicyInvalid)
                .at("jwks_url")
                .because("the keys come from one place: jwks, jwks_file or jwks_url")),
        }?;
        let config = TrustedIssuerConfig {
            issuer: self.issuer.clone(),
            jwks: JsonMembers::new(),
            audience: self.audience.clone(),
            max_age: self.max_age,
            reusable: self.reusable,
            rules: self.rules.clone(),
        };
        Ok(config.apply(trusted))
    }
}

/// An issuer with the keys of a JWK Set, of which each can be used.
fn with_keys(keys: &JsonMembers) -> Result<TrustedIssuer> {
    jwks::check(keys)?;
    Ok(TrustedIssuer::new(jwks::read(keys)?))
}
