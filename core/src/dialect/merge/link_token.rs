//! `POST /api/{category}/v1/link-token`: a single-use link for one end user (contract 4.1).

use http::StatusCode;
use uuid::Uuid;

use super::super::fields::{
    Fault, Fields, Json, ProblemKind, boolean, list, list_of, object, one_of, text, text_of, uuid, wrong_type,
};
use super::super::rejection::Rejection;
use super::super::request::Request;
use super::super::response::{Response, json_of};
use super::link::LinkDetails;
use super::{CATEGORIES, MergeOptions, fields};
use crate::error::{Error, ErrorCode};
use crate::flow::Flow;
use crate::json::{self, JsonMembers, Object, object};
use crate::record::client::Permission;
use crate::time::Lifetime;

/// The bounds of `link_expiry_mins`, its default, and the bound without a magic link.
const EXPIRY_MIN: i64 = 30;
const EXPIRY_MAX: i64 = 10_080;
const EXPIRY_DEFAULT: i64 = 30;
const EXPIRY_MAX_PLAIN: i64 = 720;

/// The most bytes of a link's settings as JSON: with the rest they must fit one record.
const MAX_SETTINGS: usize = 48 * 1024;

const LANGUAGES: [&str; 2] = ["en", "de"];
const SCREENS: [&str; 1] = ["SELECTIVE_SYNC"];
const ACTIONS: [&str; 2] = ["READ", "WRITE"];

/// What the front end of a link needs: kept with it as it came.
const SETTINGS: [&str; 11] = [
    "should_create_magic_link_url",
    "hide_admin_magic_link",
    "common_models",
    "category_common_model_scopes",
    "language",
    "are_syncs_disabled",
    "integration_specific_config",
    "completed_account_initial_screen",
    "linked_destination_id",
    "credential_id",
    "ekm_enabled",
];

object! {
    /// The answer. What was not asked for is left out: both SDKs take that as well as null.
    #[json(write)]
    struct Created {
        link_token: String,
        #[json(omit)]
        integration_name: Option<String>,
        #[json(omit)]
        magic_link_url: Option<String>,
    }
}

pub(super) async fn handle(
    flow: &mut Flow,
    options: &MergeOptions,
    request: &Request,
) -> Result<Response, Rejection> {
    let organization = flow.authenticate_bearer(&request.bearer()?, Permission::Links).await?.organization;
    let wanted = read(flow, options, fields(request)?)?;
    let created = flow.create_link(organization, wanted.details, wanted.lifetime).await?;
    let magic_link_url = wanted.magic_link.then(|| options.magic_link(&created.link_token));
    let integration_name = created.integration.map(|integration| integration.name);
    let body = Created { link_token: created.link_token, integration_name, magic_link_url };
    Ok(json_of(StatusCode::OK, &body))
}

/// A request that may be carried out.
struct Wanted {
    details: LinkDetails,
    lifetime: Lifetime,
    magic_link: bool,
}

/// Reads all fields before it judges, so every wrong one is told at once.
fn read(flow: &Flow, options: &MergeOptions, mut fields: Fields<'_>) -> Result<Wanted, Rejection> {
    let end_user_email = fields.required("end_user_email_address", name);
    let end_user_organization = fields.required("end_user_organization_name", name);
    let origin_id = fields.required("end_user_origin_id", name);
    let categories = fields.required("categories", categories);
    let integration = integration(flow, &mut fields, categories.as_deref());
    let magic_link = fields.nullable("should_create_magic_link_url", boolean);
    let minutes = expiry(&mut fields, magic_link);
    for flag in ["hide_admin_magic_link", "are_syncs_disabled", "ekm_enabled"] {
        fields.nullable(flag, boolean);
    }
    common_models(&mut fields);
    scopes(&mut fields);
    fields.nullable("language", one_of(&LANGUAGES, |text| listed(&LANGUAGES, text)));
    fields.nullable("completed_account_initial_screen", one_of(&SCREENS, |text| listed(&SCREENS, text)));
    fields.nullable("integration_specific_config", |value| object(value).map(drop));
    fields.nullable("linked_destination_id", known(&options.linked_destinations, "linked destination"));
    fields.nullable("credential_id", known(&options.credentials, "credential"));
    let settings = settings(&mut fields);

    let problems = fields.into_problems();
    let (Some(end_user_email), Some(end_user_organization), Some(origin_id), Some(categories), true) =
        (end_user_email, end_user_organization, origin_id, categories, problems.is_empty())
    else {
        return Err(Rejection::Fields(problems));
    };
    let size = json::size(&settings);
    if size > MAX_SETTINGS {
        let text = format!("the settings of a link have at most {MAX_SETTINGS} bytes, found {size}");
        return Err(Error::new(ErrorCode::BodyTooLarge).because(text).into());
    }
    let lifetime = Lifetime::from_seconds(u64::try_from(minutes).unwrap_or(0) * 60)?;
    let details =
        LinkDetails { origin_id, end_user_organization, end_user_email, categories, integration, settings };
    Ok(Wanted { details, lifetime, magic_link: magic_link == Some(true) })
}

