//! `wasm/ts/operations.ts`, `event.ts` and `options.ts`: what flows take and give, their methods, and options.

use tokenmint::operation::{
    Choice, Field, Object, Operation, Shape, Table, event, issuer_options, verifier_options,
};

use super::prose::{one_of, prose, renamed, wrapped};
use super::{camel, choices, is_input, is_output, nested, objects, only};
use crate::generated::Generated;

const OPERATIONS: &str = "// What flows take and give, and their methods. Times are seconds since 1970 and lifetimes are seconds, as in tokens and in
// OAuth. Written by `cargo xtask vectors` from the core's table of operations.

import { Flows, nothing, outputOf } from \"./flows.js\";
import type { Call } from \"./host.js\";
import type { Lifetime } from \"./lifetime.js\";
import type { Claims } from \"./results.js\";
import type { Task } from \"./task.js\";
";

const EVENT: &str =
    "// What happened in a flow. Written by `cargo xtask vectors` from the core's table of operations.

import type { ErrorCode } from \"./codes.js\";
";

const OPTIONS: &str = "// What can be said of an issuer and of a verifier. Written by `cargo xtask vectors` from the core's table of operations.

import type { Algorithm } from \"./algorithm.js\";
import type { Lifetime } from \"./lifetime.js\";
";

/// Written by hand in `flows.ts`: the target is flat there, and the options are typed.
const BY_HAND: [&str; 1] = ["entity_token"];

pub(super) fn generate(tables: &[Table]) -> Vec<Generated> {
    let operations =
        || tables.iter().flat_map(|table| table.operations).filter(|of| !BY_HAND.contains(&of.name));
    let mut out = String::from(OPERATIONS);
    for choice in choices(&objects(operations())) {
        out +=
            &format!("\n/** {} */\nexport type {} = {};\n", prose(choice.says), choice.name, union(choice));
    }
    for object in objects(operations()) {
        let side = match (is_input(tables, object), is_output(tables, object)) {
            (true, true) => Side::Both,
            (true, false) => Side::Input,
            _ => Side::Output,
        };
        // What takes one thing says so where it is used.
        if side != Side::Input || object.fields.len() > 1 {
            out += &interface(object, side);
        }
    }
    out += "\n/** The flows: each gives a {@link Task} that asks a store. docs/operations.md shows each with an example. */\n";
    out += "export abstract class Operations extends Flows {\n";
    let mut is_first = true;
    for table in tables {
        for operation in table.operations.iter().filter(|of| !BY_HAND.contains(&of.name)) {
            if !is_first {
                out.push('\n');
            }
            is_first = false;
            out += &method(operation);
        }
    }
    out += "}\n";
    let mut options = String::from(OPTIONS);
    let mut inner = Vec::new();
    for object in [issuer_options(), verifier_options()] {
        super::gather(object, &mut inner);
    }
    for object in inner {
        options += &interface(object, Side::Input);
    }
    let happened = String::from(EVENT) + &interface(event(), Side::Output);
    vec![
        Generated { path: "wasm/ts/event.ts", content: happened },
        Generated { path: "wasm/ts/operations.ts", content: out },
        Generated { path: "wasm/ts/options.ts", content: options },
    ]
}

/// Where an object stands: what is taken may be left out by `undefined`, too.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Input,
    Output,
    Both,
}

fn interface(object: &Object, side: Side) -> String {
    let mut out = format!(
        "\n{}export interface {} {{\n",
        comment(&words(&prose(object.says), object), ""),
        name_of(object)
    );
    for field in object.fields {
        let says = words(&prose(field.says), object);
        let unit = match field.shape {
            Shape::Time => " In seconds since 1970.",
            Shape::Lifetime if side == Side::Output => " In seconds.",
            _ => "",
        };
        out += &comment(&format!("{says}{unit}"), "  ");
        let start = if side == Side::Input { "" } else { "readonly " };
        out += &format!("  {start}{}\n", member(field, side));
    }
    out + "}\n"
}

fn member(field: &Field, side: Side) -> String {
    let (mark, end) = match (field.optional, side) {
        (false, _) => ("", ""),
        (true, Side::Output) => ("?", ""),
        (true, _) => ("?", " | undefined"),
    };
    format!("{}{mark}: {}{end};", camel(field.name), type_of(field, side)).replace(": \n", ":\n")
}

