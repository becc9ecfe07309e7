//! Why a token is accepted or refused: every check in its order, what it saw and what it demands.
//!
//! The verdict is that of [`Verifier::verify`]: up to the payload its own function runs here, and behind that its own
//! list of checks. Neither a signature nor a secret is ever shown.

use std::fmt;

use serde::{Serialize, Serializer};

use super::MAX_TOKEN;
use super::checks::CLAIM_CHECKS;
use super::confirmation::CNF;
use super::parts::Parts;
use super::unverified;
use super::verdicts::HostVerdicts;
use super::verified::Verified;
use super::verifier::Verifier;
use crate::claims::check::{self, shown};
use crate::encoding::foreign;
use crate::error::{Error, ErrorCode, Result};
use crate::json::{self, ToJson, as_names, object, write_member};
use crate::time::UnixTime;

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CheckOutcome {
    /// It found nothing wrong.
    Passed,
    /// It refuses the token.
    Failed,
    /// An earlier check has refused the token, so this one could not run.
    NotReached,
    /// Nothing was demanded, or there was nothing to check.
    NotAsked,
}

as_names! { CheckOutcome { Passed = "passed", Failed = "failed", NotReached = "not_reached", NotAsked = "not_asked", } }

object! {
    /// One check of an [`Explanation`].
    #[derive(Clone, Debug, PartialEq, Eq)]
    #[json(write)]
    #[non_exhaustive]
    pub struct Check {
        /// What was checked: `policy`, `size`, `framing`, `header`, `extensions`, `issuer_keys`, `algorithm`, `key`,
        /// `signature`, `payload`, `typ`, `exp`, `nbf`, `iat`, `iss`, `aud`, `sub`, `jti`, `required`, `cnf`; `status` by
        /// [`StatusLists::explain`](crate::StatusLists::explain).
        pub name: &'static str,
        /// How it ended.
        pub outcome: CheckOutcome,
        /// What stands in the token: at most 60 characters of it.
        #[json(omit)]
        pub seen: Option<String>,
        /// What is demanded.
        #[json(omit)]
        pub limit: Option<String>,
        /// Why it failed.
        #[json(omit)]
        pub error: Option<Error>,
        /// What may help.
        #[json(omit)]
        pub hint: Option<String>,
    }
}

/// The ordered list of checks that a token went through.
///
/// Behind a good signature every check runs, so that an expired token for another audience shows both; the verdict is
/// the first that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    checks: Vec<Check>,
    /// Behind a good signature, the claim `status`, if there is one.
    status: Option<Option<String>>,
}

impl Explanation {
    /// Whether [`Verifier::verify`] accepts the token.
    pub fn is_accepted(&self) -> bool {
        self.error().is_none()
    }

    /// The error of [`Verifier::verify`]: that of the first check that failed.
    pub fn error(&self) -> Option<&Error> {
        self.checks.iter().find_map(|check| check.error.as_ref())
    }

    /// The checks, in their order.
    pub fn checks(&self) -> &[Check] {
        &self.checks
    }

    /// Behind a good signature, the claim `status`, if there is one.
    pub(crate) fn status(&self) -> Option<Option<&str>> {
        self.status.as_ref().map(Option::as_deref)
    }

    /// The same with one more check.
    pub(crate) fn with(mut self, check: Check) -> Self {
        self.checks.push(check);
        self
    }
}

impl Verifier {
    /// Explains the verdict of [`Verifier::verify`], check by check.
    ///
    /// ```
    /// use tokenmint::*;
    /// let keys = KeySet::builder().hmac("k1", [7; 32].as_slice())?.build()?;
    /// let issuer = Issuer::new(keys, Policy::new("https://api.example.com").audience("app"))?;
    /// let now = UnixTime::from_seconds(1_700_000_000);
    /// let token = issuer.mint(&Claims::new(), Lifetime::HOUR, &Context::new(now, [1; 32]))?;
    ///
    /// let late = UnixTime::from_seconds(1_700_003_605);
    /// let explanation = issuer.verifier().explain(&token, late);
    /// assert_eq!(explanation.error().map(Error::code), Some(ErrorCode::TokenExpired));
    /// let exp = explanation.checks().iter().find(|check| check.name == "exp").unwrap();
    /// assert_eq!((exp.outcome, exp.hint.as_deref()), (CheckOutcome::Failed, Some("expired 5 s ago")));
    /// # Ok::<(), Error>(())
    /// ```
    pub fn explain(&self, token: &str, now: UnixTime) -> Explanation {
        self.explain_with(token, now, None)
    }

