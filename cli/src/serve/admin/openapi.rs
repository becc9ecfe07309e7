//! The admin API as an OpenAPI document (version 3.1.0), rendered from the table of operations.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use tokenmint::ErrorCode;
use tokenmint::operation::{Choice, Field, Object, Operation, Shape, Table, prose, tables};

use super::attempt::LONGEST_KEY;
use super::reply::LAST_NUMBER;

/// What any call may be answered with before its operation is looked at.
const CALL_ERRORS: [ErrorCode; 9] = [
    ErrorCode::Unauthenticated,
    ErrorCode::Forbidden,
    ErrorCode::AlreadyExists,
    ErrorCode::BodyTooLarge,
    ErrorCode::MediaTypeUnsupported,
    ErrorCode::BodyMalformed,
    ErrorCode::FieldInvalid,
    ErrorCode::BodyIncomplete,
    ErrorCode::BodyTimeout,
];

const ABOUT: &str = "Every operation of tokenmint, for whoever has an admin key. A lifetime is given as a text such as \
                     `1h` or as whole seconds, and told as whole seconds. A time is seconds since 1970. A field that is \
                     not known is an error. Lists are told page by page: `next` of one is `after` of the call for the \
                     next.";

/// The document.
pub(super) fn document() -> Value {
    let mut schemas = Schemas(Map::new());
    schemas.0.insert("Error".to_owned(), error());
    let tables = tables();
    let mut paths = Map::new();
    for table in &tables {
        for operation in table.operations {
            paths.insert(format!("/v1/{}", operation.name), path(table, operation, &mut schemas));
        }
    }
    paths.insert("/v1/openapi.json".to_owned(), own_path());
    paths.insert("/v1/events".to_owned(), events_path());
    paths.insert("/v1/server".to_owned(), server_path());
    let tags: Vec<Value> = tables.iter().map(|table| json!({ "name": table.title })).collect();
    json!({
        "openapi": "3.1.0",
        "info": { "title": "tokenmint: the admin API", "description": ABOUT, "version": env!("CARGO_PKG_VERSION") },
        "security": [{ "admin_key": [] }],
        "tags": tags,
        "paths": paths,
        "components": {
            "securitySchemes": {
                "admin_key": { "type": "http", "scheme": "bearer", "description": "A key of `[[admin.keys]]`." }
            },
            "parameters": {
                "issuer": {
                    "name": "issuer",
                    "in": "query",
                    "description": "The issuer that does it, by its name; the first of the configuration where it is left \
                                    out.",
                    "schema": { "type": "string" }
                },
                "idempotency_key": {
                    "name": "Idempotency-Key",
                    "in": "header",
                    "description": "What tells one call from another. A call that is repeated with it within a day is not \
                                    done again, and is answered as the first was.",
                    "schema": { "type": "string", "pattern": format!("^[!-~]{{1,{LONGEST_KEY}}}$") }
                }
            },
            "schemas": schemas.0
        }
    })
}

/// What an error is told as.
fn error() -> Value {
    json!({
        "type": "object",
        "description": "Why a call is refused.",
        "required": ["error", "message"],
        "additionalProperties": false,
        "properties": {
            "error": { "type": "string", "description": "The code of the error; more may come to be." },
            "field": { "type": "string", "description": "The field, header or parameter at fault, where one is." },
            "message": { "type": "string", "description": "What went wrong, for people." }
        }
    })
}

fn path(table: &Table, operation: &Operation, schemas: &mut Schemas) -> Value {
    let says = prose(operation.says);
    let (summary, _) = says.split_once(". ").unwrap_or((says.trim_end_matches('.'), ""));
    json!({ "post": {
        "operationId": operation.name,
        "summary": summary,
        "description": says,
        "tags": [table.title],
        "parameters": [
            { "$ref": "#/components/parameters/issuer" },
            { "$ref": "#/components/parameters/idempotency_key" }
        ],
        "requestBody": {
            "required": true,
            "content": content(schemas.object(operation.input, Side::Given))
        },
        "responses": responses(operation, schemas)
    } })
}

/// This document is there for everybody.
fn own_path() -> Value {
    json!({ "get": {
        "operationId": "openapi",
        "summary": "This document",
        "security": [],
        "responses": { "200": { "description": "This document.", "content": content(json!({ "type": "object" })) } }
    } })
}

