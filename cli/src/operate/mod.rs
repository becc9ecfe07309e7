//! `tokenmint admin`: an operation of the table, by the admin API of a server or on a store itself.

mod api;
mod here;
mod shown;

use std::path::Path;

use tokenmint::operation::tables;
use tokenmint::{Error, OPERATIONS};

use crate::args::admin::Admin;
use crate::failure::{Exit, Failure, Result, print};
use crate::keys;

pub(crate) fn run(args: &Admin) -> Result<()> {
    let tables = tables();
    let mut operations = tables.iter().flat_map(|table| table.operations);
    let operation = operations.find(|operation| operation.name == args.operation).ok_or_else(|| {
        Failure::usage(format!("{:?} is none of the operations: {}", args.operation, OPERATIONS.join(", ")))
    })?;
    let input = input(&args.input)?;
    let output = match &args.config {
        Some(config) => here::run(args, config, operation, &input)?,
        None => api::run(args, operation, &input)?,
    };
    if args.json {
        return print(output);
    }
    print(shown::output(operation, &output)?)
}

fn input(given: &str) -> Result<String> {
    match (given, given.strip_prefix('@')) {
        ("-", _) => keys::text(Path::new("-")),
        (_, Some(path)) => keys::text(Path::new(path)),
        (text, None) => Ok(text.to_owned()),
    }
}

/// An operation that is refused is judged; where the server or its store fails, nothing is.
fn refused(error: &Error) -> Failure {
    let exit = if error.code().http_status() < 500 { Exit::Refused } else { Exit::Runtime };
    Failure::of(exit, error)
}
