//! How pictures are written: shapes and texts with classes, in one SVG document that needs nothing else.
//!
//! Colours stand in the document's own style, for light and for dark; shapes have the light ones as attributes too, for
//! programs that read no style.

use std::fmt::Write as _;

/// The width of every picture.
pub(super) const WIDTH: u32 = 920;

/// A colour: its class, in light and in dark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Colour {
    class: &'static str,
    light: &'static str,
    dark: &'static str,
}

const fn colour(class: &'static str, light: &'static str, dark: &'static str) -> Colour {
    Colour { class, light, dark }
}

pub(super) const PAGE: Colour = colour("page", "#ffffff", "#14171c");
pub(super) const INK: Colour = colour("ink", "#1b1f24", "#e8eaed");
pub(super) const FAINT: Colour = colour("faint", "#5c6570", "#a2abb6");
pub(super) const RAIL: Colour = colour("rail", "#eceff2", "#262b33");
pub(super) const APPROVE: Colour = colour("approve", "#2e7d55", "#4fb286");
pub(super) const CHALLENGE: Colour = colour("challenge", "#c98a1b", "#e0b04c");
pub(super) const DENY: Colour = colour("deny", "#b3413a", "#e0746c");

const COLOURS: [Colour; 7] = [PAGE, INK, FAINT, RAIL, APPROVE, CHALLENGE, DENY];

/// A picture that grows downwards.
pub(super) struct Picture {
    body: String,
    /// Where the next thing goes.
    pub(super) y: u32,
}

/// How a text stands to its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Anchor {
    Start,
    End,
}

impl Anchor {
    const fn name(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::End => "end",
        }
    }
}

impl Picture {
    /// Nothing yet.
    pub(super) const fn new() -> Self {
        Self { body: String::new(), y: 0 }
    }

    /// A filled rectangle; none without an area.
    pub(super) fn rectangle(&mut self, (x, y): (u32, u32), (width, height): (u32, u32), fill: Colour) {
        if width == 0 || height == 0 {
            return;
        }
        let Colour { class, light, .. } = fill;
        self.line(&format!(
            r#"<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="2" class="{class}" fill="{light}"/>"#
        ));
    }

    /// A text.
    pub(super) fn text(&mut self, (x, y): (u32, u32), (size, fill): (u32, Colour), anchor: Anchor, text: &str) {
        let Colour { class, light, .. } = fill;
        let (anchor, text) = (anchor.name(), escaped(text));
        self.line(&format!(
            r#"<text x="{x}" y="{y}" font-size="{size}" text-anchor="{anchor}" class="{class}" fill="{light}">{text}</text>"#
        ));
    }

    fn line(&mut self, line: &str) {
        self.body.push_str(line);
        self.body.push('\n');
    }

    /// The document.
    pub(super) fn finish(self, title: &str) -> String {
        let (height, title) = (self.y, escaped(title));
        let style = |of: fn(&Colour) -> &'static str| {
            let mut rules = String::new();
            for colour in &COLOURS {
                // A string takes all that is written.
                let _ = write!(rules, ".{}{{fill:{}}}", colour.class, of(colour));
            }
            rules
        };
        let (light, dark) = (style(|colour| colour.light), style(|colour| colour.dark));
        let (page, body) = (PAGE.light, self.body);
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{height}\" viewBox=\"0 0 {WIDTH} {height}\" \
             role=\"img\" font-family=\"system-ui, 'DejaVu Sans', Helvetica, Arial, sans-serif\">\n<title>{title}</title>\n\
             <style>{light}@media (prefers-color-scheme: dark){{{dark}}}</style>\n\
             <rect x=\"0\" y=\"0\" width=\"{WIDTH}\" height=\"{height}\" class=\"page\" fill=\"{page}\"/>\n{body}</svg>"
        )
    }
}

/// A text as XML has it; what XML cannot hold is shown as missing.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            letter if letter.is_control() => escaped.push('\u{fffd}'),
            letter => escaped.push(letter),
        }
    }
    escaped
}

/// A part of a whole, as long as the whole is `length`. What is there is never nothing.
pub(super) fn share(part: u64, whole: u64, length: u32) -> u32 {
    let long = u64::from(length).saturating_mul(part).checked_div(whole).unwrap_or(0);
    u32::try_from(long).unwrap_or(length).max(u32::from(part > 0))
}

#[cfg(test)]
pub(super) mod tests {
    use super::{Anchor, INK, Picture, escaped, share};

