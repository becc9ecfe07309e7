//! The OpenAPI document of an endpoint (version 3.1): what the dialects that are served say of themselves, and what they share.

use crate::error::{Error, ErrorCode, Result};
use crate::json::{
    FromJson, Json, JsonText, Misfit, Ready, ToJson, elements, from_written, to_text, write_member,
};

/// What the dialects share.
const COMMON: &str = include_str!("openapi.json");

/// What the document is.
const INFO: &str = concat!(
    r#"{"title":"tokenmint","description":"The token endpoints that this host serves.","version":""#,
    env!("CARGO_PKG_VERSION"),
    r#""}"#
);

/// What is put together of each part's components.
const COMPONENTS: [&str; 5] = ["schemas", "responses", "parameters", "headers", "securitySchemes"];

/// One document of all: the tags, the paths and the components of each part.
pub(super) fn document<'a>(parts: impl Iterator<Item = &'a str>) -> Result<String> {
    let mut whole = read(COMMON)?;
    whole.put("info", &Ready(INFO))?;
    for part in parts {
        let part = read(part)?;
        if let (Some(tags), Some(more)) = (whole.list("tags"), part.list("tags")) {
            let tags = to_text(&[tags, more].concat());
            whole.put("tags", &Ready(&tags))?;
        }
        whole.add(&part, "paths")?;
        if let Some(more) = part.within("components") {
            let mut components = whole.within("components").unwrap_or_else(Members::blank);
            for section in COMPONENTS {
                components.add(&more, section)?;
            }
            whole.put("components", &components)?;
        }
    }
    Ok(to_text(&whole))
}

/// The members of an object, in their order.
struct Members(Vec<(String, JsonText)>);

impl Members {
    fn get(&self, name: &str) -> Option<&JsonText> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value)
    }

    /// The list that a member is.
    fn list(&self, name: &str) -> Option<Vec<Ready<'_>>> {
        Some(elements(self.get(name)?.as_str())?.map(Ready).collect())
    }

    /// The object that a member is.
    fn within(&self, name: &str) -> Option<Members> {
        from_written(self.get(name)?.as_str()).ok()
    }

    /// Says what a member is.
    fn put(&mut self, name: &str, value: &dyn ToJson) -> Result<()> {
        let value = to_text(value).parse()?;
        match self.0.iter_mut().find(|(known, _)| known == name) {
            Some((_, known)) => *known = value,
            None => self.0.push((name.to_owned(), value)),
        }
        Ok(())
    }

    /// Adds to an object within this one what it does not have yet.
    fn add(&mut self, part: &Members, section: &str) -> Result<()> {
        let Some(more) = part.within(section) else { return Ok(()) };
        let mut members = self.within(section).unwrap_or_else(Members::blank);
        for (name, value) in more.0 {
            match members.get(&name) {
                None => members.0.push((name, value)),
                Some(known) if *known == value => {}
                Some(_) => return Err(refused(&format!("two dialects say different things of {name:?}"))),
            }
        }
        self.put(section, &members)
    }
}

impl FromJson for Members {
    fn blank() -> Self {
        Members(Vec::new())
    }

    fn read_json(&mut self, json: Json<'_>) -> Result<(), Misfit> {
        json.members(&mut |name, value| {
            self.0.push((name.to_owned(), value.read()?));
            Ok(())
        })
    }
}

impl ToJson for Members {
    fn write_json(&self, out: &mut Vec<u8>) {
        out.push(b'{');
        self.0.iter().for_each(|(name, value)| write_member(out, name, value));
        out.push(b'}');
    }
}

fn read(text: &str) -> Result<Members> {
    from_written(text).map_err(|_| refused("it is no JSON object"))
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
        let whole: serde_json::Value =
            serde_json::from_str(&document([&*one, &*two].into_iter()).unwrap()).unwrap();
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