    /// Explains with what the host has said about signatures that only it can check.
    pub(super) fn explain_with(
        &self,
        token: &str,
        now: UnixTime,
        host: Option<&HostVerdicts>,
    ) -> Explanation {
        let mut stages = self.stages(token);
        let verified = self.check_policy().and_then(|()| self.verify_signature(token, host));
        let mut status = None;
        let checks = match verified {
            Ok(verified) => {
                status = Some(verified.claim_json("status").map(str::to_owned));
                let claims = CLAIM_CHECKS.iter().map(|check| {
                    let seen = seen(check.name, &verified);
                    let limit = (check.limit)(self, now);
                    let hint = |error: &Error| claim_hint(error, &verified, now);
                    judged(check.name, seen, limit, (check.run)(self, &verified, now), hint)
                });
                stages.extend(claims);
                if self.refuses_bound {
                    let unbound = self.check_unbound(&verified);
                    stages.push(judged(CNF, seen(CNF, &verified), bound_limit(), unbound, |_| None));
                }
                stages
            }
            Err(error) => {
                let failed = self.failed_stage(&error, token);
                let at = stages.iter().position(|stage| stage.name == failed).unwrap_or_default();
                for (index, stage) in stages.iter_mut().enumerate().skip(at) {
                    stage.outcome = if index == at { CheckOutcome::Failed } else { CheckOutcome::NotReached };
                }
                if let Some(stage) = stages.get_mut(at) {
                    stage.hint = hint(&error, token);
                    stage.error = Some(error);
                }
                stages.extend(CLAIM_CHECKS.iter().map(|check| Check {
                    name: check.name,
                    outcome: CheckOutcome::NotReached,
                    seen: None,
                    limit: (check.limit)(self, now),
                    error: None,
                    hint: None,
                }));
                if self.refuses_bound {
                    let (name, outcome) = (CNF, CheckOutcome::NotReached);
                    stages.push(Check {
                        name,
                        outcome,
                        seen: None,
                        limit: bound_limit(),
                        error: None,
                        hint: None,
                    });
                }
                stages
            }
        };
        Explanation { checks, status }
    }

    /// The stages up to the payload, as if all passed.
    fn stages(&self, token: &str) -> Vec<Check> {
        let header = unverified::decode_header(token).ok();
        let header = header.as_ref();
        let quoted = |text: Option<String>| text.map(|text| format!("{:?}", excerpt(&text)));
        let stage = |name, seen, limit: Option<String>| Check {
            name,
            outcome: CheckOutcome::Passed,
            seen,
            limit,
            error: None,
            hint: None,
        };
        let text = |limit: &str| Some(limit.to_owned());
        let mut stages = vec![
            stage("policy", None, text("issuer, audience and algorithms are said")),
            stage("size", Some(format!("{} bytes", token.len())), Some(format!("at most {MAX_TOKEN} bytes"))),
            stage("framing", Some(format!("{} dots", token.matches('.').count())), text("2 dots")),
            stage("header", header.map(|header| excerpt(header.json())), text("a JSON object")),
            stage("extensions", None, text("no crit, b64 or zip")),
        ];
        if let Some(by_issuer) = &self.by_issuer {
            stages.push(stage("issuer_keys", None, Some(format!("one of {} issuers", by_issuer.len()))));
        }
        let keys =
            Parts::split(token).ok().and_then(|parts| self.keys_for(&parts).ok()).unwrap_or(&self.keys);
        let mut names: Vec<&str> = match &self.algorithms {
            Some(list) => list.iter().map(|alg| alg.name()).collect(),
            None => keys.keys().map(|key| key.algorithm().name()).collect(),
        };
        names.sort_unstable();
        names.dedup();
        let mut ids: Vec<&str> = keys.keys().filter_map(|key| key.kid()).take(8).collect();
        // Keys that share an id stand beside each other mostly.
        ids.dedup();
        let known: Vec<String> = ids.iter().map(|kid| format!("{:?}", excerpt(kid))).collect();
        let known = if known.is_empty() {
            format!("one of {} keys without an id", keys.keys().len())
        } else {
            known.join(" or ")
        };
        stages.extend([
            stage(
                "algorithm",
                quoted(header.and_then(unverified::UnverifiedHeader::algorithm)),
                Some(names.join(" or ")),
            ),
            stage("key", quoted(header.and_then(unverified::UnverifiedHeader::key_id)), Some(known)),
            stage("signature", None, text("made by that key")),
            stage("payload", None, text("a JSON object")),
        ]);
        stages
    }

    /// The stage whose error this is.
    fn failed_stage(&self, error: &Error, token: &str) -> &'static str {
        let early = match (error.code(), error.field()) {
            (ErrorCode::PolicyInvalid, _) => Some("policy"),
            (ErrorCode::TokenTooLarge, _) => Some("size"),
            (ErrorCode::TokenMalformed, _) => Some("framing"),
            (ErrorCode::HeaderMalformed, _) | (ErrorCode::TokenEncoding, Some("header")) => Some("header"),
            (ErrorCode::HeaderCritical | ErrorCode::HeaderUnsupported, _) => Some("extensions"),
            _ => None,
        };
        if let Some(early) = early {
            return early;
        }
        if Parts::split(token).and_then(|parts| self.keys_for(&parts).map(drop)).is_err() {
            return "issuer_keys";
        }
        match (error.code(), error.field()) {
            (ErrorCode::AlgorithmNotAllowed, _) => "algorithm",
            (ErrorCode::KeyNotFound | ErrorCode::KeyMismatch, _) => "key",
            (ErrorCode::PayloadMalformed, _) | (ErrorCode::TokenEncoding, Some("payload")) => "payload",
            _ => "signature",
        }
    }
}

