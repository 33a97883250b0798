//! PINs and permits: from a prompt, a file or standard input.
//!
//! INVARIANT (secrets-stay-in): never from an argument, which every process on the machine can read; never echoed, and
//! never part of an error.

use std::io::{self, Read as _};
use std::path::Path;

use console::Term;
use zeroize::Zeroizing;

use super::failure::{Exit, Failure};
use crate::crypto::read_secret_file;

/// Stands for standard input where a file is named.
const STANDARD_INPUT: &str = "-";

/// The longest secret that is read, in bytes: a permit is a few hundred.
const SECRET_BYTES_MAX: usize = 16_384;

/// The secret in a file that its owner alone may read; `-` is standard input. Space around it does not count.
pub(crate) fn from_file(path: &Path) -> Result<Zeroizing<String>, Failure> {
    let text = if path.as_os_str() == STANDARD_INPUT { from_input()? } else { read(path)? };
    let secret = Zeroizing::new(text.trim().to_owned());
    if secret.is_empty() {
        return Err(Failure::invalid(format!("`{}` holds nothing", path.display())));
    }
    Ok(secret)
}

fn read(path: &Path) -> Result<Zeroizing<String>, Failure> {
    read_secret_file(path).map_err(|error| Failure::caused(Exit::Invalid, &error))
}

fn from_input() -> Result<Zeroizing<String>, Failure> {
    // As long as it may become, so that it never moves and leaves a copy behind.
    let mut text = Zeroizing::new(String::with_capacity(SECRET_BYTES_MAX));
    io::stdin()
        .take(SECRET_BYTES_MAX as u64)
        .read_to_string(&mut text)
        .map_err(|error| Failure::invalid(format!("cannot read standard input: {error}")))?;
    Ok(text)
}

/// The secret typed at the terminal, without echo.
pub(crate) fn from_prompt(prompt: &str) -> Result<Zeroizing<String>, Failure> {
    let terminal = Term::stderr();
    let no_terminal = || {
        Failure::invalid("there is no terminal to ask at")
            .advise("the flag that reads it from a file; `-` is standard input")
    };
    if !terminal.is_term() {
        return Err(no_terminal());
    }
    terminal.write_str(&format!("{prompt}: ")).map_err(|_| no_terminal())?;
    let line = Zeroizing::new(terminal.read_secure_line().map_err(|_| no_terminal())?);
    let secret = Zeroizing::new(line.trim().to_owned());
    if secret.is_empty() {
        return Err(Failure::invalid("nothing was typed"));
    }
    Ok(secret)
}

/// The same secret typed twice.
pub(crate) fn from_prompt_twice(prompt: &str) -> Result<Zeroizing<String>, Failure> {
    let first = from_prompt(prompt)?;
    let second = from_prompt(&format!("{prompt}, again"))?;
    if first == second { Ok(first) } else { Err(Failure::invalid("the two are not the same")) }
}

#[cfg(test)]
mod tests {
    use super::from_file;
    use crate::crypto::write_new_secret_file;

    #[test]
    fn a_secret_is_read_without_the_space_around_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pin");
        write_new_secret_file(&path, b" 482951\n").unwrap();
        assert_eq!(from_file(&path).unwrap().as_str(), "482951");
        let empty = folder.path().join("empty");
        write_new_secret_file(&empty, b"\n").unwrap();
        assert!(from_file(&empty).is_err());
    }

    #[test]
    fn an_error_never_holds_the_secret() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pin");
        std::fs::write(&path, "482951").unwrap();
        let open = std::os::unix::fs::PermissionsExt::from_mode(0o644);
        std::fs::set_permissions(&path, open).unwrap();
        let refused = from_file(&path).unwrap_err();
        assert!(refused.text().contains("chmod 600") && !refused.text().contains("482951"), "{}", refused.text());
    }
}
