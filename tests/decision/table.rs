//! `expected.txt`, read.

use std::collections::BTreeMap;
use std::fmt;

use crate::cell::{Cell, FIELDS, Field};

/// The rows in their order.
pub struct Table {
    rows: Vec<Row>,
}

/// What is expected of some requests.
pub struct Row {
    /// Where it stands in the file.
    pub line: usize,
    condition: Condition,
    pub expected: Expected,
}

/// What a decision must be. None is where it may be anything.
#[derive(Debug)]
pub struct Expected {
    pub action: String,
    /// 0 is none at all.
    pub status: Option<u16>,
    pub closes: Option<bool>,
    pub session_cacheable: Option<bool>,
    /// The empty name is none at all.
    pub cause: Option<String>,
}

/// Values that fields must have, and classes that must hold.
#[derive(Clone, Default)]
struct Condition {
    /// The allowed values of a field, one bit each.
    values: Vec<(Field, u32)>,
    classes: Vec<Vec<Condition>>,
}

impl Table {
    /// # Panics
    ///
    /// With the number of the line where one is not as the head of the file says.
    pub fn read(text: &str) -> Self {
        let mut classes = BTreeMap::<String, Vec<Condition>>::new();
        let (mut rows, mut fields) = (Vec::new(), Vec::new());
        for (index, line) in text.lines().enumerate() {
            let number = index + 1;
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let (first, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
            match first {
                "field" => fields.push(rest.split_whitespace().map(str::to_owned).collect::<Vec<_>>()),
                "class" => {
                    let (name, words) = rest.split_once(char::is_whitespace).expect("a class has a condition");
                    let condition = Condition::read(words, &classes, number);
                    classes.entry(name.to_owned()).or_default().push(condition);
                }
                _ => {
                    let (words, answer) = line.split_once("->").unwrap_or_else(|| panic!("line {number} has no arrow"));
                    let condition = Condition::read(words, &classes, number);
                    rows.push(Row { line: number, condition, expected: Expected::read(answer, number) });
                }
            }
        }
        let known: Vec<Vec<String>> = FIELDS
            .iter()
            .map(|field| [field.name()].iter().chain(field.values()).map(|&word| word.to_owned()).collect())
            .collect();
        assert_eq!(fields, known, "the fields of the table are not those of the test");
        Self { rows }
    }

    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// The number of the row that says what is expected.
    pub fn find(&self, cell: &Cell) -> Option<usize> {
        self.rows.iter().position(|row| row.condition.holds(cell))
    }
}

impl Condition {
    fn read(words: &str, classes: &BTreeMap<String, Vec<Self>>, line: usize) -> Self {
        let mut condition = Self::default();
        for word in words.split_whitespace() {
            let Some((name, values)) = word.split_once('=') else {
                let class = classes.get(word).unwrap_or_else(|| panic!("line {line}: there is no class {word}"));
                condition.classes.push(class.clone());
                continue;
            };
            let (name, negated) = name.strip_suffix('!').map_or((name, false), |name| (name, true));
            let field = Field::named(name).unwrap_or_else(|| panic!("line {line}: there is no field {name}"));
            let named = values.split('|').fold(0u32, |mask, value| {
                let number = field.value(value);
                mask | 1 << number.unwrap_or_else(|| panic!("line {line}: {name} has no value {value}"))
            });
            let all = (1u32 << field.values().len()) - 1;
            condition.values.push((field, if negated { all & !named } else { named }));
        }
        condition
    }

    fn holds(&self, cell: &Cell) -> bool {
        self.values.iter().all(|(field, mask)| mask >> cell.number(*field) & 1 == 1)
            && self.classes.iter().all(|class| class.iter().any(|condition| condition.holds(cell)))
    }
}

impl Expected {
    fn read(answer: &str, line: usize) -> Self {
        let words: Vec<&str> = answer.split_whitespace().collect();
        let [action, status, connection, session, cause] = words[..] else {
            panic!("line {line}: an answer is action, status, connection, session and cause");
        };
        let either = |word: &str, yes: &str, no: &str| match word {
            "*" => None,
            _ if word == yes => Some(true),
            _ if word == no => Some(false),
            _ => panic!("line {line}: {word} is neither {yes} nor {no}"),
        };
        Self {
            action: action.to_owned(),
            status: match status {
                "*" => None,
                "-" => Some(0),
                number => Some(number.parse().unwrap_or_else(|_| panic!("line {line}: {number} is no status"))),
            },
            closes: either(connection, "closes", "stays"),
            session_cacheable: either(session, "keep", "drop"),
            cause: match cause {
                "*" => None,
                "-" => Some(String::new()),
                name => Some(name.to_owned()),
            },
        }
    }

