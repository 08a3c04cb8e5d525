use super::*;
use crate::id::{DefenseId, SubmissionId};

const START: Timestamp = Timestamp::UNIX_EPOCH;

fn bytes() -> Declared {
    Declared { size: 12, sha256: Some(Sha256Hex::of(b"twelve bytes")), crc64nvme: Some(Crc64::new(7)) }
}

fn site() -> UploadRequest {
    UploadRequest {
        purpose: Purpose::Submission,
        subject: UploadSubject::Submission(SubmissionId::derived(&["a"])),
        filename: FileName::sanitized("site.zip"),
        content_type: "application/zip".into(),
        declared: Some(bytes()),
    }
}

fn live() -> UploadRequest {
    UploadRequest {
        purpose: Purpose::Recording,
        subject: UploadSubject::Defense(DefenseId::derived(&["a"])),
        filename: FileName::sanitized("defense.webm"),
        content_type: "video/webm;codecs=vp9,opus".into(),
        declared: None,
    }
}

fn open(request: UploadRequest) -> Result<Upload, UploadError> {
    Upload::open(UploadId::derived(&["u"]), PersonId::derived(&["maya"]), request, &POLICY, START)
}

fn opened() -> Upload {
    open(site()).expect("taken")
}

fn arrived() -> Upload {
    opened().arrive(12, Crc64::new(7), START).expect("open")
}

fn verify(upload: Upload, size: u64, text: &[u8], sniffed: Option<&str>) -> Result<Upload, UploadError> {
    upload.verify(size, Sha256Hex::of(text), sniffed, &POLICY, START)
}

#[test]
fn what_the_school_does_not_take_is_refused_before_a_byte_is_sent() {
    let check = |change: fn(&mut UploadRequest), refused: UploadError| {
        let mut request = site();
        change(&mut request);
        assert_eq!(open(request), Err(refused));
    };
    check(|site| site.declared = Some(Declared { size: 0, ..bytes() }), UploadError::EmptyFile);
    check(
        |site| site.declared = Some(Declared { size: 11 * GIB, ..bytes() }),
        UploadError::TooLarge { size: 11 * GIB, size_bytes_max: 10 * GIB },
    );
    check(|site| site.declared = None, UploadError::NotDeclared);
    check(
        |site| site.declared = Some(Declared { sha256: None, crc64nvme: None, ..bytes() }),
        UploadError::NotDeclared,
    );
    let program = "application/x-msdownload";
    check(
        |site| site.content_type = "application/x-msdownload".into(),
        UploadError::TypeNotTaken { content_type: program.into() },
    );
    check(|site| site.subject = live().subject, UploadError::WrongSubject { subject: live().subject });
}

#[test]
fn the_server_chooses_the_key() {
    let upload = opened();
    assert_eq!(upload.key().to_string(), format!("submissions/{}", upload.id));
    assert_eq!((upload.part_size, upload.parts_expected()), (8 * MIB, Some(1)));
}

#[test]
fn a_live_recording_tells_size_and_sums_at_its_end() {
    let upload = open(live()).expect("taken");
    assert_eq!((upload.content_type.as_str(), upload.parts_expected()), ("video/webm", None));
    assert_eq!(upload.check_part_number(PARTS_MAX), Ok(()));
    assert_eq!(upload.clone().arrive(12, Crc64::new(7), START), Err(UploadError::NotDeclared));
    let empty = Declared { size: 0, ..bytes() };
    assert_eq!(upload.clone().declare(empty, &POLICY), Err(UploadError::EmptyFile));
    let told = upload.declare(bytes(), &POLICY).expect("open");
    assert_eq!(told.clone().declare(bytes(), &POLICY), Ok(told.clone()));
    let other = Declared { size: 13, ..bytes() };
    assert_eq!(told.clone().declare(other, &POLICY), Err(UploadError::AlreadyDeclared));
    assert_eq!(told.check_parts(&[Part { number: 1, size: 12 }]), Ok(()));
}

#[test]
fn an_upload_is_begun_once() {
    let begun = opened().begin("first".into()).expect("open");
    let first = UploadError::AlreadyBegun { multipart: "first".into() };
    assert_eq!(begun.begin("second".into()), Err(first));
}

