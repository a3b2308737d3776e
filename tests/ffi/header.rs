//! `include/clientcert.h` and `bindings/clientcert.cdef.h`: generated, fresh, complete, and plain C.
//!
//! `UPDATE_HEADER=1` writes them anew; `make header` does that.

use std::fmt::Write as _;
use std::fs;
use std::process::Command;

use clientcert::verify::Code;

use crate::library::{keep_fresh, project, read, run};

/// The files of `src/ffi` that export functions, in the order of the header's sections.
const SECTIONS: [&str; 15] = [
    "version",
    "error",
    "config",
    "verifier",
    "policy",
    "crls",
    "verdict",
    "ocsp",
    "session",
    "reason",
    "registry",
    "forwarded",
    "request",
    "decision",
    "ticket",
];
const HEADER: &str = "include/clientcert.h";
const CDEF: &str = "bindings/clientcert.cdef.h";
/// What the header must compile with; its folder follows.
const STRICT: [&str; 6] = ["-Wall", "-Wextra", "-Werror", "-pedantic", "-fsyntax-only", "-I"];

#[test]
fn header_and_cdef_are_fresh() {
    keep_fresh(HEADER, &generate_header());
    keep_fresh(CDEF, &generate_cdef());
}

#[test]
fn every_export_runs_under_the_guard() {
    let mut exports = 0;
    for entry in fs::read_dir(project("src/ffi")).unwrap() {
        let path = entry.unwrap().path();
        let source = fs::read_to_string(&path).unwrap();
        for export in source.split("extern \"C\" fn ").skip(1) {
            let name = export.split('(').next().unwrap();
            let body = export.split("\n}").next().unwrap();
            assert!(body.contains("guard(") || body.contains("guard_status("), "{name} has no guard");
            let stem = path.file_stem().unwrap().to_str().unwrap();
            assert!(SECTIONS.contains(&stem), "{name} is in a file that is no section of the header");
            exports += 1;
        }
    }
    assert_eq!(exports, functions(&read(HEADER)).len());
}

#[test]
fn every_function_is_documented() {
    let header = read(HEADER);
    let functions = functions(&header);
    assert!(functions.len() > 50);
    let level = header.split("CLIENTCERT_ABI_VERSION = ").nth(1).and_then(|text| text.split(',').next());
    let level_of_the_header: u32 = level.unwrap().parse().unwrap();
    for function in &functions {
        let Function { name, comment, declaration } = function;
        let since = comment.split("\n * @since ").nth(1).and_then(|text| text.trim().parse().ok());
        assert!(since.is_some_and(|level: u32| (1..=level_of_the_header).contains(&level)), "{name}: @since");
        let void = declaration.starts_with("void ");
        assert_eq!(comment.contains("\n * @return "), !void, "{name}: @return");
        assert_eq!(declaration.starts_with("CLIENTCERT_MUST_USE "), !void, "{name}: CLIENTCERT_MUST_USE");
        let documented: Vec<&str> = comment
            .split("\n * @param[")
            .skip(1)
            .map(|text| text.split("] ").nth(1).unwrap().split(' ').next().unwrap())
            .collect();
        assert_eq!(documented, function.parameters(), "{name}: @param");
    }
}

#[test]
fn every_reason_is_an_enumerator() {
    let header = read(HEADER);
    for code in Code::all() {
        let enumerator = format!("    {} = {},\n", enumerator(code), code as i32);
        assert!(header.contains(&enumerator), "{enumerator}");
    }
    assert_eq!(header.matches("    CLIENTCERT_REASON_").count(), Code::all().len());
}

#[test]
fn the_header_compiles_in_every_dialect() {
    let folder = tempfile::tempdir().unwrap();
    let source = folder.path().join("twice.c");
    fs::write(&source, "#include <clientcert.h>\n#include <clientcert.h>\nint main(void) { return CLIENTCERT_OK; }\n")
        .unwrap();
    for (compiler, language, standard) in [("gcc", "c", "c99"), ("gcc", "c", "c11"), ("g++", "c++", "c++17")] {
        run(Command::new(compiler)
            .args(["-x", language, &format!("-std={standard}")])
            .args(STRICT)
            .arg(project("include"))
            .arg(&source));
    }
}

