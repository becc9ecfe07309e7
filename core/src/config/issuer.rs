//! An issuer and a verifier from a configuration: what the bindings take instead of builders.
//!
//! The fields are the methods of [`Policy`] and of [`Verifier`], with the same defaults.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::with;
use crate::describe::{Shape, described, shapes};
use crate::dialect::event_receivers::EventReceiverConfig;
use crate::dialect::trusted_issuers::TrustedIssuerConfig;
use crate::dpop_policy::{DpopConfig, DpopVerifierConfig};
use crate::error::{Error, ErrorCode, Result};
use crate::issuer::Issuer;
use crate::json::{self, FromJson, Json, JsonMembers, Misfit};
use crate::key::{Algorithm, KeySet};
use crate::policy::{AccessFormat, Integration, Narrowing, Policy};
use crate::time::Lifetime;
use crate::token::verifier::Verifier;
use crate::values::{OneOrMany, RateLimit, SecretText, StatusPolicyConfig};

described! {
    /// An issuer's policy: the methods of [`Policy`] as fields. Only `issuer` is required.
    ///
    /// ```
    /// use tokenmint::*;
    /// use tokenmint::config::IssuerConfig;
    /// let keys = KeySet::builder().hmac("k1", [7; 32].as_slice())?.build()?;
    /// let config = r#"{"issuer":"https://api.example.com","audience":"app","lifetime":"15m"}"#;
    /// let issuer = IssuerConfig::from_json(config)?.build(keys)?;
    ///
    /// let error = IssuerConfig::from_json(r#"{"issuer":"i","lifetme":"1h"}"#).unwrap_err();
    /// assert_eq!(error.field(), Some("lifetme"));
    /// # drop(issuer);
    /// # Ok::<(), Error>(())
    /// ```
    #[derive(Clone, Debug)]
    #[json(read)]
    pub struct IssuerConfig {
        /// Its name, usually its URL: `iss` in its tokens.
        pub issuer: String,
        /// The `aud` of tokens whose claims name none.
        #[json(default)]
        pub audience: OneOrMany,
        /// The header's `typ`; `JWT` where absent.
        pub token_type: Option<String>,
        /// How long tokens of the flows live; where absent, access tokens of sessions 15 minutes and all others one hour.
        pub lifetime: Option<Lifetime>,
        /// The longest life that a token can be given; no bound but the calendar's where absent.
        pub max_lifetime: Option<Lifetime>,
        /// How far clocks may differ when its own tokens are verified; 0 where absent.
        pub leeway_seconds: Option<u64>,
        /// What access tokens of the flows look like; `jwt` where absent.
        pub access_format: Option<AccessFormat>,
        /// Custom claims that every token carries.
        #[json(default)]
        pub fixed_claims: JsonMembers,
        /// At least 32 bytes of text from which refresh, public and account tokens are derived.
        pub session_secret: Option<SecretText>,
        /// How long a session lives without a refresh; 30 days where absent. At least the lifetime of its access tokens.
        pub session_idle: Option<Lifetime>,
        /// How long a session lives at all; 90 days where absent.
        pub session_absolute: Option<Lifetime>,
        /// Claims beside `sid` that hold the session's id.
        #[json(default)]
        pub session_claims: OneOrMany,
        /// For how many seconds a refresh token is answered again; 10 where absent, at most 60 without `long_refresh_grace`.
        pub refresh_grace_seconds: Option<u64>,
        /// Lets that be up to 1800. For as long, a stolen refresh token that was exchanged already is good.
        #[json(default)]
        pub long_refresh_grace: bool,
        /// By which rule a custom claim is narrowed: `equal`, as where absent, `subset` or `and`.
        #[json(default)]
        pub narrowing: Narrowings,
        /// For how long after its first issue an entity token can be renewed with itself; 30 days where absent.
        pub renewal: Option<Lifetime>,
        /// How many requests of one client are admitted; no limit where absent.
        pub client_rate: Option<RateLimit>,
        /// How many failed attempts are answered with the reason; no limit where absent.
        pub failure_rate: Option<RateLimit>,
        /// For how many seconds the same redeemer of a link gets the same answer again; 10 where absent, at most 60.
        pub redeem_window_seconds: Option<u64>,
        /// How long a redeemed link's public token lives; one hour where absent.
        pub public_token_lifetime: Option<Lifetime>,
        /// Issuers whose tokens are taken for tokens of this one.
        #[json(default)]
        pub trusted_issuers: Vec<TrustedIssuerConfig>,
        /// Status lists, in which every JWT of the flows has a place; none where absent.
        pub status_lists: Option<StatusPolicyConfig>,
        /// Who is told what ends and what changes, by security event tokens (RFC 8417).
        #[json(default)]
        pub event_receivers: Vec<EventReceiverConfig>,
        /// What links can connect to.
        #[json(default)]
        pub integrations: Vec<Integration>,
        /// What is demanded of DPoP proofs (RFC 9449); where absent, no proof is looked at.
        pub dpop: Option<DpopConfig>,
    }
}

