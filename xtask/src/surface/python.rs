//! `python/tokenmint/outputs.py` and `operations.py`: results, and the methods of an issuer.

use tokenmint::ErrorCode;
use tokenmint::operation::{Choice, Object, Operation, Shape, Table, event, issuer_options};

use super::prose::{capitalized, one_of, prose, renamed, wrapped};
use super::{choices, is_input, is_output, item, nested, objects, only};
use crate::generated::Generated;

const OUTPUTS: &str = "\"\"\"What the flows give. Tokens do not stand in the text form of any of these.

Written by `cargo xtask vectors` from the core's table of operations.
\"\"\"

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, ClassVar
";

const OPERATIONS: &str =
    "\"\"\"The flows as methods of an issuer. docs/operations.md shows each with an example.

Written by `cargo xtask vectors` from the core's table of operations.
\"\"\"

from collections.abc import Mapping, Sequence
from typing import Any, Literal, Self, TypeAlias

from tokenmint import _tokenmint, outputs
from tokenmint.flows import Flows
from tokenmint.task import Task
from tokenmint.values import Integration, Lifetime, Now, Rate
";

/// Written by hand in `issuer.py`: the target is flat there.
const BY_HAND: [&str; 1] = ["entity_token"];

/// How long a line is at most, as `ruff.toml` says.
const LINE: usize = 120;

const KEYWORDS: [&str; 4] = ["except", "from", "global", "not"];

pub(super) fn generate(tables: &[Table]) -> Vec<Generated> {
    let operations = || tables.iter().flat_map(|table| table.operations);
    let mut given = vec![event()];
    given.extend(
        objects(operations()).into_iter().filter(|object| {
            is_output(tables, object) && !is_input(tables, object) && only(object).is_none()
        }),
    );
    let mut names: Vec<&str> = given.iter().map(|object| object.name).collect();
    names.sort_unstable();
    let mut outputs = format!("{OUTPUTS}\n__all__ = [\n");
    names.iter().for_each(|name| outputs += &format!("    {name:?},\n"));
    outputs += "]\n";
    given.iter().for_each(|object| outputs += &dataclass(object, tables));
    if !outputs.contains("    _of: ") {
        outputs = outputs.replace("Any, ClassVar", "Any");
    }
    let mut methods = String::from(OPERATIONS);
    for choice in choices(&objects(operations())).into_iter().filter(|choice| !is_short(choice)) {
        let mut line = format!("{}: TypeAlias = {}", choice.name, literal(choice));
        if line.len() > LINE {
            line = line.replace('[', "[\n    ").replace(']', "\n]");
        }
        methods += &format!("\n{line}\n\"\"\"{}\"\"\"\n", prose(choice.says));
    }
    methods += "\n\nclass Operations(Flows):\n    \"\"\"The flows. Each gives a `Task` that asks a store.\"\"\"\n\n    __slots__ = ()\n";
    methods += &constructor();
    for table in tables {
        methods += &format!("\n    # {}.\n", table.title);
        for operation in table.operations.iter().filter(|operation| !BY_HAND.contains(&operation.name)) {
            methods += &method(operation);
        }
    }
    vec![
        Generated { path: "python/tokenmint/outputs.py", content: outputs },
        Generated { path: "python/tokenmint/operations.py", content: methods },
    ]
}

fn dataclass(object: &Object, tables: &[Table]) -> String {
    let mut out = format!(
        "\n\n@dataclass(frozen=True, kw_only=True, slots=True)\nclass {}:\n{}\n",
        object.name,
        docstring(&prose(object.says), "    ")
    );
    for field in object.fields {
        let kind = match item(field) {
            Shape::Object(inner) if is_input(tables, inner) => "dict[str, Any]".to_owned(),
            _ => given(&field.shape),
        };
        let hidden = matches!(field.shape, Shape::Secret | Shape::Json);
        let (kind, default) = match (field.optional, hidden) {
            (false, false) => (kind, ""),
            (false, true) => (kind, " = field(repr=False)"),
            (true, false) => (kind + " | None", " = None"),
            (true, true) => (kind + " | None", " = field(default=None, repr=False)"),
        };
        out +=
            &format!("    {}: {kind}{default}\n{}", named(field.name), docstring(&prose(field.says), "    "));
    }
    let inner: Vec<String> = nested(object)
        .into_iter()
        .filter_map(|name| {
            let field = object.fields.iter().find(|field| field.name == name)?;
            super::within(field)
                .filter(|inner| !is_input(tables, inner))
                .map(|inner| format!("{name:?}: {}", inner.name))
        })
        .collect();
    if !inner.is_empty() {
        out += &format!("    _of: ClassVar[dict[str, type]] = {{{}}}\n", inner.join(", "));
    }
    out
}

/// The type of a value that a flow gives.
fn given(shape: &Shape) -> String {
    match shape {
        Shape::Number => "int".to_owned(),
        Shape::Boolean => "bool".to_owned(),
        Shape::Time => "datetime".to_owned(),
        Shape::Lifetime => "timedelta".to_owned(),
        Shape::Json => "dict[str, Any]".to_owned(),
        Shape::List(item) => format!("list[{}]", given(item)),
        Shape::Object(object) => object.name.to_owned(),
        _ => "str".to_owned(),
    }
}

