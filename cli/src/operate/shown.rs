//! What an operation gives, for people: a table where it is a list, else a line for each field.

use serde_json::{Map, Value};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tokenmint::Lifetime;
use tokenmint::operation::{Field, Object, Operation, Shape};

use crate::failure::{Failure, Result};

/// The output of an operation, which is a JSON object.
pub(super) fn output(operation: &Operation, output: &str) -> Result<String> {
    let output: Map<String, Value> =
        serde_json::from_str(output).map_err(|error| Failure::runtime("the output", error))?;
    Ok(object(operation.output, &output))
}

fn object(object: &Object, values: &Map<String, Value>) -> String {
    let mut lines = Vec::new();
    let mut rows = Vec::new();
    for field in object.fields {
        match (&field.shape, values.get(field.name)) {
            (_, None | Some(Value::Null)) => {}
            (Shape::List(Shape::Object(item)), Some(Value::Array(items))) => {
                lines.push(list(field.name, item, items));
            }
            (_, Some(value)) => rows.push(vec![field.name.to_owned(), text(&field.shape, value)]),
        }
    }
    if !rows.is_empty() {
        lines.push(aligned(&rows));
    }
    if lines.is_empty() { "done".to_owned() } else { lines.join("\n") }
}

/// A table whose head says what its columns are. Of a column in which nothing stands, nothing is shown.
fn list(name: &str, item: &Object, items: &[Value]) -> String {
    if items.is_empty() {
        return format!("no {name}");
    }
    let is_there = |field: &&Field| items.iter().any(|item| !is_nothing(&item[field.name]));
    let fields: Vec<&Field> = item.fields.iter().filter(is_there).collect();
    let head = fields.iter().map(|field| field.name.to_uppercase()).collect();
    let row = |item: &Value| fields.iter().map(|field| text(&field.shape, &item[field.name])).collect();
    aligned(&std::iter::once(head).chain(items.iter().map(row)).collect::<Vec<_>>())
}

fn text(shape: &Shape, value: &Value) -> String {
    match (shape, value) {
        (_, value) if is_nothing(value) => "-".to_owned(),
        (Shape::Time, Value::Number(seconds)) => {
            let time = seconds.as_i64().and_then(|seconds| OffsetDateTime::from_unix_timestamp(seconds).ok());
            time.and_then(|time| time.format(&Rfc3339).ok()).unwrap_or_else(|| seconds.to_string())
        }
        (Shape::Lifetime, Value::Number(seconds)) => {
            let lifetime = seconds.as_u64().and_then(|seconds| Lifetime::from_seconds(seconds).ok());
            lifetime.map_or_else(|| seconds.to_string(), |lifetime| lifetime.to_string())
        }
        (_, Value::String(text)) => text.replace(['\n', '\t'], " "),
        (_, Value::Array(items)) => {
            let inner = if let Shape::List(inner) = shape { inner } else { &Shape::Text };
            items.iter().map(|item| text(inner, item)).collect::<Vec<_>>().join(", ")
        }
        (_, other) => other.to_string(),
    }
}

fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        _ => false,
    }
}

/// Columns with two blanks between them, and none behind the last.
fn aligned(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
    let width =
        |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|text| text.chars().count()).max();
    let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or_default()).collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths).map(|(text, width)| format!("{text:<width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}