    pub fn fits(&self, answer: &Answer) -> bool {
        self.action == answer.action
            && self.status.is_none_or(|status| status == answer.status)
            && self.closes.is_none_or(|closes| closes == answer.closes)
            && self.session_cacheable.is_none_or(|cacheable| cacheable == answer.session_cacheable)
            && self.cause.as_deref().is_none_or(|cause| cause == answer.cause)
    }
}

/// What was decided.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Answer {
    pub action: String,
    pub status: u16,
    pub closes: bool,
    pub session_cacheable: bool,
    pub cause: String,
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let either = |value: Option<bool>, yes, no| value.map_or("*", |value| if value { yes } else { no });
        let status = self.status.map_or_else(|| "*".to_owned(), |status| status.to_string());
        let closes = either(self.closes, "closes", "stays");
        let session = either(self.session_cacheable, "keep", "drop");
        write!(f, "{} {status} {closes} {session} {}", self.action, self.cause.as_deref().unwrap_or("*"))
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let closes = if self.closes { "closes" } else { "stays" };
        let session = if self.session_cacheable { "keep" } else { "drop" };
        write!(f, "{} {} {closes} {session} {}", self.action, self.status, self.cause)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROWS: &str = "class met requirement=none\nclass met verdict=strong|weak\n\
                        mode=off -> forbid 403 closes drop x\n\
                        mode!=require met -> allow - stays keep -\n\
                        mode=require -> challenge 401 * * *\n";

    fn table() -> Table {
        let field = |field: &Field| format!("field {} {}", field.name(), field.values().join(" "));
        let fields: Vec<String> = FIELDS.iter().map(field).collect();
        Table::read(&[&fields.join("\n"), ROWS].join("\n"))
    }

    fn found(words: &str) -> Option<String> {
        let table = table();
        table.find(&Cell::DEFAULT.with(words)).map(|row| table.rows()[row].expected.action.clone())
    }

    #[test]
    fn the_first_row_that_fits_decides() {
        assert_eq!(found("mode=off verdict=strong").as_deref(), Some("forbid"));
        assert_eq!(found("mode=optional requirement=user verdict=weak").as_deref(), Some("allow"));
        assert_eq!(found("mode=require verdict=strong").as_deref(), Some("challenge"));
        assert_eq!(found("mode=optional requirement=user"), None);
    }

    #[test]
    fn every_word_of_an_answer_counts() {
        let good = Answer {
            action: "forbid".to_owned(),
            status: 403,
            closes: true,
            session_cacheable: false,
            cause: "x".to_owned(),
        };
        let table = table();
        let expected = &table.rows()[0].expected;
        assert!(expected.fits(&good));
        for wrong in [
            Answer { action: "allow".to_owned(), ..good.clone() },
            Answer { status: 200, ..good.clone() },
            Answer { closes: false, ..good.clone() },
            Answer { session_cacheable: true, ..good.clone() },
            Answer { cause: "y".to_owned(), ..good.clone() },
        ] {
            assert!(!expected.fits(&wrong), "{wrong}");
        }
        let open =
            Answer { closes: true, session_cacheable: true, action: "challenge".to_owned(), status: 401, ..good };
        assert!(table.rows()[2].expected.fits(&open));
    }

    #[test]
    #[should_panic(expected = "the fields of the table are not those of the test")]
    fn a_field_that_only_one_side_knows_is_noticed() {
        Table::read("field mode off\n");
    }

    #[test]
    #[should_panic(expected = "there is no class wanted")]
    fn a_word_that_nobody_defined_is_noticed() {
        Table::read("wanted -> allow - stays keep -\n");
    }
}
