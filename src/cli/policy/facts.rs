//! The reference of facts, from what the type checker knows.

use serde_json::{Value, json};

use super::command::FactsArgs;
use crate::cli::failure::{Exit, Failure};
use crate::cli::output::{Answer, Output, table};
use crate::policy::{FACTS, Fact, Kind, Origin};

/// What rules may ask.
struct Reference {
    markdown: bool,
}

/// Lists the facts.
pub(super) fn run(args: &FactsArgs, output: Output) -> Result<Exit, Failure> {
    output.show(&Reference { markdown: args.markdown })?;
    Ok(Exit::Done)
}

fn asked() -> impl Iterator<Item = (&'static str, &'static Fact)> {
    FACTS.iter().filter_map(|fact| Some((fact.path?, fact)))
}

fn values(fact: &Fact) -> String {
    match fact.kind {
        Kind::Symbol(names) => names.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", "),
        Kind::Age => "a duration: how long ago; never happened is longer ago than anything".to_owned(),
        Kind::Until => "a duration: how long until".to_owned(),
        Kind::Flag => "true, false".to_owned(),
        kind => kind.name().to_owned(),
    }
}

const fn origin(fact: &Fact) -> &'static str {
    match fact.origin {
        Origin::Engine => "the engine",
        Origin::Signal => "a signal, may be missing",
        Origin::Windows => "the engine, over many accounts",
    }
}

impl Answer for Reference {
    fn json(&self) -> Value {
        let one = |(path, fact): (&str, &Fact)| {
            json!({
                "fact": path,
                "number": fact.number,
                "values": values(fact),
                "origin": origin(fact),
                "meaning": fact.doc,
            })
        };
        json!({ "facts": asked().map(one).collect::<Vec<_>>() })
    }

    fn text(&self) -> String {
        if self.markdown {
            return page();
        }
        let rows =
            asked().map(|(path, fact)| [path.to_owned(), values(fact), origin(fact).to_owned(), fact.doc.to_owned()]);
        table(["FACT", "VALUES", "FROM", "MEANING"], rows)
    }
}

/// The page of the documentation.
fn page() -> String {
    let rows = asked().map(|(path, fact)| format!("| `{path}` | {} | {} | {} |", values(fact), origin(fact), fact.doc));
    format!(
        "# Facts\n\nWhat rules may ask, from the schema that the type checker uses: \
         `portcullis policy facts --markdown`. Durations are held against `duration(\"72h\")`, names against texts in quotes. \
         A fact that is missing makes a rule hold where the engine keeps the fact or the policy requires the signal, unless the rule's \
         other facts decide it.\n\n| fact | values | from | meaning |\n| --- | --- | --- | --- |\n{}\n",
        rows.collect::<Vec<_>>().join("\n")
    )
}

#[cfg(test)]
mod tests {
    use super::page;

    #[test]
    fn the_page_is_what_the_type_checker_knows() {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
        let (expected, found) = (page(), std::fs::read_to_string(root.join("docs/facts.md")).unwrap_or_default());
        if found.trim_end() != expected.trim_end() {
            std::fs::create_dir_all(root.join("target")).unwrap();
            std::fs::write(root.join("target/facts.md"), expected).unwrap();
            panic!("docs/facts.md is not what the type checker knows: cp target/facts.md docs/facts.md");
        }
    }
}