fn type_of(field: &Field, side: Side) -> String {
    match field.shape {
        // Of a token, whose own claims have their names.
        Shape::Json if field.name == "claims" && side == Side::Output => "Claims".to_owned(),
        Shape::Text if field.name == "algorithm" => "Algorithm".to_owned(),
        Shape::List(Shape::Text) if field.name == "algorithms" => "readonly Algorithm[]".to_owned(),
        ref shape => kind(shape, side),
    }
}

fn kind(shape: &Shape, side: Side) -> String {
    match shape {
        Shape::Texts => "string | readonly string[]".to_owned(),
        Shape::Number | Shape::Time => "number".to_owned(),
        Shape::Boolean => "boolean".to_owned(),
        Shape::Lifetime if side == Side::Output => "number".to_owned(),
        Shape::Lifetime => "Lifetime".to_owned(),
        Shape::Json => "Readonly<Record<string, unknown>>".to_owned(),
        Shape::Code => "ErrorCode".to_owned(),
        Shape::Choice(choice) if ["Permission", "AccessTokenType"].contains(&choice.name) => {
            choice.name.to_owned()
        }
        Shape::Choice(choice) => union(choice),
        Shape::List(item) => match kind(item, side) {
            one if one.contains(" | ") => format!("readonly ({one})[]"),
            one => format!("readonly {one}[]"),
        },
        Shape::Object(object) => name_of(object).to_owned(),
        _ => "string".to_owned(),
    }
}

fn name_of(object: &Object) -> &str {
    if object.name == "RateLimit" { "Rate" } else { object.name }
}

fn union(choice: &Choice) -> String {
    let names: Vec<String> = choice.names.iter().map(|(name, _)| format!("{name:?}")).collect();
    if names.len() < 8 { names.join(" | ") } else { format!("\n    | {}", names.join("\n    | ")) }
}

fn method(operation: &Operation) -> String {
    let input = operation.input;
    let mut says = words(&prose(operation.says), input);
    let codes: Vec<String> = operation.errors.iter().map(|code| format!("`{}`", code.name())).collect();
    if !codes.is_empty() {
        let verdicts = if operation.verifies { ", and as `Verifier.verify` does" } else { "" };
        says += &format!(" Fails with {}{verdicts}.", one_of(&codes));
    }
    let taken = match input.fields {
        [] => "input: Record<string, never> = {}".to_owned(),
        [field] => format!("input: {{ {} }}", member(field, Side::Input).trim_end_matches(';')),
        _ => format!("input: {}", input.name),
    };
    let inner = |object| -> String { nested(object).iter().map(|name| format!(", {name:?}")).collect() };
    let (result, read) = match (only(operation.output), operation.output.fields) {
        (_, []) => ("void".to_owned(), "nothing".to_owned()),
        (Some(field), _) => {
            let kind = type_of(field, Side::Output);
            (
                kind.clone(),
                format!(
                    "(json) => outputOf<{{ {}: {kind} }}>(json).{}",
                    camel(field.name),
                    camel(field.name)
                ),
            )
        }
        _ => {
            let name = operation.output.name;
            let read = match inner(operation.output).as_str() {
                "" => format!("outputOf<{name}>"),
                inner => format!("(json) => outputOf<{name}>(json{inner})"),
            };
            (name.to_owned(), read)
        }
    };
    format!(
        "{}  {}({taken}, call?: Call): Task<{result}> {{\n    return this.flow({:?}, input, call, {read}{});\n  }}\n",
        comment(&says, "  "),
        camel(operation.name),
        operation.name,
        inner(input)
    )
}

/// Fields as TypeScript calls them.
fn words(text: &str, object: &Object) -> String {
    renamed(text, |word| match object.fields.iter().find(|field| field.name == word) {
        Some(field) => format!("`{}`", camel(field.name)),
        None => format!("`{word}`"),
    })
}

fn comment(text: &str, indent: &str) -> String {
    let whole = format!("{indent}/** {text} */\n");
    if whole.chars().count() <= 121 {
        return whole;
    }
    format!("{indent}/**\n{}{indent} */\n", wrapped(text, &format!("{indent} * ")))
}
