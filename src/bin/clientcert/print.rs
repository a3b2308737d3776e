//! Standard output and standard error. Nothing that a certificate, file or argument says can act on a terminal.

use std::io::{self, ErrorKind, IsTerminal, Write};

use crate::Failure;

/// Writes to standard output, all at once. A reader that went away is no failure.
pub fn out(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(Failure(format!("standard output: {error}"))),
        _ => Ok(()),
    }
}

/// JSON, indented, with a line end. In it, control characters are escaped anyway.
pub fn json(value: &serde_json::Value) -> Result<(), Failure> {
    out(&format!("{}\n", safe(&format!("{value:#}"))))
}

/// One line on standard error. Where even that cannot be written, the exit status still says that something is wrong.
pub fn error(message: &str) {
    let _unwritable = writeln!(io::stderr(), "clientcert: {}", one_line(message));
}

/// One line on standard error about what does not stop the command.
pub fn warning(message: &str) {
    error(&format!("warning: {message}"));
}

/// Text with its control characters, line ends apart, and with what reorders or hides text as `\u{…}`.
pub fn safe(text: &str) -> String {
    escaped(text, |c| c != '\n' && is_unsafe(c))
}

/// The same with line ends escaped, too.
pub fn one_line(text: &str) -> String {
    escaped(text, is_unsafe)
}

/// Two lower-case hexadecimal digits per byte.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

/// Colours, where standard output is a terminal and nobody asked for none (no-color.org).
pub fn painted(text: &str, colour: Colour) -> String {
    let wanted = io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    match wanted {
        true => format!("\x1b[{}m{text}\x1b[0m", colour as u8),
        false => text.to_owned(),
    }
}

/// What a terminal calls them.
#[derive(Clone, Copy)]
pub enum Colour {
    Red = 31,
    Green = 32,
    Yellow = 33,
}

/// Lines of a label and a value, the values below each other. Escaped here.
#[derive(Default)]
pub struct Fields(Vec<(String, String)>);

impl Fields {
    pub fn add(&mut self, label: &str, value: impl AsRef<str>) {
        self.0.push((label.to_owned(), one_line(value.as_ref())));
    }

    /// A label with several values: the first beside it, the others below.
    pub fn list(&mut self, label: &str, values: impl IntoIterator<Item = String>) {
        let values = values.into_iter().enumerate();
        values.for_each(|(index, value)| self.add(if index == 0 { label } else { "" }, value));
    }

    pub fn text(&self) -> String {
        let width = self.0.iter().map(|(label, _)| label.chars().count()).max().unwrap_or(0);
        self.0.iter().map(|(label, value)| format!("{label:width$}  {value}").trim_end().to_owned() + "\n").collect()
    }
}

fn escaped(text: &str, unwanted: impl Fn(char) -> bool) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match unwanted(c) {
            true => out.extend(c.escape_unicode()),
            false => out.push(c),
        }
    }
    out
}

/// Control characters, and those that reorder or hide the text around them.
fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{00ad}' | '\u{061c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_reaches_a_terminal() {
        assert_eq!(safe("a\u{1b}[31m\n\u{202e}b"), "a\\u{1b}[31m\n\\u{202e}b");
        assert_eq!(one_line("a\nb\0"), "a\\u{a}b\\u{0}");
        assert_eq!(safe("Jürgen, 日本"), "Jürgen, 日本");
    }

    #[test]
    fn values_stand_below_each_other() {
        let mut fields = Fields::default();
        fields.add("a", "1");
        fields.list("long", ["2".to_owned(), "3".to_owned()]);
        assert_eq!(fields.text(), "a     1\nlong  2\n      3\n");
    }
}
