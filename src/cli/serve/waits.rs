//! What tells a service to stop.

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::oneshot;

use crate::cli::failure::Failure;

/// SIGTERM, from whoever runs the service, and SIGINT, from the keyboard; and whoever started it in this process.
pub(in crate::cli) struct Stops {
    terminate: Signal,
    interrupt: Signal,
    asked: Option<oneshot::Receiver<()>>,
}

impl Stops {
    /// Listens from here on.
    pub(in crate::cli) fn listen() -> Result<Self, Failure> {
        let listen =
            |kind| signal(kind).map_err(|error| Failure::failed(format!("cannot listen for signals: {error}")));
        let (terminate, interrupt) = (listen(SignalKind::terminate())?, listen(SignalKind::interrupt())?);
        Ok(Self { terminate, interrupt, asked: None })
    }

    /// The same, and once when `asked` is told, or its sender is gone.
    pub(in crate::cli) fn or_asked(self, asked: oneshot::Receiver<()>) -> Self {
        Self { asked: Some(asked), ..self }
    }

    /// The next one.
    pub(super) async fn next(&mut self) {
        let is_asked = tokio::select! {
            _ = self.terminate.recv() => false,
            _ = self.interrupt.recv() => false,
            () = told(self.asked.as_mut()) => true,
        };
        if is_asked {
            self.asked = None;
        }
    }
}

async fn told(asked: Option<&mut oneshot::Receiver<()>>) {
    match asked {
        // A sender that is gone asks as well.
        Some(asked) => {
            let _ = asked.await;
        }
        None => std::future::pending().await,
    }
}
