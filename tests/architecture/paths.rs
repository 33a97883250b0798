//! Every path that a source names: imports however grouped, paths in code and types, attributes, macros' tokens.

use std::collections::BTreeSet;

use proc_macro2::{Delimiter, Spacing, TokenStream, TokenTree};
use syn::visit::{self, Visit};

/// A path as it stands in the source, with `crate`, `self` and `super` worked out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Named {
    /// Line, counted from 1.
    pub(crate) line: usize,
    /// Whether only tests name it.
    pub(crate) in_test: bool,
    /// What it leads to.
    pub(crate) target: Target,
}

/// Where a path leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// Into this crate: the segments after `crate`.
    Internal(Vec<String>),
    /// Into another crate, or std: all its segments.
    External(Vec<String>),
}

/// All paths of a file. `module` is its own path in the crate, `crates` the names of other crates.
pub(crate) fn named(file: &syn::File, module: &[String], crates: &BTreeSet<String>) -> Vec<Named> {
    let own_modules = file.items.iter().filter_map(|item| match item {
        syn::Item::Mod(item) => Some(item.ident.to_string()),
        _ => None,
    });
    let own_modules: BTreeSet<String> = own_modules.collect();
    let mut collector = Collector { module: module.to_vec(), crates, own_modules, test_depth: 0, found: Vec::new() };
    collector.visit_file(file);
    collector.found
}

/// Whether attributes keep an item out of the program: `#[cfg(test)]` or `#[test]`.
pub(crate) fn is_test(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| match &attribute.meta {
        syn::Meta::List(list) => list.path.is_ident("cfg") && list.tokens.to_string() == "test",
        meta => meta.path().segments.last().is_some_and(|segment| segment.ident == "test"),
    })
}

struct Collector<'a> {
    module: Vec<String>,
    crates: &'a BTreeSet<String>,
    /// Modules declared in this file: they hide crates of the same name.
    own_modules: BTreeSet<String>,
    test_depth: usize,
    found: Vec<Named>,
}

impl Collector<'_> {
    fn record(&mut self, line: usize, absolute: bool, segments: &[String]) {
        if let Some(target) = self.resolve(absolute, segments) {
            self.found.push(Named { line, in_test: self.test_depth > 0, target });
        }
    }

    fn resolve(&self, absolute: bool, segments: &[String]) -> Option<Target> {
        let (first, rest) = segments.split_first()?;
        match first.as_str() {
            // What follows `<[u8; 4]>` begins with colons too, and is no crate.
            name if absolute => self.crates.contains(name).then(|| Target::External(segments.to_vec())),
            // The binary calls the library by its name.
            "crate" | "portcullis" => Some(Target::Internal(rest.to_vec())),
            "self" => Some(Target::Internal([&self.module, rest].concat())),
            "super" => {
                let ups = segments.iter().take_while(|segment| *segment == "super").count();
                let kept = self.module.len().saturating_sub(ups);
                let base = self.module.iter().take(kept);
                Some(Target::Internal(base.chain(segments.iter().skip(ups)).cloned().collect()))
            }
            name if self.own_modules.contains(name) => None,
            name => self.crates.contains(name).then(|| Target::External(segments.to_vec())),
        }
    }

    fn use_tree(&mut self, absolute: bool, before: &[String], tree: &syn::UseTree) {
        let with = |name: &syn::Ident| [before, &[name.to_string()]].concat();
        match tree {
            syn::UseTree::Path(path) => self.use_tree(absolute, &with(&path.ident), &path.tree),
            syn::UseTree::Name(name) if name.ident == "self" && !before.is_empty() => {
                self.record(name.ident.span().start().line, absolute, before);
            }
            syn::UseTree::Name(name) => self.record(name.ident.span().start().line, absolute, &with(&name.ident)),
            syn::UseTree::Rename(rename) => {
                self.record(rename.ident.span().start().line, absolute, &with(&rename.ident));
            }
            syn::UseTree::Glob(glob) => self.record(glob.star_token.spans[0].start().line, absolute, before),
            syn::UseTree::Group(group) => group.items.iter().for_each(|tree| self.use_tree(absolute, before, tree)),
        }
    }

    /// Finds `a::b`, `::a` and `crate::a` among tokens that no parser has looked at.
    fn tokens(&mut self, tokens: TokenStream) {
        let trees: Vec<TokenTree> = tokens.into_iter().collect();
        let mut at = 0;
        while let Some(tree) = trees.get(at) {
            match tree {
                TokenTree::Group(group) => self.tokens(group.stream()),
                TokenTree::Ident(ident) => {
                    let absolute = at >= 2 && is_colons(&trees, at - 2);
                    let mut segments = vec![ident.to_string()];
                    while is_colons(&trees, at + 1) {
                        match trees.get(at + 3) {
                            Some(TokenTree::Ident(next)) => segments.push(next.to_string()),
                            Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => {
                                self.group(absolute, &segments, group.stream());
                                break;
                            }
                            _ => break,
                        }
                        at += 3;
                    }
                    if absolute || segments.len() > 1 {
                        self.record(ident.span().start().line, absolute, &segments);
                    }
                }
                TokenTree::Punct(_) | TokenTree::Literal(_) => {}
            }
            at += 1;
        }
    }

    /// `crate::{a::B, c}` among a macro's tokens: each first name after a comma goes on from `before`.
    fn group(&mut self, absolute: bool, before: &[String], tokens: TokenStream) {
        let parsed = syn::parse::Parser::parse2(
            syn::punctuated::Punctuated::<syn::UseTree, syn::Token![,]>::parse_terminated,
            tokens,
        );
        for tree in parsed.into_iter().flatten() {
            self.use_tree(absolute, before, &tree);
        }
    }

    /// Paths given as text: `#[serde(with = "crate::x")]`.
    fn texts(&mut self, tokens: TokenStream) {
        for tree in tokens {
            match tree {
                TokenTree::Group(group) => self.texts(group.stream()),
                TokenTree::Literal(literal) => {
                    let text = literal.to_string();
                    if let Ok(path) = syn::parse_str::<syn::Path>(text.trim_matches('"'))
                        && path.segments.len() > 1
                    {
                        let line = literal.span().start().line;
                        self.record(line, path.leading_colon.is_some(), &segments_of(&path));
                    }
                }
                TokenTree::Ident(_) | TokenTree::Punct(_) => {}
            }
        }
    }

    fn within(&mut self, test: bool, walk: impl FnOnce(&mut Self)) {
        self.test_depth += usize::from(test);
        walk(self);
        self.test_depth -= usize::from(test);
    }
}

