use jiff::SignedDuration;
use proptest::prelude::*;

use super::*;
use crate::digest::{Crc64, Sha256Hex};
use crate::id::UploadId;
use crate::link::LINK_CHARS_MAX;
use crate::upload::{Declared, FileName, POLICY, Purpose, Upload, UploadRequest, UploadSubject};

const START: Timestamp = Timestamp::UNIX_EPOCH;

fn maya() -> PersonId {
    PersonId::derived(&["maya"])
}

fn draft(version: u32) -> Submission {
    let project = "portfolio-site".parse().expect("a slug");
    Submission::draft(EnrollmentId::derived(&["e"]), maya(), project, version, START)
}

/// A file that arrived for a submission but is not verified yet.
fn arrived(submission: &Submission, text: &str) -> Upload {
    let declared =
        Declared { size: text.len() as u64, sha256: Some(Sha256Hex::of(text.as_bytes())), crc64nvme: None };
    let request = UploadRequest {
        purpose: Purpose::Submission,
        subject: UploadSubject::Submission(submission.id),
        filename: FileName::sanitized("file.txt"),
        content_type: "text/plain".into(),
        declared: Some(declared),
    };
    let upload = Upload::open(UploadId::derived(&[text]), submission.student, request, &POLICY, START);
    upload.and_then(|open| open.arrive(declared.size, Crc64::new(0), START)).expect("taken")
}

/// A verified file for a submission.
pub(crate) fn verified(submission: &Submission, text: &str) -> Upload {
    let sum = Sha256Hex::of(text.as_bytes());
    arrived(submission, text).verify(text.len() as u64, sum, None, &POLICY, START).expect("arrived")
}

/// Work of one verified file with that text.
pub(crate) fn work(submission: &Submission, text: &str) -> Work {
    Work { files: vec![("work.txt".to_owned(), verified(submission, text))], links: vec![] }
}

fn seal(change: fn(&mut Work)) -> Result<Submission, SealError> {
    let draft = draft(1);
    let mut work = work(&draft, "hello");
    change(&mut work);
    draft.seal(work, None, START)
}

fn judged(decision: Decision) -> Assessment {
    Assessment::new(draft(1).id, PersonId::derived(&["m"]), decision, vec![], &[], START).expect("valid")
}

#[test]
fn two_tabs_open_the_same_draft() {
    assert_eq!(draft(1), draft(1));
    assert_ne!(draft(1).id, draft(2).id);
}

#[test]
fn what_cannot_be_evidence_is_not_sealed() {
    let check = |change: fn(&mut Work), refused: SealError| assert_eq!(seal(change), Err(refused));
    check(|work| work.files.clear(), SealError::Empty);
    check(|work| work.files = vec![work.files[0].clone(); 101], SealError::TooManyFiles { count: 101 });
    check(|work| work.files[0].0 = " ".into(), SealError::InvalidName { index: 0 });
    check(|work| work.files[0].0 = "a\nfile".into(), SealError::InvalidName { index: 0 });
    check(|work| work.files[0].0 = "é".repeat(201), SealError::InvalidName { index: 0 });
    check(
        |work| work.files.push(work.files[0].clone()),
        SealError::DuplicateName { name: "work.txt".into() },
    );
    check(|work| work.links = vec!["https://a.example".into(); 21], SealError::TooManyLinks { count: 21 });
    check(
        |work| work.files[0].1.owner = PersonId::derived(&["tom"]),
        SealError::ForeignUpload { name: "work.txt".into() },
    );
    check(
        |work| work.files[0].1.subject = UploadSubject::Submission(draft(2).id),
        SealError::ForeignUpload { name: "work.txt".into() },
    );
}

#[test]
fn a_link_is_an_https_address() {
    let check = |link: &str, taken: bool| {
        let draft = draft(1);
        let work = Work { links: vec![link.to_owned()], ..work(&draft, "hello") };
        assert_eq!(draft.seal(work, None, START).is_ok(), taken, "{link}");
    };
    for link in
        ["https://maya.example", "https://maya.example:8443/a?b=c#d", "https://xn--mya-0na.example/%C3%A9"]
    {
        check(link, true);
    }
    let long = format!("https://a.example/{}", "a".repeat(LINK_CHARS_MAX));
    for link in [
        "",
        "http://maya.example",
        "HTTPS://maya.example",
        "https://",
        "https:///path",
        "https://maya@evil.example",
        "https://a b.example",
        "https://a.example/\nlink https://b.example",
        "https://é.example",
        "javascript:alert(1)",
        long.as_str(),
    ] {
        check(link, false);
    }
}

#[test]
fn the_files_that_are_not_verified_are_named() {
    let draft = draft(1);
    let refused = arrived(&draft, "refused");
    let refused = refused.verify(7, Sha256Hex::of(b"other"), None, &POLICY, START).expect("arrived");
    let waiting = [("a".to_owned(), verified(&draft, "a")), ("b".to_owned(), arrived(&draft, "b"))];
    let sealed = |files| draft.clone().seal(Work { files, links: vec![] }, None, START);
    let incomplete = SealError::UploadIncomplete { names: vec!["b".into()] };
    assert_eq!(sealed(waiting.to_vec()), Err(incomplete));
    let files = waiting.into_iter().chain([("c".to_owned(), refused)]).collect();
    assert_eq!(sealed(files), Err(SealError::UploadRefused { names: vec!["c".into()] }));
}

