//! What each language says of the operations, rendered from the core's table: types, methods, documentation.

#[cfg(test)]
mod errors;
mod go;
pub(crate) mod prose;
mod python;
mod reference;
mod typescript;

use anyhow::Result;
use tokenmint::operation::{Choice, Field, Object, Operation, Shape, Table, tables};

use crate::generated::Generated;

/// The rendered files.
pub(crate) fn generate() -> Result<Vec<Generated>> {
    let tables = tables();
    let mut files = reference::generate(&tables)?;
    files.extend(go::generate(&tables));
    files.extend(python::generate(&tables));
    files.extend(typescript::generate(&tables));
    Ok(files)
}

/// The objects that operations take and give, each once, in the order of their first use: those that stand in others
/// before them.
fn objects<'a>(operations: impl IntoIterator<Item = &'a Operation>) -> Vec<&'static Object> {
    let mut found = Vec::new();
    for operation in operations {
        gather(operation.input, &mut found);
        gather(operation.output, &mut found);
    }
    found
}

fn gather(object: &'static Object, found: &mut Vec<&'static Object>) {
    object.fields.iter().filter_map(within).for_each(|inner| gather(inner, found));
    if !object.fields.is_empty() && !found.contains(&object) {
        found.push(object);
    }
}

/// The object in a field, or in the list in it.
fn within(field: &Field) -> Option<&'static Object> {
    match item(field) {
        Shape::Object(object) => Some(object),
        _ => None,
    }
}

/// The closed sets of names in these objects.
fn choices(objects: &[&'static Object]) -> Vec<&'static Choice> {
    let mut found = Vec::new();
    for field in objects.iter().flat_map(|object| object.fields) {
        if let Shape::Choice(choice) = item(field)
            && !found.contains(&choice)
        {
            found.push(choice);
        }
    }
    found
}

/// What stands in a field, or in the list in it.
fn item(field: &Field) -> Shape {
    match field.shape {
        Shape::List(item) => *item,
        shape => shape,
    }
}

/// The fields with known objects in them: their names change from language to language, unlike those of free JSON.
fn nested(object: &Object) -> Vec<&'static str> {
    object.fields.iter().filter(|field| within(field).is_some()).map(|field| field.name).collect()
}

/// Whether an object stands in the output of an operation; in another's input, it may all the same.
fn is_output(tables: &[Table], object: &Object) -> bool {
    objects_of(tables, |operation| operation.output).contains(&object)
}

/// Whether an object stands in the input of an operation.
fn is_input(tables: &[Table], object: &Object) -> bool {
    objects_of(tables, |operation| operation.input).contains(&object)
}

fn objects_of(tables: &[Table], side: impl Fn(&Operation) -> &'static Object) -> Vec<&'static Object> {
    let mut found = Vec::new();
    for operation in tables.iter().flat_map(|table| table.operations) {
        gather(side(operation), &mut found);
    }
    found
}

/// The one field of an object that is required and has no other beside it.
fn only(object: &'static Object) -> Option<&'static Field> {
    match object.fields {
        [field] if !field.optional => Some(field),
        _ => None,
    }
}

/// `client_id` as `ClientId`, and `ClientId` as itself.
fn pascal(name: &str) -> String {
    name.split('_').map(prose::capitalized).collect()
}

/// `client_id` as `clientId`.
fn camel(name: &str) -> String {
    let name = pascal(name);
    let (first, rest) = name.split_at(1);
    first.to_lowercase() + rest
}
