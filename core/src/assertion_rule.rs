//! Which tokens of a trusted issuer are taken, by their claims, and what they are good for here.

use std::borrow::Cow;

use crate::claims::check::missing;
use crate::error::{Error, ErrorCode, Result};
use crate::json::{self, Object};
use crate::scope;
use crate::token::verified::Verified;

/// Takes the tokens of a trusted issuer whose claims have these values, and says what they give: a subject, a scope, an
/// audience. Of the rules of an issuer the first that fits counts.
///
/// A claim is a text, and must be exactly the value, or begin with what stands before a `*` at the value's end. A name that
/// begins with `/` is the path to a text within a claim (RFC 6901). Prefer what never changes, such as a repository's id, to
/// a name that somebody else can have later; end the text before a `*` with the sign that ends the name:
/// `repo:org/name:*`, since `repo:org/name*` is also `repo:org/name2`.
///
/// The subject is a text in which `{claim}` stands for the claim.
///
/// ```
/// use tokenmint::AssertionRule;
/// let rule = AssertionRule::new("ci:{repository_id}")
///     .claim("repository_id", "123456")
///     .claim("sub", "repo:org/name:ref:refs/heads/*")
///     .scope("deploy");
/// # drop(rule);
/// ```
#[derive(Clone, Debug)]
pub struct AssertionRule {
    claims: Vec<(String, String)>,
    subject: String,
    pub(crate) scope: Option<String>,
    pub(crate) audience: Vec<String>,
    pub(crate) client: Option<String>,
}

impl AssertionRule {
    /// A rule that gives tokens about this subject.
    pub fn new(subject: impl Into<String>) -> Self {
        AssertionRule {
            claims: Vec::new(),
            subject: subject.into(),
            scope: None,
            audience: Vec::new(),
            client: None,
        }
    }

    /// What a claim must be; said of another one, both.
    #[must_use]
    pub fn claim(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.claims.push((name.into(), value.into()));
        self
    }

    /// What the tokens may allow; nothing by name where it is not said.
    #[must_use]
    pub fn scope(mut self, scope: impl Into<String>) -> Self {
        self.scope = Some(scope.into());
        self
    }

    /// Whom the tokens may be for; the policy's audience where it is not said; said again, one more.
    #[must_use]
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.audience.push(audience.into());
        self
    }

    /// The `client_id` of the tokens, where no client has proved itself; their subject where it is not said.
    #[must_use]
    pub fn client(mut self, client: impl Into<String>) -> Self {
        self.client = Some(client.into());
        self
    }

    /// Whether the claims of a token are what the rule wants.
    pub(crate) fn fits(&self, verified: &Verified) -> bool {
        self.claims.iter().all(|(name, wanted)| {
            text(verified, name).is_some_and(|found| match wanted.strip_suffix('*') {
                Some(beginning) => found.starts_with(beginning),
                None => found == wanted.as_str(),
            })
        })
    }

    /// The subject that the claims give.
    ///
    /// # Errors
    /// `claim_missing` and `claim_invalid`: a claim that is not there, is no text or an empty one, has a control character,
    /// or has the sign that ends it in the subject, so that another pair of claims could give the same subject.
    pub(crate) fn subject(&self, verified: &Verified) -> Result<String> {
        let parts = parts(&self.subject)?;
        let mut subject = String::new();
        for (at, part) in parts.iter().enumerate() {
            let name = match part {
                Part::Text(text) => {
                    subject.push_str(text);
                    continue;
                }
                Part::Claim(name) => *name,
            };
            let found = text(verified, name).ok_or_else(|| missing(name.to_owned()))?;
            let more = parts.iter().skip(at + 1).any(|part| matches!(part, Part::Claim(_)));
            let end = match parts.get(at + 1) {
                Some(Part::Text(text)) if more => text.chars().next(),
                _ => None,
            };
            let invalid = |reason: &str| {
                Error::new(ErrorCode::ClaimInvalid).at(name.to_owned()).because(reason.to_owned())
            };
            if found.is_empty() || found.chars().any(char::is_control) {
                return Err(invalid("the subject needs a text without control characters"));
            }
            if end.is_some_and(|end| found.contains(end)) {
                return Err(invalid("the text has the sign that ends it in the subject"));
            }
            subject.push_str(&found);
        }
        Ok(subject)
    }

    /// Whether the rule can work.
    pub(crate) fn check(&self) -> Result<()> {
        let invalid = |field: &'static str, text: &'static str| {
            Err(Error::new(ErrorCode::PolicyInvalid).at(field).because(text))
        };
        if self.claims.is_empty() {
            return invalid("claims", "a rule names at least one claim; {\"sub\": \"*\"} takes any subject");
        }
        for (name, value) in &self.claims {
            if name.is_empty() || value.is_empty() {
                return invalid("claims", "a claim has a name, and a value that is not empty");
            }
            if value.strip_suffix('*').unwrap_or(value).contains('*') {
                return invalid("claims", "a value is exact, or has one * at its end");
            }
        }
        if parts(&self.subject)?.is_empty() {
            return invalid("subject", "the subject is empty");
        }
        if self.audience.iter().any(String::is_empty) {
            return invalid("audience", "the audience is empty");
        }
        if self.client.as_ref().is_some_and(String::is_empty) {
            return invalid("client_id", "the client's id is empty");
        }
        scope::check(self.scope.as_deref().unwrap_or_default())
    }
}

/// The text of a claim, or of what a path leads to within one; `None` for whatever is no text.
fn text<'a>(verified: &'a Verified, name: &str) -> Option<Cow<'a, str>> {
    let Some(path) = name.strip_prefix('/') else { return json::string(verified.claim_json(name)?) };
    // RFC 6901 section 4: first `~1`, then `~0`.
    let mut names = path.split('/').map(|name| name.replace("~1", "/").replace("~0", "~"));
    let claim = verified.claim_json(&names.next()?)?;
    let found = names.try_fold(claim, |value, name| Object::of_token(value.as_bytes()).ok()?.get(&name))?;
    json::string(found)
}

/// A part of a subject.
enum Part<'a> {
    Text(&'a str),
    Claim(&'a str),
}

/// The parts of a subject.
fn parts(subject: &str) -> Result<Vec<Part<'_>>> {
    let invalid = |text: &'static str| Error::new(ErrorCode::PolicyInvalid).at("subject").because(text);
    let mut parts = Vec::new();
    let mut rest = subject;
    while !rest.is_empty() {
        let (before, after) = rest.split_once('{').unwrap_or((rest, ""));
        if before.contains('}') || (after.is_empty() && before.len() < rest.len()) {
            return Err(invalid("a { has no }, or the other way round"));
        }
        if !before.is_empty() {
            parts.push(Part::Text(before));
        } else if matches!(parts.last(), Some(Part::Claim(_))) {
            return Err(invalid("two claims need a sign between them, so that one can tell where one ends"));
        }
        if before.len() == rest.len() {
            break;
        }
        let (name, after) =
            after.split_once('}').ok_or_else(|| invalid("a { has no }, or the other way round"))?;
        if name.is_empty() || name.contains('{') {
            return Err(invalid("between { and } stands the name of a claim"));
        }
        parts.push(Part::Claim(name));
        rest = after;
    }
    Ok(parts)
}