#[test]
fn a_file_of_an_earlier_version_need_not_be_sent_again() {
    let second = draft(2);
    assert!(second.clone().seal(work(&draft(1), "same"), None, START).is_ok());
    let foreign = draft(3);
    assert!(second.seal(work(&foreign, "later"), None, START).is_err());
}

#[test]
fn late_work_is_sealed_and_stamped() {
    let late = START + SignedDuration::from_hours(24 * 400);
    let draft = draft(1);
    let sealed = draft.clone().seal(work(&draft, "late"), None, late).expect("accepted");
    assert_eq!(sealed.work().map(|work| work.sealed_at), Some(late));
}

#[test]
fn a_version_is_sealed_once() {
    let sealed = seal(|_| {}).expect("valid");
    let again = sealed.clone().seal(work(&sealed, "other"), None, START);
    assert_eq!(again, Err(SealError::AlreadySubmitted { version: 1 }));
}

#[test]
fn it_is_judged_once_and_only_when_sealed() {
    let accepted = judged(Decision::Accepted);
    let sealed = || seal(|_| {}).expect("valid");
    assert_eq!(draft(1).assess(&accepted), Err(SubmissionError::NotSealed));
    assert_eq!(draft(2).assess(&accepted), Err(SubmissionError::OtherSubmission));
    let done = sealed().assess(&accepted).expect("sealed");
    assert_eq!((done.stage(), done.work()), (Stage::Accepted, sealed().work()));
    assert_eq!(
        done.clone().assess(&judged(Decision::ChangesRequested)),
        Err(SubmissionError::AlreadyDecided)
    );
    assert_eq!(done.supersede(START), Err(SubmissionError::AlreadyDecided));
    let superseded = sealed().supersede(START).expect("sealed");
    assert_eq!(superseded.assess(&accepted), Err(SubmissionError::AlreadyDecided));
}

#[test]
fn its_student_mentor_and_juror_are_no_strangers() {
    let [mentor, juror] = ["m", "j"].map(|name| PersonId::derived(&[name]));
    let draft = draft(1);
    let mut sealed = draft.clone().seal(work(&draft, "hello"), Some(mentor), START).expect("valid");
    sealed.juror = Some(juror);
    let check = |person, relations: &[Relation]| assert_eq!(sealed.relations(person, START), relations);
    check(maya(), &[Relation::Owner]);
    check(mentor, &[Relation::CurrentMentor]);
    check(juror, &[Relation::AssignedJuror]);
    check(PersonId::derived(&["x"]), &[]);
}

#[test]
fn the_manifest_can_be_made_again_from_its_documentation() {
    let draft = draft(1);
    let files =
        vec![("b.txt".to_owned(), verified(&draft, "b")), ("a b.txt".to_owned(), verified(&draft, "aa"))];
    let links = vec!["https://b.example".to_owned(), "https://a.example".to_owned()];
    let sealed = draft.clone().seal(Work { files, links }, None, START).expect("valid");
    let (a, b) = (Sha256Hex::of(b"aa"), Sha256Hex::of(b"b"));
    let text = format!(
        "compagnon-manifest-1\nsubmission {}\nfile {a} 2 a b.txt\nfile {b} 1 b.txt\n\
         link https://a.example\nlink https://b.example\n",
        draft.id
    );
    assert_eq!(sealed.work().map(|work| work.manifest_sha256), Some(Sha256Hex::of(text.as_bytes())));
}

#[test]
fn every_state_reads_back_from_json() {
    let sealed = || seal(|_| {}).expect("valid");
    for (submission, word) in [
        (draft(1), "draft"),
        (sealed(), "sealed"),
        (sealed().assess(&judged(Decision::Accepted)).expect("sealed"), "accepted"),
        (sealed().assess(&judged(Decision::ChangesRequested)).expect("sealed"), "changes_requested"),
        (sealed().supersede(START).expect("sealed"), "superseded"),
    ] {
        let json = serde_json::to_value(&submission).expect("serializes");
        assert_eq!(
            (&json["state"], serde_json::to_value(submission.stage()).ok()),
            (&word.into(), Some(word.into()))
        );
        assert_eq!(serde_json::from_value::<Submission>(json).expect("reads"), submission);
    }
}

proptest! {
    #[test]
    fn the_order_of_files_does_not_change_the_manifest(
        texts in proptest::collection::btree_set("[a-z]{1,8}", 1..6),
        turn in 0_usize..6,
    ) {
        let draft = draft(1);
        let files = Vec::from_iter(texts.iter().map(|text| (text.clone(), verified(&draft, text))));
        let mut turned = files.clone();
        turned.rotate_left(turn % files.len());
        let sealed = |files| draft.clone().seal(Work { files, links: vec![] }, None, START);
        prop_assert_eq!(sealed(files), sealed(turned));
    }

    #[test]
    fn other_bytes_or_names_make_another_manifest(one in "[a-z]{1,4}", other in "[a-z]{1,4}") {
        let draft = draft(1);
        let manifest = |name: &str, text: &str| {
            let files = vec![(name.to_owned(), verified(&draft, text))];
            let sealed = draft.clone().seal(Work { files, links: vec![] }, None, START).expect("valid");
            sealed.work().map(|work| work.manifest_sha256)
        };
        prop_assert_eq!(one == other, manifest(&one, "x") == manifest(&other, "x"));
        prop_assert_eq!(one == other, manifest("x", &one) == manifest("x", &other));
    }
}
