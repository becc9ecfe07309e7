//! The command `tokenmint`: serves the token endpoints, mints and verifies tokens. The core decides; this is the host
//! that owns time, randomness, files and sockets.

mod address;
mod app;
mod args;
mod client;
mod config;
mod credentials;
mod demo;
mod expires_in;
mod explain;
mod failure;
mod init;
mod keys;
mod log;
mod metrics;
mod mint;
mod operate;
mod proxies;
mod recent;
mod remote;
mod ring;
mod serve;
mod sources;
mod spans;
mod store;
mod trace;
mod trusted_keys;
mod vectors;
mod verify;
mod visible;

use std::process::ExitCode;

use clap::Parser;

use args::{Arguments, Command, Credentials};

fn main() -> ExitCode {
    // clap prints help by itself, and leaves with 2 where the arguments are wrong.
    let arguments = Arguments::parse();
    let (result, json) = match arguments.command {
        Command::Serve(args) => (serve::run(&args), false),
        Command::Init(args) => (init::run(&args), false),
        Command::Admin(args) => (operate::run(&args), args.json),
        Command::Mint(args) => (mint::run(&args), args.json),
        Command::Verify(args) => (verify::run(&args), args.options.json),
        Command::Explain(args) => (explain::run(&args), args.verify.json),
        Command::ExpiresIn(args) => (expires_in::run(&args), args.json),
        Command::Keys(command) => (ring::run(&command), command.json()),
        Command::Credentials(Credentials::Create(args)) => (credentials::create(&args), args.json),
        Command::Vectors(_) => (vectors::run(), false),
        Command::Doctor(args) => (store::doctor(&args), args.json),
        Command::Certify(args) => (store::certify(&args), args.json),
        Command::Restored(args) => (store::restored(&args), false),
        Command::Store(command) => (store::run(&command), false),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            failure.print(json);
            failure.exit_code()
        }
    }
}
