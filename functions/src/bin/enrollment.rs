//! Lambda `enrollment`: catalog, people, enrollment, claims, billing, award.

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    match functions::lambda::run(functions::api::enrollment()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("enrollment: {error}");
            ExitCode::FAILURE
        }
    }
}