#[test]
fn the_example_in_the_header_compiles() {
    let header = read(HEADER);
    let example: String =
        header.lines().take_while(|line| *line != " */").filter_map(|line| line.strip_prefix(" *     ")).fold(
            "#include <clientcert.h>\n#include <stdio.h>\n#include <stdlib.h>\n\
             void example(const uint8_t *chain, size_t length);\n\
             void example(const uint8_t *chain, size_t length) {\n"
                .to_owned(),
            |text, line| text + line + "\n",
        );
    assert!(example.contains("clientcert_verdict_verified(verdict)"));
    let folder = tempfile::tempdir().unwrap();
    let source = folder.path().join("example.c");
    fs::write(&source, example + "}\n").unwrap();
    run(Command::new("gcc").arg("-std=c11").args(STRICT).arg(project("include")).arg(source));
}

#[test]
fn an_ignored_result_is_a_warning() {
    let folder = tempfile::tempdir().unwrap();
    let source = folder.path().join("ignored.c");
    fs::write(&source, "#include <clientcert.h>\nvoid f(void) { clientcert_verdict_verified(0); }\n").unwrap();
    let output = Command::new("gcc")
        .args(["-c", "-o", "/dev/null", "-I"])
        .arg(project("include"))
        .arg(&source)
        .output()
        .unwrap();
    assert!(String::from_utf8_lossy(&output.stderr).contains("[-Wunused-result]"));
}

/// A function of the header.
pub struct Function {
    pub name: String,
    comment: String,
    declaration: String,
}

impl Function {
    fn parameters(&self) -> Vec<&str> {
        let list = self.declaration.split_once('(').unwrap().1.trim_end_matches(')');
        let name = |parameter: &'_ str| parameter.len() - parameter.rsplit([' ', '*']).next().unwrap().len();
        list.split(", ")
            .filter(|parameter| *parameter != "void")
            .map(|parameter| &parameter[name(parameter)..])
            .collect()
    }

    /// Whether it takes a pointer.
    pub fn takes_pointer(&self) -> bool {
        self.declaration.split_once('(').unwrap().1.contains('*')
    }
}

/// The functions that a header declares, each with the comment above it.
pub fn functions(header: &str) -> Vec<Function> {
    let mut functions = Vec::new();
    for chunk in header.split("/**\n").skip(1) {
        let (comment, rest) = chunk.split_once(" */\n").expect("every comment ends");
        let Some((declaration, _)) = rest.split_once(");") else { continue };
        if declaration.contains(['{', ';', '#']) {
            continue;
        }
        let declaration = declaration.split_whitespace().collect::<Vec<_>>().join(" ") + ")";
        let name = declaration.split('(').next().unwrap().rsplit([' ', '*']).next().unwrap().to_owned();
        functions.push(Function { name, comment: format!("\n{comment}"), declaration });
    }
    functions
}

/// The header: the words of `src/ffi/mod.rs`, and cbindgen's output for each section.
fn generate_header() -> String {
    let mut config = cbindgen::Config::from_file(project("cbindgen.toml")).unwrap();
    let (start, end) = (config.header.take().unwrap(), config.trailer.take().unwrap());
    let mut header = format!("/**\n{}\n */\n\n{}", main_page(&read("src/ffi/mod.rs")), start.trim_start());
    for section in SECTIONS {
        let path = format!("src/ffi/{section}.rs");
        let source = read(&path);
        let generated = generated_enums(section);
        let folder = tempfile::tempdir().unwrap();
        let extra = folder.path().join("generated.rs");
        fs::write(&extra, &generated).unwrap();
        config.export.include = enums(&generated).chain(enums(&source)).map(str::to_owned).collect();
        let mut text = Vec::new();
        cbindgen::Builder::new()
            .with_config(config.clone())
            .with_src(extra)
            .with_src(project(&path))
            .generate()
            .unwrap_or_else(|error| panic!("{path}: {error}"))
            .write(&mut text);
        let text = String::from_utf8(text).unwrap();
        write!(header, "\n/*\n{}\n */\n\n{}\n", main_page(&source), compact(text.trim())).unwrap();
    }
    header + &end
}