#[test]
fn part_numbers_end_where_the_smallest_parts_end() {
    let declared = Declared { size: 6 * GIB, ..bytes() };
    let upload = open(UploadRequest { declared: Some(declared), ..site() }).expect("taken");
    let refused = Err(UploadError::NoSuchPart { last: 1229 });
    assert_eq!(upload.check_part_number(0), refused);
    assert_eq!(upload.check_part_number(1229), Ok(()));
    assert_eq!(upload.check_part_number(1230), refused);
}

#[test]
fn other_bytes_than_declared_are_refused_on_arrival() {
    let check = |size, sum, reason| {
        let upload = opened().arrive(size, Crc64::new(sum), START).expect("open");
        assert_eq!(upload.refusal(), reason);
    };
    check(12, 7, None);
    check(12, 8, Some(&Refusal::ChecksumMismatch));
    check(13, 7, Some(&Refusal::SizeDiffers { declared: 12, found: 13 }));
}

#[test]
fn an_arrival_told_again_changes_nothing() {
    let verified = verify(arrived(), 12, b"twelve bytes", None).expect("arrived");
    assert_eq!(arrived().arrive(12, Crc64::new(7), START + SignedDuration::from_secs(9)), Ok(arrived()));
    assert_eq!(verified.clone().arrive(12, Crc64::new(7), START), Ok(verified));
}

#[test]
fn only_read_and_confirmed_bytes_are_verified() {
    let check = |size, text: &[u8], sniffed, reason: Option<Refusal>| {
        let upload = verify(arrived(), size, text, sniffed).expect("arrived");
        assert_eq!(upload.refusal(), reason.as_ref());
        assert_eq!(upload.verified().is_some(), reason.is_none());
    };
    let program = "application/x-executable";
    check(12, b"twelve bytes", None, None);
    check(12, b"twelve bytes", Some("application/pdf"), None);
    check(12, b"other  bytes", None, Some(Refusal::ChecksumMismatch));
    check(11, b"twelve bytes", None, Some(Refusal::SizeDiffers { declared: 12, found: 11 }));
    check(12, b"twelve bytes", Some(program), Some(Refusal::TypeNotTaken { found: program.into() }));
}

#[test]
fn a_verification_told_again_changes_nothing_and_is_never_changed() {
    let verified = verify(arrived(), 12, b"twelve bytes", None).expect("arrived");
    assert_eq!(verify(verified.clone(), 12, b"twelve bytes", None), Ok(verified.clone()));
    assert_eq!(verify(verified, 12, b"other  bytes", None), Err(UploadError::NotArrived));
    assert_eq!(verify(opened(), 12, b"twelve bytes", None), Err(UploadError::NotArrived));
}

#[test]
fn an_upload_is_abandoned_after_a_day_without_progress() {
    let hours = |hours| START + SignedDuration::from_hours(hours);
    assert!(!opened().is_expired(hours(23)) && opened().is_expired(hours(24)));
    let resumed = opened().progress(POLICY.idle_max, hours(23)).expect("open");
    assert!(!resumed.is_expired(hours(24)) && resumed.is_expired(hours(47)));
    let abandoned = resumed.abandon(hours(47)).expect("open");
    assert_eq!(abandoned.clone().abandon(hours(48)), Ok(abandoned.clone()));
    assert_eq!(abandoned.arrive(12, Crc64::new(7), hours(48)), Err(UploadError::NotOpen));
    assert_eq!(arrived().abandon(START), Err(UploadError::NotOpen));
}

#[test]
fn progress_is_written_down_once_a_minute() {
    let seconds = |seconds| START + SignedDuration::from_secs(seconds);
    assert!(!opened().gains_time(&POLICY, START));
    assert!(!opened().gains_time(&POLICY, seconds(59)));
    assert!(opened().gains_time(&POLICY, seconds(60)));
    assert!(!arrived().gains_time(&POLICY, seconds(60)));
}

#[test]
fn every_state_reads_back_from_json() {
    let refused = opened().arrive(1, Crc64::new(7), START).expect("open");
    let verified = verify(arrived(), 12, b"twelve bytes", None).expect("arrived");
    let abandoned = opened().abandon(START).expect("open");
    let live = open(live()).expect("taken");
    for (upload, word) in [
        (opened(), "open"),
        (live, "open"),
        (arrived(), "arrived"),
        (verified, "verified"),
        (refused, "refused"),
        (abandoned, "abandoned"),
    ] {
        let json = serde_json::to_value(&upload).expect("serializes");
        assert_eq!((&json["state"], upload.state.word()), (&word.into(), word));
        assert_eq!(serde_json::from_value::<Upload>(json).expect("reads"), upload);
    }
}
