//! Builds the parts of a node from the settings: configuration, access, figures, and the engine.

use std::sync::Arc;
use std::time::Duration;

use postrider_access::{Access, AccessParts, RefusalNotes, UseNotes};
use postrider_configuration::sealing::{KeyHolder, Sealing, SealingParts};
use postrider_configuration::{Configuration, ConfigurationParts};
use postrider_egress::{ClientSettings, EgressGuard, HttpClient, Resolve, SystemResolver};
use postrider_engine::listen::{Listeners, Listening};
use postrider_engine::observe::Observer;
use postrider_engine::{Carriers, Engine, EngineParts, SystemClock, WebhookCarrier};
use postrider_figures::{Figures, FiguresParts};
use postrider_mail::SmtpSettings;
use postrider_model::{Clock, Entropy, IdGenerator};
use postrider_signing::HeaderNames;
use postrider_signing::profile::SignatureProfiles;
use postrider_storage::{RequestStore, Sealer, Store};
use postrider_telemetry::spans::Spans;

use super::telemetry::{HttpCollector, Observers, Telemetry};
use super::{extra_ca, mail, telemetry};
use crate::config::Settings;
use postrider_cli::Failure;

/// A running engine, and the parts around it.
pub struct Running {
    /// Accounts, automations, keys and event types.
    pub configuration: Arc<Configuration>,
    /// Who may call. It admits no caller until it is opened.
    pub access: Arc<Access>,
    /// Notes when API keys were last used.
    use_notes: UseNotes,
    /// Writes refusals to the audit trail.
    refusal_notes: RefusalNotes,
    /// The engine, which delivers events.
    pub engine: Arc<Engine>,
    /// The statistics, the overview and the feed of attempts; the engine's observer.
    pub figures: Arc<Figures>,
    /// The master key.
    pub sealing: Arc<Sealing>,
    /// Requests with an `Idempotency-Key`.
    pub requests: Arc<dyn RequestStore>,
    /// Clients that listen to automations.
    pub listeners: Arc<Listeners>,
    /// The export, until it is started.
    pub telemetry: Option<Telemetry>,
    /// The spans, if traces are exported.
    pub spans: Option<Arc<Spans>>,
}

/// The dependencies that the parts share.
struct Shared {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    ids: Arc<IdGenerator>,
    entropy: Entropy,
    guard: Arc<EgressGuard>,
    resolver: Arc<dyn Resolve>,
    listeners: Arc<Listeners>,
}

/// Reads the configuration and starts an engine on it.
pub async fn start(
    settings: &Settings,
    store: Arc<dyn Store>,
    sealer: Sealer,
    holder: Arc<dyn KeyHolder>,
    entropy: Entropy,
    collector: Option<HttpCollector>,
) -> Result<Running, Failure> {
    let shared = Shared {
        store,
        clock: Arc::new(SystemClock::new()),
        ids: Arc::new(IdGenerator::new(entropy.number())),
        listeners: Arc::new(Listeners::new(entropy.number())),
        entropy,
        guard: Arc::new(EgressGuard::new(settings.egress_rules()?)),
        resolver: Arc::new(SystemResolver::new()),
    };
    let smtp = mail::smtp(settings)?;
    let configuration = shared.configuration(settings, smtp.is_some()).await?;
    create_system_account(&configuration).await?;
    let access = shared.access();
    let telemetry = collector.map(|collector| {
        let clock = Arc::clone(&shared.clock);
        Telemetry::new(settings, collector, clock, shared.entropy.clone())
    });
    let spans = telemetry.as_ref().and_then(Telemetry::spans);
    let carriers = shared.carriers(settings, smtp, spans.is_some())?;
    let figures = Figures::start(FiguresParts {
        store: Arc::clone(&shared.store),
        clock: Arc::clone(&shared.clock),
        retention: settings.retention.get(),
    });
    let sealing = shared.sealing(sealer, holder);
    let listeners = Arc::clone(&shared.listeners);
    let requests = Arc::clone(&shared.store) as Arc<dyn RequestStore>;
    let engine = Engine::start(EngineParts {
        carriers,
        observer: observer(&figures, spans.as_ref()),
        configuration: Arc::clone(&configuration),
        store: shared.store,
        clock: shared.clock,
        ids: shared.ids,
        followers: vec![Arc::clone(&access) as _],
        settings: settings.engine(),
    });
    let engine = engine.await;
    let engine = engine.map_err(|error| Failure::Failed(format!("the engine cannot start: {error}")))?;
    // After the engine, whose session says that this node is alive.
    let sealing = Sealing::start(sealing);
    Ok(Running {
        configuration,
        use_notes: access.note_uses(),
        refusal_notes: access.note_refusals(),
        access,
        engine,
        figures,
        sealing,
        listeners,
        requests,
        telemetry,
        spans,
    })
}

