//! A recording from its last byte until it is kept and can be watched, beside the same runs of ffprobe and
//! ffmpeg by hand; and the most memory that the worker takes for small and large ones.
//!
//! `cargo bench --workspace --bench recordings -- [--disk] [--seconds N] [--rounds N] [--megabytes N,N]`; 600
//! seconds of pictures that are copied and a fifth of it of those that are coded anew, 3 rounds, 10 and 5,000 MB
//! where nothing is said. By `--disk` the store has each file on the disk before it counts, which nothing by hand
//! waits for. `--rounds 0` leaves time out, `--megabytes 0` memory. The worker is a process of its own: this
//! program again.

#[allow(dead_code)]
mod ingest;

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use domain::id::DefenseId;
use infra::stack;
use ingest::{School, argument, median};
use storage::queue::Settings;
use storage::{Clock, Store};
use tokio::process::{Child, Command};
use tokio_util::sync::CancellationToken;

/// The word by which this program is a worker.
const WORKER: &str = "work";
/// How often it is asked whether a recording is kept.
const POLL: Duration = Duration::from_millis(100);
/// How long a recording may take.
const WAIT_MAX: Duration = Duration::from_secs(4 * 60 * 60);
/// Room on the disk for a recording, in its own sizes: as it was made, in the store and with the worker, and
/// what is made of it, a film and its pieces, in both of these.
const ROOM: u64 = 7;

/// A kind of recording: what makes it, and what makes a film of it.
struct Kind {
    name: &'static str,
    media_type: &'static str,
    demuxer: &'static str,
    made_by: &'static str,
    film: &'static str,
}

const COPIED: Kind = Kind {
    name: "copied.mp4",
    media_type: "video/mp4",
    demuxer: "mov",
    made_by: "-c:v libx264 -preset veryfast -pix_fmt yuv420p -c:a aac",
    film: "-c:v copy -c:a copy",
};

const CODED_ANEW: Kind = Kind {
    name: "coded.webm",
    media_type: "video/webm",
    demuxer: "matroska",
    made_by: "-c:v libvpx -deadline realtime -cpu-used 8 -b:v 1M -c:a libopus",
    film: "-c:v libx264 -preset veryfast -crf 23 -pix_fmt yuv420p -vf \
        scale=1280:720:force_original_aspect_ratio=decrease:force_divisible_by=2,\
        pad=1280:720:(ow-iw)/2:(oh-ih)/2 -fps_mode vfr -enc_time_base -1 \
        -force_key_frames expr:gte(t,n_forced*6) -c:a aac -b:a 96k -ac 1 -af aresample=async=1",
};

/// The words of the worker's own runs (`worker/src/media`), but for those that keep hostile bytes in bounds.
const PROBE: &str = "-of json -show_entries format=format_name,duration:\
    stream=codec_type,codec_name,width,height,pix_fmt,channels,duration:\
    stream_disposition=attached_pic:stream_side_data=rotation";
const DECODE: &str = "-xerror -err_detect +crccheck+bitstream+buffer+explode";
const DECODED: &str = "-map 0:V? -map 0:a? -fps_mode passthrough -enc_time_base -1 -bsf:v \
    setts=pts=max(PTS\\,PREV_OUTPTS+1):dts=max(DTS\\,PREV_OUTDTS+1) -progress pipe:1 -f null -";
const PLAIN: &str =
    "-map_metadata -1 -map_chapters -1 -fflags +bitexact -flags:v +bitexact -flags:a +bitexact -dn";
const FILM: &str = "-movflags +faststart -f mp4 -progress pipe:1 watch.mp4";
const PICTURE: &str = "-map 0:v:0 -frames:v 1 -vf scale=w='min(1280,iw)':h=-2 -q:v 3";
const PIECES: &str = "-f hls -hls_time 6 -hls_playlist_type vod -hls_flags independent_segments \
    -hls_segment_filename segment-%05d.ts -progress pipe:1 watch.m3u8";

