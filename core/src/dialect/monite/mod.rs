//! Monite's dialect: access tokens for a partner or an entity user, and their revocation.
//!
//! Contract 2; what the contract leaves open is decided in `docs/endpoints.md`.

pub(crate) mod operations;
pub(super) mod section;
mod user_token;

use http::{HeaderMap, Method, StatusCode};

use super::fields::{Fields, PathStep, Problem, ProblemKind, one_of, text, uuid};
use super::rejection::{Rejection, method_not_allowed};
use super::request::Request;
use super::response::{Response, Value, json_object, status, with_error_headers};
use super::{Answer, Call, Demonstration, Dialect, Start, Wing};
use crate::error::{Error, ErrorCode, Result};
use crate::flow::Flow;
use crate::flow::client::ClientProof;
use crate::issuer::Issuer;
use crate::json::{ToJson, object, write_member};
use crate::record::client::Permission;

/// How the Monite endpoints behave where the contract leaves it open.
///
/// ```
/// use tokenmint::dialect::monite::MoniteOptions;
/// assert!(MoniteOptions::default().version_required);
/// ```
#[derive(Clone, Debug)]
pub struct MoniteOptions {
    /// Whether a request without the header `x-monite-version` is refused. If not, it counts as of the newest version.
    pub version_required: bool,
}

impl Default for MoniteOptions {
    fn default() -> Self {
        MoniteOptions { version_required: true }
    }
}

const VERSION_HEADER: &str = "x-monite-version";

/// From this version on wrong credentials are a 400: it lists no 401 for the token operation (contract 2.1).
const WRONG_CREDENTIALS_ARE_400: &str = "2024-05-25";

/// Monite's access tokens.
#[derive(Clone, Debug)]
pub struct Monite {
    issuer: Issuer,
    options: MoniteOptions,
}

impl Monite {
    /// Serves the access tokens of an issuer.
    pub fn new(issuer: Issuer, options: MoniteOptions) -> Self {
        Monite { issuer, options }
    }
}

/// What it is known by.
pub(super) const WING: Wing = Wing { paths: &["/v1"], refuse: reject };

/// What shows it at work.
pub(super) const DEMONSTRATION: Option<Demonstration> = Some(Demonstration {
    name: "monite",
    start: Start { config: include_str!("start.toml"), steps: include_str!("start.sh") },
    config: include_str!("demo.toml"),
    tokens: include_str!("demo.sh"),
    introspection: include_str!("demo_introspection.sh"),
    end: Some(("one of Monite's", include_str!("demo_end.sh"))),
});

impl Dialect for Monite {
    fn issuer(&self) -> &Issuer {
        &self.issuer
    }

