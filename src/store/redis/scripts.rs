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
    fn new(name: &'static str, head: &str, parts: &[&str], body: &str) -> Self {
        let text = format!("{head}{}{body}", parts.concat());
        let digest = redis::Script::new(&text).get_hash().to_owned();
        Self { name, text, digest }
    }
}

/// A step that protects goes on where the server's memory is used up: everything else is refused there before it writes.
const THOUGH_MEMORY_IS_USED_UP: &str = "#!lua flags=allow-oom\n";

/// What several scripts are made of: each takes what it uses, since a server makes all of it anew at every call.
const LIFE: &str = include_str!("scripts/parts/life.lua");
const INSTANTS: &str = include_str!("scripts/parts/instants.lua");
const CLOCK: &str = include_str!("scripts/parts/clock.lua");
const WINDOWS: &str = include_str!("scripts/parts/windows.lua");
const CHARGES: &str = include_str!("scripts/parts/charges.lua");

macro_rules! scripts {
    ($($field:ident: $head:expr, [$($part:ident),*], $file:literal;)+) => {
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
                        &[$($part),*],
                        include_str!(concat!("scripts/", $file, ".lua")),
                    ),)+
                }
            }
        }
    };
}

scripts! {
    note_keys: "", [LIFE], "note_keys";
    reserve: "", [LIFE], "reserve";
    reserve_to_protect: THOUGH_MEMORY_IS_USED_UP, [LIFE], "reserve";
    load: "", [LIFE, INSTANTS, CLOCK, WINDOWS, CHARGES], "load";
    give_back: THOUGH_MEMORY_IS_USED_UP, [LIFE, INSTANTS, WINDOWS, CHARGES], "give_back";
    charge: "", [LIFE, INSTANTS, CLOCK, WINDOWS, CHARGES], "charge";
    settle: THOUGH_MEMORY_IS_USED_UP, [LIFE, WINDOWS], "settle";
    commit: "", [LIFE, INSTANTS, CLOCK, WINDOWS], "commit";
    commit_to_protect: THOUGH_MEMORY_IS_USED_UP, [LIFE, INSTANTS, CLOCK, WINDOWS], "commit";
    lease: "", [LIFE, INSTANTS], "lease";
    reseal: "", [LIFE], "reseal";
    forget: THOUGH_MEMORY_IS_USED_UP, [LIFE, INSTANTS], "forget";
    look: THOUGH_MEMORY_IS_USED_UP, [LIFE], "look";
    touch: THOUGH_MEMORY_IS_USED_UP, [LIFE], "touch";
    hold: THOUGH_MEMORY_IS_USED_UP, [LIFE], "hold";
    begin_filling: "", [LIFE], "begin_filling";
    fill: "", [LIFE], "fill";
    lengths: "", [LIFE], "lengths";
}

/// All of them.
pub(super) static SCRIPTS: LazyLock<Scripts> = LazyLock::new(Scripts::new);
