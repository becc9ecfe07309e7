//! Merge's links: link token, magic link, public token, account token (contract 4).

use http::{Method, StatusCode};
use uuid::Uuid;

use super::fields::{Fields, PathStep, Problem};
use super::rejection::{Rejection, method_not_allowed};
use super::request::Request;
use super::response::{self, Response, Value, status, with_error_headers};
use super::{Answer, Call, Demonstration, Dialect, Start, Wing};
use crate::error::{Error, ErrorCode};
use crate::flow::Flow;
use crate::issuer::Issuer;
use crate::json::{Object, ToJson, write_member};

mod account;
mod account_token;
mod link;
mod link_token;
mod magic_link;
pub(crate) mod operations;
mod redeem;
pub(super) mod section;

pub use account::{Account, AccountToken, ExchangeRequest};
pub use link::{LinkDetails, LinkToken, LinkView, PublicToken, RedeemRequest};

/// What the endpoints of Merge need beyond the issuer's policy, which holds the catalogue of integrations.
///
/// ```
/// use tokenmint::dialect::merge::MergeOptions;
/// let options = MergeOptions { magic_link_base: "https://link.example.com".into(), ..MergeOptions::default() };
/// assert!(options.linked_destinations.is_empty());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MergeOptions {
    /// Where the world reaches `/magic-link/{token}`: a URL without that path; `http://127.0.0.1:8080` by default.
    pub magic_link_base: String,
    /// The linked destinations that a request may name (`linked_destination_id`); others are refused.
    pub linked_destinations: Vec<Uuid>,
    /// The credentials that a request may name (`credential_id`); others are refused.
    pub credentials: Vec<Uuid>,
}

impl Default for MergeOptions {
    fn default() -> Self {
        MergeOptions {
            magic_link_base: "http://127.0.0.1:8080".to_owned(),
            linked_destinations: Vec::new(),
            credentials: Vec::new(),
        }
    }
}

impl MergeOptions {
    /// Whether the options can work.
    fn check(&self) -> Result<(), Error> {
        let base: Option<http::Uri> = self.magic_link_base.parse().ok();
        let good = base.is_some_and(|base| {
            matches!(base.scheme_str(), Some("http" | "https"))
                && base.host().is_some()
                && base.query().is_none()
        });
        if good && !self.magic_link_base.contains('#') {
            return Ok(());
        }
        Err(Error::new(ErrorCode::PolicyInvalid)
            .at("magic_link_base")
            .because("the base of magic links is a URL such as https://link.example.com"))
    }

    /// The URL of a link's page.
    fn magic_link(&self, link_token: &str) -> String {
        format!("{}/magic-link/{link_token}", self.magic_link_base.trim_end_matches('/'))
    }
}

/// The categories that have a path (contract 4.1). The list in a body has the same ones.
pub(crate) const CATEGORIES: [&str; 11] = [
    "hris",
    "ats",
    "accounting",
    "ticketing",
    "crm",
    "mktg",
    "filestorage",
    "knowledgebase",
    "chat",
    "email",
    "calendar",
];

/// Merge's links.
#[derive(Clone, Debug)]
pub struct Merge {
    issuer: Issuer,
    options: MergeOptions,
}

impl Merge {
    /// Serves the links of an issuer, whose policy has the catalogue of integrations.
    pub fn new(issuer: Issuer, options: MergeOptions) -> Self {
        Merge { issuer, options }
    }
}

/// What it is known by.
pub(super) const WING: Wing = Wing { paths: &["/api", "/magic-link"], refuse: reject };

/// What shows it at work.
pub(super) const DEMONSTRATION: Option<Demonstration> = Some(Demonstration {
    name: "merge",
    start: Start { config: include_str!("start.toml"), steps: include_str!("start.sh") },
    config: include_str!("demo.toml"),
    tokens: include_str!("demo.sh"),
    introspection: "",
    end: None,
});

impl Dialect for Merge {
    fn issuer(&self) -> &Issuer {
        &self.issuer
    }

    fn paths(&self) -> &[&str] {
        WING.paths
    }