    fn paths(&self) -> &[&str] {
        WING.paths
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

async fn handle(flow: &mut Flow, options: &MoniteOptions, request: &Request) -> Result<Response, Rejection> {
    match request.segments().as_slice() {
        ["v1", "auth", "token"] if request.method == Method::POST => token(flow, options, request).await,
        ["v1", "auth", "revoke"] if request.method == Method::POST => revoke(flow, options, request).await,
        ["v1", "auth", "token" | "revoke"] => Err(method_not_allowed("POST")),
        _ => Err(ErrorCode::RouteNotFound.into()),
    }
}

fn reject(rejection: Rejection) -> Response {
    match rejection {
        Rejection::Fields(problems) => unprocessable(&problems),
        Rejection::Error(error) => refusal(status(&error), &error),
    }
}

async fn token(flow: &mut Flow, options: &MoniteOptions, request: &Request) -> Result<Response, Rejection> {
    let (version, TokenRequest { client, user }) = read(options, request, TokenRequest::read)?;
    let found = match user {
        None => flow.client_credentials(&client.into(), Permission::ClientCredentials.into()).await,
        Some(user) => flow.entity_user(&client, &user).await,
    };
    match found {
        Ok(token) => {
            let members = [
                ("access_token", Value::Text(&token.access_token)),
                ("expires_in", Value::Number(token.expires_in.seconds())),
                ("token_type", Value::Text("Bearer")),
            ];
            Ok(json_object(StatusCode::OK, &members))
        }
        Err(error) if error.code() == ErrorCode::InvalidClient && !version.lists_401() => {
            Ok(refusal(StatusCode::BAD_REQUEST, &error))
        }
        // No version lists a 404: a user that the client does not have is a bad request.
        Err(error) if error.code() == ErrorCode::NotFound => Ok(refusal(StatusCode::BAD_REQUEST, &error)),
        Err(error) => Err(error.into()),
    }
}

async fn revoke(flow: &mut Flow, options: &MoniteOptions, request: &Request) -> Result<Response, Rejection> {
    let bearer_client = flow.bearer_client(&request.bearer()?).await?;
    let (_, RevokeRequest { client, token }) = read(options, request, RevokeRequest::read)?;
    flow.revoke_as(bearer_client, &client, &token).await?;
    Ok(json_object(StatusCode::OK, &[("message", Value::Text("the token is revoked"))]))
}

/// A request for a token: whose secret, and for which user.
struct TokenRequest {
    client: ClientProof,
    user: Option<String>,
}

impl TokenRequest {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let client = client(fields);
        let grant =
            fields.required("grant_type", one_of(&["client_credentials", "entity_user"], GrantType::of));
        let given = fields.raw("entity_user_id").is_some_and(|raw| raw != "null");
        // Its format holds whatever the grant type (edge case 2.14).
        let user = fields.nullable("entity_user_id", uuid).map(|id| id.to_string());
        if grant == Some(GrantType::EntityUser) && !given {
            let needed = "this field is required with grant_type entity_user".to_owned();
            fields.problem("entity_user_id", ProblemKind::Missing, needed);
        }
        let user = if grant? == GrantType::EntityUser { Some(user?) } else { None };
        Some(TokenRequest { client: client?, user })
    }
}

/// A request to revoke a token.
struct RevokeRequest {
    client: ClientProof,
    token: String,
}

impl RevokeRequest {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let client = client(fields);
        let token = fields.required("token", text);
        Some(RevokeRequest { client: client?, token: token? })
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum GrantType {
    ClientCredentials,
    EntityUser,
}

impl GrantType {
    fn of(name: &str) -> Option<Self> {
        match name {
            "client_credentials" => Some(GrantType::ClientCredentials),
            "entity_user" => Some(GrantType::EntityUser),
            _ => None,
        }
    }
}

/// A client is registered by its lower-case id; a request may spell it otherwise.
fn client(fields: &mut Fields<'_>) -> Option<ClientProof> {
    let id = fields.required("client_id", uuid);
    let secret = fields.required("client_secret", text);
    Some(ClientProof::new(id?.to_string(), secret?))
}

/// Reads version and body, and says all at once what is wrong with them.
fn read<T>(
    options: &MoniteOptions,
    request: &Request,
    parse: impl FnOnce(&mut Fields<'_>) -> Option<T>,
) -> Result<(Version, T), Rejection> {
    let version = Version::read(&request.headers, options);
    let (parsed, problems) = match request.fields() {
        Ok(mut fields) => (parse(&mut fields), fields.into_problems()),
        Err(error) if error.code() == ErrorCode::BodyMalformed => (None, vec![malformed(&error)]),
        Err(error) => return Err(error.into()),
    };
    let in_body = |problem: Problem| Problem { path: within("body", problem.path), ..problem };
    let problems = problems.into_iter().map(in_body);
    match (version, parsed) {
        // A field that the request does not need may be wrong all the same.
        (Ok(version), Some(parsed)) if problems.len() == 0 => Ok((version, parsed)),
        (version, _) => Err(Rejection::Fields(version.err().into_iter().chain(problems).collect())),
    }
}

fn within(part: &str, path: Vec<PathStep>) -> Vec<PathStep> {
    std::iter::once(PathStep::Member(part.to_owned())).chain(path).collect()
}

/// A body that is no JSON object: the problem of the body itself.
fn malformed(error: &Error) -> Problem {
    Problem { path: Vec::new(), kind: ProblemKind::Format, message: error.message().to_owned() }
}

/// An API version: a date. Texts of dates are in the order of the dates.
struct Version(String);

impl Version {
    fn read(headers: &HeaderMap, options: &MoniteOptions) -> Result<Self, Problem> {
        let problem = |kind, message: &str| {
            let path = within("header", vec![PathStep::Member(VERSION_HEADER.to_owned())]);
            Problem { path, kind, message: message.to_owned() }
        };
        let mut values = headers.get_all(VERSION_HEADER).iter();
        match (values.next(), values.next()) {
            (None, _) if !options.version_required => Ok(Version(WRONG_CREDENTIALS_ARE_400.to_owned())),
            (None, _) => Err(problem(ProblemKind::Missing, "this header is required, such as 2024-05-25")),
            (Some(one), None) if one.to_str().is_ok_and(is_date) => {
                Ok(Version(one.to_str().unwrap_or_default().to_owned()))
            }
            _ => Err(problem(
                ProblemKind::Format,
                "must be one date of the form YYYY-MM-DD, such as 2024-05-25",
            )),
        }
    }

    /// Whether this version answers wrong credentials with 401.
    fn lists_401(&self) -> bool {
        self.0.as_str() < WRONG_CREDENTIALS_ARE_400
    }
}

/// Whether a text is a day of the calendar, written as RFC 3339's `full-date`.
fn is_date(text: &str) -> bool {
    let number = |text: &str| -> Option<u32> {
        if text.bytes().all(|byte| byte.is_ascii_digit()) { text.parse().ok() } else { None }
    };
    let [year, month, day] = *text.split('-').collect::<Vec<_>>() else { return false };
    if (year.len(), month.len(), day.len()) != (4, 2, 2) {
        return false;
    }
    let (Some(year), Some(month), Some(day)) = (number(year), number(month), number(day)) else {
        return false;
    };
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let last = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => 0,
    };
    (1..=last).contains(&day)
}

object! {
    /// What stands in the body of ErrorSchemaResponse.
    #[json(write)]
    struct Message {
        message: String,
    }
}

/// The body of ErrorSchemaResponse.
fn refusal(status: StatusCode, error: &Error) -> Response {
    let message = match error.code() {
        // The official kit takes "expired" for a reason to fetch a new token (contract 2.1), which this is. The
        // detail of a wrong method is the list of right ones, which stands in `Allow`.
        code @ (ErrorCode::TokenExpired | ErrorCode::MethodNotAllowed) => code.text().to_owned(),
        _ => error.to_string(),
    };
    let inner = Message { message };
    with_error_headers(json_object(status, &[("error", Value::Json(&inner))]), error)
}

/// The body of HTTPValidationError: everything that is wrong, each with its place.
fn unprocessable(problems: &[Problem]) -> Response {
    let detail: Vec<Detail<'_>> = problems.iter().map(Detail).collect();
    json_object(StatusCode::UNPROCESSABLE_ENTITY, &[("detail", Value::Json(&detail))])
}

struct Detail<'a>(&'a Problem);

impl ToJson for Detail<'_> {
    fn write_json(&self, out: &mut Vec<u8>) {
        let Detail(problem) = self;
        out.push(b'{');
        write_member(out, "loc", &problem.path);
        write_member(out, "msg", &problem.message);
        write_member(out, "type", &type_code(problem));
        out.push(b'}');
    }
}

