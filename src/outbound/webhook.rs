//! One signed POST (Standard Webhooks 1.0).

use std::io;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use http::header::{CONTENT_TYPE, HOST, USER_AGENT};
use http_body_util::Full;
use hyper::body::Bytes;
use rustls::ClientConfig;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::client::TlsStream;

use super::answer;
use super::error::DeliveryError;
use super::guard::{Checked, Guard};
use super::https;
use super::message::Message;
use super::resolver::Resolver;
use crate::config::HttpsUrl;
use crate::crypto::MessageSigner;

/// Addresses of a receiver that are tried in one delivery.
const ADDRESSES_TRIED_MAX: usize = 4;

/// A receiver of messages.
pub(super) struct Webhook {
    pub(super) url: HttpsUrl,
    pub(super) signer: MessageSigner,
    pub(super) tls: Arc<ClientConfig>,
    pub(super) guard: Guard,
    pub(super) resolver: Resolver,
    /// The longest that one delivery may take, from the name's look-up to the answer.
    pub(super) within: Duration,
}

impl Webhook {
    /// Gives it a message, once.
    pub(super) async fn deliver(&self, message: &Message, now: DateTime<Utc>) -> Result<(), DeliveryError> {
        timeout(self.within, self.post(message, now)).await.unwrap_or(Err(DeliveryError::Late(self.within)))
    }

    /// Whether it is there and is who it should be. Nothing is sent.
    pub(super) async fn reach(&self) -> Result<(), DeliveryError> {
        let connected = timeout(self.within, self.connect()).await;
        connected.unwrap_or(Err(DeliveryError::Late(self.within))).map(drop)
    }

    async fn post(&self, message: &Message, now: DateTime<Utc>) -> Result<(), DeliveryError> {
        let body = message.written().map_err(DeliveryError::Unwritten)?;
        let request = http::Request::post(&self.url.path)
            .header(HOST, self.url.authority())
            .header(CONTENT_TYPE, Message::CONTENT_TYPE)
            .header(USER_AGENT, https::USER_AGENT)
            .header("webhook-id", message.id.to_string())
            .header("webhook-timestamp", now.timestamp())
            .header("webhook-signature", self.signer.sign(message.id, now, &body))
            .body(Full::new(Bytes::from_owner(body)))?;
        // What the answer's body says is not asked for.
        let answer = https::sent(self.connect().await?, request).await?;
        answer::verdict(answer.status, &answer.headers, now)
    }

    /// The name is resolved once, and the connection goes to an address that was looked at then: what the name means a moment
    /// later changes nothing. Whose certificate is shown there is still asked by the name.
    async fn connect(&self) -> Result<TlsStream<TcpStream>, DeliveryError> {
        let HttpsUrl { host, port, path: _ } = &self.url;
        let found = self.resolver.resolve(host, *port).await.map_err(DeliveryError::Unresolved)?;
        let checked = self.guard.check(&self.url, found)?;
        let stream = self.to_one_of(&checked).await.map_err(DeliveryError::Unreached)?;
        https::secured(&self.tls, host, stream).await.map_err(|error| {
            if https::is_untrusted(&error) { DeliveryError::Untrusted(error) } else { DeliveryError::Unreached(error) }
        })
    }

    /// Connects to the first that answers. One that is silent leaves time for the others.
    async fn to_one_of(&self, checked: &Checked) -> io::Result<TcpStream> {
        let addresses = checked.addresses();
        let shares = u32::try_from(addresses.len().min(ADDRESSES_TRIED_MAX)).unwrap_or(1);
        let each = self.within / (shares + 1);
        let mut last = io::Error::from(io::ErrorKind::NotFound);
        for address in addresses.iter().take(ADDRESSES_TRIED_MAX) {
            match timeout(each, TcpStream::connect(address)).await {
                Ok(Ok(stream)) => return Ok(stream),
                Ok(Err(error)) => last = error,
                Err(_elapsed) => last = io::Error::from(io::ErrorKind::TimedOut),
            }
        }
        Err(last)
    }
}