/// Rules of claims, by their names.
#[derive(Clone, Debug, Default)]
pub struct Narrowings(BTreeMap<String, Narrowing>);

impl FromJson for Narrowings {
    fn blank() -> Self {
        Narrowings::default()
    }

    fn read_json(&mut self, json: Json<'_>) -> Result<(), Misfit> {
        self.0.read_json(json)
    }
}

shapes! {
    Narrowings: Shape::Json;
}

impl IssuerConfig {
    /// Reads a policy from JSON.
    ///
    /// # Errors
    /// `policy_invalid`: the field that is not known, missing or of the wrong type.
    pub fn from_json(text: &str) -> Result<Self> {
        json::read_as(ErrorCode::PolicyInvalid, text)
    }

    /// The issuer, which signs with the first key of `keys` that can.
    ///
    /// # Errors
    /// As [`Issuer::new`].
    pub fn build(self, keys: KeySet) -> Result<Issuer> {
        Issuer::new(keys, self.policy()?)
    }

    fn policy(self) -> Result<Policy> {
        // Field by field: a policy that goes through its own methods is copied by each.
        let mut policy = Policy::new(self.issuer);
        policy.status_lists = self.status_lists.map(|lists| lists.policy(&policy.issuer));
        policy.audience = self.audience.0;
        policy.session_claims.extend(self.session_claims.0.into_iter().map(Cow::Owned));
        policy.integrations = self.integrations;
        policy.dpop = self.dpop.map(DpopConfig::policy);
        for (at, trusted) in self.trusted_issuers.into_iter().enumerate() {
            let trusted = trusted.build().map_err(|error| error.within(&format!("trusted_issuers[{at}]")))?;
            policy.trusted_issuers.push(trusted);
        }
        policy.event_receivers = self.event_receivers.into_iter().map(EventReceiverConfig::build).collect();
        for (name, value) in self.fixed_claims {
            policy.fixed_claims.push((name.into(), value.into()));
        }
        policy.narrowings.extend(self.narrowing.0.into_iter().map(|(claim, rule)| (claim.into(), rule)));
        (policy.session_idle, policy.session_absolute) = (self.session_idle, self.session_absolute);
        policy.token_type = self.token_type.unwrap_or(policy.token_type);
        policy.lifetime = self.lifetime;
        policy.max_lifetime = self.max_lifetime.unwrap_or(policy.max_lifetime);
        policy.leeway = self.leeway_seconds.unwrap_or(policy.leeway);
        policy.access_format = self.access_format.unwrap_or(policy.access_format);
        policy.session_secret = self.session_secret.map(|secret| secret.0);
        policy.grace = self.refresh_grace_seconds.unwrap_or(policy.grace);
        policy.long_grace = self.long_refresh_grace;
        policy.renewal = self.renewal.unwrap_or(policy.renewal);
        policy.redeem_window = self.redeem_window_seconds.unwrap_or(policy.redeem_window);
        policy.public_token_lifetime = self.public_token_lifetime.unwrap_or(policy.public_token_lifetime);
        policy.client_rate = self.client_rate.map(|limit| limit.rate("client_rate")).transpose()?;
        policy.failure_rate = self.failure_rate.map(|limit| limit.rate("failure_rate")).transpose()?;
        Ok(policy)
    }
}

