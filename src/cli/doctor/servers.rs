//! A store on Redis, looked at from outside: nothing is written.

use std::path::Path;

use crate::cli::finding::Finding;
use crate::cli::serve::redis_options;
use crate::config::StoreRedis;
use crate::crypto::Keyring;
use crate::store::redis::{Examined, RedisOpenError, examine};

/// Whether its servers can be entrusted with anything, and what they hold.
pub(super) fn look(settings: &StoreRedis, keyring: &Path) -> Vec<Finding> {
    const CHECK: &str = "store.redis";
    const CONTENT: &str = "store.content";
    let keyring = match Keyring::load(keyring) {
        Ok(keyring) => keyring,
        Err(error) => {
            return vec![Finding::error(CHECK, &error, "mend the keyring first: without it nothing is asked")];
        }
    };
    let options = match redis_options(settings, &keyring) {
        Ok(options) => options,
        Err(failure) => return vec![Finding::fail(CHECK, failure.message(), "look at the files that `[redis]` names")],
    };
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return vec![Finding::error(CHECK, &error, "give this process threads")],
    };
    match runtime.block_on(examine(options)) {
        Ok(Examined { primaries, epoch }) => {
            let servers: Vec<String> = primaries.iter().map(ToString::to_string).collect();
            let keeps = format!("{} keep what they are given", servers.join(", "));
            let holds = match epoch {
                Some(epoch) => {
                    Finding::ok(CONTENT, format!("all parts are there, of epoch {epoch}, and the keyring fits"))
                }
                None => {
                    let advice = "if there was one: restore it, or look at `redis.prefix`; for a new service: `portcullis store begin`";
                    Finding::fail(CONTENT, "there is no store", advice)
                }
            };
            vec![Finding::ok(CHECK, keeps), holds]
        }
        Err(error) => {
            let advice = match &error {
                RedisOpenError::Unsafe { advice, .. } => advice,
                RedisOpenError::Unreachable(_) => "look at `redis.url`, the network and the user's password",
                _ => "docs/redis.md says what each failure means",
            };
            vec![Finding::error(CHECK, &error, advice)]
        }
    }
}
