//! `portcullis keys`: the keyring, and what a service on one's own machine needs besides.

mod app;
mod checks;
mod command;
mod config;
mod development;
mod doctor;
mod files;
mod generate;
mod list;
mod reseal;
mod retire;
mod rotate;
mod tls;
mod upkeep;

pub(super) use checks::{Looked, look};
pub(super) use command::{KeysCommand, run};
pub(super) use config::{DEVELOPMENT_AUDIENCE, DEVELOPMENT_BRAND, DEVELOPMENT_CALLER, DEVELOPMENT_ISSUER};
pub(super) use development::{CONFIG_FILE, KEYRING_FILE, make as make_development_set};