described! {
    /// What a verifier expects: the methods of [`Verifier`] as fields.
    ///
    /// `issuer` and `audience` are required, unless the `any_` field drops the check by name.
    ///
    /// ```
    /// use tokenmint::*;
    /// use tokenmint::config::VerifierConfig;
    /// let keys = KeySet::builder().hmac("k1", [7; 32].as_slice())?.build()?;
    /// let config = r#"{"issuer":"https://api.example.com","audience":"app"}"#;
    /// let verifier = VerifierConfig::from_json(config)?.build(keys)?;
    /// # drop(verifier);
    /// # Ok::<(), Error>(())
    /// ```
    #[derive(Clone, Debug, Default)]
    #[json(read)]
    pub struct VerifierConfig {
        /// What `iss` must be, or one of these.
        #[json(default)]
        pub issuer: OneOrMany,
        /// Takes a token from any issuer whose key is in the key set.
        #[json(default)]
        pub any_issuer: bool,
        /// What `aud` must name, or one of these.
        #[json(default)]
        pub audience: OneOrMany,
        /// Takes a token for any audience.
        #[json(default)]
        pub any_audience: bool,
        /// What `sub` must be, or one of these; anything where absent.
        #[json(default)]
        pub subject: OneOrMany,
        /// What the header's `typ` must be; `JWT` where absent.
        pub token_type: Option<String>,
        /// Takes a token of any `typ`, or of none.
        #[json(default)]
        pub any_token_type: bool,
        /// Takes a token without `exp`.
        #[json(default)]
        pub without_expiry: bool,
        /// Claims that must be there.
        #[json(default)]
        pub require: OneOrMany,
        /// Takes only these algorithms; whichever the keys have where absent.
        pub algorithms: Option<Vec<Algorithm>>,
        /// Refuses a token issued longer ago than this; then `iat` is required.
        pub max_age: Option<Lifetime>,
        /// Allows for clocks that differ by so many seconds; 0 where absent.
        pub leeway_seconds: Option<u64>,
        /// Takes a token that is bound to a key with its DPoP proof only, and says what is demanded of that.
        pub dpop: Option<DpopVerifierConfig>,
        /// Refuses a token that is bound to a key or a certificate where it comes without the proof.
        #[json(default)]
        pub refuse_bound: bool,
    }
}

impl VerifierConfig {
    /// Reads the expectations from JSON.
    ///
    /// # Errors
    /// `policy_invalid`: the field that is not known or of the wrong type.
    pub fn from_json(text: &str) -> Result<Self> {
        json::read_as(ErrorCode::PolicyInvalid, text)
    }