/// Comments of one line on one line.
fn compact(text: &str) -> String {
    let mut compact = String::new();
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        let words = lines.peek().and_then(|line| line.trim().strip_prefix("* ")).map(str::to_owned);
        match words {
            Some(words) if line.trim() == "/**" => {
                let indent = &line[..line.len() - 3];
                lines.next();
                if lines.next_if(|line| line.trim() == "*/").is_some() {
                    writeln!(compact, "{indent}/** {words} */").unwrap();
                } else {
                    writeln!(compact, "{line}\n{indent} * {words}").unwrap();
                }
            }
            _ => writeln!(compact, "{line}").unwrap(),
        }
    }
    compact.trim_end().to_owned()
}

/// What a preprocessor leaves of the header, one declaration a line.
fn generate_cdef() -> String {
    let output = run(Command::new("gcc").args(["-E", "-P", "-std=c11", "-DCLIENTCERT_CDEF"]).arg(project(HEADER)));
    let text = String::from_utf8(output.stdout).unwrap();
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let lines = line.replace(", }", " }").replace("; ", ";\n").replace("{ ", "{\n    ");
    let mut cdef = String::from("/* include/clientcert.h after the C preprocessor, for parsers without one. */\n");
    for line in lines.lines() {
        let line =
            if line.starts_with("    ") { line.replace(", ", ",\n    ").replace(" }", "\n}") } else { line.to_owned() };
        cdef += &line;
        cdef.push('\n');
    }
    cdef
}

/// Enumerators that come from elsewhere than `src/ffi`, as source for cbindgen.
fn generated_enums(section: &str) -> String {
    match section {
        "version" => format!(
            "/// The version that this header came with.
            #[repr(C)]
            pub enum clientcert_header_version {{
                /// Higher where something that the documentation promises changed.
                CLIENTCERT_VERSION_MAJOR = {},
                /// Higher where something was added.
                CLIENTCERT_VERSION_MINOR = {},
                /// Higher where something was repaired.
                CLIENTCERT_VERSION_PATCH = {},
            }}",
            env!("CARGO_PKG_VERSION_MAJOR"),
            env!("CARGO_PKG_VERSION_MINOR"),
            env!("CARGO_PKG_VERSION_PATCH")
        ),
        "reason" => {
            let mut source =
                String::from("/// Why a client was not verified.\n#[repr(C)]\npub enum clientcert_reason {\n");
            for code in Code::all() {
                writeln!(source, "/// {}.\n{} = {},", sentence(code.text()), enumerator(code), code as i32).unwrap();
            }
            source + "}\n"
        }
        _ => String::new(),
    }
}

fn enumerator(code: Code) -> String {
    format!("CLIENTCERT_REASON_{}", code.name().to_uppercase())
}

fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// The names of the enums in a source.
fn enums(source: &str) -> impl Iterator<Item = &str> {
    source.lines().filter_map(|line| line.trim().strip_prefix("pub enum ")?.strip_suffix(" {"))
}

/// The `//!` lines of a source as lines of a C comment. C code stands between fences there, and indented here.
fn main_page(source: &str) -> String {
    let mut in_code = false;
    let mut page = Vec::new();
    for line in source.lines().map_while(|line| line.strip_prefix("//!")) {
        if line.trim_start().starts_with("```") {
            in_code = !in_code;
        } else {
            let indent = if in_code && !line.is_empty() { "    " } else { "" };
            page.push(format!(" *{indent}{line}"));
        }
    }
    page.join("\n")
}
