//! The scripts: one for each atomic step. What each is given and gives stands at its head.

use std::sync::LazyLock;

/// A script, by its text and by the digest that servers know it by.
pub(super) struct Script {
    /// What it is called in metrics and errors.
    pub(super) name: &'static str,
    /// Its text.
    pub(super) text: String,
    /// SHA-1 of the text, in hex, as `EVALSHA` takes it.
    pub(super) digest: String,
}

impl Script {
    fn new(name: &'static str, head: &str, body: &str) -> Self {
        let text = format!("{head}{}\n{body}", include_str!("scripts/common.lua"));
        let digest = redis::Script::new(&text).get_hash().to_owned();
        Self { name, text, digest }
    }
}

/// A step that protects goes on where the server's memory is used up: everything else is refused there before it writes.
const THOUGH_MEMORY_IS_USED_UP: &str = "#!lua flags=allow-oom\n";

macro_rules! scripts {
    ($($field:ident: $head:expr, $file:literal;)+) => {
        /// All of them.
        pub(super) struct Scripts {
            $(pub(super) $field: Script,)+
        }

        impl Scripts {
            fn new() -> Self {
                Self {
                    $($field: Script::new(
                        stringify!($field),
                        $head,
                        include_str!(concat!("scripts/", $file, ".lua")),
                    ),)+
                }
            }
        }
    };
}

scripts! {
    note_keys: "", "note_keys";
    reserve: "", "reserve";
    reserve_to_protect: THOUGH_MEMORY_IS_USED_UP, "reserve";
    load: "", "load";
    give_back: THOUGH_MEMORY_IS_USED_UP, "give_back";
    charge: "", "charge";
    settle: THOUGH_MEMORY_IS_USED_UP, "settle";
    commit: "", "commit";
    commit_to_protect: THOUGH_MEMORY_IS_USED_UP, "commit";
    lease: "", "lease";
    reseal: "", "reseal";
    forget: THOUGH_MEMORY_IS_USED_UP, "forget";
    touch: THOUGH_MEMORY_IS_USED_UP, "touch";
    hold: THOUGH_MEMORY_IS_USED_UP, "hold";
    begin_filling: "", "begin_filling";
    fill: "", "fill";
    lengths: "", "lengths";
}

/// All of them.
pub(super) static SCRIPTS: LazyLock<Scripts> = LazyLock::new(Scripts::new);