/// What the console looks on by.
fn events_path() -> Value {
    let event = json!({
        "type": "object",
        "description": "A line of the log, as docs/operations.md describes events.",
        "required": ["number", "ts", "level", "event"],
        "properties": {
            "number": { "type": "integer", "description": "Larger than that of each event before." },
            "ts": { "type": "string", "format": "date-time", "description": "When it was." },
            "level": { "type": "string", "enum": ["info", "warn"], "description": "`warn` for an alarm." },
            "event": { "type": "string", "description": "What kind of thing; more may come to be." }
        },
        "additionalProperties": true
    });
    let answer = json!({
        "type": "object",
        "required": ["events", "next", "missed"],
        "additionalProperties": false,
        "properties": {
            "events": { "type": "array", "items": event },
            "next": { "type": "integer", "minimum": 0, "description": "What `after` is to be in the next call." },
            "missed": {
                "type": "boolean",
                "description": "Whether some behind `after` are no longer kept: the latest 1000 are, or 1 MiB of them."
            }
        }
    });
    json!({ "get": {
        "operationId": "events",
        "summary": "What has happened in this process",
        "description": "The latest events of the log, oldest first. With `after` it waits up to 25 seconds where there are none \
                        yet. What the log leaves out is not here, either. A key with `operations` needs `events` among them.",
        "parameters": [{
            "name": "after",
            "in": "query",
            "description": "The `next` of an answer before.",
            "schema": { "type": "integer", "minimum": 0, "maximum": LAST_NUMBER }
        }],
        "responses": own_responses("The events.", &answer, true)
    } })
}

/// What the console knows of its server.
fn server_path() -> Value {
    let key = json!({
        "type": "object",
        "required": ["alg", "signs"],
        "additionalProperties": false,
        "properties": {
            "kid": { "type": ["string", "null"], "description": "Its id." },
            "alg": { "type": "string", "description": "Its algorithm." },
            "signs": { "type": "boolean", "description": "Whether new tokens are signed by it; else it only verifies." }
        }
    });
    let issuer = json!({
        "type": "object",
        "required": ["issuer", "keys"],
        "additionalProperties": false,
        "properties": {
            "issuer": { "type": "string", "description": "Its name: `?issuer=` of a call." },
            "keys": { "type": "array", "items": key }
        }
    });
    let answer = json!({
        "type": "object",
        "required": ["version", "started_at", "now", "key", "issuers"],
        "additionalProperties": false,
        "properties": {
            "version": { "type": "string", "description": "The version of tokenmint." },
            "started_at": { "type": "integer", "description": "When the process was started." },
            "now": { "type": "integer", "description": "What time it is there." },
            "key": {
                "type": "object",
                "required": ["id"],
                "additionalProperties": false,
                "properties": {
                    "id": { "type": "string", "description": "The id of the admin key that asks." },
                    "operations": {
                        "type": ["array", "null"],
                        "items": { "type": "string" },
                        "description": "What it may call; all where this is null."
                    }
                }
            },
            "issuers": { "type": "array", "items": issuer, "description": "The first does what names no issuer." }
        }
    });
    json!({ "get": {
        "operationId": "server",
        "summary": "What serves here, and what this key may call",
        "description": "For every admin key.",
        "responses": own_responses("The server.", &answer, false)
    } })
}

/// The answers of what is no operation.
fn own_responses(says: &str, answer: &Value, may_refuse: bool) -> Value {
    let refused = |code: ErrorCode| {
        json!({
            "description": format!("`{}`: {}.", code.name(), code.text()),
            "x-error-codes": [code.name()],
            "content": content(json!({ "$ref": "#/components/schemas/Error" }))
        })
    };
    let mut responses = json!({
        "200": { "description": says, "content": content(answer.clone()) },
        "401": refused(ErrorCode::Unauthenticated)
    });
    if may_refuse {
        responses["400"] = refused(ErrorCode::InvalidRequest);
        responses["403"] = refused(ErrorCode::Forbidden);
    }
    responses
}

fn content(schema: Value) -> Value {
    json!({ "application/json": { "schema": schema } })
}