/// A text of 1 to 100 characters that can be seen.
fn name(value: Json<'_>) -> Result<String, Fault> {
    let text = text_of(1, 100)(value)?;
    if text.chars().all(char::is_whitespace) {
        return Err((ProblemKind::Range, "must not be blank".to_owned()));
    }
    Ok(text)
}

/// The categories, each once.
fn categories(value: Json<'_>) -> Result<Vec<String>, Fault> {
    let mut unique: Vec<String> = Vec::new();
    for category in list_of(one_of(&CATEGORIES, |text| listed(&CATEGORIES, text)))(value)? {
        if !unique.iter().any(|known| known == category) {
            unique.push(category.to_owned());
        }
    }
    if unique.is_empty() {
        return Err((ProblemKind::Range, "must name at least one category".to_owned()));
    }
    Ok(unique)
}

/// An integration of the catalogue, in one of the link's categories where those are good.
fn integration(flow: &Flow, fields: &mut Fields<'_>, categories: Option<&[String]>) -> Option<String> {
    fields.nullable("integration", |value| {
        let slug = text_of(1, usize::MAX)(value)?;
        let Some(known) = flow.issuer.integration(&slug) else {
            return Err((ProblemKind::Choice, "there is no integration with this slug".to_owned()));
        };
        let within = |categories: &[String]| categories.iter().any(|name| known.categories.contains(name));
        if !categories.is_none_or(within) {
            return Err((ProblemKind::Choice, "the integration is in none of the categories".to_owned()));
        }
        Ok(slug)
    })
}

/// How many minutes the link lives. The long times are for magic links, whatever the schema alone would pass.
fn expiry(fields: &mut Fields<'_>, magic_link: Option<bool>) -> i64 {
    const NAME: &str = "link_expiry_mins";
    let Some(minutes) = fields.optional(NAME, minutes) else { return EXPIRY_DEFAULT };
    // A flag that is itself wrong says nothing on whether a magic link is meant.
    let flag_is_good = magic_link.is_some()
        || fields.raw("should_create_magic_link_url").is_none_or(|value| value == "null");
    if minutes > EXPIRY_MAX_PLAIN && magic_link != Some(true) && flag_is_good {
        let text = format!("must be at most {EXPIRY_MAX_PLAIN} unless should_create_magic_link_url is true");
        fields.problem(NAME, ProblemKind::Range, text);
    }
    minutes
}

fn minutes(value: Json<'_>) -> Result<i64, Fault> {
    let number = match value {
        Json::Number(number) => number,
        other => return Err(wrong_type("a whole number of minutes", &other)),
    };
    let Some(minutes) = integer(number) else {
        return Err((ProblemKind::Type, "must be a whole number of minutes".to_owned()));
    };
    if !(EXPIRY_MIN..=EXPIRY_MAX).contains(&minutes) {
        return Err((
            ProblemKind::Range,
            format!("must be from {EXPIRY_MIN} to {EXPIRY_MAX}, found {number}"),
        ));
    }
    Ok(minutes)
}

