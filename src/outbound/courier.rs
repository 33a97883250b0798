//! Who messages are given to.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::error::DeliveryError;
use super::file::MessageFile;
use super::guard::Guard;
use super::https::{NoAuthority, trusting};
use super::kept::Lines;
use super::message::Message;
use super::resolver::Resolver;
use super::webhook::Webhook;
use crate::config::{Messages, MessagesWebhook};
use crate::crypto::{MessageKey, MessageKeyError, MessageSigner, SecretFileError, read_secret_file};

/// Why there is nobody to give messages to. Each names the setting to look at.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CourierError {
    /// A secret's file cannot be read, or others may.
    #[error("look at `messages.webhook.secret_files`")]
    SecretFile(#[from] SecretFileError),
    /// A secret's file holds something else.
    #[error("look at `messages.webhook.secret_files`: `{}`", path.display())]
    NoSecret {
        /// The file.
        path: PathBuf,
        /// What belongs there.
        #[source]
        source: MessageKeyError,
    },
    /// The authority's file cannot be read.
    #[error("look at `messages.webhook.authority_file`: `{}`", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// The authority's certificates cannot be used, or the system has none.
    #[error("look at `messages.webhook.authority_file`")]
    Authority(#[from] NoAuthority),
    /// The file of messages cannot be made.
    #[error("look at `messages.file.folder`: `{}`", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
}

/// Who messages are given to. Shared by all that send; cloning it is cheap.
#[derive(Clone)]
pub struct Courier(Arc<Kind>);

enum Kind {
    Webhook(Webhook),
    File(Arc<MessageFile>),
}

impl Courier {
    /// Reads what the settings name. Blocks for as long as that takes.
    ///
    /// # Errors
    ///
    /// [`CourierError`].
    pub fn open(settings: &Messages) -> Result<Self, CourierError> {
        Self::with(settings, Resolver::system())
    }

    /// The same; names are looked up there.
    pub(super) fn with(settings: &Messages, resolver: Resolver) -> Result<Self, CourierError> {
        let kind = match settings {
            Messages::Webhook(settings) => Kind::Webhook(webhook(settings, resolver)?),
            Messages::File(folder) => {
                let failed = |source| CourierError::Folder { path: folder.clone(), source };
                Kind::File(Arc::new(MessageFile::open(folder).map_err(failed)?))
            }
        };
        Ok(Self(Arc::new(kind)))
    }

    /// Gives a message away, once; `now` is when, as its receiver is told. Where this fails or is given up, the message may
    /// have been taken all the same: it is sent again under the same id.
    ///
    /// # Errors
    ///
    /// [`DeliveryError`], which says whether to try again.
    pub async fn deliver(&self, message: &Message, now: DateTime<Utc>) -> Result<(), DeliveryError> {
        match &*self.0 {
            Kind::Webhook(webhook) => webhook.deliver(message, now).await,
            Kind::File(file) => {
                let line = message.written().map_err(DeliveryError::Unwritten)?;
                on_file(file, |file| file.append(line)).await
            }
        }
    }

    /// Whether the receiver is there and is who it should be, or the file can be written. Nothing is sent.
    ///
    /// # Errors
    ///
    /// [`DeliveryError`].
    pub async fn reach(&self) -> Result<(), DeliveryError> {
        match &*self.0 {
            Kind::Webhook(webhook) => webhook.reach().await,
            Kind::File(file) => on_file(file, MessageFile::reach).await,
        }
    }

    /// Who it is, for operators: host and port, or the file.
    pub fn receiver(&self) -> String {
        match &*self.0 {
            Kind::Webhook(webhook) => webhook.url.authority(),
            Kind::File(file) => file.path().display().to_string(),
        }
    }
}

/// Files block, and a disk may be slow.
async fn on_file(
    file: &Arc<MessageFile>,
    work: impl FnOnce(&MessageFile) -> io::Result<()> + Send + 'static,
) -> Result<(), DeliveryError> {
    let file = Arc::clone(file);
    let done = tokio::task::spawn_blocking(move || work(&file)).await;
    done.map_err(io::Error::other).and_then(|done| done).map_err(DeliveryError::File)
}

fn webhook(settings: &MessagesWebhook, resolver: Resolver) -> Result<Webhook, CourierError> {
    let MessagesWebhook { url, secret_files, authority_file, allow, timeout_seconds } = settings;
    let keys = secret_files.iter().map(|path| secret(path)).collect::<Result<Vec<_>, _>>()?;
    let authority_pem = authority_file.as_deref().map(|path| {
        fs::read_to_string(path).map_err(|source| CourierError::Unreadable { path: path.to_owned(), source })
    });
    Ok(Webhook {
        url: url.clone(),
        signer: MessageSigner::new(keys),
        tls: trusting(authority_pem.transpose()?.as_deref())?,
        guard: Guard::new(allow.clone()),
        resolver,
        lines: Lines::default(),
        within: timeout_seconds.seconds(),
    })
}

fn secret(path: &Path) -> Result<MessageKey, CourierError> {
    let text = read_secret_file(path)?;
    MessageKey::parse(&text).map_err(|source| CourierError::NoSecret { path: path.to_owned(), source })
}
