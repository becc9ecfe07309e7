//! `tokenmint certify`, and the other end of its protocol.

use tokenmint_certify::{Certificate, ExecRig, Options, Rig, TEST_COUNT, certify, serve_lines, tap_head};
use tokenmint_store::{Database, DatabaseRig};

use super::{argument, block_on};
use crate::args::store::{Certify, Exec};
use crate::failure::{Failure, Result, print};
use crate::keys;

pub(crate) fn run(args: &Certify) -> Result<()> {
    let options = options(args)?;
    let certificate = block_on(async {
        match (&args.store, &args.exec) {
            (Some(url), _) => {
                let url = argument(url)?;
                let program =
                    std::env::current_exe().map_err(|error| Failure::runtime("this program", error))?;
                let rig =
                    DatabaseRig::new(url).await?.with_worker(program, ["store", "exec", "--store", url]);
                Ok(judged(args, &rig, &options).await)
            }
            (None, Some(words)) => {
                let (program, arguments) =
                    words.split_first().ok_or_else(|| Failure::usage("which program is the store?"))?;
                let rig = ExecRig::new(program, arguments).declaring(args.durability.into());
                let rig = if args.shared { rig } else { rig.alone() };
                Ok(judged(args, &rig, &options).await)
            }
            (None, None) => Err(Failure::usage("which store?")),
        }
    })?;
    if args.json {
        print(certificate.to_json())?;
    } else {
        let (passed, failed, skipped) = certificate.counts();
        print(format_args!("# {}: {passed} passed, {failed} failed, {skipped} skipped", certificate.store))?;
        print(format_args!("# seed {}", certificate.seed))?;
    }
    match certificate.failures().count() {
        0 => Ok(()),
        failed => Err(Failure::refused(format!("{failed} of {TEST_COUNT} tests failed"))),
    }
}

async fn judged(args: &Certify, rig: &impl Rig, options: &Options) -> Certificate {
    if !args.json {
        // Where nobody reads, the verdict is still the exit code.
        let _ = print(tap_head(TEST_COUNT).trim_end());
    }
    certify(rig, options).await
}

fn options(args: &Certify) -> Result<Options> {
    let seed = match args.seed {
        Some(seed) => seed,
        None => {
            let [a, b, c, d, ..] = keys::seed()?;
            u32::from_be_bytes([a, b, c, d]).into()
        }
    };
    let mut options = args.only.iter().fold(Options::new(seed), Options::only);
    if args.quick {
        options = options.quick();
    }
    if !args.json {
        options = options.each(move |test| {
            let _ = print(test.to_tap(seed).trim_end());
        });
    }
    Ok(options)
}

/// `tokenmint store exec`: until standard input ends.
pub(crate) fn exec(args: &Exec) -> Result<()> {
    let url = argument(&args.store)?;
    block_on(async {
        let store = Database::open(url).await?;
        serve_lines(&store, tokio::io::stdin(), tokio::io::stdout())
            .await
            .map_err(|error| Failure::runtime("standard input or output", error))
    })
}
