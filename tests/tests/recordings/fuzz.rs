//! Recordings damaged at random after their sums were declared: none is ever kept.
//!
//! A few of them in every run of the tests, a thousand by
//! `COMPAGNON_FUZZ=1000 cargo test --workspace --test recordings fuzz`.

use tests::work::clip;

use super::*;

/// How many are tried where nobody says.
const CASES: usize = 24;
/// How many a defense has room for.
const CASES_OF_A_DEFENSE: usize = 100;
const SEED: u64 = 20_270_222;

/// Numbers that are the same for the same seed: SplitMix64 of Steele, Lea and Flood (2014).
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        self.roll() as usize % bound
    }
}

/// A film that was damaged, and what was declared of it.
struct Case {
    what: String,
    bytes: Vec<u8>,
    size: usize,
    sums: &'static str,
}

impl Case {
    fn new(dice: &mut Dice, film: &[u8]) -> Self {
        let sums = ["sha256", "crc64nvme", "both"][dice.below(3)];
        if dice.below(2) == 0 {
            let bytes = film[..1 + dice.below(film.len() - 1)].to_vec();
            let size = [film.len(), bytes.len()][dice.below(2)];
            return Self { what: format!("cut to {} bytes", bytes.len()), bytes, size, sums };
        }
        let mut bytes = film.to_vec();
        let (count, at) = (1 + dice.below(8), dice.below(film.len() - 8));
        for byte in &mut bytes[at..at + count] {
            *byte ^= 1 + dice.below(255) as u8;
        }
        Self { what: format!("{count} bytes flipped from {at} on"), bytes, size: film.len(), sums }
    }

    /// Sends it, and sees that it is refused: by the store's sum at once, by the worker's when all was read.
    async fn check(&self, held: &Held, film: &[u8]) {
        let Self { what, bytes, size, sums } = self;
        let declared = match *sums {
            "sha256" => Sums::sha256_of(film),
            "crc64nvme" => Sums::crc64nvme_of(film),
            _ => Sums::both_of(film),
        };
        let (id, completed) = held.send("video/mp4", bytes, *size, &declared).await;
        let upload = held.upload(&id).await;
        let seen = (completed.status.as_u16(), text(&upload, "/state"));
        let told_late = *size == bytes.len() && *sums == "sha256";
        let expected = if told_late { (200, "refused".into()) } else { (422, "open".into()) };
        assert_eq!(seen, expected, "{what}, declared with {size} bytes and {sums}: {}", completed.body);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_was_damaged_after_its_sums_were_declared_is_kept() {
    let cases = std::env::var("COMPAGNON_FUZZ").map_or(CASES, |cases| cases.parse().expect("a number"));
    let film = clip(40);
    let mut dice = Dice(SEED);
    let cases = Vec::from_iter((0..cases).map(|_| Case::new(&mut dice, &film)));
    for cases in cases.chunks(CASES_OF_A_DEFENSE) {
        let held = Held::maya().await;
        for case in cases {
            case.check(&held, &film).await;
        }
        // What was sent in vain is given up after a day.
        held.school.move_to("2027-02-23T12:00:00Z").await;
        let hearing =
            held.school.stack.store.hearing_for_job(held.id()).await.expect("the store").expect("held");
        let lost = hearing.defense.value.recordings().filter(|(_, recording)| recording.is_lost()).count();
        assert_eq!((lost, hearing.defense.value.recordings().count()), (cases.len(), cases.len()));
        assert_eq!((held.count("recordings/").await, held.count("renditions/").await), (0, 0));
        assert_eq!(held.state().await, "held_unrecorded");
        // It was the damage: undamaged, the same film is kept.
        held.record("video/mp4", &film).await;
        assert_eq!(text(&held.watch("sam").await.expect(200), "/state"), "retained");
        held.school.close().await;
    }
}