/// The integer that a JSON number is by its value: `30`, `30.0` and `3e1` are one number. What is beyond 64 bits
/// becomes the nearest end.
fn integer(number: &str) -> Option<i64> {
    let digits = number.strip_prefix('-').unwrap_or(number);
    if digits.bytes().all(|byte| byte.is_ascii_digit()) {
        let end = if number.starts_with('-') { i64::MIN } else { i64::MAX };
        return Some(number.parse().unwrap_or(end));
    }
    // In so few characters no fraction is lost to rounding.
    let value: f64 = if number.len() <= 15 { number.parse().ok()? } else { return None };
    // A float becomes an integer with saturation.
    (value.fract() == 0.0).then_some(value as i64)
}

/// Contract 4.1.2.
fn common_models(fields: &mut Fields<'_>) {
    fields.each("common_models", |model| {
        model.required("model_id", text);
        model.required("enabled_actions", list_of(one_of(&ACTIONS, |text| listed(&ACTIONS, text))));
        model.required("disabled_fields", list_of(text));
    });
}

/// Contract 4.1.3: the keys are any strings, and each list may be null.
fn scopes(fields: &mut Fields<'_>) {
    const NAME: &str = "category_common_model_scopes";
    let categories = member_names(fields, NAME);
    fields.nested(NAME, |scopes| {
        for category in &categories {
            scopes.each(category, scope);
        }
    });
}

fn scope(scope: &mut Fields<'_>) {
    scope.required("model_name", text);
    let models = member_names(scope, "model_permissions");
    scope.nested("model_permissions", |permissions| {
        for model in &models {
            permissions.nested(model, |permission| permission.nullable("is_enabled", boolean));
        }
    });
    scope.nested("field_permissions", |permissions| {
        for names in ["enabled_fields", "disabled_fields"] {
            permissions.nullable(names, |value| list(value).map(drop));
        }
    });
}

/// The names in an object that is a member; none where it is not an object.
fn member_names(fields: &Fields<'_>, name: &str) -> Vec<String> {
    let object = fields.raw(name).and_then(|text| Object::parse(text).ok());
    object.map_or_else(Vec::new, |object| object.iter().map(|(name, _)| name.to_owned()).collect())
}

/// The settings as they came. A number that no float can hold is legal JSON, but nobody could read it back.
fn settings(fields: &mut Fields<'_>) -> JsonMembers {
    let mut settings = JsonMembers::new();
    for name in SETTINGS {
        match fields.raw(name).filter(|value| *value != "null").map(str::parse) {
            None => {}
            Some(Ok(value)) => drop(settings.insert(name.to_owned(), value)),
            Some(Err(_)) => {
                fields.problem(name, ProblemKind::Range, "holds a number that is too large".to_owned());
            }
        }
    }
    settings
}

/// A UUID of those that the host knows.
fn known<'a>(ids: &'a [Uuid], what: &'static str) -> impl Fn(Json<'_>) -> Result<Uuid, Fault> + 'a {
    move |value| {
        let id = uuid(value)?;
        let known = ids.contains(&id).then_some(id);
        known.ok_or_else(|| (ProblemKind::Choice, format!("there is no {what} with this id")))
    }
}

fn listed(names: &[&'static str], text: &str) -> Option<&'static str> {
    names.iter().copied().find(|name| *name == text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_by_their_value() {
        for text in ["30", "30.0", "3e1", "3E+1", "0.3e2", "300e-1"] {
            assert_eq!(integer(text), Some(30), "{text}");
        }
        for text in ["30.5", "30.0000000000000000001", "1e-9", "3e-1"] {
            assert_eq!(integer(text), None, "{text}");
        }
        assert_eq!(integer("9223372036854775808"), Some(i64::MAX));
        assert_eq!(integer("-99999999999999999999"), Some(i64::MIN));
        assert_eq!(integer("1e300"), Some(i64::MAX));
        assert_eq!(integer("-0"), Some(0));
    }
}