    /// A verifier that trusts these keys.
    ///
    /// # Errors
    /// `policy_invalid` where a check is said and dropped, or nothing could pass it.
    pub fn build(self, keys: KeySet) -> Result<Verifier> {
        contradiction("issuer", "any_issuer", !self.issuer.0.is_empty(), self.any_issuer)?;
        contradiction("audience", "any_audience", !self.audience.0.is_empty(), self.any_audience)?;
        contradiction("token_type", "any_token_type", self.token_type.is_some(), self.any_token_type)?;
        let given = Verifier::new(keys);
        let given = if self.any_issuer { given.any_issuer() } else { given };
        let given = if self.any_audience { given.any_audience() } else { given };
        let given = if self.any_token_type { given.any_token_type() } else { given };
        let given = if self.without_expiry { given.without_expiry() } else { given };
        let given = self.issuer.0.into_iter().fold(given, Verifier::issuer);
        let given = self.audience.0.into_iter().fold(given, Verifier::audience);
        let given = self.subject.0.into_iter().fold(given, Verifier::subject);
        let given = self.require.0.into_iter().fold(given, Verifier::require);
        let given = with(given, self.token_type, Verifier::token_type);
        let given = with(given, self.algorithms, |given, list| given.algorithms(&list));
        let given = with(given, self.max_age, Verifier::max_age);
        let given = with(given, self.leeway_seconds, Verifier::leeway_seconds);
        let given = with(given, self.dpop, |given, dpop| given.dpop(dpop.policy()));
        let given = if self.refuse_bound { given.refuse_bound() } else { given };
        given.check_policy()?;
        Ok(given)
    }
}