/// Runs a tool in a folder to its good end.
async fn run(program: &str, words: &str, folder: &Path) {
    let mut command = Command::new(program);
    command.args(["-v", "error"]).args(words.split_whitespace()).current_dir(folder);
    command.stdin(Stdio::null()).stdout(Stdio::null()).kill_on_drop(true);
    let status = command.status().await.expect("ffmpeg is installed");
    assert!(status.success(), "{program} {words}");
}

async fn ffmpeg(words: &str, folder: &Path) {
    run("ffmpeg", &format!("-nostdin -y {words}"), folder).await;
}

impl Kind {
    /// So many seconds of 720p, in a folder.
    async fn make(&self, seconds: u64, folder: &Path) -> PathBuf {
        let scene = format!(
            "-f lavfi -i testsrc2=s=1280x720:r=25:d={seconds} -f lavfi -i sine=440:r=48000:d={seconds}"
        );
        ffmpeg(&format!("{scene} {} {}", self.made_by, self.name), folder).await;
        folder.join(self.name)
    }

    /// Seconds that all runs take by hand.
    async fn by_hand(&self, recording: &Path, seconds: u64) -> f64 {
        let folder = tempfile::tempdir().expect("a folder");
        let folder = folder.path();
        let input = format!("-f {} -i {}", self.demuxer, recording.to_str().expect("UTF-8"));
        let poster_millis = (seconds * 100).min(10_000);
        let began = Instant::now();
        run("ffprobe", &format!("{PROBE} {input}"), folder).await;
        ffmpeg(&format!("{DECODE} {input} {DECODED}"), folder).await;
        ffmpeg(&format!("{input} -map 0:V:0 -map 0:a:0? {} {PLAIN} {FILM}", self.film), folder).await;
        let poster = format!("-ss {poster_millis}ms -i watch.mp4 {PICTURE} {PLAIN}");
        ffmpeg(&format!("{poster} -f image2 -update 1 poster.jpg"), folder).await;
        ffmpeg(&format!("-i watch.mp4 -map 0 -c copy {PLAIN} {PIECES}"), folder).await;
        began.elapsed().as_secs_f64()
    }
}

/// Works for a store that the environment names, until it is killed.
async fn work() {
    let store = Store::from_environment(Settings::default()).await;
    let worker = stack::worker(store, Clock::Simulated, None, &Default::default()).expect("a worker");
    worker.run(CancellationToken::new()).await.expect("it works");
}

/// Starts a worker that puts what it works on in a folder.
fn start(school: &School, scratch: &Path) -> Child {
    std::fs::create_dir_all(scratch).expect("a folder");
    let mut command = Command::new(std::env::current_exe().expect("this program"));
    command.arg(WORKER).envs(school.local.environment()).env("TMPDIR", scratch).kill_on_drop(true);
    command.spawn().expect("a worker")
}

/// The most memory that a process ever had, in MiB.
fn memory_mib(process: &Child) -> u64 {
    let id = process.id().expect("it runs");
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).expect("Linux");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("a line");
    line.trim().trim_end_matches(" kB").trim().parse::<u64>().expect("a number") / 1024
}

/// Waits until a defense's recording is kept.
async fn kept(school: &School, defense: DefenseId) {
    let began = Instant::now();
    loop {
        let recording = school.recording(defense).await;
        match recording.state().word() {
            "retained" => return,
            "announced" | "uploading" | "stored" | "verified" => {}
            other => panic!("the recording is {other}: {:?}", recording.probe()),
        }
        assert!(began.elapsed() < WAIT_MAX, "{:?}", school.store.queue_report().await);
        tokio::time::sleep(POLL).await;
    }
}

/// Seconds from complete until it is kept.
async fn pipeline(school: &School, kind: &Kind, recording: &Path, index: u32) -> f64 {
    let defense = school.hold(index).await;
    let sent = school.send(defense, recording, kind.media_type).await;
    let began = Instant::now();
    school.complete(sent).await;
    kept(school, defense).await;
    began.elapsed().as_secs_f64()
}