    fn check(&self) -> Result<(), Error> {
        self.issuer.check_session_secret()?;
        self.options.check()
    }

    fn answer<'a>(&'a self, call: &'a Call) -> Answer<'a> {
        Box::pin(async move { handle(&mut call.flow(&self.issuer), &self.options, call.request()).await })
    }

    fn openapi(&self) -> Option<&str> {
        Some(include_str!("openapi.json"))
    }

    fn refuse(&self, rejection: Rejection) -> Response {
        reject(rejection)
    }
}

async fn handle(flow: &mut Flow, options: &MergeOptions, request: &Request) -> Result<Response, Rejection> {
    let (get, post) = (request.method == Method::GET, request.method == Method::POST);
    match request.segments().as_slice() {
        ["api", "link-token", "redeem"] if post => redeem::handle(flow, request).await,
        ["api", "link-token", "redeem"] => Err(method_not_allowed("POST")),
        ["api", category, "v1", rest @ ..] if CATEGORIES.contains(category) => match rest {
            ["link-token"] if post => link_token::handle(flow, options, request).await,
            ["link-token"] => Err(method_not_allowed("POST")),
            ["account-token", "regenerate"] if post => {
                account_token::regenerate(flow, category, request).await
            }
            ["delete-account"] if post => account_token::delete(flow, category, request).await,
            ["delete-account"] => Err(method_not_allowed("POST")),
            // A GET has an effect here, so a HEAD is not its harmless twin: it is refused.
            ["account-token", token] if get && !token.is_empty() => {
                account_token::retrieve(flow, category, token, request).await
            }
            ["account-token", "regenerate"] => Err(method_not_allowed("GET, POST")),
            ["account-token", token] if !token.is_empty() => Err(method_not_allowed("GET")),
            _ => Err(ErrorCode::RouteNotFound.into()),
        },
        ["magic-link", token] => Ok(magic_link::handle(flow, token, request).await),
        _ => Err(ErrorCode::RouteNotFound.into()),
    }
}

/// The errors of the Django REST framework: `{"<field>": ["text"]}` for wrong fields, `{"detail": "text"}` for the rest.
fn reject(rejection: Rejection) -> Response {
    let error = match rejection {
        Rejection::Fields(problems) => return response::json_of(StatusCode::BAD_REQUEST, &tree(&problems)),
        Rejection::Error(error) => error,
    };
    let list = [error.message()];
    let allowed;
    let (name, value) = match (error.code(), error.field()) {
        (ErrorCode::FieldRequired | ErrorCode::FieldInvalid, Some(field)) => (field, Value::Json(&list)),
        // The policy's own bound, under the vendor's.
        (ErrorCode::LifetimeTooLong, _) => ("link_expiry_mins", Value::Json(&list)),
        (ErrorCode::MethodNotAllowed, _) => {
            allowed = format!("this method is not allowed here; allowed: {}", error.message());
            ("detail", Value::Text(&allowed))
        }
        _ => ("detail", Value::Text(error.message())),
    };
    with_error_headers(response::json_object(status(&error), &[(name, value)]), &error)
}

/// The fields of a body; an empty one is an object without members, so each required field is named.
fn fields(request: &Request) -> Result<Fields<'_>, Error> {
    if request.body.iter().all(u8::is_ascii_whitespace) {
        return Ok(Fields::new(Object::parse("{}").map_err(|_| ErrorCode::Internal)?));
    }
    request.fields()
}

/// Who redeems or exchanges: whoever comes back with the same key shortly after gets the same answer.
fn redeemer(request: &Request) -> Option<String> {
    request.header("idempotency-key").filter(|key| !key.is_empty()).map(str::to_owned)
}

/// How many problems are told at most: the answer to a large body of nothing but faults stays small.
const MAX_PROBLEMS: usize = 100;

/// Problems in the order in which they were found.
#[derive(Clone, Debug, PartialEq)]
enum Node {
    Members(Members),
    Items(Vec<Node>),
    Text(String),
}

