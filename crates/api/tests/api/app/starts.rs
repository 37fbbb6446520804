//! The installations that tests start.

use std::sync::Arc;

use super::*;

impl App {
    pub async fn start() -> Self {
        Self::with(EngineSettings::default()).await
    }

    pub async fn with(settings: EngineSettings) -> Self {
        Self::build(
            settings,
            None,
            RateLimits::default(),
            true,
            Arc::new(SystemClock::new()),
        )
        .await
    }

    /// An installation whose store answers from other threads, so that requests of one task interleave.
    pub async fn interleaving() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let options = SqliteOptions::default();
        let sqlite = SqliteStore::open(folder.path(), options.clone()).unwrap();
        let clock = Arc::new(SystemClock::new());
        let settings = EngineSettings::default();
        Self::build_on(
            (folder, sqlite, options.sealer),
            settings,
            None,
            RateLimits::default(),
            true,
            clock,
        )
        .await
    }

    /// An installation whose wall clock a test sets.
    pub async fn at_time_of(clock: Arc<dyn Clock>) -> Self {
        Self::build(
            EngineSettings::default(),
            None,
            RateLimits::default(),
            true,
            clock,
        )
        .await
    }

    /// An installation with limits on what producers send.
    pub async fn limited(rate_limits: RateLimits) -> Self {
        Self::build(
            EngineSettings::default(),
            None,
            rate_limits,
            true,
            Arc::new(SystemClock::new()),
        )
        .await
    }

    /// An installation with this `public_url`.
    pub async fn at(public_url: &str) -> Self {
        let settings = EngineSettings::default();
        Self::build(
            settings,
            Some(public_url),
            RateLimits::default(),
            true,
            Arc::new(SystemClock::new()),
        )
        .await
    }

    /// An installation without a mail server.
    pub async fn without_mail_server() -> Self {
        Self::build(
            EngineSettings::default(),
            None,
            RateLimits::default(),
            false,
            Arc::new(SystemClock::new()),
        )
        .await
    }
}
