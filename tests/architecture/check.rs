//! Holds one source against the rules.

use std::collections::BTreeSet;

use syn::spanned::Spanned;
use syn::visit::{self, Visit};

use crate::paths::{self, Named, Target, is_test};
use crate::rules::{
    ENVIRONMENT_MODULES, FILE_LINES_MAX, FUNCTION_LINES_MAX, IMPURE_PATHS, INVARIANTS, PURE_MODULES, RULES, Rule,
    TEST_CRATES,
};

/// A source and where it stands.
pub(crate) struct Source<'a> {
    /// Its path under `src/`: `store/embedded/writer.rs`.
    pub(crate) path: &'a str,
    /// Its text.
    pub(crate) text: &'a str,
    /// Whether the whole file is a test.
    pub(crate) is_test: bool,
}

/// Everything wrong with a source under `src/`, as `line: problem`.
pub(crate) fn violations(source: &Source<'_>, crates: &BTreeSet<String>) -> Vec<String> {
    let file = match syn::parse_file(source.text) {
        Ok(file) => file,
        Err(error) => return vec![format!("{}: {error}", source.path)],
    };
    let module = module_of(source.path);
    let mut found = shape(source.text, &file, source.is_test);
    if is_index(source.path) {
        found.extend(not_an_index(&file));
    }
    let Some(rule) = rule_of(&module) else {
        found.push((1, format!("module `{}` has no rule", module.join("/"))));
        return place(source.path, found);
    };
    for named in paths::named(&file, &module, crates) {
        let in_test = named.in_test || source.is_test;
        found.extend(forbidden(rule, &module, &named, in_test).map(|problem| (named.line, problem)));
    }
    if PURE_MODULES.contains(&rule.module) {
        found.extend(async_functions(&file));
    }
    place(source.path, found)
}

/// What every source must keep, wherever it stands: length, functions' length, a doc, invariants that exist.
pub(crate) fn shape_violations(path: &str, text: &str) -> Vec<String> {
    match syn::parse_file(text) {
        Ok(file) => place(path, shape(text, &file, true)),
        Err(error) => vec![format!("{path}: {error}")],
    }
}

fn place(path: &str, found: Vec<(usize, String)>) -> Vec<String> {
    found.into_iter().map(|(line, problem)| format!("{path}:{line}: {problem}")).collect()
}

fn module_of(path: &str) -> Vec<String> {
    let path = path.strip_suffix(".rs").unwrap_or(path);
    let path = path.strip_suffix("/mod").unwrap_or(path);
    path.split('/').map(str::to_owned).collect()
}

fn is_index(path: &str) -> bool {
    path == "lib.rs" || path.ends_with("/mod.rs")
}

fn rule_of(module: &[String]) -> Option<&'static Rule> {
    let begins = |rule: &&Rule| rule.module.split('/').eq(module.iter().take(rule.module.split('/').count()));
    RULES.iter().filter(begins).max_by_key(|rule| rule.module.len())
}

fn forbidden(rule: &Rule, module: &[String], named: &Named, in_test: bool) -> Option<String> {
    match &named.target {
        Target::Internal(segments) => match segments.first() {
            None => Some("names the crate's root: name the module".to_owned()),
            Some(first) if Some(first) == module.first() => None,
            Some(first) if rule.internal.contains(&first.as_str()) => None,
            Some(_) => Some(format!("`{}` may not name `crate::{}`", rule.module, segments.join("::"))),
        },
        Target::External(segments) => match segments.first().map(String::as_str) {
            Some("std" | "core" | "alloc") => impure(rule, &segments.join("::")),
            Some(name) if rule.external.contains(&name) => None,
            Some(name) if in_test && TEST_CRATES.contains(&name) => None,
            _ => Some(format!("`{}` may not name `{}`", rule.module, segments.join("::"))),
        },
    }
}

