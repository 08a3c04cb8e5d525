//! The whole school on one machine: store, issuer, functions and worker in one process with one
//! data folder, or each part as a process of its own.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use functions::app::{Parts, Settings};
use functions::token::Verifier;
use functions::video::{Jitsi, Provider, Video};
use functions::webhook::{Form, WebhookKeys};
use functions::{App, api};
use jiff::{SignedDuration, Timestamp};
use storage::clock::machine_now;
use storage::transaction::Writes;
use storage::{Clock, Store};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use worker::Worker;
use worker::mail::{Addressee, Post, Server};
use worker::secret::Secret;

use crate::dev::{Dev, NO_JITSI};
use crate::issuer::LocalIssuer;
use crate::local_store::{LocalStore, StartError};
use crate::providers::ProviderSettings;
use crate::signing_key::KeyFileError;
use crate::{seed, signing_key};

/// How a local stack is started.
#[derive(Debug, Clone)]
pub struct Options {
    /// Port of the API and the pages; 0 takes a free one.
    pub port: u16,
    /// The data folder; nothing is kept without one.
    pub data: Option<PathBuf>,
    /// Start of a simulated school clock; where it stood before, or the machine's clock, if left out.
    pub now: Option<Timestamp>,
    /// Whether the sample people have accounts and roles from the start.
    pub people: People,
    /// How long what is handed out lives.
    pub lifetimes: Lifetimes,
    /// How a run's invoices are written.
    pub writes: Writes,
    /// Where money comes from, beside the local stack's own provider.
    pub providers: ProviderSettings,
}

/// How long what is handed out lives, by the machine's clock.
#[derive(Debug, Clone)]
pub struct Lifetimes {
    /// A worker's hold on a job.
    pub lease: Duration,
    /// A bearer token.
    pub token: Duration,
    /// A link to a file, and an upload's endpoint.
    pub link: Duration,
    /// An upload that makes no progress, by the school's clock.
    pub upload: Duration,
}

/// Who is there at the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum People {
    /// The sample people.
    Sample,
    /// Nobody.
    Nobody,
}

impl Default for Lifetimes {
    fn default() -> Self {
        Self {
            lease: Duration::from_secs(30),
            token: Duration::from_secs(12 * 3600),
            link: Duration::from_secs(15 * 60),
            upload: Duration::from_secs(24 * 3600),
        }
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            port: 8080,
            data: None,
            now: None,
            people: People::Sample,
            lifetimes: Lifetimes::default(),
            writes: Writes::default(),
            providers: ProviderSettings::default(),
        }
    }
}

/// A running stack.
pub struct Stack {
    /// Where it answers: `http://127.0.0.1:8080`.
    pub url: String,
    /// A handle to its store.
    pub store: Store,
    local: LocalStore,
    api: Api,
    worker: JoinHandle<Result<(), String>>,
    stop: CancellationToken,
}

impl Stack {
    /// Starts every part; what was asked for before is done before anything is answered.
    pub async fn start(options: Options) -> Result<Self, StartError> {
        let local = LocalStore::start(options.data.as_deref()).await?;
        let store = local.store(queue(&options));
        // This process holds the store and its only worker: whoever held a job is gone.
        store.release_all(machine_now()).await?;
        let clock = set_clock(&store, options.now).await?;
        let api = Api::start(store.clone(), clock, &options).await?;
        let stop = CancellationToken::new();
        let worker = self::worker(store.clone(), clock, post(&options)?, &options.providers)?;
        let worker = tokio::spawn(worker.run(stop.clone()));
        Ok(Self { url: api.url.clone(), store, local, api, worker, stop })
    }

    /// Lets requests and jobs that run end, then closes the data.
    pub async fn stop(self) {
        self.api.stop().await;
        self.stop.cancel();
        match self.worker.await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::error!(error, "the worker stopped"),
            Err(error) => tracing::error!(%error, "the worker stopped"),
        }
        self.local.stop().await;
    }
}

/// A worker over a store.
pub fn worker(
    store: Store,
    clock: Clock,
    post: Option<Arc<Post>>,
    providers: &ProviderSettings,
) -> Result<Worker, StartError> {
    let providers = Arc::new(providers.open()?);
    Ok(Worker { store, clock, providers, post, settings: worker::Settings::default() })
}

/// Who letters are from, where `MAIL_FROM` does not say.
const SENDER: &str = "compagnon@localhost.localdomain";
/// The port of a mail server that speaks TLS from the start.
const SMTPS_PORT: u16 = 465;

/// How letters go out: to the mail server that `SMTP_HOST`, `SMTP_PORT`, `SMTP_USER` and `SMTP_PASSWORD` name,
/// else into the data folder, from `MAIL_FROM`. Where nothing is kept, none go out.
pub fn post(options: &Options) -> Result<Option<Arc<Post>>, StartError> {
    let given = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let address = given("MAIL_FROM").unwrap_or_else(|| SENDER.into());
    let sender = Addressee { name: Some("Compagnon".into()), address };
    let post = match (given("SMTP_HOST"), &options.data) {
        (Some(host), _) => {
            let port = given("SMTP_PORT").map_or(Ok(SMTPS_PORT), |port| port.parse());
            let port = port.map_err(|_| StartError::Mail("SMTP_PORT is no port".into()))?;
            let [user, password] = ["SMTP_USER", "SMTP_PASSWORD"].map(|name| given(name).unwrap_or_default());
            let password = Secret::new(password);
            let post = Post::to_server(Server { host, port, user, password }, &sender);
            Some(post.map_err(|error| StartError::Mail(error.to_string()))?)
        }
        (None, Some(data)) => {
            let post = Post::to_folder(data.join("mail"), &sender);
            Some(post.map_err(|error| StartError::Mail(error.to_string()))?)
        }
        (None, None) => None,
    };
    Ok(post.map(Arc::new))
}

