//! Weekly series whose workers are killed again and again have each session once.

use std::time::{Duration, Instant};

use domain::enrollment::PaymentMethod;
use domain::id::{PersonId, SessionId};
use domain::occupancy::Week;
use infra::crowd::{Crowd, EDITION, Mentored};
use infra::seed;
use jiff::Timestamp;
use storage::{Clock, Store};

use crate::process::{POLL, Process, printed};
use crate::store_of;

const STUDENTS: u32 = 200;
const STUDENTS_A_MENTOR: u32 = 20;
const KILLS: u32 = 8;
/// When the series are to be extended, by the simulated clock.
const NOW: &str = "2027-03-08T21:00:00Z";
/// How long a worker's hold on a job lasts once it is killed.
const LEASE_SECONDS: &str = "1";
/// No worker lives longer before it is killed: a few transactions.
const LIFE_MAX: Duration = Duration::from_millis(500);
/// How long the last one may take.
const WAIT_MAX: Duration = Duration::from_secs(120);

fn now() -> Timestamp {
    NOW.parse().expect("an instant")
}

fn students() -> Mentored {
    let crowd = Crowd {
        students: STUDENTS,
        since: "2027-03-07".parse().expect("a date"),
        time_zone: "Europe/London".parse().expect("a zone"),
        method: PaymentMethod::Manual,
    };
    Mentored { crowd, students_a_mentor: STUDENTS_A_MENTOR, made_through: None }
}

/// The sessions of every student by the rule of their series.
async fn whole(store: &Store) -> Vec<Vec<SessionId>> {
    let edition = store.edition(&EDITION.parse().expect("a slug"), 1).await.expect("read");
    let students = students();
    let offer = edition.and_then(|edition| edition.offer(students.crowd.since)).expect("an offer");
    let each = (0..STUDENTS).map(|index| {
        let enrollment = students.crowd.enrollment(index, &offer).expect("an enrollment");
        let series = students.series(index, &enrollment);
        let ahead = series.occurrences(series.first_on, series.extended_through(now()));
        let ahead = ahead.filter(|(_, occurrence)| now() < occurrence.starts_at);
        ahead.map(|(date, _)| series.session_id(date)).collect()
    });
    each.collect()
}

/// The sessions of every student as they are kept.
async fn kept(store: &Store) -> Vec<Vec<SessionId>> {
    let mut kept = Vec::new();
    for index in 0..STUDENTS {
        let student = PersonId::derived(&[&format!("crowd {index}")]);
        let (sessions, _) =
            store.sessions_of(student, (now(), Timestamp::MAX), None, 100).await.expect("read");
        kept.push(sessions.iter().map(|session| session.id).collect());
    }
    kept
}

#[tokio::test(flavor = "multi_thread")]
async fn series_whose_workers_are_killed_have_each_session_once() {
    let seed =
        std::env::var("SEED").ok().and_then(|text| text.parse().ok()).unwrap_or_else(|| fastrand::u64(..));
    println!("SEED={seed}");
    let mut draw = fastrand::Rng::with_seed(seed);
    let folder = tempfile::tempdir().expect("a folder");
    let (_store, environment) = Process::store(folder.path()).await;
    let store = store_of(&environment);
    seed::load_sample_catalog(&store).await.expect("loaded");
    Clock::set(&store, now()).await.expect("set");
    students().enroll(&store, now()).await.expect("enrolled");

    let arguments = ["worker", "--memory", "--lease-seconds", LEASE_SECONDS];
    let whole = whole(&store).await;
    let mut killed_inside = 0;
    for kill in 0..KILLS {
        let output = folder.path().join(format!("worker-{kill}"));
        let mut worker = Process::start(&arguments, &environment, &output);
        printed(&output, "worker is ready").await;
        tokio::time::sleep(LIFE_MAX.mul_f64(draw.f64())).await;
        worker.kill();
        killed_inside += u32::from(kept(&store).await != whole);
    }
    println!("{killed_inside} of {KILLS} kills came before all sessions were made");
    assert!(killed_inside > 1, "all sessions were made in one life, so nothing was tried");
    let _last = Process::start(&arguments, &environment, &folder.path().join("worker-last"));
    let since = Instant::now();
    while kept(&store).await != whole {
        let queue = store.queue_report().await.expect("a report");
        assert!(queue.dead.is_empty(), "{queue:?}");
        assert!(since.elapsed() < WAIT_MAX, "not all sessions were made: {queue:?}");
        tokio::time::sleep(POLL).await;
    }
    // What is taken of each mentor's time is what their sessions take, three quarter hours each.
    for index in (0..STUDENTS).step_by(STUDENTS_A_MENTOR as usize) {
        let mentor = students().mentor(index);
        let (sessions, _) =
            store.sessions_of(mentor, (now(), Timestamp::MAX), None, 500).await.expect("read");
        let mut booked = 0;
        for week in std::iter::successors(Some(Week::of(now())), |week| Some(week.next())).take(12) {
            booked += store.booked_in(&[mentor], week).await.expect("read")[0].booked() as usize;
        }
        let own = whole.iter().skip(index as usize).take(STUDENTS_A_MENTOR as usize);
        assert_eq!(sessions.len(), own.map(Vec::len).sum::<usize>());
        assert_eq!(booked, 3 * sessions.len());
    }
}