fn contradiction(field: &'static str, dropped: &str, said: bool, any: bool) -> Result<()> {
    if said && any {
        return Err(Error::new(ErrorCode::PolicyInvalid)
            .at(field)
            .because(format!("{field} and {dropped} contradict each other; give one")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Claims, Context, DpopPolicy, EventReceiver, SecurityEvent, StatusPolicy, UnixTime};

    fn keys() -> KeySet {
        KeySet::builder().hmac("k1", [7; 32].as_slice()).unwrap().build().unwrap()
    }

    #[test]
    fn every_field_of_an_issuer_is_applied() {
        let json = r#"{
            "issuer": "i", "audience": ["a", "b"], "token_type": "at+jwt", "lifetime": "1m", "max_lifetime": "2h",
            "leeway_seconds": 3, "access_format": "opaque", "fixed_claims": {"x": {"y": [1]}},
            "session_secret": "a secret of at least thirty-two bytes", "session_idle": "2m",
            "session_absolute": "3h", "session_claims": "ses", "refresh_grace_seconds": 4, "renewal": "5d",
            "long_refresh_grace": true, "narrowing": {"p": "subset"},
            "client_rate": {"events": 1, "per": "1s", "burst": 2},
            "failure_rate": {"events": 3, "per": "1m", "burst": 4}, "redeem_window_seconds": 5,
            "public_token_lifetime": "6m",
            "status_lists": {"uri": "https://i/s", "every": "7s", "ttl": "8s", "lifetime": "9m", "bits": 2}, "integrations": [{"slug": "s", "name": "S", "categories": ["ats"]}],
            "dpop": {"required": true, "max_age": "2m", "nonce": true, "algorithms": ["ES256"]},
            "event_receivers": [{"audience": "r", "events": ["session-revoked"], "client_id": "c"}]
        }"#;
        let issuer = IssuerConfig::from_json(json).unwrap().build(keys()).unwrap();
        let wanted = Policy::new("i")
            .audience("a")
            .audience("b")
            .token_type("at+jwt")
            .lifetime(Lifetime::MINUTE)
            .max_lifetime(Lifetime::minutes(120))
            .leeway_seconds(3)
            .access_format(AccessFormat::Opaque)
            .fixed_claim("x", r#"{"y":[1]}"#)
            .session_secret(b"a secret of at least thirty-two bytes".as_slice())
            .session_lifetimes(Lifetime::minutes(2), Lifetime::minutes(180))
            .session_claim("ses")
            .refresh_grace_seconds(4)
            .long_refresh_grace()
            .narrowing("p", Narrowing::Subset)
            .renewal(Lifetime::minutes(5 * 24 * 60))
            .client_rate(crate::Rate::new(1, Lifetime::from_seconds(1).unwrap(), 2).unwrap())
            .failure_rate(crate::Rate::new(3, Lifetime::MINUTE, 4).unwrap())
            .redeem_window_seconds(5)
            .public_token_lifetime(Lifetime::minutes(6))
            .status_lists(
                StatusPolicy::new("https://i/s")
                    .every(Lifetime::seconds_or_one(7))
                    .time_to_live(Lifetime::seconds_or_one(8))
                    .lifetime(Lifetime::minutes(9))
                    .bits(2),
            )
            .dpop(
                DpopPolicy::new()
                    .required()
                    .max_age(Lifetime::minutes(2))
                    .nonce()
                    .algorithms(&[Algorithm::ES256]),
            )
            .event_receiver(EventReceiver::new("r").event(SecurityEvent::SessionRevoked).client("c"))
            .integration(Integration { slug: "s".into(), name: "S".into(), categories: vec!["ats".into()] });
        assert_eq!(format!("{:?}", issuer.policy()), format!("{wanted:?}"));
    }

    #[cfg(any(feature = "aws-lc", feature = "rustcrypto", feature = "host"))]
    #[test]
    fn every_field_of_a_trusted_issuer_is_applied() {
        use crate::{AssertionRule, TrustedIssuer};
        const JWKS: &str =
            r#"{"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;
        let with = |more: &str| {
            let json = format!(
                r#"{{"issuer":"i","trusted_issuers":[{{"jwks":{JWKS},"rules":[{{"claims":{{"a":"b","sub":"c*"}},"subject":"s"{more}}}]"#
            );
            json + "}]}"
        };
        let build = |json: &str| IssuerConfig::from_json(json).and_then(|config| config.build(keys()));
        let keys = || KeySet::from_jwks(JWKS).unwrap();
        let rule = || AssertionRule::new("s").claim("a", "b").claim("sub", "c*");
        let same = |json: &str, trusted: TrustedIssuer| {
            let wanted = Policy::new("i").trusted_issuer(trusted);
            assert_eq!(format!("{:?}", build(json).unwrap().policy()), format!("{wanted:?}"));
        };
        same(&with(""), TrustedIssuer::new(keys()).rule(rule()));
        let all = with(r#","scope":"read","audience":["x","y"],"client_id":"c1""#)
            .replace(r#""rules""#, r#""issuer":"t","audience":"z","max_age":"1h","reusable":true,"rules""#);
        let rule = rule().scope("read").audience("x").audience("y").client("c1");
        let trusted = TrustedIssuer::new(keys()).issuer("t").audience("z").max_age(Lifetime::HOUR).reusable();
        same(&all, trusted.rule(rule));

        let fault = |json: &str| {
            let error = build(json).unwrap_err();
            error.field().unwrap_or_default().to_owned()
        };
        let place = "trusted_issuers[0]";
        assert_eq!(fault(&with(r#","scop":"x""#)), format!("{place}.rules[0].scop"));
        assert_eq!(fault(&with(r#","scope":"a  b""#)), format!("{place}.rules[0].scope"));
        assert_eq!(fault(&with("").replace("\"c*\"", "\"c*d\"")), format!("{place}.rules[0].claims"));
        assert_eq!(fault(&with("").replace("\"s\"", "\"{s\"")), format!("{place}.rules[0].subject"));
        assert_eq!(fault(&with("").replace("OKP", "oct")), format!("{place}.jwks"));
        assert_eq!(fault(&all.replace("\"t\"", "\"i\"")), format!("{place}.issuer"));
        let twice = all.replacen("[{", "[{{}},{", 1);
        let first = &all[all.find("[{\"jwks").unwrap() + 1..all.len() - 2];
        assert_eq!(fault(&twice.replacen("{{}}", first, 1)), "trusted_issuers[1].issuer");
    }

    #[test]
    fn what_is_absent_has_the_defaults_of_a_policy() {
        let issuer = IssuerConfig::from_json(r#"{"issuer":"i"}"#).unwrap().build(keys()).unwrap();
        assert_eq!(format!("{:?}", issuer.policy()), format!("{:?}", Policy::new("i")));
    }

    #[test]
    fn status_lists_are_below_the_issuer_where_nothing_else_is_said() {
        let of = |json: &str| IssuerConfig::from_json(json).and_then(|config| config.build(keys()));
        let issuer = of(r#"{"issuer":"https://i/","status_lists":{"every":"30s"}}"#).unwrap();
        let half_minute = Lifetime::seconds_or_one(30);
        let wanted = StatusPolicy::new("https://i/status").every(half_minute).time_to_live(half_minute);
        assert_eq!(issuer.policy().status_lists.as_ref(), Some(&wanted));
        let error = of(r#"{"issuer":"i","status_lists":{}}"#).unwrap_err();
        assert_eq!(error.field(), Some("status_lists.uri"));
    }

    #[test]
    fn every_field_of_a_verifier_is_applied() {
        let json = r#"{
            "issuer": ["i", "j"], "audience": "a", "subject": "s", "token_type": "at+jwt", "without_expiry": true,
            "require": ["x"], "algorithms": ["HS256"], "max_age": "1h", "leeway_seconds": 2,
            "dpop": {"max_age": "2m", "algorithms": ["ES256"]}
        }"#;
        let verifier = VerifierConfig::from_json(json).unwrap().build(keys()).unwrap();
        let wanted = Verifier::new(keys())
            .without_expiry()
            .issuer("i")
            .issuer("j")
            .audience("a")
            .subject("s")
            .require("x")
            .token_type("at+jwt")
            .algorithms(&[Algorithm::HS256])
            .max_age(Lifetime::HOUR)
            .leeway_seconds(2)
            .dpop(DpopPolicy::new().max_age(Lifetime::minutes(2)).algorithms(&[Algorithm::ES256]));
        assert_eq!(format!("{verifier:?}"), format!("{wanted:?}"));

        let any = r#"{"any_issuer":true,"any_audience":true,"any_token_type":true,"refuse_bound":true}"#;
        let verifier = VerifierConfig::from_json(any).unwrap().build(keys()).unwrap();
        let wanted = Verifier::new(keys()).any_issuer().any_audience().any_token_type().refuse_bound();
        assert_eq!(format!("{verifier:?}"), format!("{wanted:?}"));
    }

    #[test]
    fn what_cannot_work_is_refused_at_once() {
        for (json, said) in [
            (r#"{"audience":"a"}"#, "iss"),
            (r#"{"issuer":"i"}"#, "aud"),
            (r#"{"issuer":"i","any_issuer":true,"audience":"a"}"#, "contradict"),
            (r#"{"issuer":"i","any_audience":true,"audience":"a"}"#, "contradict"),
            (r#"{"issuer":"i","audience":"a","token_type":"JWT","any_token_type":true}"#, "contradict"),
            (r#"{"issuer":"i","audience":"a","algorithms":[]}"#, "empty"),
            (r#"{"issuer":"","audience":"a"}"#, "empty"),
            (r#"{"issuer":"i","audience":"a","algorithms":["none"]}"#, "not one of the signature algorithms"),
            (r#"{"issuer":"i","audience":"a","leeway":1}"#, "leeway: this field is not known"),
        ] {
            let error = VerifierConfig::from_json(json).and_then(|config| config.build(keys())).unwrap_err();
            assert_eq!(error.code(), ErrorCode::PolicyInvalid, "{json}");
            assert!(error.to_string().contains(said), "{json}: {error}");
        }
    }

    #[test]
    fn the_two_fit_together() {
        let issuer =
            IssuerConfig::from_json(r#"{"issuer":"i","audience":"a"}"#).unwrap().build(keys()).unwrap();
        let verifier =
            VerifierConfig::from_json(r#"{"issuer":"i","audience":"a"}"#).unwrap().build(keys()).unwrap();
        let context = Context::new(UnixTime::from_seconds(1_700_000_000), [1; 32]);
        let token = issuer.mint(&Claims::new(), Lifetime::HOUR, &context).unwrap();
        assert!(verifier.verify(&token, context.now()).is_ok());
    }
}