/// The queue's settings for these options.
pub fn queue(options: &Options) -> storage::queue::Settings {
    let (lease, writes) = (options.lifetimes.lease, options.writes);
    storage::queue::Settings { lease, writes, ..Default::default() }
}

/// Sets or keeps the school's clock.
pub async fn set_clock(store: &Store, now: Option<Timestamp>) -> Result<Clock, StartError> {
    if let Some(now) = now {
        Clock::set(store, now).await?;
    }
    Ok(Clock::of(store).await?)
}

/// The functions with everything around them that a browser on this machine needs.
pub struct Api {
    /// Where it answers.
    pub url: String,
    served: JoinHandle<std::io::Result<()>>,
    stop: CancellationToken,
}

impl Api {
    /// Loads the catalog and the sample people, then listens.
    pub async fn start(store: Store, clock: Clock, options: &Options) -> Result<Self, StartError> {
        let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, options.port))).await?;
        let url = format!("http://{}", listener.local_addr()?);
        seed::load_sample_catalog(&store).await?;
        let people = match options.people {
            People::Sample => seed::settle_people(&store, clock.now(&store).await?).await?,
            People::Nobody => Vec::new(),
        };
        let issuer = local_issuer(options)?;
        let app = app(store.clone(), clock, &url, options)?;
        let dev = Dev::new(store, clock, issuer.clone(), people);
        let router = router(app, dev, &issuer, &url);
        let stop = CancellationToken::new();
        let served = axum::serve(listener, router).with_graceful_shutdown(stop.clone().cancelled_owned());
        let served = tokio::spawn(async move { served.await });
        Ok(Self { url, served, stop })
    }

    /// Lets requests that run end.
    pub async fn stop(self) {
        self.stop.cancel();
        if let Ok(Err(error)) = self.served.await {
            tracing::error!(%error, "the API stopped");
        }
    }
}

fn router(app: App, dev: Dev, issuer: &LocalIssuer, url: &str) -> Router {
    let functions = api::serve(api::whole(), app);
    Router::new()
        .merge(dev.routes())
        .nest("/oidc", issuer.router(&format!("{url}/oidc")))
        .fallback_service(functions)
}

fn local_issuer(options: &Options) -> Result<LocalIssuer, StartError> {
    let pem = key(options.data.as_deref(), "issuer.pem")?;
    let lifetime = SignedDuration::try_from(options.lifetimes.token).unwrap_or(SignedDuration::from_hours(1));
    LocalIssuer::new(&pem, lifetime).map_err(|error| StartError::Key(error.to_string()))
}

fn app(store: Store, clock: Clock, url: &str, options: &Options) -> Result<App, StartError> {
    let broken = |error: String| StartError::Key(error);
    let verifier = Verifier::new(LocalIssuer::trusted(&format!("{url}/oidc")))
        .map_err(|error| broken(error.to_string()))?;
    let pem = key(options.data.as_deref(), "credentials.pem")?;
    let signer = functions::signing::Signer::from_pem(&pem).map_err(|error| broken(error.to_string()))?;
    let capability_key = functions::capability::CapabilityKey::derived(pem.as_bytes());
    Ok(App::new(Parts {
        store,
        clock,
        verifier,
        signer,
        capability_key,
        catalog: Default::default(),
        settings: settings(url, options, video(url, options)?),
    }))
}

/// Where sessions are held: where the options say, else in rooms whose address on this machine says that no Jitsi is
/// there, with tokens of a secret of its own.
fn video(url: &str, options: &Options) -> Result<Video, StartError> {
    if let Some(video) = &options.providers.video {
        return Ok(video.clone());
    }
    let secret = secret(options.data.as_deref(), "video.secret")?;
    let jitsi = Jitsi::of_ones_own(&format!("{url}{NO_JITSI}"), "compagnon", None, &secret)
        .map_err(|error| StartError::Key(error.to_string()))?;
    Ok(Video { provider: Provider::Jitsi(jitsi.into()), ..Video::default() })
}

fn settings(url: &str, options: &Options, video: Video) -> Settings {
    Settings {
        public_url: url.to_owned(),
        payment_methods: options.providers.methods(),
        creditors: options.providers.creditors.clone(),
        stripe_keys: options.providers.stripe_keys(),
        video,
        recording_keys: options
            .providers
            .recording_keys
            .clone()
            .unwrap_or_else(|| WebhookKeys::new(Form::Hex, [])),
        accept_wait: Duration::from_secs(5),
        link_lifetime: options.lifetimes.link,
        upload_idle_max: options.lifetimes.upload,
    }
}

/// A private key of the data folder, or one for this process alone.
fn key(data: Option<&Path>, name: &str) -> Result<String, StartError> {
    kept(data, name, signing_key::generate)
}

/// A secret of the data folder, or one for this process alone.
fn secret(data: Option<&Path>, name: &str) -> Result<String, StartError> {
    kept(data, name, signing_key::generate_secret)
}

fn kept(
    data: Option<&Path>,
    name: &str,
    generate: fn() -> Result<String, KeyFileError>,
) -> Result<String, StartError> {
    let key = match data {
        Some(folder) => {
            // Where the store is another process, nobody else makes it.
            std::fs::create_dir_all(folder)
                .map_err(|error| StartError::Key(format!("{}: {error}", folder.display())))?;
            signing_key::open_or_create(&folder.join(name), generate)
        }
        None => generate(),
    };
    key.map_err(|error| StartError::Key(error.to_string()))
}
