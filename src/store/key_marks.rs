//! Which keyring a store was made with: the marks of keys that it has noted, held against those of a keyring.

use crate::crypto::Token;

/// What the mark of a keyring's index key is called: whoever brings another one brings another keyring.
const INDEX_KEY: &str = "index ";

/// How a keyring does not fit a store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyFault {
    /// A key that may have made something in the store is not there.
    Missing {
        /// Its purpose and number.
        name: String,
    },
    /// Another key stands under its number.
    Other {
        /// Its purpose and number.
        name: String,
    },
    /// It is another store's keyring.
    OtherKeyring,
}

/// Holds a keyring's marks against those that were noted.
pub(super) fn keys_fit(
    noted: impl IntoIterator<Item = (String, Vec<u8>)>,
    marks: &[(String, Token)],
) -> Result<(), KeyFault> {
    for (name, mark) in noted {
        match marks.iter().find(|(own, _)| *own == name) {
            None => return Err(KeyFault::Missing { name }),
            Some((_, own)) if own.as_bytes() == mark.as_slice() => {}
            Some(_) if name.starts_with(INDEX_KEY) => return Err(KeyFault::OtherKeyring),
            Some(_) => return Err(KeyFault::Other { name }),
        }
    }
    Ok(())
}