fn bound_limit() -> Option<String> {
    Some("none without the proof of what the token is bound to".to_owned())
}

fn judged(
    name: &'static str,
    seen: Option<String>,
    limit: Option<String>,
    result: Result<()>,
    hint: impl Fn(&Error) -> Option<String>,
) -> Check {
    let (outcome, error) = match result {
        Err(error) => (CheckOutcome::Failed, Some(error)),
        Ok(()) if limit.is_none() || (seen.is_none() && name != "required") => (CheckOutcome::NotAsked, None),
        Ok(()) => (CheckOutcome::Passed, None),
    };
    Check { name, outcome, seen, limit, hint: error.as_ref().and_then(hint), error }
}

fn seen(name: &'static str, verified: &Verified) -> Option<String> {
    match name {
        "typ" => verified.token_type().map(|typ| format!("{:?}", excerpt(typ))),
        name => verified.claim_json(name).map(excerpt),
    }
}

/// No time in seconds is as large, before the year 5138; every time in milliseconds since 1973 is larger.
const MILLISECONDS: f64 = 1e11;

/// How far off a time is, in seconds.
fn claim_hint(error: &Error, verified: &Verified, now: UnixTime) -> Option<String> {
    let time = |name| verified.payload().time(name).ok().flatten();
    let now = check::seconds(now);
    match error.code() {
        ErrorCode::TokenExpired => Some(match now - time("exp")? {
            0.0 => "expires at this very second: exp itself is too late".to_owned(),
            ago => format!("expired {} s ago", shown(ago)),
        }),
        ErrorCode::TokenNotYetValid => Some(match time("nbf")? {
            nbf if nbf > MILLISECONDS => {
                "nbf counts seconds; so large a number is mostly one of milliseconds".to_owned()
            }
            nbf => format!("valid in {} s; where clocks differ, allow a leeway", shown(nbf - now)),
        }),
        ErrorCode::TokenTooOld => Some(format!("issued {} s ago", shown(now - time("iat")?))),
        ErrorCode::TypeMismatch => {
            Some("`typ` tells kinds of tokens apart: is this one for another use?".to_owned())
        }
        ErrorCode::ClaimInvalid => {
            let found = verified.claim_json(error.field()?)?;
            let is_text = json::string(found).is_some_and(|text| text.parse::<f64>().is_ok());
            is_text.then(|| "the number stands in quotation marks".to_owned())
        }
        _ => None,
    }
}

fn hint(error: &Error, token: &str) -> Option<String> {
    let found = match error.code() {
        ErrorCode::TokenMalformed if token.matches('.').count() == 4 => {
            "five parts: the token is encrypted (JWE)"
        }
        ErrorCode::TokenMalformed | ErrorCode::TokenEncoding => foreign(token)?,
        ErrorCode::KeyNotFound => "the keys may be older than the token, or those of another issuer",
        ErrorCode::SignatureInvalid => "another key with the same id, or the token was changed on its way",
        _ => return None,
    };
    Some(found.to_owned())
}

pub(crate) fn excerpt(text: &str) -> String {
    let mut short: String = text.chars().take(60).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

object! {
    #[json(write)]
    struct Report<'a> {
        accepted: bool,
        #[json(omit)]
        error: Option<ErrorCode>,
        checks: &'a [Check],
    }
}

impl ToJson for Explanation {
    fn write_json(&self, out: &mut Vec<u8>) {
        let error = self.error().map(Error::code);
        Report { accepted: self.is_accepted(), error, checks: &self.checks }.write_json(out);
    }
}

/// As JSON: an object with `accepted`, `error` and `checks`.
impl Serialize for Explanation {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        json::serialize(self, serializer)
    }
}

impl ToJson for Error {
    fn write_json(&self, out: &mut Vec<u8>) {
        out.push(b'{');
        write_member(out, "code", &self.code());
        if let Some(field) = self.field() {
            write_member(out, "field", &field);
        }
        write_member(out, "message", &self.message());
        out.push(b'}');
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.error() {
            None => writeln!(f, "accepted")?,
            Some(error) => writeln!(f, "refused: {}: {error}", error.code().name())?,
        }
        for check in &self.checks {
            let outcome = match check.outcome {
                CheckOutcome::Passed => "ok",
                CheckOutcome::Failed => "FAILED",
                CheckOutcome::NotReached => "not reached",
                CheckOutcome::NotAsked => "not asked",
            };
            write!(f, "  {:<11}  {outcome:<11}", check.name)?;
            if let Some(seen) = &check.seen {
                write!(f, "  found {}", seen.escape_debug())?;
            }
            if let Some(limit) = check.limit.as_ref().filter(|_| check.outcome != CheckOutcome::NotReached) {
                write!(f, "  needs {limit}")?;
            }
            if let Some(error) = &check.error {
                write!(f, "  ({}", error.message())?;
                if let Some(hint) = &check.hint {
                    write!(f, "; {hint}")?;
                }
                f.write_str(")")?;
            }
            writeln!(f)?;
        }
        Ok(())
    }
}