/// Members that keep their order.
#[derive(Clone, Debug, Default, PartialEq)]
struct Members(Vec<(String, Node)>);

impl ToJson for Node {
    fn write_json(&self, out: &mut Vec<u8>) {
        match self {
            Node::Members(Members(members)) => {
                out.push(b'{');
                members.iter().for_each(|(name, node)| write_member(out, name, node));
                out.push(b'}');
            }
            Node::Items(items) => items.write_json(out),
            Node::Text(text) => text.write_json(out),
        }
    }
}

/// The problems as the framework nests them: `{"common_models": [{}, {"model_id": ["..."]}]}`.
fn tree(problems: &[Problem]) -> Node {
    let mut root = Node::Members(Members::default());
    for problem in problems.iter().take(MAX_PROBLEMS) {
        root.insert(&problem.path, &problem.message);
    }
    root
}

impl Node {
    fn insert(&mut self, path: &[PathStep], message: &str) {
        match (self, path.split_first()) {
            // What is wrong with an item as a whole has a name of its own.
            (node @ Node::Members(_), None) => {
                node.insert(&[PathStep::Member("non_field_errors".to_owned())], message);
            }
            (Node::Items(messages), None) => messages.push(Node::Text(message.to_owned())),
            (Node::Members(members), Some((PathStep::Member(name), rest))) => {
                if let Some(node) = members.entry(name, rest) {
                    node.insert(rest, message);
                }
            }
            (Node::Items(items), Some((PathStep::Item(index), rest))) => {
                if items.len() <= *index {
                    items.resize(*index + 1, Node::Members(Members::default()));
                }
                if let Some(item) = items.get_mut(*index) {
                    item.insert(rest, message);
                }
            }
            // A path is one of a body's: what it passes through is an object or a list, never both.
            _ => {}
        }
    }
}

impl Members {
    /// The member of a name; a new one is a list of messages or items, or an object where a member follows.
    fn entry(&mut self, name: &str, rest: &[PathStep]) -> Option<&mut Node> {
        if self.0.iter().all(|(known, _)| known != name) {
            let follows = matches!(rest.first(), Some(PathStep::Member(_)));
            let empty = if follows { Node::Members(Members::default()) } else { Node::Items(Vec::new()) };
            self.0.push((name.to_owned(), empty));
        }
        self.0.iter_mut().find(|(known, _)| known == name).map(|(_, node)| node)
    }
}

#[cfg(test)]
mod tests {
    use super::super::fields::ProblemKind;
    use super::*;
    use crate::json::to_text;

    fn problem(path: Vec<PathStep>, message: &str) -> Problem {
        Problem { path, kind: ProblemKind::Type, message: message.to_owned() }
    }

    #[test]
    fn problems_nest_as_the_framework_nests_them() {
        let member = |name: &str| PathStep::Member(name.to_owned());
        let problems = [
            problem(vec![member("a")], "one"),
            problem(vec![member("a")], "two"),
            problem(vec![member("b"), PathStep::Item(1), member("c")], "three"),
            problem(vec![member("b"), PathStep::Item(2)], "four"),
            problem(vec![member("d"), member("e"), PathStep::Item(0), member("f"), member("g")], "five"),
        ];
        let expected = serde_json::json!({
            "a": ["one", "two"],
            "b": [{}, {"c": ["three"]}, {"non_field_errors": ["four"]}],
            "d": {"e": [{"f": {"g": ["five"]}}]},
        });
        assert_eq!(serde_json::from_str::<serde_json::Value>(&to_text(&tree(&problems))).unwrap(), expected);
    }

    #[test]
    fn an_answer_of_problems_is_bounded() {
        let wrong = |index| problem(vec![PathStep::Member("a".to_owned()), PathStep::Item(index)], "no");
        let problems: Vec<Problem> = (0..1000).map(wrong).collect();
        let shown: serde_json::Value = serde_json::from_str(&to_text(&tree(&problems))).unwrap();
        assert_eq!(shown["a"].as_array().unwrap().len(), MAX_PROBLEMS);
    }
}
