//! What a probe of the stored bytes proves.

use serde::{Deserialize, Serialize};

use super::RecordedFile;

/// Why a person has to look at a recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Doubt {
    /// It covers too small a share of the meeting.
    ShorterThanTheMeeting,
}

/// Why a recording is no evidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Flaw {
    /// Not as many bytes as arrived.
    SizeDiffers,
    /// Not the bytes that arrived.
    ChecksumDiffers,
    /// Not MP4, MOV, WebM or MKV.
    Container,
    /// Nothing plays.
    NoDuration,
    /// Nothing is seen.
    NoVideo,
    /// Staff looked at it and said no.
    RefusedInReview,
}

/// What a media probe read from the stored bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Probe {
    /// Bytes read.
    pub size: u64,
    /// SHA-256 of what was read, 64 lower-case hex digits.
    pub sha256: String,
    /// Every name the probe gives the container, such as `mov` and `mp4`.
    pub containers: Vec<String>,
    /// Playing time; measured from the streams where the header has none, as in browsers' WebM.
    pub duration_millis: u64,
    /// Codec of each video stream.
    pub video: Vec<String>,
    /// Codec of each audio stream.
    pub audio: Vec<String>,
}

impl Probe {
    /// The end of a name for a file in this container.
    pub fn extension(&self) -> &'static str {
        let is = |name: &str| self.containers.iter().any(|container| container == name);
        let known = [("mp4", "mp4"), ("mov", "mov"), ("webm", "webm"), ("matroska", "mkv")];
        known.into_iter().find(|(container, _)| is(container)).map_or("bin", |(_, extension)| extension)
    }
}

/// What a probe proves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProbeVerdict {
    /// It shows the defense.
    Verified,
    /// A person must look.
    NeedsReview {
        /// What is doubted.
        reason: Doubt,
    },
    /// It is no evidence.
    Rejected {
        /// What is wrong.
        reason: Flaw,
    },
}

/// Containers that play in the browsers the school supports; `matroska` is what probes call MKV.
const CONTAINERS: [&str; 5] = ["mp4", "mov", "webm", "mkv", "matroska"];

/// Judges a probe against what arrived and how long the meeting was by its own log.
///
/// `share_percent` is the part of the meeting that a recording must cover to need no second look.
pub fn judge_probe(
    probe: &Probe,
    expected: &RecordedFile,
    meeting_seconds: u64,
    share_percent: u8,
) -> ProbeVerdict {
    if let Some(reason) = flaw(probe, expected) {
        return ProbeVerdict::Rejected { reason };
    }
    // Wide enough that no claimed length overflows.
    let covered = u128::from(probe.duration_millis) * 100;
    let wanted = u128::from(meeting_seconds) * 1000 * u128::from(share_percent);
    if covered < wanted {
        return ProbeVerdict::NeedsReview { reason: Doubt::ShorterThanTheMeeting };
    }
    ProbeVerdict::Verified
}

fn flaw(probe: &Probe, expected: &RecordedFile) -> Option<Flaw> {
    if probe.size != expected.size {
        return Some(Flaw::SizeDiffers);
    }
    if probe.sha256 != expected.sha256 {
        return Some(Flaw::ChecksumDiffers);
    }
    if !probe.containers.iter().any(|name| CONTAINERS.contains(&name.as_str())) {
        return Some(Flaw::Container);
    }
    if probe.duration_millis == 0 {
        return Some(Flaw::NoDuration);
    }
    probe.video.is_empty().then_some(Flaw::NoVideo)
}

/// A file and a probe of it that shows a minute of pictures.
#[cfg(test)]
pub(super) mod example {
    use super::*;

    pub fn file() -> RecordedFile {
        RecordedFile { size: 1_000, sha256: "ab".repeat(32) }
    }

    pub fn probe() -> Probe {
        Probe {
            size: 1_000,
            sha256: "ab".repeat(32),
            containers: vec!["mov".into(), "mp4".into(), "m4a".into()],
            duration_millis: 60_000,
            video: vec!["h264".into()],
            audio: vec![],
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::example::{file, probe};
    use super::*;

    #[test]
    fn a_probe_is_judged_by_what_it_found() {
        let check = |verdict, change: fn(&mut Probe)| {
            let mut probe = probe();
            change(&mut probe);
            assert_eq!(judge_probe(&probe, &file(), 60, 60), verdict, "{probe:?}");
        };
        let rejected = |reason| ProbeVerdict::Rejected { reason };
        check(ProbeVerdict::Verified, |_| ());
        check(ProbeVerdict::Verified, |probe| probe.containers = vec!["matroska".into(), "webm".into()]);
        check(ProbeVerdict::Verified, |probe| probe.duration_millis = 36_000);
        check(ProbeVerdict::NeedsReview { reason: Doubt::ShorterThanTheMeeting }, |probe| {
            probe.duration_millis = 35_999;
        });
        check(rejected(Flaw::SizeDiffers), |probe| probe.size = 999);
        check(rejected(Flaw::ChecksumDiffers), |probe| probe.sha256 = "cd".repeat(32));
        check(rejected(Flaw::Container), |probe| probe.containers = vec!["avi".into()]);
        check(rejected(Flaw::Container), |probe| probe.containers.clear());
        check(rejected(Flaw::NoDuration), |probe| probe.duration_millis = 0);
        check(rejected(Flaw::NoVideo), |probe| probe.video.clear());
    }

    proptest! {
        #[test]
        fn only_whole_moving_pictures_are_verified(
            size in 999_u64..1_002,
            duration_millis in 0_u64..200_000,
            streams in 0_usize..3,
            meeting in 0_u64..200,
        ) {
            let probe = Probe { size, duration_millis, video: vec!["vp9".into(); streams], ..probe() };
            let verdict = judge_probe(&probe, &file(), meeting, 60);
            let whole = size == 1_000 && duration_millis > 0 && streams > 0;
            let long_enough = duration_millis * 100 >= meeting * 60_000;
            prop_assert_eq!(verdict == ProbeVerdict::Verified, whole && long_enough);
        }
    }
}
