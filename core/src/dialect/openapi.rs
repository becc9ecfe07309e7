//! The OpenAPI document of an endpoint (version 3.1): what the dialects that are served say of themselves, and what they share.

use serde_json::{Map, Value};

use crate::error::{Error, ErrorCode, Result};

/// What the dialects share.
const COMMON: &str = include_str!("openapi.json");

/// What is put together of each part: paths, and what they refer to.
const SECTIONS: [&str; 6] = [
    "/paths",
    "/components/schemas",
    "/components/responses",
    "/components/parameters",
    "/components/headers",
    "/components/securitySchemes",
];

/// One document of all.
pub(super) fn document<'a>(parts: impl Iterator<Item = &'a str>) -> Result<String> {
    let mut whole = read(COMMON)?;
    whole.insert(
        "info".to_owned(),
        serde_json::json!({
            "title": "tokenmint",
            "description": "The token endpoints that this host serves.",
            "version": env!("CARGO_PKG_VERSION"),
        }),
    );
    let mut whole = Value::Object(whole);
    for part in parts {
        let part = Value::Object(read(part)?);
        if let (Some(tags), Some(more)) =
            (whole.get_mut("tags").and_then(Value::as_array_mut), part.get("tags"))
        {
            tags.extend(more.as_array().into_iter().flatten().cloned());
        }
        for section in SECTIONS {
            let Some(more) = part.pointer(section).and_then(Value::as_object) else { continue };
            add(&mut whole, section, more)?;
        }
    }
    Ok(whole.to_string())
}

/// Adds to a section what it does not have yet.
fn add(whole: &mut Value, section: &str, more: &Map<String, Value>) -> Result<()> {
    let mut place = whole;
    for name in section.split('/').skip(1) {
        let Some(members) = place.as_object_mut() else { return Err(refused("it is no OpenAPI document")) };
        place = members.entry(name).or_insert_with(|| Map::new().into());
    }
    let Some(members) = place.as_object_mut() else { return Err(refused("it is no OpenAPI document")) };
    for (name, value) in more {
        match members.get(name) {
            Some(known) if known != value => {
                return Err(refused(&format!("two dialects say different things of {name:?}")));
            }
            _ => drop(members.insert(name.clone(), value.clone())),
        }
    }
    Ok(())
}

fn read(text: &str) -> Result<Map<String, Value>> {
    serde_json::from_str(text).map_err(|_| refused("it is no JSON object"))
}

fn refused(text: &str) -> Error {
    Error::new(ErrorCode::PolicyInvalid).at("openapi").because(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_put_together_and_none_takes_the_place_of_another() {
        let part = |path: &str, schema: &str| {
            let text = r##"{"tags":[{"name":"T"}],"paths":{"PATH":{"get":{}}},"components":{"schemas":{"S":SCHEMA}}}"##;
            text.replace("PATH", path).replace("SCHEMA", schema)
        };
        let (one, two) = (part("/one", "{}"), part("/two", "{}"));
        let whole: Value = serde_json::from_str(&document([&*one, &*two].into_iter()).unwrap()).unwrap();
        let paths: Vec<&String> = whole["paths"].as_object().unwrap().keys().collect();
        assert_eq!(paths, ["/openapi.json", "/.well-known/jwks.json", "/introspect", "/one", "/two"]);
        assert_eq!(whole["info"]["version"], env!("CARGO_PKG_VERSION"));
        assert!(whole["components"]["schemas"]["JwkSet"].is_object());

        let other = part("/two", r#"{"type":"string"}"#);
        for (parts, said) in [
            ([&*one, &*other], "two dialects say different things of \"S\""),
            ([&*one, "[]"], "it is no JSON object"),
        ] {
            let error = document(parts.into_iter()).unwrap_err();
            assert_eq!((error.field(), error.message()), (Some("openapi"), said));
        }
    }
}
