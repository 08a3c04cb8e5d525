//! `compagnon`: the whole school on one machine, or one of its parts.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use domain::permission::Role;
use infra::capacity::Asked;
use infra::demo::DemoError;
use infra::local_store::{LocalStore, StartError};
use infra::providers::{InvalidSettings, ProviderSettings};
use infra::stack::{self, Api, Lifetimes, Options, People, Stack};
use jiff::Timestamp;
use jiff::civil::Date;
use storage::Store;
use storage::transaction::Writes;
use tokio_util::sync::CancellationToken;

/// An open platform for degrees earned by doing, whole on one machine.
#[derive(Parser)]
#[command(version, about, after_help = AFTER_HELP)]
struct Compagnon {
    #[command(flatten)]
    start: Start,
    #[command(subcommand)]
    part: Option<Part>,
}

/// What is told by the environment: secrets have no place among the arguments.
const AFTER_HELP: &str = "\
Environment:
  STRIPE_SECRET_KEY      Take cards, with this key of an account with Stripe
  STRIPE_BASE_URL        Where Stripe is, if not at https://api.stripe.com
  STRIPE_WEBHOOK_SECRET  What events at /v1/webhooks/stripe are signed with; two with a comma while one
                         replaces the other
  SMTP_HOST              Send letters through this mail server; without it they are files in <data>/mail
  SMTP_PORT              Its port, if not 465; any other has to turn to TLS (STARTTLS)
  SMTP_USER              The name to log in with there
  SMTP_PASSWORD          The password to log in with
  MAIL_FROM              The address that letters are from, if not compagnon@localhost.localdomain
  SEPA_CREDITORS         Take direct debits in euros: who collects them, by legal entity, as JSON such as
                         {\"FR\": {\"name\": ..., \"iban\": ..., \"bic\": ..., \"creditor_id\": ...}}
  JITSI_URL              Hold sessions in rooms of this Jitsi, or of JaaS (https://8x8.vc)
  JITSI_APP_ID           The application's id there
  JITSI_SECRET           What tokens are signed with, as that Jitsi's Prosody has it: at least 32 bytes
  JITSI_DOMAIN           Prosody's domain, if it is not the host of JITSI_URL
  JITSI_KEY_FILE         For JaaS instead of the secret: an RSA private key as PEM ...
  JITSI_KEY_ID           ... and the id it has there
  JITSI_WEBHOOK_SECRET   What events at /v1/video/events are signed with; two with a comma while one replaces
                         the other
  RUST_LOG               What is logged";

/// What is started, and how.
#[derive(Args, Clone)]
struct Start {
    /// Port of the API and the pages
    #[arg(long, default_value_t = 8080, global = true)]
    port: u16,
    /// Folder that everything is kept in
    #[arg(long, default_value = ".compagnon", global = true)]
    data: PathBuf,
    /// Keep nothing: everything is gone with the process
    #[arg(long, global = true)]
    memory: bool,
    /// Start a simulated school clock here (RFC 3339); it stands still until moved
    #[arg(long, global = true)]
    now: Option<Timestamp>,
    /// No sample people
    #[arg(long, global = true)]
    empty: bool,
    /// Seconds that a worker may hold a job without renewing
    #[arg(long, default_value_t = 30, global = true)]
    lease_seconds: u64,
    /// Seconds that a token of the local issuer lives
    #[arg(long, default_value_t = 12 * 3600, global = true)]
    token_seconds: u64,
    /// Seconds that an upload may make no progress before it is given up
    #[arg(long, default_value_t = 24 * 3600, global = true)]
    upload_seconds: u64,
    /// Seconds that links to files and upload endpoints live
    #[arg(long, default_value_t = 900, global = true)]
    link_seconds: u64,
    /// How a run's invoices are written: together in few calls, or alone at half of AWS's write units
    #[arg(long, default_value = "together", value_parser = writes, global = true)]
    writes: Writes,
}

/// A part of the system, as a process of its own.
#[derive(Subcommand)]
enum Part {
    /// Table and buckets; prints the environment that the other parts need
    Store,
    /// The functions over HTTP, with the local issuer and tools
    Api,
    /// The worker
    Worker,
    /// Give a role to whoever signs in with a mail address: the first staff of an empty school
    Grant {
        /// Mail address, as the local issuer knows it
        email: String,
        /// staff, finance, mentor, juror, coach, assessor or partner
        #[arg(default_value = "staff", value_parser = role)]
        role: Role,
    },
    /// Load the editions of a folder of YAML files
    Catalog {
        #[command(subcommand)]
        act: CatalogAct,
    },
    /// Write the invoices of every month that begins on a date, or only count them. The data folder must
    /// not be open: a school that runs is asked by POST /v1/admin/billing/runs
    Bill {
        /// The date, such as 2027-03-07
        #[arg(long)]
        date: Date,
        /// Only count what would be written
        #[arg(long)]
        dry_run: bool,
    },
    /// Plan how many mentors are needed, where, and by when they begin training, from today or --now on where
    /// the forecast names no day. Needs no running school
    Plan(Asked),
    /// Play a student's first year against a fresh stack in memory, and check what came out
    Demo,
}

/// What is done with a catalog.
#[derive(Subcommand)]
enum CatalogAct {
    /// Check a folder and keep its editions; versions that students hold never change
    Load {
        /// Folder of YAML files, laid out as `infra/catalog`
        folder: PathBuf,
    },
}

/// A way to write by its word.
fn writes(word: &str) -> Result<Writes, String> {
    match word {
        "together" => Ok(Writes::Together),
        "alone" => Ok(Writes::Alone),
        _ => Err("expected together or alone".into()),
    }
}

/// A role by its word.
fn role(word: &str) -> Result<Role, String> {
    let roles =
        [Role::Staff, Role::Finance, Role::Mentor, Role::Juror, Role::Coach, Role::Assessor, Role::Partner];
    roles.into_iter().find(|role| role.word() == word).ok_or_else(|| format!("no role is called {word}"))
}

impl Start {
    fn options(&self) -> Result<Options, InvalidSettings> {
        Ok(Options {
            port: self.port,
            data: (!self.memory).then(|| self.data.clone()),
            now: self.now,
            people: if self.empty { People::Nobody } else { People::Sample },
            lifetimes: Lifetimes {
                lease: Duration::from_secs(self.lease_seconds),
                token: Duration::from_secs(self.token_seconds),
                link: Duration::from_secs(self.link_seconds),
                upload: Duration::from_secs(self.upload_seconds),
            },
            writes: self.writes,
            providers: ProviderSettings::from_environment()?,
        })
    }
}

/// Of each thread: without optimization a call to the store and the drawing of a document come close to the
/// two mebibytes that threads have otherwise.
const STACK_BYTES: usize = 8 * 1024 * 1024;

fn main() -> ExitCode {
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    match runtime.enable_all().thread_stack_size(STACK_BYTES).build() {
        Ok(runtime) => runtime.block_on(run()),
        Err(error) => {
            eprintln!("compagnon: no threads can be started: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> ExitCode {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env();
    let filter = filter.unwrap_or_else(|_| tracing_subscriber::EnvFilter::new(LOGGED));
    tracing_subscriber::fmt().json().with_env_filter(filter).with_writer(std::io::stderr).init();
    let Compagnon { start, part } = Compagnon::parse();
    match &part {
        Some(Part::Demo) => return demo().await,
        Some(Part::Plan(asked)) => return plan(asked, start.now),
        _ => {}
    }
    let options = match start.options() {
        Ok(options) => options,
        Err(error) => {
            eprintln!("compagnon: {error}");
            return ExitCode::FAILURE;
        }
    };
    let ran = match part {
        None | Some(Part::Demo | Part::Plan(_)) => whole(options).await,
        Some(Part::Store) => store(options).await,
        Some(Part::Api) => api(options).await,
        Some(Part::Worker) => worker(options).await,
        Some(Part::Bill { date, dry_run }) => bill(options, date, dry_run).await,
        Some(Part::Grant { email, role }) => grant(options, &email, role).await,
        Some(Part::Catalog { act: CatalogAct::Load { folder } }) => load(options, &folder).await,
    };
    match ran {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("compagnon: {error}");
            ExitCode::FAILURE
        }
    }
}

/// What is logged where `RUST_LOG` says nothing. The embedded store warns of each condition that was not
/// met, which is how this program asks.
const LOGGED: &str = "warn,dynoxide=error";

/// Exit code where the demo waits for a tool that is not installed.
const TOOL_MISSING: u8 = 3;

async fn demo() -> ExitCode {
    match infra::demo::run().await {
        Ok(outcome) => {
            println!("{outcome}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("compagnon: {error}");
            if let DemoError::NoFfmpeg = error { ExitCode::from(TOOL_MISSING) } else { ExitCode::FAILURE }
        }
    }
}

/// Nothing is started: what is planned depends on the forecast alone, and on today where it names no day.
fn plan(asked: &Asked, now: Option<Timestamp>) -> ExitCode {
    let today = domain::time::Zone::utc().date_at(now.unwrap_or_else(storage::clock::machine_now));
    match infra::capacity::run(asked, today) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("compagnon: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn whole(options: Options) -> Result<(), StartError> {
    let stack = Stack::start(options).await?;
    println!("Compagnon is ready at {}", stack.url);
    asked_to_stop().await?;
    in_time(stack.stop()).await;
    Ok(())
}

/// The longest that what runs may take to end after a stop was asked for. What does not end in time is
/// cut off, as a kill would: nothing acknowledged is lost by it.
const STOP_TIME_MAX: Duration = Duration::from_secs(30);

async fn in_time(stopping: impl Future<Output = ()>) {
    if tokio::time::timeout(STOP_TIME_MAX, stopping).await.is_err() {
        tracing::warn!("cut off what did not end in time");
    }
}

async fn store(options: Options) -> Result<(), StartError> {
    let local = LocalStore::start(options.data.as_deref()).await?;
    for (name, value) in local.environment() {
        println!("{name}={value}");
    }
    asked_to_stop().await?;
    in_time(local.stop()).await;
    Ok(())
}

async fn api(options: Options) -> Result<(), StartError> {
    let store = Store::from_environment(stack::queue(&options)).await;
    let clock = stack::set_clock(&store, options.now).await?;
    let api = Api::start(store, clock, &options).await?;
    println!("Compagnon is ready at {}", api.url);
    asked_to_stop().await?;
    in_time(api.stop()).await;
    Ok(())
}

async fn worker(options: Options) -> Result<(), StartError> {
    let store = Store::from_environment(stack::queue(&options)).await;
    stack::set_clock(&store, options.now).await?;
    // Whoever starts the API may set a simulated clock later; as long as nobody did, it is the machine's.
    let clock = storage::Clock::Simulated;
    let stop = CancellationToken::new();
    let worker = stack::worker(store, clock, stack::post(&options)?, &options.providers)?;
    let worker = tokio::spawn(worker.run(stop.clone()));
    println!("Compagnon's worker is ready");
    asked_to_stop().await?;
    stop.cancel();
    match worker.await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(StartError::Worker(error)),
        Err(error) => Err(StartError::Worker(error.to_string())),
    }
}

/// Opens the data folder, which no other process may have open.
async fn at_rest(options: &Options) -> Result<(LocalStore, Store, Timestamp), StartError> {
    let local = LocalStore::start(options.data.as_deref()).await?;
    let store = local.store(stack::queue(options));
    let now = stack::set_clock(&store, options.now).await?.now(&store).await?;
    Ok((local, store, now))
}

async fn grant(options: Options, email: &str, role: Role) -> Result<(), StartError> {
    let (local, store, now) = at_rest(&options).await?;
    let person = infra::seed::first_grant(&store, email, role, now).await?;
    println!("{email} ({person}) is {} from now on", role.word());
    local.stop().await;
    Ok(())
}

async fn bill(options: Options, on: Date, dry_run: bool) -> Result<(), StartError> {
    let (local, store, _) = at_rest(&options).await?;
    let clock = storage::Clock::of(&store).await?;
    let worker = stack::worker(store, clock, stack::post(&options)?, &options.providers)?;
    let billed =
        if dry_run { infra::bill::dry_run(&worker, on).await } else { infra::bill::run(worker, on).await };
    local.stop().await;
    billed.map_err(|error| StartError::Billing(error.to_string()))
}

async fn load(options: Options, folder: &Path) -> Result<(), StartError> {
    let catalog = infra::catalog::load(folder).map_err(|refused| StartError::Catalog(refused.to_string()))?;
    let (local, store, _) = at_rest(&options).await?;
    let loaded = infra::seed::load_catalog(&store, &catalog).await?;
    println!("{loaded} editions are loaded");
    local.stop().await;
    Ok(())
}

/// Resolves on SIGTERM and Ctrl-C.
async fn asked_to_stop() -> Result<(), StartError> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        _ = terminate.recv() => Ok(()),
        interrupted = tokio::signal::ctrl_c() => Ok(interrupted?),
    }
}
