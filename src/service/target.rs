//! From what a request names to the account that answers for it.

use super::engine::Engine;
use super::error::ServiceError;
use crate::crypto::Token;
use crate::domain::{AccountId, Brand, LineName, Requester, SeparationReference};
use crate::store::Place;

/// A line, by its number or its subscription.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineRef {
    /// Which.
    pub name: LineName,
    /// Its brand, where the caller names one.
    pub brand: Option<Brand>,
    /// The separation under which it is asked about, where it is under one.
    pub separation: Option<SeparationReference>,
}

impl LineRef {
    /// A line of the caller's own brand, as it is.
    pub const fn named(name: LineName) -> Self {
        Self { name, brand: None, separation: None }
    }
}

/// A line or a whole account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// One line.
    Line(LineRef),
    /// The account with all its lines.
    Account(AccountId),
}

impl Scope {
    /// As the request gave it: part of what app keys sign.
    pub fn as_given(&self) -> String {
        match self {
            Self::Line(line) => line.name.as_given(),
            Self::Account(id) => id.as_str().to_owned(),
        }
    }
}

/// Where a request leads: to a line that the index knows, or to the phantom of the number's partition.
#[derive(Debug, Clone, Copy)]
pub(super) struct Target {
    /// The account to open.
    pub account: Token,
    /// The line in it; none for a whole account.
    pub line: Option<Token>,
    /// What was looked up.
    pub name: Token,
    /// Whether the index knew it.
    pub indexed: bool,
    /// Whether it is asked about under a separation.
    pub separated: bool,
}

/// The brand a request is about.
///
/// INVARIANT (unknown-looks-known): another brand's lines are not the caller's to know of.
pub(super) fn brand_of(requester: &Requester, named: Option<&Brand>) -> Result<Brand, ServiceError> {
    match named {
        Some(brand) if *brand != requester.brand => Err(ServiceError::Forbidden),
        _ => Ok(requester.brand.clone()),
    }
}

impl Engine {
    /// Finds the account of a scope.
    pub(super) async fn target(&self, requester: &Requester, scope: &Scope) -> Result<Target, ServiceError> {
        match scope {
            Scope::Line(line) => self.line_target(requester, line).await,
            Scope::Account(id) => {
                let account = self.vault.tokens().account(&requester.brand, id);
                Ok(Target { account, line: None, name: account, indexed: true, separated: false })
            }
        }
    }

    /// Finds the account of a line: by a hint, by the index, or else the phantom.
    pub(super) async fn line_target(&self, requester: &Requester, line: &LineRef) -> Result<Target, ServiceError> {
        let name = self.line_token(requester, line)?;
        if let Some(account) = self.separated_account(requester, line)? {
            return self.separated_target(requester, (line, name), &account).await;
        }
        let mut place = self.place_of(name).await?;
        if requester.role.is_bound_to_account() && place.map(|place| place.account) != self.own_account(requester) {
            // Whose line it is may have changed since a hint was right: it is asked again before its people are refused.
            self.hints.forget(name);
            place = self.vault.resolve(name).await?;
        }
        Ok(place.map_or_else(|| self.phantom_target(&requester.brand, name), |place| Target::indexed(name, place)))
    }

    /// Where a number or a line is, as far as a hint or the index knows.
    pub(super) async fn place_of(&self, name: Token) -> Result<Option<Place>, ServiceError> {
        if let Some(place) = self.hints.get(name) {
            return Ok(Some(place));
        }
        let place = self.vault.resolve(name).await?;
        if let Some(place) = place {
            self.hints.put(name, place);
        }
        Ok(place)
    }

    /// The token that the index knows a line by.
    pub(super) fn line_token(&self, requester: &Requester, line: &LineRef) -> Result<Token, ServiceError> {
        let brand = brand_of(requester, line.brand.as_ref())?;
        Ok(match &line.name {
            LineName::Msisdn(number) => self.vault.tokens().number(&brand, *number),
            LineName::LineId(id) => self.vault.tokens().line(&brand, id),
        })
    }

    /// Where an unknown name leads.
    pub(super) fn phantom_target(&self, brand: &Brand, name: Token) -> Target {
        let account = self.vault.tokens().phantom(brand, name.partition());
        Target { account, line: Some(name), name, indexed: false, separated: false }
    }
}

impl Target {
    pub(super) const fn indexed(name: Token, place: Place) -> Self {
        Self { account: place.account, line: Some(place.line), name, indexed: true, separated: false }
    }
}
