//! Figures for a monitoring program, at an address of this machine, beside a role that
//! runs. What is counted is the role's business.

use std::fmt::Display;
use std::net::SocketAddr;

use anyhow::{Context, Result};
use enprint_protocol::peer::{FIGURES_TYPE, Figures};
use enprint_web::{LocalText, WebError};
use tokio_util::sync::CancellationToken;

/// Where figures can be read, if anywhere.
pub struct Metrics(Option<LocalText>);

impl Metrics {
    /// Listens on `address`, if there is one.
    pub async fn open(address: Option<SocketAddr>) -> Result<Self> {
        let Some(address) = address else { return Ok(Self(None)) };
        let page = LocalText::bind(address).await.context("Figures can't be given (--metrics)")?;
        Ok(Self(Some(page)))
    }

    /// Where figures are, for the line that says that a role runs.
    pub fn url(&self) -> Option<String> {
        self.0.as_ref().map(|page| format!("http://{}/metrics", page.local_addr()))
    }

    /// Gives `figures` to whoever asks while `work` goes on.
    pub async fn beside<F, A, E, T>(self, figures: F, work: impl Future<Output = T>) -> T
    where
        F: Fn() -> A + Clone + Send + Sync + 'static,
        A: Future<Output = Result<Figures, E>> + Send,
        E: Display,
    {
        let Some(page) = self.0 else { return work.await };
        let stop = CancellationToken::new();
        let text = move || {
            let figures = figures();
            async move {
                let figures = figures.await.map_err(|error| WebError::internal("figures can't be read", error))?;
                Ok(figures.text())
            }
        };
        let serving = page.run("metrics", FIGURES_TYPE, text, stop.cancelled());
        let working = async {
            let done = work.await;
            stop.cancel();
            done
        };
        tokio::join!(serving, working).1
    }
}
