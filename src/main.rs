//! The binary `relay`.

use std::process::ExitCode;

fn main() -> ExitCode {
    relay::cli::main()
}
