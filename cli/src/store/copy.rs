//! `tokenmint store copy`: one store into another.

use std::io::IsTerminal;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tokenmint_store::{Database, copy};

use super::{argument, block_on};
use crate::args::store::Copy;
use crate::failure::{Result, print};

pub(crate) fn run(args: &Copy) -> Result<()> {
    let (from, to) = (argument(&args.from)?, argument(&args.to)?);
    let copied = block_on(async {
        let (from, to) = (Database::open(from).await?, Database::open(to).await?);
        let bar = bar(args.quiet);
        let copied = copy(&from, &to, |progress| {
            bar.set_length(progress.total);
            bar.set_position(progress.done());
        })
        .await?;
        bar.finish_and_clear();
        Ok(copied)
    })?;
    print(format_args!(
        "copied {} records and {} limits; {} were there already",
        copied.records, copied.limits, copied.present
    ))
}

fn bar(quiet: bool) -> ProgressBar {
    let hidden = quiet || !std::io::stderr().is_terminal();
    let target = if hidden { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} {per_sec} {eta} left");
    ProgressBar::with_draw_target(None, target)
        .with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}