impl ToJson for PathStep {
    fn write_json(&self, out: &mut Vec<u8>) {
        match self {
            PathStep::Member(name) => name.write_json(out),
            PathStep::Item(index) => (*index as u64).write_json(out),
        }
    }
}

/// The code of a problem, as FastAPI would call it.
fn type_code(problem: &Problem) -> &'static str {
    match (problem.kind, problem.path.as_slice()) {
        (ProblemKind::Missing, _) => "missing",
        (ProblemKind::Type, _) => "string_type",
        (ProblemKind::Choice, _) => "enum",
        (ProblemKind::Format, [_]) => "json_invalid",
        (ProblemKind::Format, [PathStep::Member(part), ..]) if part == "header" => "date_parsing",
        (ProblemKind::Format, _) => "uuid_parsing",
        (ProblemKind::Range, _) => "value_error",
    }
}

#[cfg(test)]
mod tests {
    use super::is_date;

    #[test]
    fn only_days_of_the_calendar_are_dates() {
        for date in ["2024-05-25", "2023-09-01", "2024-02-29", "2000-02-29", "2023-12-31", "9999-01-01"] {
            assert!(is_date(date), "{date}");
        }
        for text in [
            "",
            "abc",
            "2024-13-40",
            "2024-00-10",
            "2024-01-00",
            "2023-02-29",
            "1900-02-29",
            "2024-04-31",
            "2024-5-25",
            "24-05-25",
            "2024-05-25T00:00:00Z",
            "2024-05-25-",
            "20240525",
            "2024/05/25",
            "+024-05-25",
            "２024-05-25",
            " 2024-05-25",
        ] {
            assert!(!is_date(text), "{text:?}");
        }
    }
}
