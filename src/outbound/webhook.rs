//! One signed POST (Standard Webhooks 1.0), over a connection that may be kept from the one before.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use http::header::{CONTENT_TYPE, HOST, USER_AGENT};
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use rustls::ClientConfig;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::client::TlsStream;

use super::answer;
use super::error::DeliveryError;
use super::guard::{Checked, Guard};
use super::https::{self, Exchange};
use super::kept::{Line, Lines};
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
    pub(super) lines: Lines,
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
        let request = Request::post(&self.url.path)
            .header(HOST, self.url.authority())
            .header(CONTENT_TYPE, Message::CONTENT_TYPE)
            .header(USER_AGENT, https::USER_AGENT)
            .header("webhook-id", message.id.to_string())
            .header("webhook-timestamp", now.timestamp())
            .header("webhook-signature", self.signer.sign(message.id, now, &body))
            .body(Full::new(Bytes::from_owner(body)))?;
        let (line, answer) = self.sent(request).await?;
        let (head, body) = answer.into_parts();
        // What the answer's body says is not asked for.
        self.lines.keep(line, body);
        answer::verdict(head.status, &head.headers, now)
    }

    /// Sends it over a connection that was kept, or else over a new one. Where the receiver has given a kept one up, which it may at
    /// any time, it is sent once more: it may have been taken, and is sent under the same id.
    async fn sent(&self, request: Request<Full<Bytes>>) -> Result<(Line, Response<Incoming>), DeliveryError> {
        if let Some(mut line) = self.lines.take()
            && let Ok(answer) = line.exchange.send(request.clone()).await
        {
            return Ok((line, answer));
        }
        let mut line = Line::new(Exchange::over(self.connect().await?).await?);
        let answer = line.exchange.send(request).await?;
        Ok((line, answer))
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
