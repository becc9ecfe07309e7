//! `docs/operations.md`: every operation, with an example of the vectors.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::{Map, Value};
use tokenmint::ErrorCode;
use tokenmint::operation::{
    Field, INPUT_ERRORS, Object, Operation, STORE_ERRORS, Shape, Table, event, issuer_options,
    verifier_options,
};

use super::prose::{one_of, prose, wrapped};
use super::{gather, objects};
use crate::generated::Generated;

const HEAD: &str = "# Operations

Every flow by its name: what it takes and gives, as JSON. `Issuer::operation`, `tokenmint_issuer_operation` and the
`operation` of an issuer in TypeScript speak this; the methods of Go, Python and TypeScript are made of the same table.

A lifetime is given as a text such as `\"1h\"` or as whole seconds, and told as whole seconds. A time is seconds since 1970. What is
optional may be left out; a field that is not known is an error.
";

/// The longest text of an example that is shown whole.
const LONGEST: usize = 44;

pub(super) fn generate(tables: &[Table]) -> Result<Vec<Generated>> {
    let examples = Examples::read()?;
    let mut out = String::from(HEAD);
    let common = format!(
        "Any operation may also fail with {} for an input that it cannot read, and with {} where the store, or whoever holds \
         the key, fails. [errors.md](errors.md) says what each means.",
        codes(INPUT_ERRORS),
        codes(STORE_ERRORS)
    );
    out += &format!("\n{}", wrapped(&common, ""));
    for table in tables {
        out += &format!("\n## {}\n", table.title);
        for operation in table.operations {
            out += &section(operation, &examples);
        }
        objects(table.operations)
            .into_iter()
            .filter(|object| is_part(object, table))
            .for_each(|object| out += &part(object));
    }
    let mut parts = Vec::new();
    for (title, options) in [("an issuer", issuer_options()), ("a verifier", verifier_options())] {
        out += &format!("\n## Options of {title}\n\n{}", rows(options, "option"));
        let shown = parts.len();
        gather(options, &mut parts);
        let new = parts.iter().skip(shown).filter(|object| **object != options);
        out += &new.map(|object| part(object)).collect::<String>();
    }
    out += &format!("\n## Events\n\n{}\n\n{}", prose(event().says), rows(event(), "field"));
    for field in event().fields {
        if let Shape::Choice(kinds) = field.shape {
            out += "\n| event | |\n| --- | --- |\n";
            kinds.names.iter().for_each(|(name, means)| out += &format!("| `{name}` | {} |\n", prose(means)));
        }
    }
    Ok(vec![Generated { path: "docs/operations.md", content: out }])
}

/// An object that stands in others.
fn part(object: &Object) -> String {
    format!("\n### {}\n\n{}\n\n{}", object.name, prose(object.says), rows(object, "field"))
}

/// Whether an object stands in others only, so that no operation shows its fields.
fn is_part(object: &Object, table: &Table) -> bool {
    table.operations.iter().all(|operation| operation.input != object && operation.output != object)
}

fn section(operation: &Operation, examples: &Examples) -> String {
    let mut out = format!("\n### `{}`\n\n{}", operation.name, wrapped(&prose(operation.says), ""));
    for (object, side) in [(operation.input, "takes"), (operation.output, "gives")] {
        if !object.fields.is_empty() {
            out += &format!("\n{}", rows(object, side));
        }
    }
    let verdicts = if operation.verifies { " and the codes of verification, 300 to 319" } else { "" };
    if !operation.errors.is_empty() {
        out += &format!("\n{}", wrapped(&format!("Fails with {}{verdicts}.", codes(operation.errors)), ""));
    }
    out + &examples.of(operation.name)
}

fn rows(object: &Object, side: &str) -> String {
    let mut out = format!("| {side} | | |\n| --- | --- | --- |\n");
    for field in object.fields {
        out += &format!("| `{}` | {} | {} |\n", field.name, kind(field), prose(field.says));
    }
    out
}

fn kind(field: &Field) -> String {
    let kind = described(&field.shape);
    if field.optional { format!("{kind}, optional") } else { kind }
}

fn described(shape: &Shape) -> String {
    match shape {
        Shape::Texts => "text or list of texts".to_owned(),
        Shape::Number => "number".to_owned(),
        Shape::Boolean => "true or false".to_owned(),
        Shape::Time => "time".to_owned(),
        Shape::Lifetime => "lifetime".to_owned(),
        Shape::Json => "object".to_owned(),
        Shape::Code => "code of an error".to_owned(),
        Shape::Choice(choice) if choice.names.len() > 8 => "text".to_owned(),
        Shape::Choice(choice) => {
            let names: Vec<String> = choice.names.iter().map(|(name, _)| format!("`{name}`")).collect();
            names.join(" or ")
        }
        Shape::List(item) => format!("list of {}", described(item)),
        Shape::Object(object) => format!("[{}](#{})", object.name, object.name.to_lowercase()),
        _ => "text".to_owned(),
    }
}

fn codes(codes: &[ErrorCode]) -> String {
    let names: Vec<String> = codes.iter().map(|code| format!("`{}`", code.name())).collect();
    one_of(&names)
}

/// What the vectors show.
struct Examples(Value);

impl Examples {
    fn read() -> Result<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("the repository")?;
        let path = root.join("bindings-tests/vectors/flows.json");
        let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        Ok(Examples(serde_json::from_str(&text)?))
    }

    /// The first time that an operation succeeds.
    fn of(&self, name: &str) -> String {
        let cases = self.0["cases"].as_array().into_iter().flatten();
        let mut steps = cases.flat_map(|case| case["steps"].as_array().into_iter().flatten());
        let Some(step) = steps.find(|step| step["op"] == name && step["output"].is_object()) else {
            return String::new();
        };
        format!("\n```json\n{}\n{}\n```\n", shortened(&step["input"]), shortened(&step["output"]))
    }
}

/// Without the greater part of what nobody reads, such as tokens.
fn shortened(value: &Value) -> Value {
    match value {
        Value::String(text) if text.chars().count() > LONGEST => {
            let start: String = text.chars().take(16).collect();
            Value::String(start + "...")
        }
        Value::Object(members) => {
            let members: Map<String, Value> =
                members.iter().map(|(name, value)| (name.clone(), shortened(value))).collect();
            Value::Object(members)
        }
        Value::Array(items) => items.iter().map(shortened).collect(),
        other => other.clone(),
    }
}
