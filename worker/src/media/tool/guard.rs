//! What keeps a child in bounds: programs of util-linux that set a bound and then become the child.
//!
//! Where one of them does not work, as on another system, children run without it and the log says so once.

use std::ffi::OsString;
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

/// Address space of a child. A decoded 4K picture takes up to 24 MiB, and a decoder holds some 16 it
/// refers to and one a thread: an honest recording stays below half of this.
const MEMORY_BYTES_MAX: u64 = 4 << 30;

const NO_NETWORK: [&[&str]; 2] = [&["unshare", "-n"], &["unshare", "-rn"]];
const DIES_WITH_PARENT: &[&str] = &["setpriv", "--pdeathsig", "KILL"];

/// Which guards work here.
struct Guards {
    limits: bool,
    /// With a name space of users around it where the worker is not root.
    no_network: &'static [&'static str],
    dies_with_parent: &'static [&'static str],
}

/// The words before a child's own. `unshare` comes before `setpriv`: a change of credentials would clear
/// the signal.
pub(super) fn words(cpu: Duration, file_bytes_max: u64) -> Vec<OsString> {
    static FOUND: OnceLock<Guards> = OnceLock::new();
    let guards = FOUND.get_or_init(Guards::find);
    let limits = guards.limits.then(|| prlimit(cpu, file_bytes_max)).into_iter().flatten();
    let rest = guards.no_network.iter().chain(guards.dies_with_parent);
    limits.chain(rest.map(|word| (*word).to_owned())).map(Into::into).collect()
}

/// Whether a guard, not the child, says why it ended.
pub(super) fn failed(stderr: &str) -> bool {
    ["prlimit: ", "unshare: ", "setpriv: "].iter().any(|guard| stderr.starts_with(guard))
}

/// Soft and hard limits are the same: at a soft one alone, ffmpeg would end as if it were done.
fn prlimit(cpu: Duration, file_bytes_max: u64) -> Vec<String> {
    let seconds = cpu.as_millis().div_ceil(1000).max(1);
    vec![
        "prlimit".into(),
        format!("--cpu={seconds}"),
        format!("--as={MEMORY_BYTES_MAX}"),
        format!("--fsize={file_bytes_max}"),
        "--core=0".into(),
    ]
}

impl Guards {
    fn find() -> Self {
        let prlimit = prlimit(Duration::from_secs(1), 0);
        let limits = works(&prlimit.iter().map(String::as_str).collect::<Vec<_>>());
        let no_network = NO_NETWORK.into_iter().find(|words| works(words));
        let dies_with_parent = Some(DIES_WITH_PARENT).filter(|words| works(words));
        warn_unless(limits, "prlimit does not work here: tools run without a limit on processor and memory");
        warn_unless(no_network.is_some(), "unshare does not work here: tools run in a network");
        warn_unless(dies_with_parent.is_some(), "setpriv does not work here: a tool may outlive its worker");
        Self {
            limits,
            no_network: no_network.unwrap_or_default(),
            dies_with_parent: dies_with_parent.unwrap_or_default(),
        }
    }
}

fn warn_unless(works: bool, missing: &str) {
    if !works {
        tracing::warn!("{missing}");
    }
}

fn works(words: &[&str]) -> bool {
    let [program, words @ ..] = words else { return false };
    let mut command = Command::new(program);
    command.args(words).arg("true").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}