fn impure(rule: &Rule, path: &str) -> Option<String> {
    let decides = PURE_MODULES.contains(&rule.module) && IMPURE_PATHS.iter().any(|impure| path.starts_with(impure));
    let asks = path.starts_with("std::env") && !ENVIRONMENT_MODULES.contains(&rule.module);
    (decides || asks).then(|| format!("`{}` may not name `{path}`", rule.module))
}

fn shape(text: &str, file: &syn::File, is_test_file: bool) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let lines = text.lines().count();
    if lines > FILE_LINES_MAX {
        found.push((lines, format!("{lines} lines; at most {FILE_LINES_MAX}")));
    }
    if !file.attrs.iter().any(|attribute| attribute.path().is_ident("doc")) {
        found.push((1, "no module doc".to_owned()));
    }
    for (at, line) in text.lines().enumerate() {
        let comment = line.split_once("//").filter(|(code, _)| !code.contains('"'));
        let named = comment.and_then(|(_, comment)| comment.split_once("INVARIANT (")?.1.split_once(')'));
        let names = named.into_iter().flat_map(|(names, _)| names.split(", "));
        let unknown = names.filter(|name| !INVARIANTS.contains(name));
        found.extend(unknown.map(|name| (at + 1, format!("no invariant is called `{name}`"))));
    }
    if !is_test_file {
        let mut lengths = Lengths(Vec::new());
        lengths.visit_file(file);
        found.extend(lengths.0);
    }
    found
}

/// An index holds docs, modules and re-exports; a reader finds the code by its file's name.
fn not_an_index(file: &syn::File) -> Vec<(usize, String)> {
    let is_listing = |item: &syn::Item| match item {
        syn::Item::Use(_) => true,
        syn::Item::Mod(item) => item.content.is_none(),
        _ => false,
    };
    let others = file.items.iter().filter(|item| !is_listing(item));
    others.map(|item| (item.span().start().line, "more than docs, modules and re-exports".to_owned())).collect()
}

fn async_functions(file: &syn::File) -> Vec<(usize, String)> {
    struct Asyncs(Vec<usize>);
    impl<'ast> Visit<'ast> for Asyncs {
        fn visit_signature(&mut self, signature: &'ast syn::Signature) {
            self.0.extend(signature.asyncness.map(|token| token.span.start().line));
            visit::visit_signature(self, signature);
        }
        fn visit_expr_async(&mut self, block: &'ast syn::ExprAsync) {
            self.0.push(block.async_token.span.start().line);
            visit::visit_expr_async(self, block);
        }
    }
    let mut asyncs = Asyncs(Vec::new());
    asyncs.visit_file(file);
    asyncs.0.into_iter().map(|line| (line, "async where nothing may wait".to_owned())).collect()
}

struct Lengths(Vec<(usize, String)>);

impl Lengths {
    fn measure(&mut self, signature: &syn::Signature, body: &syn::Block) {
        let first = signature.span().start().line;
        let lines = body.span().end().line + 1 - first;
        if lines > FUNCTION_LINES_MAX {
            let problem = format!("`{}` has {lines} lines; at most {FUNCTION_LINES_MAX}", signature.ident);
            self.0.push((first, problem));
        }
    }
}

impl<'ast> Visit<'ast> for Lengths {
    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        if !is_test(&item.attrs) {
            visit::visit_item_mod(self, item);
        }
    }

    fn visit_item_fn(&mut self, function: &'ast syn::ItemFn) {
        if !is_test(&function.attrs) {
            self.measure(&function.sig, &function.block);
            visit::visit_item_fn(self, function);
        }
    }

    fn visit_impl_item_fn(&mut self, function: &'ast syn::ImplItemFn) {
        if !is_test(&function.attrs) {
            self.measure(&function.sig, &function.block);
            visit::visit_impl_item_fn(self, function);
        }
    }

    fn visit_trait_item_fn(&mut self, function: &'ast syn::TraitItemFn) {
        if let Some(body) = &function.default {
            self.measure(&function.sig, body);
        }
        visit::visit_trait_item_fn(self, function);
    }
}