    /// Fails where a document is not well-formed: every element closed in its order, every attribute quoted and once, no
    /// bare `&` or `<`. It knows what is written here: no comments, no declarations, no CDATA.
    pub(in crate::cli::policy::replay) fn well_formed(document: &str) -> Result<usize, String> {
        let (mut open, mut rest, mut elements): (Vec<&str>, &str, usize) = (Vec::new(), document, 0);
        while let Some((text, after)) = rest.split_once('<') {
            references(text)?;
            if !text.trim().is_empty() && open.is_empty() {
                return Err(format!("text outside of the document: {text}"));
            }
            let (tag, after) = after.split_once('>').ok_or("a tag without an end")?;
            rest = after;
            if let Some(name) = tag.strip_prefix('/') {
                let closes = open.pop();
                if closes != Some(name) {
                    return Err(format!("`{name}` closes {closes:?}"));
                }
                continue;
            }
            if open.is_empty() && elements > 0 {
                return Err("two roots".to_owned());
            }
            elements += 1;
            let (tag, is_empty) = tag.strip_suffix('/').map_or((tag, false), |tag| (tag, true));
            let (name, attributes) = tag.split_once(' ').unwrap_or((tag, ""));
            if !name.starts_with(|first: char| first.is_ascii_alphabetic())
                || !name.chars().all(|letter| letter.is_ascii_alphanumeric())
            {
                return Err(format!("`{name}` is no name"));
            }
            check_attributes(attributes)?;
            if !is_empty {
                open.push(name);
            }
        }
        match open.as_slice() {
            [] if rest.trim().is_empty() && elements > 0 => Ok(elements),
            _ => Err(format!("left open: {open:?}, left over: {rest}")),
        }
    }

    fn check_attributes(mut rest: &str) -> Result<(), String> {
        let mut names = Vec::new();
        while !rest.trim().is_empty() {
            let (name, value) = rest.trim_start().split_once("=\"").ok_or(format!("no attribute: {rest}"))?;
            let (value, after) = value.split_once('"').ok_or(format!("an attribute without an end: {rest}"))?;
            if names.contains(&name) || !name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '-') {
                return Err(format!("attribute `{name}`"));
            }
            references(value)?;
            names.push(name);
            rest = after;
        }
        Ok(())
    }

    fn references(text: &str) -> Result<(), String> {
        for after in text.split('&').skip(1) {
            let name = after.split_once(';').map(|(name, _)| name);
            if !matches!(name, Some("amp" | "lt" | "gt" | "quot" | "#39")) {
                return Err(format!("a bare & in {text}"));
            }
        }
        match text.chars().find(|letter| letter.is_control() && *letter != '\n') {
            Some(letter) => Err(format!("{letter:?} is nothing that XML holds")),
            None => Ok(()),
        }
    }

    #[test]
    fn the_check_of_documents_finds_what_is_wrong() {
        for good in ["<a/>", "<a><b x=\"1\" y=\"&amp;\">t &lt; u</b></a>\n"] {
            well_formed(good).unwrap();
        }
        let wrong = [
            "",
            "text",
            "<a>",
            "<a></b>",
            "<a/><b/>",
            "<a>&</a>",
            "<a>&nbsp;</a>",
            "<a x=1/>",
            "<a x=\"1\" x=\"2\"/>",
            "<a",
            "<a/>more",
            "<a>\u{7}</a>",
            "<a x=\"&\"/>",
            "<1 />",
            "<a b>c</a>",
        ];
        for wrong in wrong {
            assert!(well_formed(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn texts_are_written_so_that_they_end_nothing() {
        assert_eq!(escaped("a<b>&\"c'\u{7}"), "a&lt;b&gt;&amp;&quot;c&#39;\u{fffd}");
        let mut picture = Picture::new();
        picture.text((0, 0), (12, INK), Anchor::End, "</text><script>&");
        picture.y = 10;
        assert_eq!(well_formed(&picture.finish("<&>")), Ok(5));
    }

    #[test]
    fn shares_fit_and_the_least_of_them_shows() {
        assert_eq!([share(1, 2, 100), share(0, 2, 100), share(1, 1_000_000, 100), share(1, 0, 100)], [50, 0, 1, 1]);
        assert_eq!(share(u64::MAX, u64::MAX, 7), 1, "no count is so large, and none makes a bar too long");
    }
}