/// What is answered, by status: the output, and the errors that have each.
fn responses(operation: &Operation, schemas: &mut Schemas) -> Value {
    let output = schemas.object(operation.output, Side::Told);
    let mut responses = Map::new();
    let done = json!({ "description": prose(operation.output.says), "content": content(output) });
    responses.insert("200".to_owned(), done);
    let mut by_status: BTreeMap<u16, Vec<ErrorCode>> = BTreeMap::new();
    let mut codes = operation.codes();
    codes.extend(CALL_ERRORS);
    codes.sort_unstable();
    codes.dedup();
    for code in codes {
        by_status.entry(code.http_status()).or_default().push(code);
    }
    for (status, codes) in by_status {
        let texts: Vec<String> =
            codes.iter().map(|code| format!("`{}`: {}", code.name(), code.text())).collect();
        let names: Vec<&str> = codes.iter().map(|code| code.name()).collect();
        let mut refused = json!({
            "description": format!("{}.", texts.join("; ")),
            "x-error-codes": names,
            "content": content(json!({ "$ref": "#/components/schemas/Error" }))
        });
        if let Some((name, says)) = header(status) {
            refused["headers"] = json!({ name: { "description": says, "schema": { "type": "string" } } });
        }
        responses.insert(status.to_string(), refused);
    }
    Value::Object(responses)
}

/// The header that belongs to a status.
fn header(status: u16) -> Option<(&'static str, &'static str)> {
    match status {
        401 => Some(("WWW-Authenticate", "The scheme of credentials.")),
        429 | 503 => Some(("Retry-After", "In how many seconds it may be tried again, where that is known.")),
        _ => None,
    }
}

/// Whether a value is in an input or in an output.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Given,
    Told,
}

/// The schemas that others name.
struct Schemas(Map<String, Value>);

impl Schemas {
    /// A reference to an object's schema.
    fn object(&mut self, object: &Object, side: Side) -> Value {
        let mut properties = Map::new();
        for field in object.fields {
            properties.insert(field.name.to_owned(), self.field(field, side));
        }
        let required: Vec<&str> =
            object.fields.iter().filter(|field| !field.optional).map(|field| field.name).collect();
        let mut schema =
            json!({ "type": "object", "description": prose(object.says), "properties": properties });
        if !required.is_empty() {
            schema["required"] = json!(required);
        }
        schema["additionalProperties"] = json!(false);
        self.named(object.name, schema, side)
    }

    /// A reference to a schema of a name. What is read and what is written of one name may differ, as a lifetime does.
    fn named(&mut self, name: &str, schema: Value, side: Side) -> Value {
        let name = match self.0.get(name) {
            Some(known) if *known != schema && side == Side::Told => format!("{name}Answer"),
            Some(known) if *known != schema => format!("{name}Input"),
            _ => name.to_owned(),
        };
        let reference = json!({ "$ref": format!("#/components/schemas/{name}") });
        self.0.insert(name, schema);
        reference
    }

    fn field(&mut self, field: &Field, side: Side) -> Value {
        let mut schema = self.shape(&field.shape, side);
        // What is not there is left out of some answers, and null in others.
        if field.nullable {
            schema = or_null(schema);
        }
        schema["description"] = prose(field.says).into();
        schema
    }

    fn shape(&mut self, shape: &Shape, side: Side) -> Value {
        let text = json!({ "type": "string" });
        match shape {
            Shape::Secret => json!({ "type": "string", "format": "password" }),
            Shape::Texts => json!({ "anyOf": [text, { "type": "array", "items": text }] }),
            Shape::Number => json!({ "type": "integer", "minimum": 0 }),
            Shape::Boolean => json!({ "type": "boolean" }),
            Shape::Time => json!({ "type": "integer" }),
            Shape::Lifetime => match side {
                Side::Given => json!({ "anyOf": [text, { "type": "integer", "minimum": 1 }] }),
                Side::Told => json!({ "type": "integer", "minimum": 1 }),
            },
            Shape::Json => json!({ "type": "object", "additionalProperties": true }),
            Shape::Choice(choice) => self.choice(choice, side),
            Shape::List(item) => json!({ "type": "array", "items": self.shape(item, side) }),
            Shape::Object(object) => self.object(object, side),
            // Texts of any other meaning.
            _ => text,
        }
    }

    fn choice(&mut self, choice: &Choice, side: Side) -> Value {
        let names: Vec<&str> = choice.names.iter().map(|(name, _)| *name).collect();
        let schema = json!({ "type": "string", "description": prose(choice.says), "enum": names });
        self.named(choice.name, schema, side)
    }
}

/// The same, or null.
fn or_null(mut schema: Value) -> Value {
    if let Some(kind) = schema.get("type").cloned() {
        schema["type"] = json!([kind, "null"]);
        return schema;
    }
    match schema.get_mut("anyOf").and_then(Value::as_array_mut) {
        Some(any) => {
            any.push(json!({ "type": "null" }));
            schema
        }
        None => json!({ "anyOf": [schema, { "type": "null" }] }),
    }
}
