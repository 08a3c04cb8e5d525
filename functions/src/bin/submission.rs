//! Lambda `submission`: uploads, submissions, sessions, defenses.

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    match functions::lambda::run(functions::api::submission()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("submission: {error}");
            ExitCode::FAILURE
        }
    }
}
