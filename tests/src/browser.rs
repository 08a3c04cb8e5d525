//! Chromium, driven through Playwright by a script of `tests/browser`.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Where `make tools` puts what drives the browser.
const TOOLS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/tools/node");
const SCRIPTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/browser");
const MISSING: &str =
    "a browser's test needs node, chromium and what infra/tools/package.json names: run `make tools`";

/// Plays a script to its end, and answers what it printed.
pub async fn play(script: &str, arguments: &[&str]) -> String {
    let chromium = chromium().expect(MISSING);
    assert!(Path::new(TOOLS).join("node_modules/@uppy/aws-s3").exists(), "{MISSING}");
    let mut node = Command::new("node");
    node.arg(Path::new(SCRIPTS).join(script)).args(arguments);
    node.env("TOOLS", TOOLS).env("CHROMIUM", chromium);
    let played = tokio::task::spawn_blocking(move || node.output()).await.expect("it ends");
    let played = played.expect(MISSING);
    let told = String::from_utf8_lossy(&played.stderr);
    assert!(played.status.success(), "{script} {arguments:?}: {told}");
    String::from_utf8(played.stdout).expect("text")
}

/// A browser of this machine, by the names that systems know it by.
fn chromium() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let names = ["chromium", "chromium-browser", "google-chrome"];
    std::env::split_paths(&path)
        .flat_map(|folder| names.map(|name| folder.join(name)))
        .find(|it| it.is_file())
}
