//! The command as a user runs it: the real program, real sockets, real files.

mod admin;
mod commands;
mod config;
mod connections;
mod console;
mod cors;
mod deploy;
mod framing;
mod health;
mod init;
mod keys;
mod operate;
#[cfg(feature = "otlp")]
mod otlp;
mod push;
mod reload;
mod requests;
mod rotation;
mod serve;
mod status_lists;
mod support;
mod tls;
mod tokens;
mod trusted_keys;
mod vectors;