/// The figures, and the spans if there are any.
fn observer(figures: &Arc<Figures>, spans: Option<&Arc<Spans>>) -> Arc<dyn Observer> {
    let figures = Arc::clone(figures) as Arc<dyn Observer>;
    match spans {
        None => figures,
        Some(spans) => Arc::new(Observers(vec![figures, Arc::clone(spans) as _])),
    }
}

async fn create_system_account(configuration: &Configuration) -> Result<(), Failure> {
    let created = configuration.create_system_account().await;
    created.map_err(|error| Failure::Failed(format!("the account `system` cannot be created: {error}")))
}

impl Running {
    /// Stops the node: starts no more attempts, waits up to `grace` for attempts in flight, and counts every
    /// outcome.
    pub async fn stop(&self, grace: Duration) {
        self.sealing.stop().await;
        self.use_notes.stop().await;
        self.refusal_notes.stop().await;
        self.engine.stop(grace).await;
        // Last, because the engine reports outcomes to the figures until it has stopped.
        self.figures.stop().await;
    }
}

/// How deliveries can be signed.
fn signature_profiles(settings: &Settings) -> Result<SignatureProfiles, Failure> {
    let profiles = settings.signature_profiles();
    profiles.map_err(|error| Failure::Usage(format!("signature_profiles: {error}")))
}

/// The names of the installation's headers.
fn header_names(settings: &Settings) -> Result<HeaderNames, Failure> {
    let names = HeaderNames::new(settings.header_prefix.as_str());
    Ok(names.and_of(signature_profiles(settings)?.default_profile()))
}

impl Shared {
    async fn configuration(
        &self,
        settings: &Settings,
        sends_email: bool,
    ) -> Result<Arc<Configuration>, Failure> {
        let loaded = Configuration::load(ConfigurationParts {
            store: Arc::clone(&self.store),
            clock: Arc::clone(&self.clock),
            ids: Arc::clone(&self.ids),
            entropy: self.entropy.clone(),
            guard: Arc::clone(&self.guard),
            header_names: header_names(settings)?,
            signature_profiles: signature_profiles(settings)?,
            sends_email,
        });
        let loaded = loaded.await.map(Arc::new);
        loaded.map_err(|error| Failure::Failed(format!("cannot read the configuration: {error}")))
    }

    fn access(&self) -> Arc<Access> {
        Arc::new(Access::new(AccessParts {
            store: Arc::clone(&self.store),
            clock: Arc::clone(&self.clock),
            ids: Arc::clone(&self.ids),
            entropy: self.entropy.clone(),
        }))
    }

    fn sealing(&self, sealer: Sealer, holder: Arc<dyn KeyHolder>) -> SealingParts {
        SealingParts {
            store: Arc::clone(&self.store),
            sealer,
            holder,
            clock: Arc::clone(&self.clock),
            entropy: self.entropy.clone(),
            ids: Arc::clone(&self.ids),
        }
    }

    fn carriers(
        &self,
        settings: &Settings,
        smtp: Option<SmtpSettings>,
        records_spans: bool,
    ) -> Result<Carriers, Failure> {
        let client_settings = ClientSettings {
            response_bytes_kept: settings.response_bytes_kept.bytes(),
            in_flight_per_host_max: usize::try_from(settings.in_flight_per_host_max).unwrap_or(usize::MAX),
            http2_prior_knowledge: settings.http2_prior_knowledge.clone(),
            extra_ca_pem: extra_ca::pem(settings)?,
            proxy: settings.proxy()?,
            ..ClientSettings::default()
        };
        let client = HttpClient::new(
            Arc::clone(&self.guard),
            Arc::clone(&self.resolver),
            Arc::clone(&self.clock),
            &client_settings,
        );
        let client = client.map_err(|error| extra_ca::unusable(settings, &error))?;
        let webhook = WebhookCarrier::new(
            Listening::new(client, Arc::clone(&self.listeners), Arc::clone(&self.clock)),
            header_names(settings)?,
            Arc::clone(&self.clock),
        )
        .telling(telemetry::tells_trace(settings, records_spans));
        Ok(Carriers {
            webhook: Arc::new(webhook),
            email: mail::carrier(settings, smtp, Arc::clone(&self.clock))?,
        })
    }
}