fn is_colons(trees: &[TokenTree], at: usize) -> bool {
    let colon = |at: usize| match trees.get(at) {
        Some(TokenTree::Punct(punct)) if punct.as_char() == ':' => Some(punct.spacing()),
        _ => None,
    };
    colon(at) == Some(Spacing::Joint) && colon(at + 1).is_some()
}

fn segments_of(path: &syn::Path) -> Vec<String> {
    path.segments.iter().map(|segment| segment.ident.to_string()).collect()
}

impl<'ast> Visit<'ast> for Collector<'_> {
    fn visit_item(&mut self, item: &'ast syn::Item) {
        let attributes: &[syn::Attribute] = match item {
            syn::Item::Fn(item) => &item.attrs,
            syn::Item::Impl(item) => &item.attrs,
            syn::Item::Mod(item) => &item.attrs,
            syn::Item::Use(item) => &item.attrs,
            _ => &[],
        };
        self.within(is_test(attributes), |this| visit::visit_item(this, item));
    }

    fn visit_impl_item_fn(&mut self, function: &'ast syn::ImplItemFn) {
        self.within(is_test(&function.attrs), |this| visit::visit_impl_item_fn(this, function));
    }

    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        self.module.push(item.ident.to_string());
        visit::visit_item_mod(self, item);
        self.module.pop();
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        self.use_tree(item.leading_colon.is_some(), &[], &item.tree);
        visit::visit_item_use(self, item);
    }

    fn visit_item_extern_crate(&mut self, item: &'ast syn::ItemExternCrate) {
        self.record(item.ident.span().start().line, true, &[item.ident.to_string()]);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let segments = segments_of(path);
        if let Some(first) = path.segments.first()
            && (path.leading_colon.is_some() || segments.len() > 1)
        {
            self.record(first.ident.span().start().line, path.leading_colon.is_some(), &segments);
        }
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, invoked: &'ast syn::Macro) {
        visit::visit_macro(self, invoked);
        self.tokens(invoked.tokens.clone());
    }

    fn visit_attribute(&mut self, attribute: &'ast syn::Attribute) {
        visit::visit_attribute(self, attribute);
        if let syn::Meta::List(list) = &attribute.meta {
            self.tokens(list.tokens.clone());
            self.texts(list.tokens.clone());
        }
    }
}