/// Both ways of both kinds, which take turns at being first.
async fn time(seconds: u64, rounds: u32, on_disk: bool) {
    println!("recording    seconds of it   kept s   by hand s   times as long");
    for (kind, seconds) in [(COPIED, seconds), (CODED_ANEW, seconds.div_ceil(5))] {
        let folder = tempfile::tempdir().expect("a folder");
        let school = folder.path().join("school");
        let school = School::open(on_disk.then_some(school.as_path())).await;
        let worker = start(&school, &folder.path().join("scratch"));
        let recording = kind.make(seconds, folder.path()).await;
        let (mut ours, mut by_hand) = (Vec::new(), Vec::new());
        for round in 0..rounds {
            if round % 2 == 1 {
                by_hand.push(kind.by_hand(&recording, seconds).await);
            }
            ours.push(pipeline(&school, &kind, &recording, round).await);
            if round % 2 == 0 {
                by_hand.push(kind.by_hand(&recording, seconds).await);
            }
        }
        let (ours, by_hand) = (median(ours), median(by_hand));
        let share = ours / by_hand;
        println!("{:12} {seconds:13} {ours:8.2} {by_hand:11.2} {share:15.2}", kind.name);
        drop(worker);
        school.close().await;
    }
}

/// Free bytes where a folder is.
async fn room(folder: &Path) -> u64 {
    let told = Command::new("df").arg("-Pk").arg(folder).output().await.expect("df").stdout;
    let told = String::from_utf8_lossy(&told).into_owned();
    let free = told.lines().nth(1).and_then(|line| line.split_whitespace().nth(3));
    free.and_then(|kib| kib.parse::<u64>().ok()).unwrap_or(0) * 1024
}

/// The worker's memory over one recording of so many megabytes: four seconds of noise again and again, at
/// some 200 Mbit/s, so that a large one plays for minutes and not for a day.
async fn memory(megabytes: u64) {
    let folder = tempfile::tempdir().expect("a folder");
    let wanted = megabytes * 1_000_000 * ROOM;
    let free = room(folder.path()).await;
    if free < wanted {
        println!("{megabytes:6}   left out: {} GiB of disk are free, not {}", free >> 30, wanted >> 30);
        return;
    }
    let scene = "-f lavfi -i testsrc2=s=1280x720:r=25:d=4 -f lavfi -i sine=440:r=48000:d=4";
    let coded = "-vf noise=alls=60:allf=t -c:v libx264 -preset ultrafast -qp 18 -pix_fmt yuv420p -c:a aac";
    ffmpeg(&format!("{scene} {coded} piece.mp4"), folder.path()).await;
    let again = format!("-stream_loop -1 -i piece.mp4 -c copy -fs {megabytes}M recording.mp4");
    ffmpeg(&again, folder.path()).await;
    let school = School::open(Some(&folder.path().join("school"))).await;
    let worker = start(&school, &folder.path().join("scratch"));
    let recording = folder.path().join("recording.mp4");
    let defense = school.hold(0).await;
    let sent = school.send(defense, &recording, COPIED.media_type).await;
    let began = Instant::now();
    school.complete(sent).await;
    kept(&school, defense).await;
    println!("{megabytes:6} {:7} {:11.1}", memory_mib(&worker), began.elapsed().as_secs_f64());
    drop(worker);
    school.close().await;
}

#[tokio::main]
async fn main() {
    if std::env::args().nth(1).as_deref() == Some(WORKER) {
        return work().await;
    }
    let number = |name: &str, usual| argument(name).and_then(|text| text.parse().ok()).unwrap_or(usual);
    let (seconds, rounds) = (number("--seconds", 600), number("--rounds", 3));
    if rounds > 0 {
        let on_disk = std::env::args().any(|argument| argument == "--disk");
        time(seconds, u32::try_from(rounds).expect("few"), on_disk).await;
    }
    let sizes = argument("--megabytes").unwrap_or_else(|| "10,5000".into());
    println!("    MB  MiB at most    kept s");
    for megabytes in sizes.split(',').filter_map(|size| size.parse::<u64>().ok()).filter(|size| *size > 0) {
        memory(megabytes).await;
    }
}
