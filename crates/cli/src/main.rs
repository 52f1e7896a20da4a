//! `bando`, the operator's tool: a gRPC client of the daemon, and what needs no daemon.

mod args;
mod client;
mod commands;
mod confirm;
mod errors;
mod files;
mod hints;
mod mime;
mod names;
mod output;
mod progress;
mod session;
mod statement;
mod views;
mod watch;

use std::process::ExitCode;

use clap::Parser as _;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let cli = args::Cli::parse();
    // The futures of all commands lie in one: it goes on the heap.
    ExitCode::from(Box::pin(commands::run(cli)).await.code())
}
