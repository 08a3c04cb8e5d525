//! What a probe of the stored bytes proves.

use serde::{Deserialize, Serialize};

use super::RecordedFile;

/// Why a person has to look at a recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Doubt {
    /// It covers too small a share of the meeting.
    ShorterThanTheMeeting,
    /// What can be seen is not as long as its container says.
    LengthsDiffer,
}

impl Doubt {
    /// The word it is stored and shown by.
    pub const fn word(self) -> &'static str {
        match self {
            Self::ShorterThanTheMeeting => "shorter_than_the_meeting",
            Self::LengthsDiffer => "lengths_differ",
        }
    }
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
    /// Its container goes on where the file ends.
    CutShort,
    /// It cannot be decoded to its end without complaint.
    Damaged,
    /// Staff looked at it and said no.
    RefusedInReview,
}

impl Flaw {
    /// The word it is stored and shown by.
    pub const fn word(self) -> &'static str {
        match self {
            Self::SizeDiffers => "size_differs",
            Self::ChecksumDiffers => "checksum_differs",
            Self::Container => "container",
            Self::NoDuration => "no_duration",
            Self::NoVideo => "no_video",
            Self::CutShort => "cut_short",
            Self::Damaged => "damaged",
            Self::RefusedInReview => "refused_in_review",
        }
    }
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
    /// Playing time by the container; measured from the streams where the header has none, as in browsers' WebM.
    pub duration_millis: u64,
    /// Whether the container goes on where the file ends.
    #[serde(default)]
    pub cut_short: bool,
    /// What came of decoding all of it; recordings were not decoded before the school did so.
    #[serde(default)]
    pub decoding: Option<Decoding>,
    /// Codec of each video stream.
    pub video: Vec<String>,
    /// Codec of each audio stream.
    pub audio: Vec<String>,
}

/// What came of decoding every picture and every sound.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decoding {
    /// Playing time of what was decoded.
    pub duration_millis: u64,
    /// The beginning of what the decoder complained about, where it did.
    pub complaint: Option<String>,
}

/// How far the length of what was decoded may lie from the container's: a second, by the design of the school.
const LENGTHS_DIFFER_MILLIS_MAX: u64 = 1_000;

impl Probe {
    /// Playing time of what can be seen.
    fn seen_millis(&self) -> u64 {
        self.decoding.as_ref().map_or(self.duration_millis, |decoding| decoding.duration_millis)
    }

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
    if probe.seen_millis().abs_diff(probe.duration_millis) > LENGTHS_DIFFER_MILLIS_MAX {
        return ProbeVerdict::NeedsReview { reason: Doubt::LengthsDiffer };
    }
    // Wide enough that no claimed length overflows.
    let covered = u128::from(probe.seen_millis()) * 100;
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
    if probe.video.is_empty() {
        return Some(Flaw::NoVideo);
    }
    if probe.cut_short {
        return Some(Flaw::CutShort);
    }
    let damaged = probe.decoding.as_ref().is_some_and(|decoding| decoding.complaint.is_some());
    damaged.then_some(Flaw::Damaged)
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
            cut_short: false,
            decoding: Some(Decoding { duration_millis: 60_000, complaint: None }),
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

    fn lasts(probe: &mut Probe, duration_millis: u64) {
        probe.duration_millis = duration_millis;
        probe.decoding = Some(Decoding { duration_millis, complaint: None });
    }

    #[test]
    fn words_are_those_that_are_stored() {
        for flaw in [Flaw::SizeDiffers, Flaw::Container, Flaw::CutShort, Flaw::RefusedInReview] {
            assert_eq!(serde_json::to_value(flaw).ok(), Some(flaw.word().into()));
        }
        for doubt in [Doubt::ShorterThanTheMeeting, Doubt::LengthsDiffer] {
            assert_eq!(serde_json::to_value(doubt).ok(), Some(doubt.word().into()));
        }
    }

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
        check(ProbeVerdict::Verified, |probe| lasts(probe, 36_000));
        let short = ProbeVerdict::NeedsReview { reason: Doubt::ShorterThanTheMeeting };
        check(short, |probe| lasts(probe, 35_999));
        check(ProbeVerdict::Verified, |probe| probe.duration_millis = 61_000);
        check(ProbeVerdict::Verified, |probe| probe.duration_millis = 59_000);
        let differ = ProbeVerdict::NeedsReview { reason: Doubt::LengthsDiffer };
        check(differ, |probe| probe.duration_millis = 61_001);
        check(differ, |probe| probe.duration_millis = 58_999);
        check(ProbeVerdict::Verified, |probe| probe.decoding = None);
        check(rejected(Flaw::SizeDiffers), |probe| probe.size = 999);
        check(rejected(Flaw::ChecksumDiffers), |probe| probe.sha256 = "cd".repeat(32));
        check(rejected(Flaw::Container), |probe| probe.containers = vec!["avi".into()]);
        check(rejected(Flaw::Container), |probe| probe.containers.clear());
        check(rejected(Flaw::NoDuration), |probe| probe.duration_millis = 0);
        check(rejected(Flaw::NoVideo), |probe| probe.video.clear());
        check(rejected(Flaw::CutShort), |probe| probe.cut_short = true);
        check(rejected(Flaw::Damaged), |probe| {
            let complaint = Some("Invalid NAL unit size".into());
            probe.decoding = Some(Decoding { duration_millis: 60_000, complaint });
        });
    }

    proptest! {
        #[test]
        fn only_whole_moving_pictures_are_verified(
            size in 999_u64..1_002,
            duration_millis in 0_u64..200_000,
            streams in 0_usize..3,
            meeting in 0_u64..200,
        ) {
            let mut probe = Probe { size, video: vec!["vp9".into(); streams], ..probe() };
            lasts(&mut probe, duration_millis);
            let verdict = judge_probe(&probe, &file(), meeting, 60);
            let whole = size == 1_000 && duration_millis > 0 && streams > 0;
            let long_enough = duration_millis * 100 >= meeting * 60_000;
            prop_assert_eq!(verdict == ProbeVerdict::Verified, whole && long_enough);
        }
    }
}