/// The type of a value that a flow takes.
fn taken(shape: &Shape) -> String {
    match shape {
        Shape::Texts => "str | Sequence[str]".to_owned(),
        Shape::Number => "int".to_owned(),
        Shape::Boolean => "bool".to_owned(),
        Shape::Lifetime => "Lifetime".to_owned(),
        Shape::Json => "Mapping[str, Any]".to_owned(),
        Shape::Choice(choice) if is_short(choice) => literal(choice),
        Shape::Choice(choice) => choice.name.to_owned(),
        Shape::List(item) => format!("Sequence[{}]", taken(item)),
        Shape::Object(object) if object.name == "RateLimit" => "Rate".to_owned(),
        Shape::Object(object) if object.name == "Integration" => "Integration".to_owned(),
        Shape::Object(_) => "Mapping[str, Any]".to_owned(),
        _ => "str".to_owned(),
    }
}

/// Whether its names stand where it is used.
fn is_short(choice: &Choice) -> bool {
    choice.names.len() < 3
}

fn literal(choice: &Choice) -> String {
    let names: Vec<String> = choice.names.iter().map(|(name, _)| format!("{name:?}")).collect();
    format!("Literal[{}]", names.join(", "))
}

fn constructor() -> String {
    let options = issuer_options();
    let mut out = String::from("\n    def __new__(\n        cls,\n        keys: _tokenmint.KeySet,\n");
    out += &parameters(options);
    out += "    ) -> Self:\n        \"\"\"An issuer of this name, usually its URL.\n\n";
    for field in options.fields.iter().filter(|field| field.optional) {
        let text = format!("- `{}`: {}", field.name, prose(field.says));
        out += &wrapped(&text, "        ").replace("\n        ", "\n          ").replacen(
            "          - ",
            "        - ",
            1,
        );
    }
    out += "\n        Raises `PolicyInvalid`, `KeyMissing` where no key can sign, `KeyWeak` for a short session secret.\n        \"\"\"\n";
    out += &dictionary("policy", options);
    out + "        return super().__new__(cls, keys, {name: value for name, value in policy.items() if value is not None})\n"
}

/// A dictionary of the arguments by the names of the core, on one line where that is long enough.
fn dictionary(name: &str, object: &Object) -> String {
    let items: Vec<String> =
        object.fields.iter().map(|field| format!("{:?}: {}", field.name, named(field.name))).collect();
    let whole = format!("        {name} = {{{}}}\n", items.join(", "));
    if whole.len() <= 121 {
        return whole;
    }
    let lines: String = items.iter().map(|item| format!("            {item},\n")).collect();
    format!("        {name} = {{\n{lines}        }}\n")
}

/// What is required may stand by its place; what is optional has its name.
fn parameters(object: &Object) -> String {
    let mut out = String::new();
    for field in object.fields.iter().filter(|field| !field.optional) {
        out += &format!("        {}: {},\n", named(field.name), taken(&field.shape));
    }
    out += "        *,\n";
    for field in object.fields.iter().filter(|field| field.optional) {
        out += &format!("        {}: {} | None = None,\n", named(field.name), taken(&field.shape));
    }
    out
}

fn method(operation: &Operation) -> String {
    let input = operation.input;
    let result = match (only(operation.output), operation.output.fields) {
        (_, []) => "None".to_owned(),
        (Some(field), _) => given(&field.shape),
        _ => format!("outputs.{}", operation.output.name),
    };
    let mut out = format!("\n    def {}(\n        self,\n{}", operation.name, parameters(input));
    out += "        now: Now = None,\n        seed: bytes | None = None,\n";
    out += &format!("    ) -> Task[{result}]:\n");
    let says = renamed(&prose(operation.says), |word| format!("`{}`", named(word)));
    let raises = raises(operation);
    if raises.is_empty() {
        out += &docstring(&says, "        ");
    } else {
        out += &format!(
            "{}\n{}        \"\"\"\n",
            wrapped(&format!("\"\"\"{says}"), "        "),
            wrapped(&raises, "        ")
        );
    }
    let given = if input.fields.is_empty() {
        "{}".to_owned()
    } else {
        out += &dictionary("given", input);
        "given".to_owned()
    };
    match result.as_str() {
        "None" => out + &format!("        return self._change({:?}, {given}, now, seed)\n", operation.name),
        _ => {
            out + &format!("        return self._flow({:?}, {given}, now, seed, {result})\n", operation.name)
        }
    }
}

fn raises(operation: &Operation) -> String {
    let names: Vec<String> = operation.errors.iter().map(|code| format!("`{}`", exception(*code))).collect();
    match (names.is_empty(), operation.verifies) {
        (true, _) => String::new(),
        (false, false) => format!("Raises {}.", one_of(&names)),
        (false, true) => format!("Raises {}, and as `Verifier.verify` does.", names.join(", ")),
    }
}

/// The name of the exception of a code.
fn exception(code: ErrorCode) -> String {
    code.name().split('_').map(capitalized).collect()
}

/// What is a keyword has an underscore behind it (PEP 8).
fn named(name: &str) -> String {
    if KEYWORDS.contains(&name) { format!("{name}_") } else { name.to_owned() }
}

fn docstring(text: &str, indent: &str) -> String {
    let whole = format!("{indent}\"\"\"{text}\"\"\"\n");
    if whole.chars().count() <= 121 {
        return whole;
    }
    format!("{}{indent}\"\"\"\n", wrapped(&format!("\"\"\"{text}"), indent))
}
